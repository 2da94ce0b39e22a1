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
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from emulators.commands.exits import Unusable
from emulators.commands.values import allow_argument, pairs, value_of
from emulators.errors import InvalidValue, unknown

if TYPE_CHECKING:
    import socket

    from emulators.commands.serving import Server
    from emulators.engine.store import Store


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


def prepared(args: argparse.Namespace, opened: ExitStack) -> Server:
    """What was asked for, refused in words if it does not fit; its sockets are closed with `opened`."""
    from emulators import doors

    specs = {spec.partition("@")[0]: spec for spec in args.providers or doors.SHIPPED}
    if len(specs) < len(args.providers):
        raise InvalidValue("the same provider is named twice; each one has one port here")
    for spec in specs.values():
        doors.revision_of(spec)
    clock = _clock(args)
    subscriptions = [_subscription(word, specs) for word in args.subscribe]
    options = _options(args.option, specs)
    ready_file = _ready_file(args.ready_file)
    ports = {name: _port(args.port, name) for name in specs}
    # Listening comes first: whoever connects while the rest is loaded waits for an answer and gets it.
    sockets = {name: opened.enter_context(_listen(args.host, port, name)) for name, port in ports.items()}
    control = opened.enter_context(_listen(args.host, args.port, "the control API"))
    from emulators.commands.serving import Order, Server
    from emulators.engine.egress import Egress

    for _, _, url in subscriptions:
        Egress(args.allow).check_url(url)
    return Server(
        Order(
            specs,
            sockets,
            control,
            ("127.0.0.1", "localhost", "::1", args.host, *args.control_host),
            options,
            args.strictness,
            subscriptions,
            args.seed,
            clock,
            _start(args.start),
            args.allow,
            _public(args.public_url),
            ready_file,
            _store(args.state),
            record=None if args.record is None else Path(args.record),
            quiet=args.quiet,
        )
    )


def _clock(args: argparse.Namespace) -> str | float:
    if args.clock == "virtual":
        if args.speed is not None:
            raise InvalidValue(
                "--speed: a virtual clock has none; leave one of --clock virtual and --speed out"
            )
        return "virtual"
    if args.speed is not None and not 0 < args.speed < float("inf"):
        raise InvalidValue(f"speed: expected a number above 0, got {args.speed!r}")
    return 1.0 if args.speed is None else float(args.speed)


def _start(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        start = datetime.fromisoformat(text)
    except ValueError:
        start = None
    if start is None or start.tzinfo is None:
        raise InvalidValue(
            f"--start: expected a time with its zone such as 2026-01-01T00:00:00Z, got {text!r}"
        )
    return start


def _public(url: str | None) -> str | None:
    if url is None:
        return None
    parts = urlsplit(url)
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or parts.path.strip("/")
        or ":" in parts.netloc
    ):
        raise InvalidValue(f"--public-url: expected http://HOST or https://HOST, got {url!r}")
    return url


def _store(name: str | None) -> Store | None:
    if name is None:
        return None
    from emulators.engine.store import Store

    return Store.open(Path(name))


def _subscription(word: str, served: Mapping[str, str]) -> tuple[str, str | None, str]:
    """Provider, feed (None: its first) and URL."""
    from emulators import registry

    whole, url = next(iter(pairs([word], "--subscribe").items()))
    name, _, feed = whole.partition(".")
    if name not in served:
        raise unknown("provider for --subscribe", name, list(served))
    imitation = registry.load(served[name])
    if not imitation.profile.feeds:
        raise InvalidValue(f"--subscribe: {imitation.provider.title} sends no webhooks that we know of")
    if feed and feed not in imitation.profile.feeds:
        raise unknown(f"feed of {name} for --subscribe", feed, imitation.profile.feeds)
    return name, feed or None, url


def _options(words: list[str], specs: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    from emulators import registry
    from emulators.engine.options import choose

    options: dict[str, dict[str, Any]] = {name: {} for name in specs}
    for name, text in pairs(words, "--option").items():
        provider, _, option = name.partition(":")
        if provider not in options:
            raise unknown("provider for --option", provider, specs)
        options[provider][option] = value_of(text)
    for provider, given in options.items():
        if given:
            imitation = registry.load(specs[provider])
            chosen, _ = choose(imitation.profile, given)
            if problems := imitation.provider.check_options(chosen):
                raise InvalidValue("--option: " + "; ".join(map(str, problems)), problems)
    return options


def _ready_file(name: str | None) -> Path | None:
    """The file, without what an earlier process left there."""
    if name is None:
        return None
    path = Path(name)
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise InvalidValue(f"--ready-file: {name} cannot be written: {error.strerror}") from None
    if not path.parent.is_dir():
        raise InvalidValue(f"--ready-file: there is no folder {path.parent}")
    return path


def _port(base: int, name: str) -> int:
    from emulators.doors import SHIPPED

    if not 0 <= base <= 65_500:
        raise InvalidValue(f"--port: expected 0 to 65500, got {base}")
    return base and base + 1 + (SHIPPED.index(name) if name in SHIPPED else _place(name))


def _place(name: str) -> int:
    """Of a vendor that another package brings."""
    from emulators import registry

    return registry.names().index(name)


def _listen(host: str, port: int, name: str) -> socket.socket:
    from emulators.engine.listening import listen

    try:
        return listen(host, port)
    except OSError as error:
        reason = error.strerror or str(error)
        raise Unusable(
            f"{name} cannot listen on {host}:{port}: {reason}; "
            "another --port N moves all of them, --port 0 takes free ones"
        ) from None


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
