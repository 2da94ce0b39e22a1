"""The file of a recording: whole at every moment, continued where it ends, written by one process at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from emulators.engine.store.locking import FileLock
from emulators.errors import InvalidValue, StateRefused
from emulators.recording.forms import Form


class RecordingFile:
    """A file that grows, readable for its owner alone. What is no file on a disk, such as a pipe, is only written to.

    Raises `InvalidValue` for a path that cannot be written, that holds anything but a recording of this form, or that
    another process is writing.
    """

    def __init__(self, path: Path, form: Form) -> None:
        self._tail = form.tail
        with ExitStack() as opened, _refusing(path):
            # Two names of one file have one lock.
            place = path.resolve()
            if place.exists() and not place.is_file():
                self._file: BinaryIO = opened.enter_context(open(place, "wb", buffering=0))
                end = 0
            else:
                if place.exists():
                    # Before the lock, which leaves a file beside what may be none of ours.
                    with open(place, "rb") as found:
                        _end(found, path, form)
                opened.callback(FileLock.take(place).release)
                self._file = opened.enter_context(_private(place))
                end = _end(self._file, path, form)
                self._file.seek(end)
            head = b"" if end else form.head
            _whole(self._file, head + self._tail)
            if place.is_file():
                self._file.truncate()
            self._end = end + len(head)
            self._opened = opened.pop_all()

    def append(self, data: bytes) -> None:
        """Writes data and the end of the file behind it. Raises `OSError`; the file is as it was before, then."""
        try:
            if self._tail:
                self._file.seek(self._end)
            _whole(self._file, data + self._tail)
        except OSError:
            # The first failure is what is told; what is no file on a disk has no end to go back to.
            with suppress(OSError):
                self._file.seek(self._end)
                self._file.write(self._tail)
                self._file.truncate()
            raise
        self._end += len(data)

    def close(self) -> None:
        """Lets go of the file."""
        self._opened.close()


def _private(path: Path) -> BinaryIO:
    """The file, to be read and written; made if there is none."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, 0o600)
    return open(descriptor, "r+b", buffering=0)


def _end(file: BinaryIO, path: Path, form: Form) -> int:
    """Where the recording in a file goes on; 0: the file is empty."""
    if not file.seek(0, os.SEEK_END):
        return 0
    end = form.resume(file)
    if end is None:
        kind = path.suffix.lower() == ".har"
        raise InvalidValue(
            f"--record: {path} is no recording of the emulators{' (HAR)' if kind else ' (NDJSON)'}, "
            "and is not written over; name another file, or remove that one"
        )
    return end


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    """Says in words what is wrong with the path."""
    try:
        yield
    except StateRefused as error:
        raise InvalidValue(f"--record: {str(error).removeprefix('state ')}") from None
    except OSError as error:
        raise InvalidValue(f"--record: {path} cannot be written: {error.strerror or error}") from None


def _whole(file: BinaryIO, data: bytes) -> None:
    """All of it; a disk that fills up takes a part without a word."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]
