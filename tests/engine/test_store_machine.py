"""Any story an outbox may live through, with restarts anywhere in it: nobody can tell that there was one."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from emulators.engine.clock import SECOND
from emulators.engine.journal import Departed, Entry
from emulators.engine.policy import Settlement
from emulators.engine.state import State, apply, fold
from emulators.engine.store import Store, WorldRecord
from tests.engine.test_outbox_machine import Story


class Durable(Story):
    """The story that the ledger holds the outbox to, told by one process after another."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.processes = 0
        self.path = self.folder / "state.db"
        self.store = Store.open(self.path)
        self.store.add_world(WorldRecord("main", 7, "virtual", 0, None))
        self.written = 0
        self.world.journal.listeners.append(self._write)
        for entry in self.world.journal.entries:
            self._write(entry)

    def _write(self, entry: Entry) -> None:
        self.written += 1
        self.store.append("main", self.written, entry)

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)

    @rule()
    def checkpoint(self) -> None:
        self.store.checkpoint("main", self.written, self.world.state)

    @rule(killed=st.booleans())
    def restart(self, killed: bool) -> None:
        if killed:
            self.store.wait_stored()
            self._leave_as_it_is()
        self.store.close()
        if killed:
            self.path = self.folder / f"{self.processes}" / "state.db"
        self.store = Store.open(self.path)
        recovered = self.store.recover("main")
        entries = self.world.journal.entries
        assert recovered.last == len(entries)
        assert recovered.opened == {"acme": 1}
        assert everything(recovered.state) == everything(self.world.state)
        assert self.store.read("main", 0, len(entries) + 1) == list(enumerate(entries, 1))
        # What the one would do next the other does: both live on, apart from this story.
        assert lived(self.store.recover("main").state) == lived(fold(entries))
        self.world.state = recovered.state

    def _leave_as_it_is(self) -> None:
        """What lies on disk when the process ends without a word: the file and its WAL."""
        self.processes += 1
        copy = self.folder / f"{self.processes}"
        copy.mkdir()
        for name in ("state.db", "state.db-wal"):
            shutil.copy(self.path.with_name(name), copy)


def everything(state: State) -> Any:
    """All that a state holds, also what its snapshot leaves out."""
    hidden = {
        name: (
            account.provider,
            account.revision,
            account.unheard,
            account.history,
            account.outbox.waiting,
            account.outbox.pack().heirs,
            list(account.faults.armed),
            list(account.outbox.lanes),
            [(table, list(rows)) for table, rows in account.tables.items()],
        )
        for name, account in state.accounts.items()
    }
    return state.snapshot(), hidden, state.memory


def lived(state: State) -> list[Any]:
    """How a state goes on when every second attempt fails and what is planned comes about, for a while."""
    told: list[Any] = []
    for name, account in state.accounts.items():
        for step in range(60):
            plan, due = account.agenda.next(), account.outbox.next_due()
            told.append((plan, due))
            if due is None and plan is None:
                break
            if due is None or (plan and plan.due <= due):
                assert plan
                account.agenda.remove(plan.id)
                continue
            for lane, shipment in account.outbox.due(due):
                number = lane.registration.id
                told.append(
                    (name, number, shipment.id, shipment.attempts, list(shipment.events), shipment.raw)
                )
                apply(state, Departed(due, name, number, shipment.id, None, None))
                ended = (
                    Settlement("acknowledged", None) if step % 2 else Settlement("rescheduled", due + SECOND)
                )
                account.outbox.settle(number, shipment.id, ended)
    return [*told, everything(state)]


Durable.TestCase.settings = settings(
    max_examples=60,
    report_multiple_bugs=False,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestAnyStoryWithRestarts = Durable.TestCase
