"""The journal as server-sent events: each entry once, in order, from wherever the listener left off."""

from __future__ import annotations

import asyncio

from aiohttp import web

from emulators.control.tenants import Tenant
from emulators.control.veiling import veiled
from emulators.engine.codec import encode
from emulators.engine.freezing import freeze
from emulators.engine.journal import Entry
from emulators.errors import InvalidValue, StateRefused
from emulators.redaction import Veil

PAGE = 200
BEAT = 15.0
"""Seconds of silence after which a comment is sent, so that nobody in between takes the connection for dead."""


async def send(
    request: web.BaseRequest, tenant: Tenant, veil: Veil, ending: asyncio.Event
) -> web.StreamResponse:
    """Sends entries as they happen until the listener goes, the tenant is removed or the process ends.

    Nothing is queued for a slow listener: it is sent what the journal holds beyond the last that it got. If that
    was dropped from memory meanwhile, an event `lost` says how much.
    """
    journal, sent = tenant.world.journal, _start(request)
    more, loop = asyncio.Event(), asyncio.get_running_loop()

    def listen(entry: Entry) -> None:
        loop.call_soon_threadsafe(more.set)

    headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    await response.write(b": the journal\n\n")
    journal.listeners.append(listen)
    ends = {asyncio.create_task(ending.wait()), asyncio.create_task(tenant.gone.wait())}
    try:
        while not any(end.done() for end in ends):
            more.clear()
            # What is not stored yet might be another entry after a crash, under the same number.
            known = journal.last
            if tenant.world.stored:
                await tenant.world.stored()
            while page := [each for each in journal.page(sent, PAGE) if each[0] <= known]:
                if page[0][0] > sent + 1:
                    lost = encode({"from": sent + 1, "to": page[0][0] - 1})
                    await response.write(b"event: lost\ndata: " + lost + b"\n\n")
                for sent, entry in page:
                    await response.write(_event(sent, entry, veil))
            waiting = asyncio.create_task(more.wait())
            done, _ = await asyncio.wait({waiting, *ends}, timeout=BEAT, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            if not done:
                await response.write(b": still here\n\n")
    except (ConnectionError, StateRefused):
        # The listener has gone, which is how it ends; or nothing can be stored any more, which ends the process.
        pass
    finally:
        journal.listeners.remove(listen)
        for end in ends:
            end.cancel()
    return response


def _start(request: web.BaseRequest) -> int:
    """The entry after which to begin: `Last-Event-ID`, as browsers and libraries send it, or `?after=`."""
    given = request.headers.get("Last-Event-ID") or request.rel_url.query.get("after") or "0"
    if not (given.isascii() and given.isdigit()) or len(given) > 18:
        raise InvalidValue(f"after: expected the number of an entry, got {given!r}")
    return int(given)


def _event(number: int, entry: Entry, veil: Veil) -> bytes:
    kind = type(entry).__name__.encode()
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (number, kind, freeze(veiled(entry, veil)))
