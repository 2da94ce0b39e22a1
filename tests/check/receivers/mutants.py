"""Receivers with one defect each, by their rows in the catalogue of defects: what a check must find.

with Mutant("C01") as receiver: ...
python tests/check/receivers/mutants.py C01 --port 0 --store events.db
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from types import MappingProxyType
from typing import Any

if not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from tests.check.receivers import defects_reading, defects_storing, defects_wire
from tests.check.receivers.clean import Clean, main
from tests.check.receivers.defects import declared

MUTANTS = MappingProxyType(declared(defects_storing, defects_reading, defects_wire))


class Mutant(Clean):
    """The clean receiver but for one defect. `options` are those that its words name."""

    def __init__(self, number: str, **given: Any) -> None:
        super().__init__(application=MUTANTS[number].application, **given)


if __name__ == "__main__":
    chosen = argparse.ArgumentParser()
    chosen.add_argument("number", choices=list(MUTANTS))
    number = chosen.parse_known_args()[0].number
    sys.exit(main(MUTANTS[number].application, chosen))
