"""A vendor made up for the engine's own tests: one feed, one route, one reaction, and no schemas on disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from emulators.engine.clock import VirtualClock
from emulators.engine.egress import Egress
from emulators.engine.emulator import Emulator
from emulators.engine.journal import Changed, Subscribed
from emulators.engine.lane import Registration
from emulators.engine.policy import Policy
from emulators.engine.profile import Fact, FeedProfile, Kind, Profile
from emulators.engine.provider import (
    Account,
    Call,
    Contract,
    Feed,
    Occasion,
    Payload,
    Provider,
    Reply,
    Route,
)
from emulators.engine.registering import register
from emulators.engine.world import World

KINDS = ("a", "b", "c")


def _build(occasion: Occasion) -> Payload:
    return {"kind": occasion.kind, "n": occasion.random.getrandbits(16)}


def _order(account: Account, call: Call) -> Reply:
    """Remembers an order, tells of it, and plans its shipment.

    The body `fail` breaks after all that, `later` plans something that will, `subscribe` registers a receiver.
    """
    number = f"{account.random('order').getrandbits(24):06x}"
    account.table("orders").put(number, {"state": "new", "body": call.body.decode()})
    account.emit("a")
    account.emit("a")
    account.emit("c")
    account.after(30, "ship", order=number)
    if call.body == b"subscribe":
        account.subscribe("news", "http://127.0.0.1:9/ordered", ["a", "b"])
    if call.body == b"later":
        account.after(10, "explode")
    if call.body == b"fail":
        raise RuntimeError("broken on purpose")
    return Reply(201, number.encode())


def _ship(account: Account, data: Mapping[str, Any]) -> None:
    orders = account.table("orders")
    orders.put(data["order"], {**(orders.get(data["order"]) or {}), "state": "shipped"})
    account.emit("b")
    if "again" not in data:
        account.after(45, "ship", order=data["order"], again=True)
    else:
        orders.delete(data["order"])


def _explode(account: Account, data: Mapping[str, Any]) -> None:
    account.emit("c")
    raise RuntimeError("broken on purpose")


PROVIDER = Provider(
    name="acme",
    title="Acme",
    locale="en_US",
    env=lambda url, credentials: {"ACME_URL": url},
    feeds=(Feed("news", _build),),
    routes=(Route("order", "POST", "/orders", _order),),
    reactions={"ship": _ship, "explode": _explode},
)
PROFILE = Profile(
    provider="acme",
    revision="2026-01",
    title="Acme, made up",
    sources={},
    feeds={
        "news": FeedProfile(
            "news",
            "News",
            {name: Kind(name, "assumed", "", fields=("kind", "n")) for name in KINDS},
            {
                name: Fact(value, "assumed", "")
                for name, value in {
                    "batch_size": 3,
                    "batch_window": 60,
                    "answers": {"200": "acknowledge", "500": "retry", "*": "retry"},
                    "retry_delays": [60, 120],
                }.items()
            },
        )
    },
    options={},
    routes={},
    samples={},
)


class Anything:
    """A contract that every payload keeps."""

    def valid(self, schema: str, instance: Any) -> bool:
        return True

    def explain(self, schema: str, instance: Any) -> tuple[Any, ...]:
        return ()

    def example(self, schema: str) -> Any:
        return None


class Unhosted:
    """No loop to run anything on, and the process that it was made in."""

    def check_process(self) -> None:
        """It is the right one."""


def acme(
    seed: int = 0,
    world: World | None = None,
    provider: Provider = PROVIDER,
    contract: Contract | None = None,
    profile: Profile = PROFILE,
) -> Emulator:
    """An Acme that nobody hosts: no socket, no loop; its world is turned by hand."""
    world = world or World(seed, VirtualClock(0), Egress())
    nobody = cast(Any, None)
    return Emulator(
        provider=provider,
        profile=profile,
        contract=contract or Anything(),
        credentials={},
        people=nobody,
        world=world,
        crank=nobody,
        host=cast(Any, Unhosted()),
        options={},
    )


def enlist(emulator: Emulator, kinds: list[str] | None = None, **policy: Any) -> Registration:
    """What `subscribe` commits for a feed without verification, without the network that it asks first."""
    world = emulator.world
    with world.lock:
        number = emulator.account.ordinals.get("subscription", 0) + 1
        wanted = register(emulator, f"http://127.0.0.1:9/{number}", kinds, "news", {}, policy)
        world.commit(Changed(world.now(), emulator.name, wanted))
        replaced = [
            r.id
            for r in emulator.account.registrations.values()
            if r.state in ("active", "paused") and wanted.policy.second_url == "replaces"
        ]
        active = replace(wanted, state="active")
        world.commit(Subscribed(world.now(), emulator.name, active, replaced[0] if replaced else None))
        return active


def verdict(policy: Policy, status: int | None) -> str:
    """What an answer means, told independently of the engine."""
    for key in (str(status), f"{str(status)[0]}xx", "*"):
        if key in policy.answers:
            return policy.answers[key]
    return "retry"
