"""Automation 360: flows that an event starts, as far as their action "Send webhook".

A flow is made in the vendor's dashboard. Here the option `flows` says what one does: under the name of an event, its
`hash/account` or the number of a flow stands a list of `{"webhook": {"title": ..., "automation_id": ...}}` and `{"wait": seconds}`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from emulators.engine.profile import Problem
from emulators.engine.provider import Account, Occasion, Payload

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
    """Starts the flow of an event that came, if one was made; tells what of it cannot be meant."""
    flows = account.options["flows"]
    flow = event if record["automation_id"] is None else str(record["automation_id"])
    if flows and flow not in flows and flow != event:
        return (Problem("/automation_id", f"a flow of the option flows: {', '.join(flows)}", flow),)
    actions, problems = _read(flow, flows.get(flow, []))
    for action in actions:
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
    return problems


def send_webhook(account: Account, data: Mapping[str, Any]) -> None:
    """A contact reached the action."""
    given = {name: value for name, value in data.items() if name != "automation_id" or value}
    account.emit(WEBHOOK, **given)


def _read(flow: str, actions: Any) -> tuple[list[Action], tuple[Problem, ...]]:
    """The webhooks of a flow with the time of each; what is no action is named and passed over."""
    found: list[Action] = []
    problems: list[Problem] = []
    seconds = 0.0
    for action in actions if isinstance(actions, list | tuple) else [actions]:
        wait = action.get("wait") if isinstance(action, dict) else None
        given = action.get("webhook") if isinstance(action, dict) else None
        if isinstance(wait, int | float) and 0 <= wait < 10**9:
            seconds += wait
        elif isinstance(given, dict) and all(_can_be(name, value) for name, value in given.items()):
            number = given.get("automation_id", flow if _can_be("automation_id", flow) else "")
            found.append(Action(seconds, str(given.get("title", TITLE)), str(number)))
        else:
            expected = '{"webhook": {"title": latin letters and digits, "automation_id": digits}} or {"wait": seconds}'
            problems.append(Problem("", expected, repr(action)[:80], f"option flows, {flow!r}"))
    return found, tuple(problems)


def _can_be(name: str, value: Any) -> bool:
    """Whether a webhook of a flow can have this title or this flow's number."""
    pattern = {"title": "[A-Za-z0-9 ]+", "automation_id": "[0-9]+"}.get(name)
    return pattern is not None and re.fullmatch(pattern, str(value)) is not None
