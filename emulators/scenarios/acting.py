"""The verbs of scenarios as those of `Emulator`: each step is done here, and says why it did not hold."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from emulators.engine import codec, queries
from emulators.engine.clock import SECOND, Instant, duration
from emulators.engine.courier import Courier
from emulators.engine.egress import Egress
from emulators.engine.emulator import Emulator
from emulators.engine.handles import Subscription
from emulators.engine.injecting import Injection
from emulators.engine.message import Request
from emulators.errors import UnknownName, VerificationFailed
from emulators.scenarios.asking import Asking
from emulators.scenarios.forms import NO_ANSWER
from emulators.scenarios.references import References
from emulators.scenarios.story import Reference, Step
from emulators.scenarios.vendors import build_fault


class Actor:
    """Does steps with the emulators of one scenario, which began at `start`, and remembers what `as` named."""

    def __init__(self, emulators: Mapping[str, Emulator], references: References, start: Instant) -> None:
        self._emulators = emulators
        self._references = references
        self._start = start
        self._subscriptions: dict[str, Subscription] = {}
        self._injections: list[tuple[str, str, Injection]] = []
        self._verbs: Mapping[str, Callable[[Step], Awaitable[str]]] = {
            "subscribe": self._subscribe,
            "emit": self._emit,
            "send": self._send,
            "replay": self._replay,
            "flush": self._flush,
            "advance": self._advance,
            "drain": self._drain,
            "fault": self._fault,
            "clear_faults": self._clear_faults,
            "pause": self._move,
            "resume": self._move,
            "cancel": self._move,
            "reset": self._reset,
            "wait": self._wait,
            "call": self._call,
            "expect": self._expect,
        }

    async def act(self, step: Step) -> str:
        """Does a step. Returns why an expectation did not hold (empty: it did); raises what its verb raises."""
        return await self._verbs[step.verb](step)

    def _any(self) -> Emulator:
        """The clock is one for all of them."""
        return next(iter(self._emulators.values()))

    async def _subscribe(self, step: Step) -> str:
        args, references = step.args, self._references
        url, auth = args["url"], args.get("auth")
        refused = args.get("refused")
        try:
            subscription = await self._emulators[step.vendor].aio.subscribe(
                references.address(url) if isinstance(url, Reference) else url,
                args.get("kinds"),
                step.rest or None,
                auth=(references.text(auth["login"]), references.text(auth["password"])) if auth else None,
                headers={name: references.text(value) for name, value in args.get("headers", {}).items()},
                **args.get("policy", {}),
            )
        except VerificationFailed as error:
            got = NO_ANSWER if error.status is None else error.status
            if refused is None:
                raise
            return "" if got == refused else f"expected to be refused with {refused}, got {got}: {error}"
        if refused is not None:
            return f"expected to be refused with {refused}, but the subscription is {subscription.state}"
        for name in (step.vendor, args.get("as", step.vendor)):
            self._subscriptions[name] = subscription
        return ""

    async def _emit(self, step: Step) -> str:
        fields = {**step.args.get("fields", {}), **dict.fromkeys(step.args.get("without", ()))}
        self._emulators[step.vendor].emit(step.rest, fields, count=step.args.get("count", 1))
        return ""

    async def _send(self, step: Step) -> str:
        text = step.args.get("text")
        payload = step.args["json"] if text is None else text.encode()
        self._emulators[step.vendor].send(payload)
        return ""

    async def _replay(self, step: Step) -> str:
        self._emulators[step.vendor].replay(step.rest)
        return ""

    async def _flush(self, step: Step) -> str:
        await self._emulators[step.vendor].aio.flush()
        return ""

    async def _advance(self, step: Step) -> str:
        await self._any().aio.advance(_span(step))
        return ""

    async def _drain(self, step: Step) -> str:
        await self._any().aio.drain(_span(step))
        return ""

    async def _fault(self, step: Step) -> str:
        injection = self._emulators[step.vendor].inject(build_fault(step.rest, step.args))
        self._injections.append((step.vendor, step.args.get("as", ""), injection))
        return ""

    async def _clear_faults(self, step: Step) -> str:
        named = [found for _, name, found in self._injections if step.rest and name == step.rest]
        self._emulators[step.vendor].clear_faults(named[-1].ids if named else None)
        return ""

    async def _move(self, step: Step) -> str:
        """Pauses, resumes or cancels."""
        subscription = self._subscriptions[step.rest or step.vendor]
        moves = {"pause": subscription.pause, "resume": subscription.resume, "cancel": subscription.cancel}
        moves[step.verb]()
        return ""

    async def _reset(self, step: Step) -> str:
        self._injections = [known for known in self._injections if known[0] != step.vendor]
        await self._emulators[step.vendor].aio.reset()
        return ""

    async def _wait(self, step: Step) -> str:
        seconds = duration(step.args.get("timeout", 5)) / SECOND
        # As JSON pointers: a field may well be called `timeout`.
        fields = {n if n.startswith("/") else f"/{n}": v for n, v in step.args.get("fields", {}).items()}
        try:
            await self._emulators[step.vendor].aio.wait_for_call(step.rest, seconds, **fields)
        except AssertionError as missed:
            return str(missed)
        return ""

    async def _call(self, step: Step) -> str:
        """The app's part: a call of the vendor, over a real connection."""
        args, emulator = step.args, self._emulators[step.vendor]
        method, _, path = step.rest.partition(" ")
        body = args["text"].encode() if "text" in args else None
        headers = [("User-Agent", "provider-emulators/scenario")]
        if "json" in args:
            body = codec.encode_strictly(args["json"])
            headers.append(("Content-Type", "application/json"))
        if "bearer" in args:
            headers.append(("Authorization", f"Bearer {emulator.env[args['bearer']]}"))
        if "basic" in args:
            login = b64encode(f"scenario:{emulator.env[args['basic']]}".encode()).decode()
            headers.append(("Authorization", f"Basic {login}"))
        own = {name: self._references.text(value) for name, value in args.get("headers", {}).items()}
        kept = [pair for pair in headers if pair[0].lower() not in {name.lower() for name in own}]
        courier = Courier(Egress(), keep_alive=False)
        try:
            patience = duration(args.get("timeout", 5)) / SECOND
            answer = await courier.send(
                Request(method, emulator.url + path, (*kept, *own.items()), body, patience)
            )
        finally:
            await courier.rest()
        return _unlike(answer.status, answer.body, answer.reason, args)

    async def _expect(self, step: Step) -> str:
        faults = [(name, found) for vendor, name, found in self._injections if vendor == step.vendor]
        asking = Asking(self._emulators[step.vendor], self._start, self._subscriptions, faults)
        try:
            return asking.ask(step.rest, step.args)
        except UnknownName as error:
            return str(error)


def _span(step: Step) -> float | str:
    """The duration of `advance` and `drain`, which is the verb's own value."""
    try:
        return float(step.subject)
    except ValueError:
        return step.subject


def _unlike(status: int | None, body: bytes, reason: str, args: Mapping[str, Any]) -> str:
    """Why an answer is not the one that was expected; unless anything is said, one below 400."""
    wanted = args.get("status")
    said = body.decode("utf-8", "replace")[:300]
    if status is None:
        return f"expected {wanted or 'an answer'}, got none: {reason}"
    if status != wanted if wanted else status >= 400:
        return f"expected {wanted or 'a status below 400'}, got {status}: {said}"
    if "reply" in args:
        try:
            value = codec.decode(body)
        except ValueError:
            return f"reply: expected JSON, got {said!r}"
        return "\n".join(queries.differences(value, args["reply"]))
    return ""
