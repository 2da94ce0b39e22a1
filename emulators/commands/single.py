"""One vendor, one receiver, one attempt: what `trigger`, `replay` and `resend` have in common."""

from __future__ import annotations

import argparse
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from emulators.commands.exits import Exit
from emulators.commands.values import allow_argument

if TYPE_CHECKING:
    from emulators.engine.emulator import Emulator
    from emulators.engine.journal import Delivery
    from emulators.engine.policy import Policy


def arguments(parser: argparse.ArgumentParser, required: bool) -> None:
    """Where it goes to, and how it is told."""
    parser.add_argument("--to", metavar="URL", required=required, help="the receiver's URL")
    allow_argument(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


@asynccontextmanager
async def vendor(
    spec: str, allow: list[str], seed: int = 0, options: Mapping[str, Any] | None = None
) -> AsyncIterator[Emulator]:
    """The vendor, at the present time; it stands still, so that nothing happens unasked."""
    from emulators.hosting import in_loop

    now = datetime.now(UTC).replace(microsecond=0)
    async with in_loop(spec, seed=seed, start=now, allow=allow, options=options or {}) as emulator:
        yield emulator


async def subscribe(emulator: Emulator, url: str, feed: str | None, **policy: Any) -> None:
    """Registers the receiver, unverified and without a second attempt; waits as long as the vendor would. `policy`:
    what else is unlike the vendor's."""
    usual = emulator.policies.get(feed or "")
    await emulator.aio.subscribe(
        url,
        feed=feed,
        probe=None,
        retry_delays=[],
        retry_after_last="abandon",
        patience=usual.timeout if usual else 10,
        **policy,
    )


def report(emulator: Emulator, what: str, args: argparse.Namespace, **more: Any) -> Exit:
    """Prints what was sent and what came back; the exit code says how the vendor would take it."""
    deliveries = emulator.deliveries()
    if args.json:
        told = {
            "provider": emulator.provider.name,
            "revision": emulator.revision,
            **more,
            "to": args.to,
            "requests": [_plain(emulator, delivery) for delivery in deliveries],
        }
        print(json.dumps(told, indent=2))
    else:
        print(f"{emulator.provider.title} ({emulator.revision}) sends {what} to {args.to}")
        for delivery in deliveries:
            print(f"\n{_shown(delivery)}\n\n{verdict(emulator, delivery)}")
    if all(delivery.status is None for delivery in deliveries):
        return Exit.UNUSABLE
    acknowledged = all(delivery.outcome == "acknowledged" for delivery in deliveries)
    return Exit.GOOD if acknowledged else Exit.FINDINGS


def _plain(emulator: Emulator, delivery: Delivery) -> dict[str, Any]:
    return {
        "at": delivery.at.isoformat(),
        "body": delivery.body.decode(),
        "events": len(delivery.events),
        "status": delivery.status,
        "acknowledged": delivery.outcome == "acknowledged",
        "verdict": verdict(emulator, delivery),
    }


def _shown(delivery: Delivery) -> str:
    """The body: a document's own form as it is, ours laid out for reading, a long one cut."""
    most = 4000
    text = delivery.body.decode()
    if delivery.raw is None:
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    text = text.rstrip()
    if len(text) <= most:
        return text
    return f"{text[:most]}\n... ({len(delivery.body)} bytes in all; --json prints every one)"


def verdict(emulator: Emulator, delivery: Delivery) -> str:
    """What came back, and what the vendor would do next if this were not the only attempt."""
    answer = "no answer" if delivery.status is None else str(delivery.status)
    if delivery.outcome == "acknowledged":
        return f"{answer}, acknowledged"
    feed = emulator.account.registrations[delivery.subscription].feed
    reason = delivery.reason.removesuffix("; no further attempt").removeprefix(f"answered {answer}, ")
    return f"{answer}, not acknowledged: {reason}; {emulator.provider.title} would {_next(emulator.policies[feed], delivery)}"


def _next(usual: Policy, delivery: Delivery) -> str:
    delay = usual.delay(1)
    if usual.verdict(delivery.status) != "retry" or delay is None:
        return "give up"
    return f"try again after {delay:g} s"
