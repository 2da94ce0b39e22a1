"""How a receiver with one defect is declared: a class that replaces one step of the clean one, and what is known of it."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import NamedTuple

from tests.check.receivers.receiving import Receiver

FAIL, RISK = "FAIL", "RISK"


class Defect(NamedTuple):
    """`does`: the defect in words; `grade`: what a check should call it; `oracle`, `restart`: whether it only shows with those;
    `vendors`: of whom it shows (empty: all); `basic`: it only shows of a receiver with a password."""

    does: str
    grade: str
    oracle: bool
    restart: bool
    application: type[Receiver]
    vendors: tuple[str, ...] = ()
    basic: bool = False


def defect(
    number: str,
    does: str,
    grade: str = FAIL,
    *,
    oracle: bool = False,
    restart: bool = False,
    vendors: tuple[str, ...] = (),
    basic: bool = False,
) -> Callable[[type[Receiver]], type[Receiver]]:
    """Declares a class the receiver with the defect of a row of the catalogue; letters are other forms of it."""

    def declare(kind: type[Receiver]) -> type[Receiver]:
        kind.declared = (number, Defect(does, grade, oracle, restart, kind, vendors, basic))  # type: ignore[attr-defined]
        return kind

    return declare


def declared(*modules: ModuleType) -> dict[str, Defect]:
    """All that some modules declare, by number."""
    found = {}
    for module in modules:
        for kind in vars(module).values():
            if isinstance(kind, type) and "declared" in vars(kind):
                number, known = vars(kind)["declared"]
                found[number] = known
    return dict(sorted(found.items()))
