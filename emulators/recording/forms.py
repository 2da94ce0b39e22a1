"""How traffic is written down, and where a file that was written before goes on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from emulators.engine import codec
from emulators.recording import har, ndjson
from emulators.recording.traffic import Traffic

# Read backwards at once.
_CHUNK = 64 * 1024


class Form(Protocol):
    """A file can be read after each write."""

    head: bytes
    """The beginning of a file."""
    tail: bytes
    """The end of the file, which is written anew behind what is added."""

    def add(self, traffic: list[Traffic]) -> bytes: ...

    def resume(self, file: BinaryIO) -> int | None:
        """Where a file goes on that is not empty: behind the last thing that is whole. None: it is no recording of ours.
        Knows from then on what stands before."""


class Lines:
    """NDJSON."""

    head = tail = b""

    def add(self, traffic: list[Traffic]) -> bytes:
        return b"".join(map(ndjson.lines, traffic))

    def resume(self, file: BinaryIO) -> int | None:
        if _read(file, 0, len(ndjson.START)) != ndjson.START:
            return None
        return next(_line_starts(file, 0, file.seek(0, os.SEEK_END)))


class Archive:
    """HAR. Its closing brackets are written anew behind each entry, so that a killed process leaves a whole document."""

    head = har.head()
    tail = har.TAIL

    def __init__(self) -> None:
        self._between = b""

    def add(self, traffic: list[Traffic]) -> bytes:
        # The newline comes first: a write that is torn there leaves the line before it whole.
        before, self._between = self._between, b"\n,"
        return before + b"\n,".join(map(har.entry, traffic))

    def resume(self, file: BinaryIO) -> int | None:
        beginning = _read(file, 0, 2 * len(self.head))
        # Another release may have begun it.
        first = beginning.find(har.OPENING) + len(har.OPENING)
        if not beginning.startswith(har.START) or first < len(har.OPENING):
            return None
        end = _whole_entries(file, first)
        self._between = b"\n," if end > first else b""
        return end


def form_of(path: Path) -> Form:
    """HAR if it is called `.har`, else NDJSON."""
    return Archive() if path.suffix.lower() == ".har" else Lines()


def _whole_entries(file: BinaryIO, first: int) -> int:
    """Where the last entry ends that is whole; `first` is where they begin. Each has a line of its own."""
    end = file.seek(0, os.SEEK_END)
    for start in _line_starts(file, first, end):
        line = _read(file, start, end - start).rstrip(b",\r\n")
        if _is_entry(line.lstrip(b",")):
            return start + len(line)
        end = start
    return first


def _is_entry(line: bytes) -> bool:
    """A torn write leaves the old end of the file behind it, which may be JSON by chance."""
    try:
        value = codec.decode(line)
    except ValueError:
        return False
    return isinstance(value, dict) and {"startedDateTime", "timings"} <= set(value)


def _line_starts(file: BinaryIO, first: int, end: int) -> Iterator[int]:
    """Where the lines between two places begin, the last one first; a line that is whole ends with its newline, so
    that the last one may be empty."""
    place = end
    while place > first:
        begin = max(first, place - _CHUNK)
        chunk = _read(file, begin, place - begin)
        while (found := chunk.rfind(b"\n")) >= 0:
            yield begin + found + 1
            chunk = chunk[:found]
        place = begin
    yield first


def _read(file: BinaryIO, place: int, count: int) -> bytes:
    file.seek(place)
    data = bytearray()
    while len(data) < count and (more := file.read(count - len(data))):
        data += more
    return bytes(data)
