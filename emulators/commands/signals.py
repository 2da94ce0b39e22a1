"""How a process lives until it is told to end."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

from emulators.commands.exits import Exit

T = TypeVar("T")


def lived(life: Coroutine[Any, Any, T]) -> T:
    """Runs what a process is for, to its end. A signal that comes after that changes nothing, not even the exit
    code: whoever asks for the end twice gets it once."""
    try:
        return asyncio.run(life)
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)


def listen_to_signals(stop: asyncio.Future[Exit]) -> None:
    """SIGTERM is a good end, Ctrl-C an interruption."""
    loop = asyncio.get_running_loop()

    def end(code: Exit) -> None:
        if not stop.done():
            stop.set_result(code)

    for number, code in ((signal.SIGTERM, Exit.GOOD), (signal.SIGINT, Exit.INTERRUPTED)):
        try:
            loop.add_signal_handler(number, end, code)
        except NotImplementedError:  # on Windows
            signal.signal(number, lambda *_, code=code: loop.call_soon_threadsafe(end, code))
