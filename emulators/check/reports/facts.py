"""What was learned on the way, in plain words: checks name facts for programs, with their unit in the name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from emulators.check.accepting import FACT
from emulators.check.reports import words
from emulators.check.reports.model import Run

LOOKS = 600
"""At the oracle in a whole run, about."""
_SLOW, _RECOVERED = "slow oracle", "stored without an acknowledgement"
_UNCOMPARED = "fields that were not compared"
_NAMED = 4
"""Fields of those; the JSON has all."""
_SECONDS = ("latency", "seconds ")
"""What the names of times begin with."""
_NAMES = MappingProxyType(
    {
        "server": "the receiver calls itself",
        "latency": "time of an answer",
        "rate limit": "it lets only so many requests through in a while",
        "refused kinds": "kinds of events that are refused even as documented",
        "ignored kinds": "kinds of events that are acknowledged and not stored",
        "seconds from the answer until the event could be read": "time until what was acknowledged can be read",
        "seconds by events of a request": "time of an answer by the events of its request",
        "seconds for each event": "time for each further event of a request",
        "keeps one record for a message": "keeps one record for all events of a message",
        _RECOVERED: "events that are stored though their sender heard no success, which is right",
        _SLOW: "the oracle is slow",
        "identities with fewer records than events": "messages and addresses with fewer records than events",
    }
)


def told(run: Run) -> list[tuple[str, str]]:
    """Names and values for people; facts that say nothing are left out, and what stands elsewhere (`acceptance`, `unproved`)."""
    elsewhere = (FACT, _UNCOMPARED)
    known = [(name, value) for name, value in run.facts.items() if name not in elsewhere and _says(value)]
    return [(_NAMES.get(name, name), _value(name, value)) for name, value in known]


def acceptance(run: Run) -> list[str]:
    """What has to be said of what is put up with: what is over, and what nobody needs any more."""
    said = run.facts.get(FACT, ())
    return [words.line(str(each)) for each in said] if isinstance(said, list | tuple) else []


def uncompared(run: Run, check: str) -> list[str]:
    """The fields that a check changed and could not compare with what is stored of them, though others it could."""
    by_check = run.facts.get(_UNCOMPARED)
    fields = by_check.get(check, ()) if isinstance(by_check, Mapping) else ()
    return [words.line(str(name)) for name in fields] if isinstance(fields, list | tuple) else []


def unproved(run: Run, check: str) -> str:
    """The same as a sentence, which stands beside the verdict; empty: there is nothing to say."""
    fields = uncompared(run, check)
    if not fields:
        return ""
    more = f" and {words.plural(len(fields) - _NAMED, 'other field')}" if len(fields) > _NAMED else ""
    return (
        f"in part: whether {', '.join(fields[:_NAMED])}{more} {'is' if len(fields) == 1 else 'are'} stored rightly is not known, no "
        "record shows it by its name or as it was sent"
    )


def _says(value: Any) -> bool:
    return value is not None and value not in ("", [], (), {})


def _value(name: str, value: Any) -> str:
    if name == _SLOW and isinstance(value, Mapping):
        return (
            f"it shows {value.get('records', 0):,} records and takes {_time(value.get('seconds', 0))} a look; a run takes some"
            f" {LOOKS} looks: empty the store first (--reset-cmd), or let the oracle leave out what is older than {{since}}"
        )
    if name == _RECOVERED and value == 0:
        return "none"
    if name == _RECOVERED:
        return (
            f"{value}; their connections we broke off ourselves, or their batches were refused. The vendor would send them again:"
            " all is well as long as each is stored once"
        )
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_value(name, inner)}" for key, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_value(name, inner) for inner in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float) and name.startswith(_SECONDS):
        return _time(value)
    return words.line(f"{value:.4g}" if isinstance(value, float) else str(value))


def _time(seconds: float) -> str:
    """Of few milliseconds with the digits that tell one receiver from another."""
    if seconds == 0:
        return "none that could be measured"
    return f"{seconds * 1000:.2g} ms" if seconds < 0.01 else words.duration(seconds)
