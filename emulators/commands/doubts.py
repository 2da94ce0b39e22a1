"""What `strictness="documented"` refuses of a vendor, and what it goes by although it is assumed."""

from __future__ import annotations

import json
import textwrap
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from emulators.engine.strictness import assumptions, refusals

if TYPE_CHECKING:
    from emulators.engine.strictness import Refusal
    from emulators.registry import Imitation

HEADINGS = {
    "kind": "EVENTS that are not sent",
    "field": "FIELDS that are not sent",
    "call": "CALLS that are answered 501",
    "error": "ERRORS that cannot be injected",
}


def data(imitation: Imitation) -> dict[str, Any]:
    """For programs."""
    profile = imitation.profile
    return {
        "provider": profile.provider,
        "revision": profile.revision,
        "strictness": "documented",
        "refused": [refusal._asdict() for refusal in _refused(imitation)],
        "assumptions": {name: asdict(fact) for name, fact in assumptions(profile).items()},
    }


def page(imitation: Imitation, width: int) -> str:
    """For people."""
    profile = imitation.profile
    lines = [f"{imitation.provider.title}: {profile.provider}@{profile.revision}, strictness documented"]
    for what, heading in HEADINGS.items():
        found = [refusal for refusal in _refused(imitation) if refusal.what == what]
        lines += ["", heading] if found else []
        for refusal in found:
            lines += _entry(refusal.name, refusal.note, width)
    found_facts = assumptions(profile)
    lines += ["", "ASSUMED, and gone by all the same: something has to be. What you set yourself is yours"]
    for name, fact in found_facts.items():
        value = json.dumps(fact.value, ensure_ascii=False)
        lines += _entry(f"{name} = {value} {fact.unit}".rstrip(), fact.note, width)
    return "\n".join(lines)


def _refused(imitation: Imitation) -> list[Refusal]:
    answers = {
        route.name: imitation.contract.basis(f"{route.stem}.response") for route in imitation.provider.routes
    }
    return refusals(imitation.profile, answers)


def _entry(what: str, note: str, width: int) -> list[str]:
    return [
        *textwrap.wrap(what, width, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False),
        *textwrap.wrap(
            note, width, initial_indent=" " * 6, subsequent_indent=" " * 6, break_on_hyphens=False
        ),
    ]
