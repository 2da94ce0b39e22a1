"""Results as a table for people or as JSON for machines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from tests.bench.measure import Result

HEAD = ("name", "ours", "theirs", "unit", "ratio", "aim", "ok?", "compared with")


def table(results: Sequence[Result]) -> str:
    """Aligned columns, a row for each result."""
    rows = [HEAD, *map(_row, results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    right = (1, 2, 4)
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def as_json(results: Sequence[Result]) -> str:
    """A list of objects, with ratio, aim and verdict."""
    return json.dumps(
        [{**asdict(r), "ratio": r.ratio, "aim": str(r.aim) if r.aim else None, "ok": r.ok} for r in results],
        indent=2,
    )


def _row(result: Result) -> tuple[str, ...]:
    verdict = {True: "yes", False: "NO", None: "-"}[result.ok]
    beside = "; ".join(part for part in (result.reference, result.note) if part)
    return (
        result.name,
        _figure(result.ours),
        _figure(result.theirs),
        result.unit,
        _figure(result.ratio),
        str(result.aim or "-"),
        verdict,
        beside,
    )


def _figure(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
