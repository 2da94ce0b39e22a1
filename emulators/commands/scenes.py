"""The scenes of the demo: each lets something happen, and says what must be true then."""

from __future__ import annotations

import inspect
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import pairwise

import aiohttp

from emulators.commands.receiver import Receiver, receiver
from emulators.engine.clock import SECOND
from emulators.engine.emulator import Emulator
from emulators.engine.journal import Delivery
from emulators.engine.timeline import Row, beginning, rows
from emulators.hosting import Setting, in_loop, make_world

Facts = Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class Cast:
    """Who takes part."""

    receiver: Receiver
    sendpulse: Emulator
    esputnik: Emulator
    pushwoosh: Emulator
    hellotext: Emulator


@dataclass(frozen=True, slots=True)
class Scene:
    """What happened in a scene, and which expectations held."""

    title: str
    rows: list[Row]
    facts: Facts


@dataclass(frozen=True, slots=True)
class Played:
    """All scenes, and how far the clock was turned."""

    scenes: list[Scene]
    vendor_seconds: float


async def play() -> Played:
    """Plays every scene, one after another."""
    scenes = []
    async with _cast() as cast:
        journal = cast.esputnik.world.journal
        start = beginning(journal.entries)
        for scene in (verification, retries, by_time, by_count, at_once, answered):
            since = len(journal.entries)
            facts = await scene(cast)
            title = inspect.getdoc(scene) or scene.__name__
            told = rows(journal.entries[since:], start)
            scenes.append(Scene(title, told, facts))
        return Played(scenes, (cast.esputnik.world.now() - start) / SECOND)


@asynccontextmanager
async def _cast() -> AsyncIterator[Cast]:
    world = make_world(Setting(""))
    async with AsyncExitStack() as stack:
        app = await stack.enter_async_context(receiver())
        vendors = [
            await stack.enter_async_context(in_loop(name, world=world))
            for name in ("sendpulse", "esputnik", "pushwoosh", "hellotext")
        ]
        yield Cast(app, *vendors)


async def verification(cast: Cast) -> Facts:
    """eSputnik verifies a URL before it sends anything"""
    await cast.esputnik.aio.subscribe(cast.receiver.url)
    return {
        "the receiver got one GET and answered it": [r.method for r in cast.receiver.received] == ["GET"],
        "eSputnik accepted the answer": [p.accepted for p in cast.esputnik.probes()] == [True],
    }


async def retries(cast: Cast) -> Facts:
    """The receiver fails twice; eSputnik keeps its order, so the later request waits"""
    since = len(cast.receiver.received)
    cast.receiver.will_answer([500, 500])
    cast.esputnik.replay("activity.bulk")
    cast.esputnik.replay("activity.triggered")
    await cast.esputnik.aio.drain()
    tried = cast.esputnik.deliveries()
    bulk, triggered = (
        cast.esputnik.profile.samples[f"activity.{name}"].body for name in ("bulk", "triggered")
    )
    arrived = [request.body for request in cast.receiver.received[since:]]
    return {
        "retries came 1 and then 2 minutes after the attempt before": _gaps(tried[:3]) == [60, 120],
        "the later request waited, and left as soon as the first was taken": _gaps(tried[2:]) == [0],
        "both documented arrays arrived byte for byte": arrived == [bulk, bulk, bulk, triggered],
        "in the end both were acknowledged": [d.outcome for d in tried[2:]] == ["acknowledged"] * 2,
    }


async def by_time(cast: Cast) -> Facts:
    """SendPulse gathers events for a minute and sends them in one request"""
    await cast.sendpulse.aio.subscribe(cast.receiver.url)
    for kind in ("delivered", "opened", "clicked"):
        cast.sendpulse.emit(kind)
    await cast.sendpulse.aio.advance("59s")
    early = cast.sendpulse.deliveries()
    happened = cast.sendpulse.now
    await cast.sendpulse.aio.advance("1s")
    sent = cast.sendpulse.deliveries()
    return {
        "nothing left before the minute was over": early == [],
        "then one request left": [(d.at - happened).total_seconds() for d in sent] == [1],
        "it held the three events, in order": _kinds(cast) == ["delivered", "opened", "clicked"],
    }


async def by_count(cast: Cast) -> Facts:
    """A thousand SendPulse events are a full request, which leaves at once"""
    before, already = cast.sendpulse.now, len(cast.sendpulse.deliveries())
    cast.sendpulse.emit("delivered", count=1000)
    await cast.sendpulse.aio.advance(0)
    sent = cast.sendpulse.deliveries()[already:]
    return {
        "one request left without any time passing": [d.at for d in sent] == [before],
        "it held 1000 events": _kinds(cast) == ["delivered"] * 1000,
    }


async def at_once(cast: Cast) -> Facts:
    """Pushwoosh sends every event by itself, at once"""
    await cast.pushwoosh.aio.subscribe(cast.receiver.url)
    cast.pushwoosh.emit("Email Sent")
    await cast.pushwoosh.aio.advance(0)
    body = json.loads(cast.receiver.received[-1].body)
    return {
        "the body is one object, not an array": isinstance(body, dict)
        and body.get("event_name") == "Email Sent",
        "Pushwoosh counts it as delivered": [d.outcome for d in cast.pushwoosh.deliveries()]
        == ["acknowledged"],
    }


async def answered(cast: Cast) -> Facts:
    """An app tells Hellotext about a purchase, with the payload that its guide prints"""
    settings = cast.hellotext.env
    sample = cast.hellotext.profile.samples["track-event.request.profile"].body
    headers = {"Authorization": f"Bearer {settings['HELLOTEXT_TOKEN']}", "Content-Type": "application/json"}
    url = f"{settings['HELLOTEXT_URL']}/attribution/events"
    async with (
        aiohttp.ClientSession() as app,
        app.post(url, data=sample, headers=headers) as answer,
    ):
        status, body = answer.status, await answer.json()
    return {'the answer is 201 {"state":"ok"}': (status, body) == (201, {"state": "ok"})}


def _gaps(deliveries: list[Delivery]) -> list[float]:
    """Seconds of vendor time from each attempt to the next."""
    return [(b.at - a.at).total_seconds() for a, b in pairwise(deliveries)]


def _kinds(cast: Cast) -> list[str]:
    """The kinds of the events in what the receiver got last."""
    return [event["event"] for event in json.loads(cast.receiver.received[-1].body)]
