"""Workflows: what an event sets going. Their blocks are drawn in the vendor's editor; here the option `workflows` lists them.

How they are written stands in `blocks`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

from emulators.engine.clock import wait
from emulators.engine.provider import Account
from emulators.esputnik import contacts, identifiers, identity, journey, prepared, velocity
from emulators.esputnik.webhook_block import BLOCK, KIND

RUNS = "workflow runs"
FIRST_ID = 340_485

Run = dict[str, Any]


class Workflow(NamedTuple):
    """A workflow as its editor would show it."""

    id: int
    blocks: Sequence[Mapping[str, Any]]


def furnish(account: Account) -> None:
    """The event types that start the vendor's own workflows are known from the start."""
    for event_type in account.facts["workflows"].value:
        row = {"eventTypeKey": event_type, "created": account.now.isoformat()}
        account.table("event types").put(event_type, row)


def launch(account: Account, event_type_key: str, key_value: str, params: Mapping[str, Any]) -> None:
    """Starts a run of the workflow that the event type has, if it has one."""
    workflow = workflow_of(account, event_type_key)
    if workflow is None:
        return
    instance = identity.uuid1(account.random("workflow run"), account.now)
    run: Run = {
        "workflowInstanceId": instance,
        "workflowId": workflow.id,
        "eventTypeKey": event_type_key,
        "keyValue": key_value,
        "params": dict(params),
        "sources": {},
        "errors": [],
        "waiting": None,
        "state": "running",
    }
    _go_on(account, run, 0)


def go_on(account: Account, data: Mapping[str, Any]) -> None:
    """Reaction: a wait is over."""
    run = account.table(RUNS).get(data["instance"])
    if run is not None:
        _go_on(account, run, data["block"])


def answered(account: Account, data: Mapping[str, Any]) -> None:
    """Reaction: the request of a Webhook block has ended; JSON in the answer is a data source from now on."""
    for payload in data["payloads"]:
        instance, block = payload.get("workflowInstanceId"), payload.get(BLOCK)
        run = account.table(RUNS).get(instance) if isinstance(instance, str) else None
        place = block.get("place") if isinstance(block, Mapping) else None
        # Of several receivers the first to answer is heard; what was sent by hand belongs to no run.
        if run is None or place is None or run["waiting"] != place:
            continue
        run["waiting"] = None
        name = str(block.get("name"))
        if data["outcome"] == "acknowledged":
            if isinstance(data["reply"], dict | list):
                run["sources"][name] = data["reply"]
        else:
            _note(run, name, f"answered {data['status']}" if data["status"] else "no answer")
            if account.options["workflows.after_error"] == "stops":
                run["state"] = "stopped"
                account.table(RUNS).put(instance, run)
                continue
        _go_on(account, run, place + 1)


def workflow_of(account: Account, event_type_key: str) -> Workflow | None:
    """The workflow that events of a type start."""
    documented, own = account.facts["workflows"].value, account.options["workflows"]
    found = own.get(event_type_key, documented.get(event_type_key))
    if found is None:
        return None
    given = found if isinstance(found, Mapping) else {"blocks": found}
    number = given.get("workflowId")
    if number is None:
        known = documented.get(event_type_key)
        number = known["workflowId"] if known else FIRST_ID + list(own).index(event_type_key)
    return Workflow(number, given["blocks"])


def starters(account: Account) -> list[str]:
    """The event types that start a workflow."""
    return list({**account.facts["workflows"].value, **account.options["workflows"]})


def _go_on(account: Account, run: Run, start: int) -> None:
    """Does block after block, until one has to be waited for."""
    workflow = workflow_of(account, run["eventTypeKey"])
    blocks = workflow.blocks if workflow else ()
    for place in range(start, len(blocks)):
        block = blocks[place]
        if "wait" in block and (seconds := wait(block["wait"])):
            account.after(seconds, "go-on", instance=run["workflowInstanceId"], block=place + 1)
            break
        if "message" in block:
            _message(account, run, place, block["message"])
        if BLOCK in block and _webhook(account, run, place, block):
            break
    else:
        run["state"] = "finished"
    account.table(RUNS).put(run["workflowInstanceId"], run)


def _webhook(account: Account, run: Run, place: int, block: Mapping[str, Any]) -> bool:
    """Lets the request of a block go out; False: nobody listens, the run goes on without."""
    listening = account.subscriptions("workflow")
    if not any(r.state == "active" and (r.kinds is None or KIND in r.kinds) for r in listening):
        _note(run, block[BLOCK], "nobody listens on the feed workflow")
        return False
    own = {name: block[name] for name in ("method", "url", "headers", "format", "body") if name in block}
    run["waiting"] = place
    account.emit(
        f"workflow.{KIND}",
        webhook={"name": block[BLOCK], "place": place, **own},
        workflowInstanceId=run["workflowInstanceId"],
        data=_data(account, run),
    )
    return True


def _message(account: Account, run: Run, place: int, message: Mapping[str, Any]) -> None:
    media = message.get("mediaType", "email")
    address = _address(account, run, media, message)
    if address is None:
        _note(run, f"message {message.get('messageId', 0)}", f"the contact has no address for {media}")
        return
    known = prepared.message(account, message.get("messageId", 0), media)
    own = {
        name: value for name, value in message.items() if name not in ("to", "mediaType", "workflowBlockId")
    }
    contact = contacts.ensure(account, "email" if media == "email" else "sms", address)
    journey.send(
        account,
        media,
        address,
        contact,
        {**known, **own},
        {
            "workflowId": run["workflowId"],
            "workflowBlockId": message.get("workflowBlockId") or _block_id(run["workflowId"], place),
            "sourceEventKey": run["keyValue"],
            "sourceEventTypeKey": run["eventTypeKey"],
            "workflowInstanceId": run["workflowInstanceId"],
        },
    )


def _address(account: Account, run: Run, media: str, message: Mapping[str, Any]) -> str | None:
    """Where a message goes: what its block says (`${EmailAddress}`), or the contact's own."""
    data = _data(account, run)
    said = message.get("to")
    found = identifiers.of_event(run["keyValue"], run["params"])
    own = (
        data.get("email") or found.get("email") if media == "email" else data.get("sms") or found.get("phone")
    )
    wanted = velocity.render(said, data) if isinstance(said, str) else own
    if not isinstance(wanted, str):
        return None
    good = identifiers.is_email(wanted) if media == "email" else identifiers.is_phone(wanted)
    return wanted if good else None


def _data(account: Account, run: Run) -> dict[str, Any]:
    """What a run has at hand: the contact's fields, the event's parameters over them, the replies of webhooks."""
    found = identifiers.of_event(run["keyValue"], run["params"])
    return {**contacts.data_of(account, found), **run["params"], **run["sources"]}


def _note(run: Run, block: str, error: str) -> None:
    run["errors"].append({"block": block, "error": error})


def _block_id(workflow: int, place: int) -> str:
    return "_" + blake2b(f"{workflow}/{place}".encode(), digest_size=16).hexdigest()
