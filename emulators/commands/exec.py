"""Starts the emulators, runs a command with the settings that its app needs, stops them, and ends as the command did.

The command gets every setting of the ready line (ESPUTNIK_URL, SENDPULSE_CLIENT_ID, ...) and, for the control API,
EMULATORS_CONTROL_URL and EMULATORS_TOKEN. Free ports are taken unless --port says otherwise; what happens is told on
standard error only with --log.

Where the vendor's host is hard-wired in a client, --intercept leads it here all the same: a proxy with a certificate
authority of its own, of which the command is told by its environment, answers for the vendors' hosts and refuses all others.

    emulators exec -- pytest
    emulators exec esputnik --clock virtual -- npm test
    emulators exec --intercept --pass-through pypi.org -- python app.py
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import signal
import sys
from contextlib import AsyncExitStack, ExitStack, suppress
from typing import TYPE_CHECKING, Any

from emulators.commands import serve
from emulators.commands.exits import Exit, Unusable
from emulators.commands.ordering import prepared
from emulators.errors import InvalidValue

if TYPE_CHECKING:
    from emulators.commands.serving import Server

TAKES_A_COMMAND = True
TRUSTING = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "EMULATORS_CA")
"""What programs read whom to trust from."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `emulators exec` takes: the options of `serve`, and after `--` the command."""
    serve.arguments(parser)
    parser.set_defaults(port=0)
    parser.usage = "emulators exec [PROVIDER[@REVISION] ...] [OPTIONS] -- COMMAND ..."
    parser.add_argument(
        "--log", action="store_false", dest="quiet", help="tells on standard error what happens"
    )
    parser.set_defaults(quiet=True)
    parser.add_argument(
        "--intercept",
        action="store_true",
        help="answers for the vendors' real hosts, for clients that know no other",
    )
    parser.add_argument(
        "--pass-through",
        metavar="HOST[:PORT]",
        action="append",
        default=[],
        help="a real host that the command may reach through --intercept (repeatable)",
    )


def run(args: argparse.Namespace) -> int:
    """Runs the command; its exit code."""
    if not args.command:
        raise InvalidValue("expected a command after --: emulators exec -- COMMAND ...")
    if args.pass_through and not args.intercept:
        raise InvalidValue("--pass-through: says what --intercept lets through, which is not asked for")
    if args.intercept and args.tls:
        raise InvalidValue("--intercept: speaks TLS for the vendors itself; leave --tls out")
    _check_command(args.command[0])
    with ExitStack() as opened:
        with serve.starting():
            server = prepared(args, opened)
            from emulators.commands.signals import lived
        return lived(_run(server, args))


def _check_command(name: str) -> None:
    """Refuses what cannot be started, in the words that fit."""
    if shutil.which(name) is not None:
        return
    if os.path.isdir(name) and os.path.dirname(name):
        raise Unusable(f"{name!r} is a folder, and no command")
    if not os.path.isfile(name):
        raise Unusable(f"there is no command {name!r}")
    if os.access(name, os.X_OK):
        raise Unusable(f"there is no command {name!r}; the file of that name here is ./{name}")
    raise Unusable(f"{name!r} is not executable: chmod +x it, or name the program that reads it first")


async def _run(server: Server, args: argparse.Namespace) -> int:
    async with AsyncExitStack() as stack:
        stop = await stack.enter_async_context(server.running())
        environment = {**os.environ, **server.environment()}
        if ca := server.ready.get("ca"):
            environment |= dict.fromkeys(TRUSTING, ca)
        if args.intercept:
            environment = await _intercepted(server, args.pass_through, environment, stack)
        try:
            child = await asyncio.create_subprocess_exec(*args.command, env=environment)
        except OSError as error:
            raise Unusable(f"{args.command[0]!r} cannot be started: {error.strerror}") from None
        ended = asyncio.create_task(child.wait())
        either: list[asyncio.Future[Any]] = [ended, stop]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if stop.done() and not ended.done():
            await _end(child, ended, stop)
        if stop.done():
            # An error of ours counts more than what the command made of it.
            stop.result()
        code = await ended
    return code if code >= 0 else 128 - code


async def _intercepted(
    server: Server, pass_through: list[str], environment: dict[str, str], stack: AsyncExitStack
) -> dict[str, str]:
    """The environment in which programs that know only the vendors' real hosts come here."""
    from emulators import registry
    from emulators.interception import intercepting, vendor_hosts

    hosts = {
        host: server.address_of(name)
        for name, spec in server.specs.items()
        for host in vendor_hosts(registry.load(spec).profile)
    }
    return (await stack.enter_async_context(intercepting(hosts, pass_through))).environment(environment)


def ctrl_c_reaches_all() -> bool:
    """Whether a terminal sends Ctrl-C to the command itself, wherever its input comes from: to every process of the
    group in its foreground."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except (OSError, AttributeError):  # there is none, or this is Windows
        return sys.stdin is not None and sys.stdin.isatty()
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    finally:
        os.close(terminal)


async def _end(
    child: asyncio.subprocess.Process, ended: asyncio.Task[int], stop: asyncio.Future[Exit]
) -> None:
    """Hands the signal on, and all that follow it: a command that heeds the first one slowly, or not at all, is
    for whoever sends them to deal with."""
    loop = asyncio.get_running_loop()

    def hand_on(number: signal.Signals) -> None:
        if number != signal.SIGINT or not ctrl_c_reaches_all():
            with suppress(ProcessLookupError):
                child.send_signal(number)

    interrupted = stop.exception() is None and stop.result() is Exit.INTERRUPTED
    with suppress(NotImplementedError):  # on Windows
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, hand_on, number)
    hand_on(signal.SIGINT if interrupted else signal.SIGTERM)
    await ended
