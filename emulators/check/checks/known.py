"""Whether events can be found by their ids: an app need not store ids, nor events of nobody, and may keep one record of a person."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from emulators.check.checks.edits import apart
from emulators.check.checks.parts import usual_kind
from emulators.check.oracle.storing import tellable
from emulators.check.planting import TOKEN
from emulators.check.sender import Sender
from emulators.check.session import Session
from emulators.check.vocabulary import Case, Failure, Outcome, Shot
from emulators.engine.provider import Payload
from emulators.strategies.rules import ABSENT

SOMEBODY = "somebody"
"""What is no address: by the schema of some feeds it may stand there all the same, and nothing can be planted in it."""
EACH = 2
"""Events of a form, to the same person: of one alone the last id would be found, too."""


async def ids_kept(session: Session) -> bool:
    """Whether an event that names nobody by a planted address can be found by its id, in each form that it may have."""
    kept, _ = await _looked_for(session)
    if not kept:
        _excuse(session, planted=False)
    return kept


async def by_id_alone(session: Session) -> bool:
    """Whether events are found by their ids where their addresses are not; if so, all are looked for by them from now on."""
    session.sender.by_id = True
    kept, found = await _looked_for(session)
    session.sender.by_id = kept and found
    if session.sender.by_id:
        _excuse(session, planted=True)
    return session.sender.by_id


def _excuse(session: Session, planted: bool) -> None:
    """It is held against nobody at the end that those are not found which were sent until it was known."""
    keys = [key for key in session.ledger.keys if bool(TOKEN.fullmatch(key)) is planted]
    session.ledger.tell(dict.fromkeys(keys, 0), "")


async def _looked_for(session: Session) -> tuple[bool, bool]:
    """Whether none is missing, and whether any is there."""
    sender = session.sender
    shots = [
        Shot((apart(sender, form, number),))
        for form, numbers in zip(_forms(sender, sender.event(usual_kind(session))), _numbers(), strict=False)
        for number in numbers
    ]
    case = Case("P01", "events of nobody", tuple(shots))
    outcome = await session.run(case, _missing, oracle=True)
    return _missing(outcome) is None, any((outcome.stored or {}).values())


def _forms(sender: Sender, event: Payload) -> Iterator[Payload]:
    """The event as it is, where no address tells it; without its address, with an empty one, with what is none."""
    if sender.place(event) is None or sender.by_id:
        yield event
    for address in (ABSENT, "", SOMEBODY):
        form = sender.addressed(event, address)
        if form != event and sender.legal(form):
            yield form


def _numbers() -> Iterator[range]:
    return (range(EACH * form, EACH * (form + 1)) for form in count())


def _missing(outcome: Outcome) -> Failure | None:
    taken = (exchange.keys[0] for exchange in outcome.exchanges if exchange.acknowledged)
    gone = [key for key in taken if tellable(key) and not (outcome.stored or {}).get(key)]
    return Failure("not found", f"{gone[0]} is not found") if gone else None
