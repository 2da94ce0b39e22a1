"""Two reports of `emulators check --report FILE`: what is new, what is gone, and what is not checked any more. Exit code 1 if
anything got worse: NEW findings that are not accepted, WORSE ones, and BLIND checks, which were done and are not any more.
`?` stands before what one report alone has for a reason that need not lie in the receiver.

    emulators compare before.json after.json
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from emulators.commands.exits import Exit


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `emulators compare` takes."""
    parser.add_argument("before", metavar="BEFORE.json")
    parser.add_argument("after", metavar="AFTER.json")
    parser.add_argument("--json", action="store_true", help="print it as JSON")


def run(args: argparse.Namespace) -> int:
    """Compares them."""
    from emulators.check.reports.compare import compare, load

    found = compare(load(Path(args.before)), load(Path(args.after)))
    print(json.dumps(found.told(), indent=2) if args.json else found.text())
    return Exit.FINDINGS if found.worse else Exit.GOOD
