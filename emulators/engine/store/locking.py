"""One process at a time: a lock that the operating system takes back from a process that is killed."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Self

from emulators.errors import StateRefused

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

# Windows locks bytes, and nobody else may read those: far behind the number that the file holds.
FAR = 1 << 20


class FileLock:
    """Holds `path`.lock, which says in words which process does; the file itself stays when it is let go, as
    another process may be about to lock it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, path: Path) -> Self:
        """Takes the lock. Raises `StateRefused` if another process has it, `OSError` if there can be none."""
        beside = path.with_name(f"{path.name}.lock")
        descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        try:
            _lock(descriptor)
        except OSError:
            holder = os.read(descriptor, 20).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise StateRefused(
                f"state {path}: another process ({holder or 'just starting'}) has it open; "
                "stop that one, or use another file"
            ) from None
        try:
            os.truncate(descriptor, 0)
            os.write(descriptor, f"{os.getpid()}\n".encode())
        except OSError:
            os.close(descriptor)
            raise
        return cls(descriptor)

    def release(self) -> None:
        """Lets go."""
        os.close(self._descriptor)


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        os.lseek(descriptor, FAR, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
