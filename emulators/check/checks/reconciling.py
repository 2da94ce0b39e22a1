"""After all: what was acknowledged in the whole run, against what is stored."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Any

from emulators.check.catalogue import Check
from emulators.check.checks.expected import Identities
from emulators.check.oracle.ledger import Altered, Entry
from emulators.check.oracle.storing import tellable
from emulators.check.planting import TOKEN
from emulators.check.running import CannotTell
from emulators.check.session import Session
from emulators.check.vocabulary import Case, Failure, Outcome, Severity, Shot, Verdict

RECOVERED = "stored without an acknowledgement"
"""Fact: how many identities; it is right, the vendor sends them again."""
ACCOUNT = "events of the whole run"
"""Fact: how many were acknowledged, how many of these are not stored, and how many identities are stored too often."""
NAMED = 5
Judged = tuple[Failure, Case]


async def reconciled(session: Session) -> AsyncIterator[Judged]:
    """Waits until nothing changes any more, asks the oracle once for all that the run has planted, and compares. What other
    checks found wrong with the events that they looked at is in the account, and is not told once more."""
    records, ledger = session.records, session.ledger
    if records is None:
        return
    apart, identities = session.sender.apart, Identities(session.sender)
    shared = identities.shared(ledger.events)

    def excused(event: Any, in_company: bool) -> bool:
        # Nobody is held to what he leaves out on purpose, nor told twice that he loses what comes with others; nor to more
        # than one of several events that no id tells apart.
        if not session.keeps(event) or (apart and in_company):
            return True
        return not identities.tell(event) or identities.name(event) in shared

    ledger.excuse(excused)
    keys = [key for key in ledger.keys if tellable(key)]

    def complete(counts: Mapping[str, int]) -> bool:
        return all(counts.get(key, 0) == count for key, count in ledger.acknowledged.items() if tellable(key))

    _, settled = await records.settle(keys, complete)
    found = records.accounts(keys, session.run_id)
    counts = {key: len(records) for key, records in found.items()}
    account = ledger.reconcile(counts, found, session.columns)
    # Ids that are too short to be told from other numbers say nothing, and are in no account.
    lost, duplicated, unexpected = map(_tellable, (account.lost, account.duplicated, account.unexpected))
    # An id may stand in events, too, that are known by an address of their own.
    duplicated, unexpected = map(_ours_alone, (duplicated, unexpected))
    session.facts[RECOVERED] = len(_tellable(account.recovered))
    session.facts[ACCOUNT] = {
        "acknowledged": account.acknowledged,
        "not stored": sum(not entry.stored for entry in lost),
        "stored too often": len(duplicated),
    }
    lost, duplicated, unexpected = (
        [entry for entry in entries if not ledger.is_told(entry.key)]
        for entries in (lost, duplicated, unexpected)
    )
    shown = [entry for entry in lost if not entry.stored and records.has_shown(entry.key)]
    if shown and not session.hooks.has("restart"):
        raise CannotTell(
            f"the oracle has shown {len(shown)} events that it does not show any more: perhaps it shows the newest alone; give one"
            " that shows all of the run"
        )
    lost = [entry for entry in lost if not renamed(session, entry.key)]
    if lost and settled:
        gone = [entry for entry in lost if not entry.stored]
        if gone:
            says = f"{len(gone)} of {account.acknowledged} acknowledged events are not stored at all: {_named(gone, _plain)}"
            yield Failure("lost", says), _played(session, "acknowledged and lost", gone, 1)
        fewer = [entry for entry in lost if entry.stored]
        if fewer:
            # Right where one record stands for all that happens to a message, or for events that differ in little.
            session.facts["identities with fewer records than events"] = len(fewer)
    duplicated = [entry for entry in duplicated if not ledger.is_doubled_again(entry.key)]
    if duplicated:
        says = f"{_are(duplicated, 'identity', 'identities')} stored more often than they were ever sent: {_named(duplicated, _counts)}"
        yield Failure("duplicated", says), _played(session, "stored too often", duplicated, 2)
    if unexpected:
        says = (
            f"{_are(unexpected, 'event', 'events')} stored though every request with them was refused: {_named(unexpected, _plain)}."
            " What was refused comes again, and must not be stored twice then"
        )
        yield Failure("unexpected", says, Verdict.RISK, Severity.MEDIUM), _case("refused and stored")
    altered = [
        one
        for one in account.altered
        if TOKEN.fullmatch(one.key)
        and not ledger.is_told(one.key)
        and not ledger.is_known_to_change(one.alteration.field)
    ]
    if altered:
        says = f"{_are(altered, 'field', 'fields')} stored otherwise than sent: {_alterations(altered)}"
        yield Failure("altered", says, severity=Severity.HIGH), _case("stored otherwise")


def _are(found: Sequence[object], one: str, many: str) -> str:
    return f"1 {one} is" if len(found) == 1 else f"{len(found)} {many} are"


def renamed(session: Session, key: str) -> bool:
    """Whether an event is looked for by an id of which a check has told that it is stored otherwise than it is sent."""
    places = (place.strip("/").replace("/", ".") for place in session.sender.identities)
    return not TOKEN.fullmatch(key) and any(map(session.ledger.is_known_to_change, places))


def _ours_alone(entries: Iterable[Entry]) -> list[Entry]:
    """Those that nothing but their own events can carry."""
    return [entry for entry in entries if TOKEN.fullmatch(entry.key)]


def _tellable(entries: Iterable[Entry]) -> list[Entry]:
    return [entry for entry in entries if tellable(entry.key)]


def _named(entries: Sequence[Entry], words: Callable[[Entry], str]) -> str:
    more = f" and {len(entries) - NAMED} more" if len(entries) > NAMED else ""
    return ", ".join(map(words, entries[:NAMED])) + more


def _plain(entry: Entry) -> str:
    return entry.key


def _counts(entry: Entry) -> str:
    return f"{entry.key} ({entry.stored} stored, {entry.sent} sent)"


def _alterations(altered: Sequence[Altered]) -> str:
    more = f" and {len(altered) - NAMED} more" if len(altered) > NAMED else ""
    return "; ".join(f"{one.key}: {one.alteration}" for one in altered[:NAMED]) + more


def _case(title: str) -> Case:
    """There is no single request that shows it."""
    return Case("L01", title, ())


def _played(session: Session, title: str, entries: Sequence[Entry], times: int) -> Case:
    """Perhaps one of the events shows it again, by itself; where it does not, it takes what came before it."""
    shot = Shot((session.ledger.template(entries[0].key),))
    return Case("L01", title, (shot,) * times)


def judge(session: Session, case: Case, outcome: Outcome) -> Failure | None:
    """What was acknowledged is stored, once."""
    stored, first = outcome.stored or {}, outcome.exchanges[0]
    for key in filter(tellable, first.keys):
        if stored.get(key, 0) > 1:
            return Failure("duplicated", f"{case.title}: {key} is stored {stored[key]} times", lasting=True)
        if (
            first.acknowledged
            and not stored.get(key)
            and outcome.settled
            and session.keeps(first.shot.events[0])
        ):
            return Failure("lost", f"{case.title}: {key} was acknowledged and is not stored")
    return None


CHECKS = (
    Check(
        "L01",
        "reconciliation",
        "after-run",
        Severity.CRITICAL,
        Verdict.FAIL,
        "Every answer was a success, and yet events are missing, doubled or changed: only a look at what is stored shows it.",
        run=reconciled,
        judge=judge,
        reads_oracle=True,
    ),
)
