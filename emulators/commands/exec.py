"""Starts the emulators, runs a command with the settings that its app needs, stops them, and ends as the command did.

The command gets every setting of the ready line (ESPUTNIK_URL, SENDPULSE_CLIENT_ID, ...) and, for the control API,
EMULATORS_CONTROL_URL and EMULATORS_TOKEN. Free ports are taken unless --port says otherwise; what happens is told on
standard error only with --log.

    emulators exec -- pytest
    emulators exec esputnik --clock virtual -- npm test
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import signal
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from emulators.commands import serve
from emulators.commands.exits import Exit, Unusable
from emulators.errors import InvalidValue

if TYPE_CHECKING:
    from emulators.commands.serving import Server

TAKES_A_COMMAND = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `emulators exec` takes: the options of `serve`, and after `--` the command."""
    serve.arguments(parser)
    parser.set_defaults(port=0)
    parser.usage = "emulators exec [PROVIDER[@REVISION] ...] [OPTIONS] -- COMMAND ..."
    parser.add_argument(
        "--log", action="store_false", dest="quiet", help="tells on standard error what happens"
    )
    parser.set_defaults(quiet=True)


def run(args: argparse.Namespace) -> int:
    """Runs the command; its exit code."""
    if not args.command:
        raise InvalidValue("expected a command after --: emulators exec -- COMMAND ...")
    if shutil.which(args.command[0]) is None:
        raise Unusable(f"there is no command {args.command[0]!r}")
    with ExitStack() as opened:
        with serve.starting():
            server = serve.prepared(args, opened)
        return asyncio.run(_run(server, args.command))


async def _run(server: Server, command: list[str]) -> int:
    async with server.running() as stop:
        child = await asyncio.create_subprocess_exec(*command, env={**os.environ, **server.environment()})
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


async def _end(
    child: asyncio.subprocess.Process, ended: asyncio.Task[int], stop: asyncio.Future[Exit]
) -> None:
    """Hands the signal on; a terminal has sent Ctrl-C to the command itself."""
    interrupted = stop.exception() is None and stop.result() is Exit.INTERRUPTED
    if not interrupted or not sys.stdin.isatty():
        child.send_signal(signal.SIGINT if interrupted else signal.SIGTERM)
    await ended
