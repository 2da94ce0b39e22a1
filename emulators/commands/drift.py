"""Compares captured traffic with a revision: unknown and missing fields, other types, unseen values, values beyond bounds.

FILE has a JSON object per line, or is a HAR. A line is the body of a webhook as it came, or says of what it is:

    {"feed": "smtp", "json": [...]}
    {"method": "POST", "path": "/smtp/emails", "headers": {...}, "body": "..."}
    {"route": "send-email", "direction": "response", "status": 200, "base64": "..."}

With a status, and no direction, the body is that of the answer. Headers are not kept. Of values one example each is
kept, after addresses, phone numbers and credentials in it were replaced (<email-1>, ...); names and texts
of people are not recognised unless their field is called so. Nothing is sent anywhere.

The proposed patch is a JSON Patch for each schema file, marked x-basis observed.

Exit code 0: no drift, 1: drift, 3: the file cannot be read, or nothing in it could be compared.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emulators.commands.exits import Exit, Unusable

if TYPE_CHECKING:
    from emulators.drifting.placing import Placer
    from emulators.drifting.tally import Finding, Tally

PATIENCE = 2.0


@dataclass(slots=True)
class Rest:
    """What was not compared."""

    unread: Counter[str] = field(default_factory=Counter)
    """By reason; `lines` has the first of them."""
    lines: list[int] = field(default_factory=list)
    unplaced: Counter[str] = field(default_factory=Counter)


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `emulators drift` takes."""
    parser.add_argument("provider", metavar="PROVIDER[@REVISION]", help="such as esputnik")
    parser.add_argument("file", metavar="FILE", type=Path, help="NDJSON or HAR")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Compares and reports."""
    from emulators.drifting.placing import placer
    from emulators.drifting.tally import Tally

    place = placer(args.provider)
    tally, rest = Tally(place.contract), Rest()
    try:
        _compare(args.file, place, tally, rest)
    except OSError as error:
        raise Unusable(f"{args.file} cannot be read: {error.strerror}") from None
    told = _told(place, tally, rest)
    print(json.dumps(told, indent=2) if args.json else _shown(told))
    if tally.findings:
        return Exit.FINDINGS
    if rest.unread or not tally.compared:
        return Exit.UNUSABLE
    return Exit.GOOD


def _compare(path: Path, place: Placer, tally: Tally, rest: Rest) -> None:
    from emulators.drifting.capture import Unread, read
    from emulators.drifting.placing import Unplaced

    told = time.monotonic()
    for number, content in read(path):
        if isinstance(content, Unread):
            rest.unread[content.why] += 1
            rest.lines = [*rest.lines, number][:10]
            continue
        for measured in place.place(content):
            if isinstance(measured, Unplaced):
                rest.unplaced[measured.where] += 1
            else:
                tally.add(number, measured)
        if time.monotonic() - told >= PATIENCE:
            told = time.monotonic()
            compared, found = tally.compared.total(), len(tally.findings)
            print(
                f"emulators: line {number:,}: {compared:,} compared, {found} findings so far", file=sys.stderr
            )


def _told(place: Placer, tally: Tally, rest: Rest) -> dict[str, Any]:
    from emulators import registry
    from emulators.drifting import patch
    from emulators.engine import codec

    profile = place.profile
    files = registry.shelf(profile.provider).files(profile.provider, profile.revision, "*.schema.json")
    schemas = {
        name.removesuffix(".schema.json"): codec.decode(file.read_bytes()) for name, file in files.items()
    }
    found = sorted(tally.findings.values(), key=lambda one: (one.schema, one.pointer, one.sort))
    proposed = patch.propose(found, schemas)
    changes = [
        {
            "file": f"{profile.provider}/{files[f'{stem}.schema.json'].parent.name}/{stem}.schema.json",
            "patch": steps,
        }
        for stem, steps in proposed.items()
    ]
    return {
        "provider": profile.provider,
        "revision": profile.revision,
        "compared": dict(sorted(tally.compared.items())),
        "drift": [_plain(one) for one in found],
        "not_compared": dict(rest.unplaced.most_common(50)),
        "unreadable": {"reasons": dict(rest.unread), "first_lines": rest.lines},
        "proposed": changes,
        "proposed_source": {
            patch.SOURCE: {"title": "Captured traffic", "date": "", "kind": "recorded traffic"}
        }
        if changes
        else {},
    }


def _plain(finding: Finding) -> dict[str, Any]:
    told: dict[str, Any] = {
        "schema": finding.schema,
        "pointer": finding.pointer,
        "what": finding.sort,
        "rule": finding.rule,
        "count": finding.count,
        "first_line": finding.first,
    }
    if finding.types:
        told |= {"types": dict(finding.types), "example": finding.example}
    if finding.values:
        told["values"] = finding.values
    return told


def _shown(told: dict[str, Any]) -> str:
    """The same for people."""
    lines = [f"{told['provider']}@{told['revision']}: {sum(told['compared'].values())} bodies compared"]
    lines += [f"  {count:>7}  {schema}" for schema, count in told["compared"].items()]
    for title, counts in (
        ("not compared", told["not_compared"]),
        ("unreadable", told["unreadable"]["reasons"]),
    ):
        lines += (
            [f"\n{title}:", *(f"  {count:>7}  {what}" for what, count in counts.items())] if counts else []
        )
    if told["unreadable"]["first_lines"]:
        lines.append(f"  first at: {', '.join(map(str, told['unreadable']['first_lines']))}")
    schema = ""
    for one in told["drift"]:
        if one["schema"] != schema:
            schema = one["schema"]
            lines.append(f"\n{schema}")
        example = f", such as {json.dumps(one['example'], ensure_ascii=False)}" if "example" in one else ""
        types = f" ({', '.join(one['types'])})" if "types" in one else ""
        where = one["pointer"] or "the whole body"
        lines.append(
            f"  {one['count']:>7}  {where}: {one['what']}{types}{example}; first at {one['first_line']}"
        )
    if not told["drift"]:
        return "\n".join([*lines, "\nno drift" if told["compared"] else "\nnothing could be compared"])
    lines.append("\nproposed patches (JSON Patch), and a source for the profile: --json prints them whole")
    for change in told["proposed"]:
        lines.append(f"  {change['file']}")
        lines += [f"    {step['op']:<7} {step['path']}" for step in change["patch"]]
    return "\n".join(lines)
