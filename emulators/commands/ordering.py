"""What `serve` and `exec` were asked for, as an order; refused in words if it does not fit, before anything is served."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from emulators.commands.exits import Unusable
from emulators.commands.values import pairs, value_of
from emulators.errors import InvalidValue, unknown

if TYPE_CHECKING:
    import socket
    from ssl import SSLContext

    from emulators.commands.serving import Server
    from emulators.engine.store import Store


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
    seen_as = [urlsplit(args.public_url).hostname or ""] if args.public_url else []
    _check_token(os.environ.get("EMULATORS_TOKEN", ""))
    from emulators.commands.opening import Order
    from emulators.commands.serving import Server
    from emulators.engine.egress import Egress

    for _, _, url in subscriptions:
        Egress(args.allow).check_url(url)
    start, public_url, tls = _start(args.start), _public(args.public_url), _tls(args, opened)
    return Server(
        Order(
            specs,
            sockets,
            control,
            # Apps that see the vendors under a name ask the control API under it, too.
            ("127.0.0.1", "localhost", "::1", args.host, *seen_as, *args.control_host),
            options,
            args.strictness,
            subscriptions,
            args.seed,
            clock,
            start,
            args.allow,
            public_url,
            ready_file,
            # Last: it is the process that closes it once it runs.
            _store(args.state),
            record=None if args.record is None else Path(args.record),
            quiet=args.quiet,
            tls=tls,
        )
    )


def _check_token(token: str) -> None:
    """Refuses a token that no header could carry as it is."""
    if not token.isascii() or " " in token or (token and not token.isprintable()):
        raise InvalidValue(
            "EMULATORS_TOKEN: expected letters, digits and signs of ASCII without blanks; what it is, is not shown"
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


def _tls(args: argparse.Namespace, opened: ExitStack) -> tuple[SSLContext, Path] | None:
    if not args.tls:
        return None
    from tempfile import TemporaryDirectory

    from emulators.interception import server_context

    asked = [urlsplit(args.public_url or "").hostname, *args.control_host, args.host]
    names = [name for name in asked if name]
    folder = opened.enter_context(TemporaryDirectory(prefix="emulators-"))
    return server_context(Path(folder), names)


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
