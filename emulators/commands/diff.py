"""What changed between two revisions of a vendor's documents, and whom it can break.

Each line says what it can do to a program that fits the old one. breaking: it may fail. changed number: things come
sooner, later or in other amounts. new: nothing, unless it wants to. wording: nothing, only what is known about it.

A and B are PROVIDER@REVISION, or a folder that holds a profile.json and schemas laid out as ours.
Exit code 0: no difference, 1: there are some.

    emulators diff sendpulse@2021-05 sendpulse@2025-08
"""

from __future__ import annotations

import argparse
import json
import shutil
import textwrap
from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from emulators.commands.exits import Exit

if TYPE_CHECKING:
    from emulators.differences import Change, Documents

HEADINGS = {"receiver": "FOR A RECEIVER", "client": "FOR A CLIENT", "both": "FOR BOTH"}


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `emulators diff` takes."""
    parser.add_argument("old", metavar="A", help="such as sendpulse@2021-05, or a folder")
    parser.add_argument("new", metavar="B", help="such as sendpulse@2025-08, or a folder")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Compares."""
    from emulators.differences import EFFECTS, between
    from emulators.errors import InvalidValue

    old, new = documents(args.old), documents(args.new)
    if old.profile.provider != new.profile.provider:
        raise InvalidValue(
            f"diff: expected two revisions of one provider, got {old.profile.provider} and {new.profile.provider}"
        )
    changes = between(old, new)
    counts = {effect: sum(change.effect == effect for change in changes) for effect in EFFECTS}
    names = [f"{which.profile.provider}@{which.profile.revision}" for which in (old, new)]
    if args.json:
        told = {"old": names[0], "new": names[1], "counts": counts, "changes": [asdict(c) for c in changes]}
        print(json.dumps(told, indent=2))
    else:
        print(page(names, changes, counts))
    return Exit.FINDINGS if changes else Exit.GOOD


def documents(word: str) -> Documents:
    """What a word on the command line means: a revision by name, or a folder."""
    from emulators import catalog, registry
    from emulators.differences import Documents

    folder = Path(word)
    if (folder / "profile.json").is_file():
        place = folder.resolve()
        name, revision = place.parent.name, place.name
        shelf = catalog.Catalog(place.parent.parent)
    else:
        found = registry.load(word).profile
        name, revision, shelf = found.provider, found.revision, registry.shelf(found.provider)
    stems = {file.removesuffix(".schema.json") for file in shelf.files(name, revision, "*.schema.json")}
    return Documents(
        shelf.profile(name, revision),
        frozenset(stems),
        lambda stem: shelf.schema(f"{name}@{revision}/{stem}"),
    )


def page(names: Sequence[str], changes: Sequence[Change], counts: dict[str, int]) -> str:
    """The differences for people: whom they concern, where they are, and in the first column what they can do."""
    if not changes:
        return f"{names[0]} and {names[1]}: no difference"
    width = min(110, max(60, shutil.get_terminal_size((100, 24)).columns))
    summed = ", ".join(f"{number} {effect}" for effect, number in counts.items() if number)
    lines = textwrap.wrap(f"{names[0]} -> {names[1]}: {summed}", width, subsequent_indent="  ")
    for (audience, where), group in groupby(changes, lambda change: (change.audience, change.where)):
        lines += ["", f"{HEADINGS[audience]}: {where}"]
        for change in group:
            lines += textwrap.wrap(
                f"{change.effect:<14}  {change.what}: {change.text}",
                width,
                initial_indent="  ",
                subsequent_indent=" " * 18,
                break_on_hyphens=False,
            )
    return "\n".join(lines)
