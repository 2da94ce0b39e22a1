"""Emulators of messaging vendors: they answer as the vendor would and send the webhooks that it would send.

`from emulators import in_loop, in_thread, in_process` outside pytest; under pytest the fixtures need no import.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulators.engine.emulator import Emulator as Emulator
    from emulators.hosting import in_loop as in_loop
    from emulators.hosting import in_thread as in_thread
    from emulators.remote.process import in_process as in_process

__version__ = "0.1.0"
__all__ = ["Emulator", "__version__", "in_loop", "in_process", "in_thread"]


def __getattr__(name: str) -> Any:
    # Loaded on first use: importing this package must cost a pytest run nothing.
    from importlib import import_module

    homes = {
        "in_loop": "hosting",
        "in_thread": "hosting",
        "in_process": "remote.process",
        "Emulator": "engine.emulator",
    }
    if name not in homes:
        raise AttributeError(f"module 'emulators' has no attribute {name!r}")
    return getattr(import_module(f"emulators.{homes[name]}"), name)
