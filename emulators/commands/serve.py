"""Runs the emulators, all four unless some are named, until SIGTERM or Ctrl-C.

The first line on standard output says, as JSON, where each vendor is, which settings an app needs, and where the
control API is (`GET /v1/openapi.json` there describes it); what happens is told on standard error. The control API
listens on --port, a vendor on that plus 1 (sendpulse), 2 (esputnik), 3 (pushwoosh) or 4 (hellotext).

The clock is the real one unless --clock virtual says that it stands still until `POST /v1/clock/advance` turns it.
With --state FILE nothing that was accepted is lost, however the process ends.

    emulators serve
    emulators serve esputnik --speed 60 --subscribe esputnik=http://127.0.0.1:8000/hook
    emulators serve --port 0 --ready-file ready.json --clock virtual --state emulators.db

The environment variable EMULATORS_TOKEN, if set, is the token of the control API; else each start has its own.
"""

from __future__ import annotations

import argparse
import gc
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from emulators.commands.ordering import prepared
from emulators.commands.values import allow_argument


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `emulators serve` takes."""
    parser.add_argument("providers", metavar="PROVIDER[@REVISION]", nargs="*", help="default: all four")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", metavar="N", type=int, default=8800, help="default 8800; 0: free ports")
    parser.add_argument(
        "--public-url", metavar="URL", help="scheme and host that apps see; the ports stay: http://emulators"
    )
    parser.add_argument(
        "--control-host",
        metavar="NAME",
        action="append",
        default=[],
        help="a name under which the control API may be asked, beside those of this machine (repeatable)",
    )
    parser.add_argument(
        "--clock",
        choices=("wall", "virtual"),
        default="wall",
        help="virtual: it stands still until it is advanced",
    )
    parser.add_argument(
        "--speed", metavar="X", type=float, help="of the wall clock; 60: an hour takes a minute (default 1)"
    )
    parser.add_argument("--start", metavar="TIME", help="where the clock begins: 2026-01-01T00:00:00Z")
    parser.add_argument("--seed", metavar="N", type=int, help="of all made-up values (default 0)")
    parser.add_argument("--state", metavar="FILE", help="keeps everything there; begins with what is in it")
    parser.add_argument(
        "--record",
        metavar="FILE",
        help="keeps all traffic there, without credentials: NDJSON, or HAR by its name",
    )
    parser.add_argument(
        "--quiet", action="store_true", help="tells on standard error only what must not go unseen"
    )
    parser.add_argument(
        "--tls", action="store_true", help="the vendors speak TLS; the ready line says whom to trust (ca)"
    )
    parser.add_argument("--ready-file", metavar="FILE", help="gets the ready line too, all at once")
    parser.add_argument(
        "--subscribe",
        metavar="PROVIDER[.FEED]=URL",
        action="append",
        default=[],
        help="registers a receiver; a verification is repeated until it is up (repeatable)",
    )
    allow_argument(parser)
    parser.add_argument(
        "--option",
        metavar="PROVIDER:NAME=VALUE",
        action="append",
        default=[],
        help="a choice that the documents leave open, such as esputnik:activity.batch_window=30 (repeatable)",
    )
    parser.add_argument(
        "--strictness",
        choices=("any", "documented"),
        default="any",
        help="documented: nothing assumed is sent",
    )


def run(args: argparse.Namespace) -> int:
    """Runs until it is told to stop."""
    with ExitStack() as opened:
        with starting():
            server = prepared(args, opened)
        return server.run()


@contextmanager
def starting() -> Iterator[None]:
    """Loads code quickly, which only a process of our own may do.

    aiohttp reads the machine's certificates when it is imported, a quarter of our start; the courier has a
    verifying context of its own for those who need one. What is loaded here lives as long as the process,
    so the garbage collector need never look at it.
    """
    names = ("SSL_CERT_FILE", "SSL_CERT_DIR")
    kept = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, os.devnull))
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.freeze()
        for name, value in kept.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
