"""Fresh ids and addresses for each execution of a case: a receiver that knows an event by its id would answer without
running its code, and the oracle must tell this execution's events from all others. Pure."""

from __future__ import annotations

import re
from random import Random
from typing import Any

from emulators.check.sender import Sender
from emulators.engine.pointer import look_up
from emulators.rekeying import Renamer, rekey

PLACE = re.compile(r"\{who:(\w+)\}")
"""Stands in the address of a template where only a part of it is to be made fresh: `"  {who:1}@EXAMPLE.com "`."""
TOKEN = re.compile(r"chk[0-9a-f]{6}x[0-9a-z]+z", re.IGNORECASE)
"""What identities look like: short, of letters and digits, and of nobody else."""
BIG = 2**31
"""From here on an id's width is what matters of it: it stays as wide as it was."""


class Planting:
    """One execution. Equal ids and addresses of the templates become equal fresh ones, in all its requests."""

    def __init__(self, sender: Sender, run: str, number: int) -> None:
        self._sender = sender
        # As wide in the first execution as in the last: what is cut must be cut again when it is played again.
        self._before = f"chk{run}x{number:04}p"
        self._seed = int(run, 16) << 32 | number
        self._renamer = Renamer(self._seed)
        self._people: dict[str, str] = {}

    def plant(self, template: Any) -> tuple[Any, str]:
        """An event with fresh ids, and the identity that it can be found by (empty: none could be planted)."""
        if not isinstance(template, dict):
            return template, ""
        event = rekey(template, self._sender.identities, self._fresh)
        address = self._sender.person(template)
        if "@" in address or PLACE.search(address):
            fresh, key = self._addressed(address)
            event = self._sender.addressed(event, fresh)
            return event, self._first_id(event) if self._sender.by_id else key
        return event, self._first_id(event)

    def _fresh(self, old: Any) -> Any:
        """Another id of the same shape. Big numbers that differ in their last bit alone still do, as doubles would lose it."""
        if not isinstance(old, int) or old < BIG:
            return self._renamer(old)
        pair = old >> 1
        wide = 1 << (pair.bit_length() - 1)
        return Random(f"{self._seed} {pair}").randrange(wide, 2 * wide) << 1 | old & 1

    def _addressed(self, address: str) -> tuple[str, str]:
        """A fresh address, and the identity in it. An ordinary one has nothing that any validator minds: who drops those with a plus
        would lose all that is sent, and nobody could tell why."""
        found = PLACE.search(address)
        name = found[1] if found else address
        key = self._people.setdefault(name, f"{self._before}{len(self._people)}z")
        if found:
            return PLACE.sub(key, address), key
        return f"{key}@example.com", key

    def _first_id(self, event: dict[str, Any]) -> str:
        for pointer in self._sender.identities:
            value = look_up(event, pointer)
            if isinstance(value, int | str) and value != "":
                return str(value)
        return ""
