"""Whether the receiver still lives, as far as its answers tell: of one that is gone nothing can be said. Pure."""

from __future__ import annotations

from emulators.check.vocabulary import Exchange, Heard
from emulators.errors import TargetUnusable

PATIENCE = 3
"""Requests in a row without an answer, after which it is asked whether it answers anything at all."""
GONE = "gone"
"""The key of the finding that a request has silenced the receiver for good."""
REFUSED = "connection refused"
"""What the reason begins with where nobody listens."""


class TargetGone(TargetUnusable):
    """The receiver answered, and does not any more. `suspect`: the request after which it was silent, of the check `check`."""

    def __init__(self, reason: str, suspect: Exchange, legal: bool, check: str) -> None:
        super().__init__(f"the receiver is gone since {check}: {reason}")
        self.reason = reason
        self.suspect = suspect
        self.legal = legal
        self.check = check


class Pulse:
    """What came last, and how long nothing has come. `check`: whose requests these are."""

    def __init__(self) -> None:
        self.check = ""
        self._last: tuple[Exchange, bool, str] | None = None
        self._suspect: tuple[Exchange, bool, str] | None = None
        self._lives = False
        self._silent = 0

    def note(self, exchange: Exchange, legal: bool) -> None:
        """One request and what came of it. Whose answer we did not wait for says nothing."""
        if exchange.shot.loss:
            return
        self._last = exchange, legal, self.check
        if exchange.heard.status is not None:
            self._lives, self._silent, self._suspect = True, 0, None
        else:
            self._silent += 1
            self._suspect = self._suspect or self._last

    def is_refused(self, heard: Heard) -> bool:
        """Whether nobody listens where somebody did."""
        return self._lives and heard.status is None and heard.reason.startswith(REFUSED)

    @property
    def in_doubt(self) -> bool:
        """Whether it has been silent for so long, or from one check into the next, that it must be asked."""
        if not self._lives or self._suspect is None or self._last is None:
            return False
        return self._silent >= PATIENCE or self._suspect[2] != self._last[2]

    def gone(self, reason: str) -> TargetUnusable:
        """What is to be said of it then."""
        suspect = self._suspect or self._last
        if suspect is None:
            return TargetUnusable(reason)
        return TargetGone(reason, *suspect)
