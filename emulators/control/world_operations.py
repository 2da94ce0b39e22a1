"""What can be asked of a process and of a tenant's world: its time, its journal, states to go back to."""

from __future__ import annotations

from emulators import doors
from emulators.control.operations import Asked, Field, Json, Operation, time_of
from emulators.control.snapshots import (
    drop_snapshot,
    list_snapshots,
    put_snapshot,
    restore_snapshot,
    show_snapshot,
    take_snapshot,
)
from emulators.control.tenants import DEFAULT, Tenant, check_name
from emulators.control.veiling import veiled
from emulators.engine import timeline
from emulators.engine.codec import decode
from emulators.engine.freezing import freeze
from emulators.errors import InvalidValue

AFTER = Field("integer", "the number of the last entry that is known already", default=0)
LIMIT = Field("integer", "at most so many, up to 1000", default=100)
MOST = 1000


async def health(asked: Asked) -> Json:
    return {"ready": True, "id": asked.plane.id}


async def providers(asked: Asked) -> Json:
    return {"tenant": asked.tenant.name, "providers": told_providers(asked.tenant)}


def told_providers(tenant: Tenant) -> Json:
    """Where each vendor is, and which settings an app of this tenant needs."""
    return doors.told(tenant.cast.specs, tenant.cast.urls, "" if tenant.name == DEFAULT else tenant.name)


async def list_tenants(asked: Asked) -> Json:
    return {"tenants": [{"name": tenant.name, "seed": tenant.world.seed} for tenant in asked.plane.tenants]}


async def add_tenant(asked: Asked) -> Json:
    name = check_name(asked.fields["name"])
    if name in [tenant.name for tenant in asked.plane.tenants]:
        raise InvalidValue(f"name: there is a tenant {name!r} already")
    tenant = asked.plane.tenants.add(name, asked.plane.make_world(name, asked.fields.get("seed")))
    return {"name": name, "seed": tenant.world.seed, "providers": told_providers(tenant)}


async def remove_tenant(asked: Asked) -> Json:
    tenant = await asked.plane.tenants.remove(asked.params["name"])
    asked.plane.forget_world(tenant.name)
    return {"removed": tenant.name}


async def clock(asked: Asked) -> Json:
    return time_of(asked)


async def advance(asked: Asked) -> Json:
    crank = asked.tenant.crank
    await crank.turn_by(_ahead(asked, "by"))
    return time_of(asked)


def _ahead(asked: Asked, name: str) -> int:
    given = asked.fields[name]
    try:
        return asked.tenant.crank.ahead(given)
    except OverflowError:
        raise InvalidValue(
            f"{name}: expected a duration that ends before the year 9999, got {given!r:.40}"
        ) from None


async def drain(asked: Asked) -> Json:
    crank = asked.tenant.crank
    await crank.drain(_ahead(asked, "within"))
    return time_of(asked)


async def reset(asked: Asked) -> Json:
    async with asked.tenant.crank.claimed():
        for emulator in asked.tenant.emulators.values():
            emulator.open()
        asked.tenant.world.complaints.clear()
    return time_of(asked)


async def told(asked: Asked) -> Json:
    last, provider = asked.query["last"], asked.query.get("provider")
    if provider is not None:
        asked.tenant.cast.check(provider)
    world, veil = asked.tenant.world, asked.plane.veil
    journal = world.journal
    # Of each vendor since it was opened or reset, as everything else that looks back.
    begun = {name: journal.begun(name) for name in world.state.accounts}
    first = begun.get(provider, 1) if provider else min(begun.values(), default=1)
    found = [
        (number, entry)
        for number, entry in journal.page(max(first - 1, journal.last - last), last)
        if number >= begun.get(entry.emulator, first)
    ]
    entries = [veiled(entry, veil) for _, entry in found]
    start = next((entry.instant for _, entry in journal.page(first - 1, 1)), 0)
    story = timeline.tell(entries, provider, start=start)
    return {"timeline": veil.text(story), "entries": len(entries), "lost": journal.lost}


async def complaints(asked: Asked) -> Json:
    """What a test must not pass over."""
    return {"complaints": [asked.plane.veil.text(text) for text in asked.tenant.world.complaints]}


async def journal(asked: Asked) -> Json:
    entries = page(asked, asked.query["after"], asked.query["limit"])
    journal = asked.tenant.world.journal
    return {"entries": entries, "last": journal.last, "lost": journal.lost}


def page(asked: Asked, after: int, limit: int) -> list[Json]:
    """Entries of the journal as they are kept, without credentials."""
    found = asked.tenant.world.journal.page(after, min(limit, MOST))
    return [
        {
            "number": number,
            "kind": type(entry).__name__,
            "entry": decode(freeze(veiled(entry, asked.plane.veil))),
        }
        for number, entry in found
    ]


NAME = Field("string", "up to 64 letters, digits, - and _", required=True)

WORLD = (
    Operation("health", "GET", "/v1/health", "Whether it is up, and which process it is.", health, secret=False),
    Operation("providers", "GET", "/v1/providers", "Where each vendor is, and the settings of an app.", providers),
    Operation("tenants", "GET", "/v1/tenants", "The tenants, the default one first.", list_tenants),
    Operation(
        "add-tenant",
        "POST",
        "/v1/tenants",
        "A world of its own for a suite: credentials, clock, journal, faults. Answers with the settings of its apps.",
        add_tenant,
        {"name": NAME, "seed": Field("integer", "of its made-up values; that of the process unless given")},
        status=201,
    ),
    Operation("remove-tenant", "DELETE", "/v1/tenants/{name}", "Ends a tenant; what it owes is never sent.", remove_tenant),
    Operation("clock", "GET", "/v1/clock", "The time, and when the next thing is due.", clock),
    Operation(
        "advance",
        "POST",
        "/v1/clock/advance",
        "Lets time pass and everything that is due in it happen.",
        advance,
        {"by": Field(("string", "number"), 'seconds, or text such as "1h30m"', required=True)},
    ),
    Operation(
        "drain",
        "POST",
        "/v1/drain",
        "Turns the clock until nothing is owed; 409 StillOwed if that takes longer.",
        drain,
        {"within": Field(("string", "number"), 'seconds, or text such as "24h"', default="24h")},
    ),
    Operation("reset", "POST", "/v1/reset", "Everything as new, only the clock is not turned back.", reset),
    Operation(
        "timeline",
        "GET",
        "/v1/timeline",
        "The story so far, for people, from the last reset or restore on; the journal keeps what was before.",
        told,
        query={
            "provider": Field("string", "of this vendor alone"),
            "last": Field("integer", "the last entries", default=MOST),
        },
    ),
    Operation(
        "complaints",
        "GET",
        "/v1/complaints",
        "What must not go unseen: calls that are not imitated, requests beyond a limit, errors of ours.",
        complaints,
    ),
    Operation(
        "journal",
        "GET",
        "/v1/journal",
        "Everything that happened, entry by entry, as it is kept. GET /v1/journal/stream sends the same as it happens.",
        journal,
        query={"after": AFTER, "limit": LIMIT},
    ),
    Operation("snapshots", "GET", "/v1/snapshots", "The states that were kept.", list_snapshots),
    Operation("snapshot", "POST", "/v1/snapshots", "Keeps the state, under a name; in place of one of that name.", take_snapshot, {"name": NAME}, status=201),
    Operation(
        "show-snapshot",
        "GET",
        "/v1/snapshots/{name}",
        "A state as a document, to be put into another process. It holds what the apps sent, credentials too.",
        show_snapshot,
    ),
    Operation(
        "put-snapshot",
        "PUT",
        "/v1/snapshots/{name}",
        "Takes a document in, in place of one of that name; the next restore may go to it.",
        put_snapshot,
        {"snapshot": Field("object", "what GET gave", required=True)},
    ),
    Operation(
        "restore",
        "POST",
        "/v1/snapshots/{name}/restore",
        "Goes back to a state, its clock too. What is asked for afterwards begins there.",
        restore_snapshot,
    ),
    Operation("drop-snapshot", "DELETE", "/v1/snapshots/{name}", "Forgets a state.", drop_snapshot),
)  # fmt: skip
