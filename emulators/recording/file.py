"""The file of a recording: whole at every moment, continued where it ends, and written by one process at a time."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import BinaryIO

from emulators.engine.store.locking import FileLock
from emulators.errors import InvalidValue, StateRefused
from emulators.recording.resuming import Form, end_of


class RecordingFile:
    """A file that grows. What is no file on a disk, such as a pipe, is written to and never read.

    Raises `InvalidValue` for a path that cannot be written, that holds anything but a recording of this form, or that
    another process has.
    """

    def __init__(self, path: Path, form: Form) -> None:
        self._form = form
        with ExitStack() as opened, _refusing(path):
            regular = _is_file(path)
            if regular:
                # Before the lock, which leaves a file beside what is none of ours.
                _end(path, form)
                lock = _locked(path)
                opened.callback(lock.release)
            self._file: BinaryIO = opened.enter_context(
                open(path, "r+b" if regular else "wb", buffering=0, opener=_private)
            )
            self._end = _end(path, form) if regular else 0
            self.holds_entries = self._end > len(form.head)
            if regular and hasattr(os, "fchmod"):
                os.fchmod(self._file.fileno(), 0o600)
            if regular:
                self._file.seek(self._end)
            head = b"" if self._end else form.head
            _whole(self._file, head + form.tail)
            self._end += len(head)
            if regular:
                self._file.truncate()
            self._opened = opened.pop_all()

    def append(self, data: bytes) -> None:
        """Writes data, and the end of the file behind it. Raises `OSError`; the file is as before then."""
        tail = self._form.tail
        try:
            if tail:
                self._file.seek(self._end)
            _whole(self._file, data + tail)
        except OSError:
            # The first failure is what is told; a file that is no file on a disk has no end to go back to.
            with suppress(OSError):
                self._file.seek(self._end)
                self._file.write(tail)
                self._file.truncate()
            raise
        self._end += len(data)

    def close(self) -> None:
        """Lets go of the file, and lets others have it."""
        self._opened.close()


class _refusing:  # noqa: N801 - reads as the word that it is in a `with` statement
    pass
