"""States of a world to go back to, in this process or another one."""

from __future__ import annotations

from emulators.control.operations import Asked, Json, time_of
from emulators.control.tenants import check_name
from emulators.engine.clock import LATEST, moment
from emulators.engine.codec import decode, encode
from emulators.engine.freezing import freeze_state, thaw_state
from emulators.engine.state import State
from emulators.errors import EmulatorError, InvalidValue, unknown


async def list_snapshots(asked: Asked) -> Json:
    kept = asked.tenant.snapshots
    return {
        "snapshots": [{"name": name, "now": moment(state.now).isoformat()} for name, state in kept.items()]
    }


async def take_snapshot(asked: Asked) -> Json:
    name = check_name(asked.fields["name"])
    async with asked.tenant.crank.claimed():
        asked.tenant.snapshots[name] = asked.tenant.world.keep()
    return {"name": name, "now": moment(asked.tenant.snapshots[name].now).isoformat()}


async def show_snapshot(asked: Asked) -> Json:
    return {"snapshot": decode(freeze_state(_kept(asked)))}


async def put_snapshot(asked: Asked) -> Json:
    name = check_name(asked.params["name"])
    try:
        state = thaw_state(encode(asked.fields["snapshot"]))
        _check_state(state)
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, EmulatorError) as error:
        # What Python makes of a stranger's document would help nobody.
        why = f" ({error})" if isinstance(error, EmulatorError) else ""
        why = f" (there is no {error} in it)" if isinstance(error, KeyError) else why
        raise InvalidValue(
            'snapshot: expected what stands under "snapshot" in the answer of GET /v1/snapshots/NAME, as it was, '
            f"got another document{why}"
        ) from None
    asked.tenant.snapshots[name] = state
    return {"name": name}


def _check_state(state: State) -> None:
    """Fails in one way or another for what is none: asks it what a world would ask."""
    if type(state.now) is not int or not 0 < state.now <= LATEST:
        raise InvalidValue(f"now: expected an instant, got {state.now!r}")
    for account in state.accounts.values():
        account.snapshot()
        for due in (account.outbox.next_due(), getattr(account.agenda.next(), "due", None)):
            if due is not None:
                moment(due)
    freeze_state(state)


async def restore_snapshot(asked: Asked) -> Json:
    async with asked.tenant.crank.claimed():
        asked.tenant.restore(asked.params["name"])
    return time_of(asked)


async def drop_snapshot(asked: Asked) -> Json:
    _kept(asked)
    del asked.tenant.snapshots[asked.params["name"]]
    return {"removed": asked.params["name"]}


def _kept(asked: Asked) -> State:
    name = asked.params["name"]
    if name not in asked.tenant.snapshots:
        raise unknown("snapshot", name, asked.tenant.snapshots)
    return asked.tenant.snapshots[name]
