"""Runs the emulators, all four unless some are named, until SIGTERM or Ctrl-C; their clock is the real one.

The first line on standard output says, as JSON, where each vendor is and which settings an app needs; what
happens is told on standard error. A vendor's port is that of --port plus 1 (sendpulse), 2 (esputnik),
3 (pushwoosh) or 4 (hellotext).

Calls are answered, receivers are verified, and webhooks are sent that the calls lead to. Nothing makes an event
happen by itself here yet: to send one from the command line, use `emulators trigger` or `emulators replay`.

    emulators serve
    emulators serve esputnik --speed 60 --subscribe esputnik=http://127.0.0.1:8000/hook
"""

from __future__ import annotations

import argparse
import gc
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulators.commands.exits import Unusable
from emulators.commands.values import allow_argument, pairs, value_of
from emulators.errors import InvalidValue, unknown

if TYPE_CHECKING:
    import socket

    from emulators.commands.serving import Server


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `emulators serve` takes."""
    parser.add_argument("providers", metavar="PROVIDER[@REVISION]", nargs="*", help="default: all four")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", metavar="N", type=int, default=8800, help="default 8800; 0: free ports")
    parser.add_argument(
        "--speed", metavar="X", type=float, default=1.0, help="60: an hour takes a minute (default 1)"
    )
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="of all made-up values (default 0)")
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


def run(args: argparse.Namespace) -> int:
    """Runs until it is told to stop."""
    with ExitStack() as opened:
        with starting():
            server = _server(args, opened)
        return server.run()


def _server(args: argparse.Namespace, opened: ExitStack) -> Server:
    """What was asked for, refused in words if it does not fit; its sockets are closed with `opened`."""
    from emulators import registry

    specs = {spec.partition("@")[0]: spec for spec in args.providers or registry.SHIPPED}
    if len(specs) < len(args.providers):
        raise InvalidValue("the same provider is named twice; each one has one port here")
    for spec in specs.values():
        registry.load(spec)
    subscriptions = [_subscription(word, specs) for word in args.subscribe]
    options = _options(args.option, list(specs))
    ready_file = _ready_file(args.ready_file)
    ports = {name: _port(args.port, name) for name in specs}
    # Listening comes first: whoever connects while the rest is loaded waits for an answer and gets it.
    sockets = {name: opened.enter_context(_listen(args.host, port, name)) for name, port in ports.items()}
    from emulators.commands.serving import Server
    from emulators.hosting import Setting, make_world

    world = make_world(Setting("", seed=args.seed, clock=args.speed, allow=args.allow))
    for _, _, url in subscriptions:
        world.egress.check_url(url)
    return Server(world, specs, sockets, options, subscriptions, ready_file)


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


def _options(words: list[str], served: list[str]) -> dict[str, dict[str, Any]]:
    options: dict[str, dict[str, Any]] = {name: {} for name in served}
    for name, text in pairs(words, "--option").items():
        provider, _, option = name.partition(":")
        if provider not in options:
            raise unknown("provider for --option", provider, served)
        options[provider][option] = value_of(text)
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
    from emulators import registry

    if not 0 <= base <= 65_500:
        raise InvalidValue(f"--port: expected 0 to 65500, got {base}")
    known = registry.SHIPPED if name in registry.SHIPPED else registry.names()
    return base and base + 1 + known.index(name)


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
