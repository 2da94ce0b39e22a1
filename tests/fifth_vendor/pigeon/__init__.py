"""Pigeon Post: takes letters over HTTP, and tells by webhook how their pigeons fared."""

from collections.abc import Mapping
from typing import Any

from emulators.engine.outcomes import steps
from emulators.engine.profile import Problem
from emulators.engine.provider import (
    Account,
    Call,
    Feed,
    Occasion,
    Provider,
    Refused,
    Reply,
    Route,
    json_reply,
)


def flight(occasion: Occasion) -> dict[str, Any]:
    """What became of one letter."""
    random = occasion.random
    return {"letter": random.getrandbits(32), "to": occasion.people.email(random), "news": occasion.kind}


def ring(account: Account, call: Call) -> None:
    """Only who knows the number on the pigeon's ring may send it."""
    if call.header("x-ring") != account.credentials["ring"]:
        raise Refused(
            json_reply(401, {"error": "unknown pigeon"}, Problem("", "the header x-ring", "another"))
        )


def refuse(account: Account, call: Call, problems: tuple[Problem, ...]) -> Reply:
    """A letter that does not fit a pigeon."""
    return json_reply(422, {"error": f"{problems[0].pointer or 'the letter'} does not fit"}, *problems)


def send(account: Account, call: Call) -> Reply:
    """Lets a pigeon fly."""
    number, to = account.number("letter"), call.data["to"]
    account.table("letters").put(str(number), call.data)
    for step in steps(account, to):
        account.after(step.seconds, "news", letter=number, to=to, kind=step.kind)
    return json_reply(202, {"letter": number})


def news(account: Account, data: Mapping[str, Any]) -> None:
    """A pigeon was seen."""
    account.emit(data["kind"], letter=data["letter"], to=data["to"])


PROVIDER = Provider(
    name="pigeon",
    title="Pigeon Post",
    locale="en_US",
    env=lambda url, credentials: {"PIGEON_URL": url, "PIGEON_RING": credentials["ring"]},
    credentials=lambda random: {"ring": f"{random.getrandbits(32):08x}"},
    feeds=(Feed("flights", flight, kind_field="news"),),
    routes=(Route("send-letter", "POST", "/letters", send, guard=ring, refuse=refuse),),
    reactions={"news": news},
    package="pigeon",
)
