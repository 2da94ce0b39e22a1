"""Runs other people's commands: a list of words, never through a shell, with an end."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import tempfile
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any

from emulators.errors import InvalidValue
from emulators.redaction import Veil

TAIL = 4096
"""Bytes of what a command said that are kept."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that was run. `trouble`: why it did not do what it should; empty: it did. `tail`: the last that it said, without
    credentials. `output`: its standard output, where it was wanted."""

    command: str
    trouble: str
    tail: str
    seconds: float
    output: bytes = b""

    def __str__(self) -> str:
        said = f"; it said: {self.tail}" if self.tail else "; it said nothing"
        return f"{self.command}: {self.trouble or 'done'}{said if self.trouble else ''}"


def words(name: str, command: Sequence[str]) -> tuple[str, ...]:
    """A command that can be run; `InvalidValue` for a text, which only a shell could read."""
    if isinstance(command, str) or not all(isinstance(word, str) for word in command):
        raise InvalidValue(f"{name}: expected a list of words, got {command!r}")
    return tuple(command)


async def ran(
    command: Sequence[str], timeout: float, environment: Mapping[str, str] | None = None, most: int = 0
) -> Ran:
    """Runs a command to its end. With `most` its standard output is kept, up to so many bytes.

    What it leaves running in the background (a server) goes on; a command that takes longer than `timeout` seconds, or
    says more than `most` bytes, is ended with all that it started.
    """
    started = time.monotonic()
    output, trouble = b"", ""
    # A file, no pipe: a server that a hook leaves behind must not wait for a reader, nor die for the want of one.
    with tempfile.TemporaryFile() as said:
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=DEVNULL,
                stdout=PIPE if most else said,
                stderr=said,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            trouble = f"cannot be started: {getattr(error, 'strerror', None) or error}"
        else:
            output, trouble = await _attended(process, timeout, most)
        tail = _tail(said)
    shown = Veil().text(shlex.join(command))
    return Ran(shown, trouble, tail, time.monotonic() - started, output)


async def _attended(process: Process, timeout: float, most: int) -> tuple[bytes, str]:
    kept = bytearray()
    try:
        async with asyncio.timeout(timeout):
            while process.stdout and (read := await process.stdout.read(65536)):
                kept += read
                if len(kept) > most:
                    await _ended(process)
                    return b"", f"said more than {most // 2**20} MiB"
            code = await process.wait()
    except TimeoutError:
        await _ended(process)
        return b"", f"did not end within {timeout:g} s"
    except asyncio.CancelledError:
        await _ended(process)
        raise
    if code < 0:
        return b"", f"was ended by {signal.Signals(-code).name}"
    return (b"", f"ended with exit code {code}") if code else (bytes(kept), "")


async def _ended(process: Process) -> None:
    """Ends a command with all that it started: its session is its own."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    while process.stdout and await process.stdout.read(65536):
        pass
    await process.wait()


def _tail(said: IO[Any]) -> str:
    size = said.seek(0, os.SEEK_END)
    said.seek(max(0, size - TAIL))
    return Veil().text(said.read().decode("utf-8", "replace").strip())
