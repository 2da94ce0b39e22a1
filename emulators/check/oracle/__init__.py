"""What the receiver says it stored: how many records mention an event, which they are, and when they have come to rest."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from emulators.check.oracle.answer import OracleUnusable
from emulators.check.oracle.mentions import Mentions
from emulators.check.spawning import words
from emulators.check.vocabulary import Pairs
from emulators.engine.egress import Egress
from emulators.engine.pointer import look_up
from emulators.errors import InvalidValue

if TYPE_CHECKING:
    from emulators.check.oracle.sources import Source

__all__ = ["OracleUnusable", "Records", "oracle_of"]

SHORTEST_PAUSE, LONGEST_PAUSE = 0.005, 0.25
QUIET, LONGEST_QUIET, LONGEST = 1.0, 10.0, 10.0
"""Seconds without a change after which what is not there will not come, at least and at most; and how long is waited at all."""
BRIEF = 0.25
SKETCH = 120


def oracle_of(
    *,
    url: str | None = None,
    command: Sequence[str] | None = None,
    file: str | Path | None = None,
    function: str | Callable[..., Any] | None = None,
    key_pointer: str = "",
    status_pointer: str = "",
    headers: Pairs = (),
    allow: Iterable[str] = (),
    run: str = "",
    since: str = "",
) -> Records | None:
    """The records of one of four sources (None: none was given), which may answer with JSON of any form, JSON by the line, or text.

    `{run}` and `{since}` in the URL, RUN and SINCE in the environment of the command, and parameters of the function by the
    names `run` and `since` are the run and its start (now, unless given; UTC, as 2026-08-30T12:00:00Z): an oracle may leave out
    what does not belong to the run, and need not. JSON pointers lead from a record: `key_pointer` to its identity
    (else it may stand anywhere in it), `status_pointer` to its state. `allow`: hosts besides this machine.
    """
    # Loaded here: it brings an HTTP client along.
    from emulators.check.oracle.sources import FileSource, UrlSource, command_source, function_source

    given = [source for source in (url, command, file, function) if source]
    if not given:
        return None
    if len(given) > 1:
        raise InvalidValue(
            f"oracle: expected one of url, command, file and function, got {len(given)} of them"
        )
    for name, pointer in (("key_pointer", key_pointer), ("status_pointer", status_pointer)):
        if pointer and not pointer.startswith("/"):
            raise InvalidValue(f"oracle: {name}: expected a JSON pointer such as /email, got {pointer!r}")
    known = {"run": run, "since": since or datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
    source: Source
    if url:
        for name, value in known.items():
            url = url.replace(f"{{{name}}}", value)
        egress = Egress(allow)
        egress.check_url(url)
        source = UrlSource(url, tuple(headers), egress)
    elif command:
        source = command_source(words("oracle command", command), known)
    elif file:
        source = FileSource(Path(file))
    else:
        source = function_source(function or "", known)
    return Records(source, key_pointer, status_pointer)


class Records:
    """What is stored. Whoever asks while an answer is being read waits for the next one, which all who wait share.

    `visible_after`: for each time that all was there in the end, the seconds that it took from the answer to the webhook.
    """

    def __init__(self, source: Source, key_pointer: str = "", status_pointer: str = "") -> None:
        self._source = source
        self._key_pointer = key_pointer
        self._status_pointer = status_pointer
        self._turn = asyncio.Lock()
        self._begun = self._done = 0
        self._last = Mentions(None)
        self._shown: set[str] = set()
        self.visible_after: list[float] = []
        self.looks: list[float] = []
        """Seconds that each look took: to ask, to read the answer and to search it."""

    async def read(self) -> Mentions:
        """What is stored now: an answer that was asked for after this call. Raises `OracleUnusable`."""
        wanted = self._begun + 1
        async with self._turn:
            if self._done < wanted:
                self._begun += 1
                number, started = self._begun, time.monotonic()
                said = await self._source.read()
                known = said is self._last.answer
                found = self._last if known else Mentions(said, self._key_pointer, self._last)
                self.looks.append(time.monotonic() - started)
                if found.misled:
                    raise OracleUnusable(
                        f"the oracle's key pointer {self._key_pointer} leads nowhere in what it answers{_instead(found)}"
                    )
                self._last, self._done = found, number
                if not known:
                    self._shown.update(found.tokens)
            return self._last

    @property
    def patience(self) -> float:
        """Seconds without a change after which this receiver will not store any more."""
        return min(LONGEST_QUIET, max(QUIET, 2 * max(self.visible_after, default=0.0)))

    @property
    def brief(self) -> float:
        """The same where being wrong costs a try: five times as long as anything took to appear so far."""
        if not self.visible_after:
            return self.patience
        return min(self.patience, max(BRIEF, 5 * max(self.visible_after)))

    async def count(self, keys: Collection[str]) -> dict[str, int]:
        """How many records mention each identity."""
        return (await self.read()).count(keys)

    async def find(self, key: str) -> list[Any]:
        """The records that mention an identity."""
        return (await self.read()).of([key])[key]

    def accounts(self, keys: Collection[str], run: str) -> dict[str, list[Any]]:
        """The records of these identities and of all others that were planted in this run, in the answer that was read last."""
        planted = {key: found for key, found in self._last.tokens.items() if key.startswith(f"chk{run}x")}
        return {**planted, **self._last.of(keys)}

    @property
    def sketch(self) -> str:
        """The beginning of the last answer, for people, or that there is nothing to answer from."""
        text = json.dumps(self._last.answer, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()
        return self._source.remark or (text if len(text) <= SKETCH else f"{text[:SKETCH]}...")

    @property
    def held(self) -> int:
        """How many records the last answer holds: the entries of its greatest list or object."""
        return max(self._last.sizes.values(), default=0)

    @property
    def look(self) -> float:
        """Seconds that a look takes, usually."""
        return median(self.looks) if self.looks else 0.0

    def has_shown(self, key: str) -> bool:
        """Whether any answer so far had a record of this identity; of an id, any that was asked for it while settling."""
        return key in self._shown

    @property
    def exact(self) -> bool:
        """Whether a record's identity is known by its place alone: what carries another one cannot be found."""
        return bool(self._key_pointer)

    def astray(self, run: str) -> str:
        """That an event of this run is there, and not where the key pointer leads, in words; empty: it is not, or nobody gave one."""
        place = self._last.astray(run)
        told = f"the event is there, at {place}; --oracle-key says {self._key_pointer}"
        return f"{told}, and must lead to the address that was planted" if place else ""

    def status(self, record: Any) -> Any | None:
        """The state that a record says it is in; None: it says none, or nobody said where."""
        return look_up(record, self._status_pointer) if self._status_pointer else None

    def key(self, record: Any) -> str | None:
        """The identity of a record, as it is written there; None: it has none, or nobody said where."""
        found = look_up(record, self._key_pointer) if self._key_pointer else None
        return None if found is None else str(found)

    async def settle(
        self,
        keys: Collection[str],
        satisfied: Callable[[Mapping[str, int]], bool],
        quiet: float | None = None,
        longest: float | None = None,
    ) -> tuple[dict[str, int], bool]:
        """How many records mention each identity once that is enough, or once it has come to rest, and whether it has.

        At rest: for `quiet` seconds neither these changed nor anything else that was planted; by itself twice as long as
        anything took to appear so far. After `longest` seconds it has not. An oracle that cannot be read is asked again
        for `quiet` seconds: it may have been restarted.
        """
        quiet = self.patience if quiet is None else quiet
        longest = max(LONGEST, 2 * quiet) if longest is None else longest
        started = changed = readable = time.monotonic()
        pause, visible = SHORTEST_PAUSE, not keys
        counts: dict[str, int] = {}
        before: object = None
        while True:
            try:
                mentions = await self.read()
            except OracleUnusable:
                if time.monotonic() - readable >= quiet:
                    raise
            else:
                counts, readable = mentions.count(keys), time.monotonic()
                self._shown.update(key for key, count in counts.items() if count)
                if not visible and all(counts.values()):
                    visible = True
                    self.visible_after.append(readable - started)
                if satisfied(counts):
                    return counts, True
                now = (counts, sum(map(len, mentions.tokens.values())))
                if now != before:
                    before, changed = now, readable
                elif readable - changed >= quiet:
                    return counts, True
                if readable - started >= longest:
                    return counts, False
            await asyncio.sleep(pause)
            pause = min(1.6 * pause, LONGEST_PAUSE)


def _instead(mentions: Mentions) -> str:
    """Where a key pointer should lead, for people."""
    place = mentions.astray()
    return f". An event that was planted is there, at {place}" if place else ""
