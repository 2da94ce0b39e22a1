"""The verbs of an emulator that lives in another process."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from emulators.engine.clock import SECOND, Duration, duration
from emulators.engine.codec import encode_strictly
from emulators.engine.faulting import Fault
from emulators.engine.injecting import Injection, checked
from emulators.engine.inspection import Inspection
from emulators.engine.journal import Exchange, Happened
from emulators.engine.options import choose
from emulators.engine.profile import Profile
from emulators.engine.state import AccountState
from emulators.engine.strictness import ANY
from emulators.engine.writer import Writer
from emulators.faults import told
from emulators.people import pools
from emulators.registry import Imitation
from emulators.remote.mirror import RemoteWorld


class RemoteEmulator(Inspection):
    """See `emulators.engine.emulator.Emulator`: the same verbs. They block; those in `.aio` are awaited."""

    def __init__(
        self,
        imitation: Imitation,
        world: RemoteWorld,
        ready: Mapping[str, Any],
        options: Mapping[str, Any],
        strictness: str,
    ) -> None:
        self.provider = imitation.provider
        self.profile: Profile = imitation.profile
        self.name = imitation.provider.name
        self.world = world  # type: ignore[assignment]
        self.url: str = ready["url"]
        self.env: dict[str, str] = dict(ready["env"])
        self.options, self.policies = choose(imitation.profile, options)
        people = pools(imitation.provider.locale)
        # It names kinds; what it would write, the other process does.
        self.writer = Writer(
            imitation.provider,
            imitation.profile,
            imitation.contract,
            self.options,
            people,
            lambda what, which: NotImplemented,
            strictness != ANY,
        )
        self.aio = RemoteAwaited(self)
        self._client = world.client
        self._at = f"/{self.name}"

    @property
    def revision(self) -> str:
        """The dated state of the vendor's documents that it imitates."""
        return self.profile.revision

    @property
    def now(self) -> datetime:
        """The world's time, aware UTC."""
        return datetime.fromisoformat(self._client.get("/clock")["now"])

    @property
    def account(self) -> AccountState:
        """What it remembers."""
        return self.world.state.accounts[self.name]

    def subscribe(
        self,
        url: str,
        kinds: list[str] | None = None,
        feed: str | None = None,
        *,
        auth: tuple[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        **policy: Any,
    ) -> RemoteSubscription:
        """Registers a receiver."""
        fields = {"url": url, "kinds": [kinds] if isinstance(kinds, str) else kinds, "feed": feed}
        given = {"auth": list(auth) if auth else None, "headers": dict(headers) if headers else None}
        made = self._client.post(f"{self._at}/subscriptions", **fields, **given, policy=policy)
        return RemoteSubscription(self, made["id"])

    def subscriptions(self) -> list[RemoteSubscription]:
        """Every subscription there ever was."""
        return [RemoteSubscription(self, number) for number in self.account.registrations]

    def emit(
        self, kind: str, fields: Mapping[str, Any] | None = None, /, *, count: int = 1, **more: Any
    ) -> Any:
        """Something happened."""
        self._client.post(f"{self._at}/events", kind=kind, fields={**(fields or {}), **more}, count=count)
        happened = list(self.world.journal.of(Happened, self.name))[-1].effects.events
        return happened[0] if count == 1 else list(happened)

    def send(self, payload: Any) -> None:
        """Exactly this JSON value, or these bytes."""
        body = payload if isinstance(payload, bytes) else encode_strictly(payload)
        self._client.post(f"{self._at}/send", base64=b64encode(body).decode())

    def replay(self, sample: str) -> None:
        """A documented sample."""
        self._client.post(f"{self._at}/replay", sample=sample)

    def advance(self, by: Duration) -> None:
        """Lets time pass."""
        self._client.post("/clock/advance", by=_seconds(by))

    def drain(self, within: Duration = "24h") -> None:
        """Turns the clock until nothing is owed."""
        self._client.post("/drain", within=_seconds(within))

    def flush(self) -> None:
        """Sends open batches now."""
        self._client.post(f"{self._at}/flush")

    def reset(self) -> None:
        """As new."""
        self._client.post(f"{self._at}/reset")

    def wait_for_call(self, route: str, timeout: float = 5, **fields: Any) -> Exchange:
        """The first call to a route."""
        told = self._client.post(f"{self._at}/calls/wait", route=route, timeout=timeout, fields=fields)
        [found] = self.world.journal.page(told["number"] - 1, 1)
        if not isinstance(found[1], Exchange):
            raise TypeError("what was waited for is a call")
        return found[1]

    def inject(self, *faults: Fault) -> Injection:
        """Lets faults happen."""
        numbers = [
            number
            for fault in faults
            for number in self._client.post(f"{self._at}/faults", **told(checked(fault)))["ids"]
        ]
        return Injection(self, tuple(numbers))  # type: ignore[arg-type]

    def clear_faults(self, ids: tuple[int, ...] | None = None) -> None:
        """Takes faults back."""
        for query in [f"?id={number}" for number in ids] if ids is not None else [""]:
            self._client.ask("DELETE", f"{self._at}/faults{query}")

    def tolerate(self) -> None:
        """Waives what would fail the test at its end."""
        self.world.tolerant = True

    def __repr__(self) -> str:
        return f"<{self.name}@{self.revision} at {self.url}, in a process of its own>"


class RemoteAwaited:
    """`emulator.aio`: every verb waits in a thread, so that a receiver on the loop can answer meanwhile."""

    def __init__(self, emulator: RemoteEmulator) -> None:
        self._emulator = emulator

    def __getattr__(self, name: str) -> Any:
        verb = getattr(self._emulator, name)
        if name not in ("subscribe", "advance", "drain", "flush", "reset", "wait_for_call"):
            return verb

        async def awaited(*args: Any, **kwargs: Any) -> Any:
            return await asyncio.to_thread(verb, *args, **kwargs)

        return awaited


class RemoteSubscription:
    """A receiver that was registered."""

    def __init__(self, emulator: RemoteEmulator, number: int) -> None:
        self._emulator = emulator
        self.id = number

    def __getattr__(self, name: str) -> Any:
        if name not in ("url", "feed", "kinds", "state"):
            raise AttributeError(name)
        return getattr(self._emulator.account.registrations[self.id], name)

    def pause(self) -> None:
        """Suspends sending."""
        self._ask("POST", "/pause")

    def resume(self) -> None:
        """Ends a pause."""
        self._ask("POST", "/resume")

    def cancel(self) -> None:
        """Ends the subscription."""
        self._ask("DELETE", "")

    def _ask(self, method: str, what: str) -> None:
        fields: dict[str, Any] | None = {} if method == "POST" else None
        self._emulator.world.client.ask(  # type: ignore[attr-defined]
            method, f"/{self._emulator.name}/subscriptions/{self.id}{what}", fields
        )


def _seconds(by: Duration) -> float | int | str:
    """A duration as JSON."""
    return duration(by) / SECOND if isinstance(by, timedelta) else by
