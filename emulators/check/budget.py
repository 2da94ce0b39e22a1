"""How much may be asked of a receiver."""

from __future__ import annotations

import time
from dataclasses import dataclass

from emulators.errors import EmulatorError

TIME_IS_UP = "the time is up"


class BudgetSpent(EmulatorError):
    """No more requests or time are left, or the receiver lets no more of them through."""


@dataclass(slots=True)
class Budget:
    """How many requests, and until when (`time.monotonic`, which is a loop's time, too); None: without bound."""

    requests: int | None = None
    until: float | None = None
    spent: int = 0

    def take(self) -> None:
        """One more request; `BudgetSpent` if there is none left."""
        if self.requests is not None and self.spent >= self.requests:
            raise BudgetSpent(f"the budget of {self.requests} requests is spent")
        if self.until is not None and time.monotonic() > self.until:
            raise BudgetSpent(TIME_IS_UP)
        self.spent += 1
