"""What the journal says of traffic: a call of the app with its answer, a request of ours to a receiver with its status."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlencode

from emulators.engine.answering import NOT_IMITATED, PREFLIGHT
from emulators.engine.journal import (
    Changed,
    Delivery,
    Effects,
    Entry,
    Exchange,
    Opened,
    Probe,
    Subscribed,
)
from emulators.engine.lane import Registration
from emulators.redaction import Veil

Pairs = tuple[tuple[str, str], ...]

# The second emulator of a vendor in a world is called `esputnik-2`.
_NUMBER = re.compile(r"-[0-9]+$")


@dataclass(frozen=True, slots=True)
class Traffic:
    """A request and its answer, veiled. `status` None: no answer came, or a fault let the call go without one."""

    at: str
    """ISO 8601, on the world's clock."""
    world: str
    provider: str
    revision: str
    inward: bool
    """Whether the app called, or a receiver was."""
    method: str
    url: str
    """Absolute; that of a call as far as its Host header tells."""
    headers: Pairs
    body: bytes | None
    status: int | None
    route: str = ""
    feed: str = ""
    answer_headers: Pairs = ()
    answer_body: bytes | None = None
    """None: not kept, as what a receiver says besides its status."""
    attempt: int = 0
    outcome: str = ""
    reason: str = ""

    @property
    def content_type(self) -> str:
        return content_type(self.headers)


class Transcript:
    """The traffic of one world, veiled; remembers who lives there and who registered what."""

    def __init__(self, veil: Veil, world: str = "") -> None:
        self._veil = veil
        self._world = world
        self._providers: dict[str, tuple[str, str]] = {}
        self._registrations: dict[tuple[str, int], Registration] = {}

    def of(self, entry: Entry, registration: Registration | None = None) -> Traffic | None:
        """What an entry says of traffic; None: nothing. Every entry has to be shown, in order, or whose registration
        it speaks of."""
        self._remember(entry)
        if registration:
            self._registrations[entry.emulator, registration.id] = registration
        if isinstance(entry, Exchange):
            return self._exchange(entry)
        if isinstance(entry, Delivery):
            return self._delivery(entry)
        return self._probe(entry) if isinstance(entry, Probe) else None

    def _remember(self, entry: Entry) -> None:
        if isinstance(entry, Opened):
            self._providers[entry.emulator] = (entry.provider, entry.revision)
        for registration in _registrations(entry):
            self._registrations[entry.emulator, registration.id] = registration

    def _base(self, entry: Entry, inward: bool, method: str, url: str) -> Traffic:
        provider, revision = self._providers.get(entry.emulator) or (_NUMBER.sub("", entry.emulator), "")
        at = entry.at.isoformat(timespec="milliseconds")
        return Traffic(
            at, self._world, provider, revision, inward, method, self._veil.url(url), (), None, None
        )

    def _exchange(self, entry: Exchange) -> Traffic:
        call, reply = entry.call, entry.reply
        base = self._base(entry, True, call.method, "")
        path = quote(call.path, safe="/:@!$&'()*+,;=~") + (f"?{urlencode(call.query)}" if call.query else "")
        return replace(
            base,
            url=self._veil.url(f"http://{call.header('host') or base.provider}{path}"),
            headers=self._veil.headers(call.headers),
            body=self._veil.body(call.body, call.header("content-type") or "") or None,
            status=entry.status,
            # The others are no routes of the vendor.
            route="" if entry.route in (NOT_IMITATED, PREFLIGHT) else entry.route,
            answer_headers=self._veil.headers(reply.headers),
            answer_body=self._veil.body(reply.body, content_type(reply.headers)),
            reason=self._veil.text(str(entry.fault)) if entry.fault else "",
        )

    def _delivery(self, entry: Delivery) -> Traffic:
        registration = self._registrations.get((entry.emulator, entry.subscription))
        headers = registration.request(b"").headers if registration else ()
        known = registration.feed if registration else ""
        return replace(
            self._base(entry, False, entry.method, entry.url),
            headers=self._veil.headers(headers),
            body=self._veil.body(entry.body, content_type(headers)) or None,
            status=entry.status,
            feed=entry.events[0].feed if entry.events else known,
            attempt=entry.attempt,
            outcome=entry.outcome,
            reason=self._veil.text(entry.reason),
        )

    def _probe(self, entry: Probe) -> Traffic:
        return replace(
            self._base(entry, False, entry.method, entry.url),
            status=entry.status,
            outcome="verified" if entry.accepted else "not verified",
            reason=self._veil.text(entry.reason),
        )


def content_type(headers: Pairs) -> str:
    return next((value for name, value in headers if name.lower() == "content-type"), "")


def _registrations(entry: Entry) -> Iterator[Registration]:
    if isinstance(entry, Subscribed | Changed):
        yield entry.registration
    effects: Any = getattr(entry, "effects", None)
    if isinstance(effects, Effects):
        yield from effects.registrations
