"""Automation 360: flows that an event starts, as far as their action "Send webhook".

A flow is made in the vendor's dashboard. Here the option `flows` says what one does; how it is written stands in `flows`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from emulators.engine.clock import wait
from emulators.engine.profile import Problem
from emulators.engine.provider import Account, Occasion, Payload
from emulators.sendpulse.flows import can_be

TITLE = "New Automation"
WEBHOOK = "automation360.webhook"


class Action(NamedTuple):
    """A webhook that a flow sends `seconds` after its start; an empty `automation_id` is made up."""

    seconds: float
    title: str
    automation_id: str


def webhook(occasion: Occasion) -> Payload:
    """What "Send webhook" says of one contact."""
    random, people = occasion.random, occasion.people
    person = people.person(random)
    return {
        "automation_id": str(random.randrange(100_000, 1_000_000)),
        "title": TITLE,
        "execution_date": occasion.now.strftime("%Y-%m-%d %H:%M:%S"),
        "email": person.email,
        "phone": person.phone,
        "variables": [{"product_name": people.product(random)}],
    }


def start(account: Account, event: str, record: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Starts the flow of an event that came, if one was made; tells of a number that none has."""
    flows = account.options["flows"]
    flow = event if record["automation_id"] is None else str(record["automation_id"])
    if flows and flow not in flows and flow != event:
        return (Problem("/automation_id", f"a flow of the option flows: {', '.join(flows)}", flow),)
    for action in _webhooks(flow, flows.get(flow, ())):
        data = {
            "automation_id": action.automation_id,
            "title": action.title,
            "email": record["email"],
            "phone": record["phone"],
            "variables": [record["variables"]] if record["variables"] else [],
        }
        if action.seconds:
            account.after(action.seconds, "send-webhook", **data)
        else:
            send_webhook(account, data)
    return ()


def send_webhook(account: Account, data: Mapping[str, Any]) -> None:
    """A contact reached the action."""
    given = {name: value for name, value in data.items() if name != "automation_id" or value}
    account.emit(WEBHOOK, **given)


def _webhooks(flow: str, actions: Sequence[Mapping[str, Any]]) -> Iterator[Action]:
    """The webhooks of a flow with the time of each."""
    waited = 0.0
    for action in actions:
        if "webhook" in action:
            given = action["webhook"]
            number = given.get("automation_id", flow if can_be("automation_id", flow) else "")
            yield Action(waited, str(given.get("title", TITLE)), str(number))
        else:
            waited += wait(action["wait"]) or 0.0
