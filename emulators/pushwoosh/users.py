"""Users, what they do in an app, and what the app on a device reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import asin, cos, isfinite, radians, sin, sqrt
from typing import Any

from emulators.engine.profile import Problem
from emulators.engine.provider import Account, Call, Reply
from emulators.pushwoosh import devices
from emulators.pushwoosh.arguments import application, needed, text
from emulators.pushwoosh.envelope import ok, refusal, request_of

EARTH = 6_371_000


def register_user(account: Account, call: Call) -> Reply:
    """registerUser: a user on a device; without a user id the hwid is one. It may come before registerDevice."""
    request = request_of(account, call)
    code, hwid = application(account, request), needed(account, request, "hwid")
    _, row = devices.known(account, hwid)
    user = {**request, "userId": text(request.get("userId")) or hwid, "tags": None}
    devices.register(account, code, hwid, user, registered=bool(row and row["registered"]))
    return ok(account)


def post_event(account: Account, call: Call) -> Reply:
    """postEvent: answers with the code of an In-App message if one waits for the event."""
    request = request_of(account, call)
    application(account, request)
    if not text(request.get("hwid")):
        # The page wants both and says that each may stand for the other.
        needed(account, request, "userId")
    name = needed(account, request, "event")
    if not isinstance(request.get("attributes"), dict):
        problem = Problem(
            "/request/attributes", "an object, {} if there are none", ascii(request.get("attributes"))[:40]
        )
        raise refusal(account, "attributes", problem)
    wanted = account.options["events.names"]
    if wanted and name not in wanted:
        expected = f"an event of the option events.names: {', '.join(map(str, wanted))}"[:200]
        raise refusal(account, "event", Problem("/request/event", expected, ascii(name)[:60]))
    _keep(account, "postEvent", request)
    code = account.options["events.in_app"]
    return ok(account, {"code": code} if code else None)


def report(method: str, *wanted: str) -> Callable[[Account, Call], Reply]:
    """A method by which an app on a device reports something, and is answered with nothing."""

    def handle(account: Account, call: Call) -> Reply:
        request = request_of(account, call)
        application(account, request)
        devices.known(account, needed(account, request, "hwid"))
        for name in wanted:
            needed(account, request, name)
        _keep(account, method, request)
        return ok(account)

    return handle


def nearest_zone(account: Account, call: Call) -> Reply:
    """getNearestZone: of the zones of the option, the one closest to where the device is; null if there are none."""
    request = request_of(account, call)
    application(account, request)
    devices.known(account, needed(account, request, "hwid"))
    here = _place(request)
    if here is None:
        problem = Problem(
            "/request/lat", "lat and lng in degrees", ascii((request.get("lat"), request.get("lng")))[:60]
        )
        raise refusal(account, "place", problem)
    _keep(account, "getNearestZone", request)
    measured = ((_metres(here, place), zone) for zone, place in _zones(account))
    distance, nearest = min(measured, key=lambda found: found[0], default=(0, None))
    if nearest is None:
        return ok(account)
    zone = {name: nearest.get(name) for name in ("name", "lat", "lng", "range")}
    return ok(account, {**zone, "distance": distance})


def _keep(account: Account, method: str, request: dict[str, Any]) -> None:
    row = {"method": method, "at": account.now.isoformat(), "request": request}
    account.table("reports").put(str(account.number("report")), row)


def _zones(account: Account) -> Iterator[tuple[dict[str, Any], tuple[float, float]]]:
    for zone in account.options["zones"]:
        place = _place(zone) if isinstance(zone, dict) else None
        if place is not None:
            yield zone, place


def _place(holder: dict[str, Any]) -> tuple[float, float] | None:
    lat, lng = holder.get("lat"), holder.get("lng")
    for value, most in ((lat, 90), (lng, 180)):
        if isinstance(value, bool) or not isinstance(value, int | float) or not -most <= value <= most:
            return None
    return (float(lat), float(lng)) if isfinite(lat) and isfinite(lng) else None  # type: ignore[arg-type]


def _metres(one: tuple[float, float], other: tuple[float, float]) -> int:
    (lat, lng), (lat2, lng2) = (tuple(map(radians, place)) for place in (one, other))
    half = sin((lat2 - lat) / 2) ** 2 + cos(lat) * cos(lat2) * sin((lng2 - lng) / 2) ** 2
    return round(2 * EARTH * asin(sqrt(min(half, 1.0))))
