"""What differs between two schemas, by who writes the body: what widens it breaks whoever reads, what narrows it
whoever writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from emulators.differences.change import BREAKING, NEW, NUMBER, WORDING
from emulators.differences.shapes import EVERY_TYPE, Rules


class Found(NamedTuple):
    """A difference at a place of a body."""

    effect: str
    place: str
    text: str
    old: Any
    new: Any


def compare(old: Mapping[str, Rules], new: Mapping[str, Rules], sent_to_app: bool) -> Iterator[Found]:
    """The differences of a body that the vendor sends to the app, or of one that the app sends to the vendor."""
    for place in [*old, *(place for place in new if place not in old)]:
        before, after = old.get(place), new.get(place)
        if before is None or after is None:
            # With a whole object the fields in it come and go.
            if not _inside(place, old if before is None else new, old, new):
                yield from _came_or_went(place, before, after, new, sent_to_app)
            continue
        found = list(_altered(place or "the body", before, after, sent_to_app))
        yield from found
        if not found and before.told != after.told:
            yield _reworded(place or "the body", before, after)


def _inside(
    place: str, without: Mapping[str, Rules], old: Mapping[str, Rules], new: Mapping[str, Rules]
) -> bool:
    outer = {name for name in {*old, *new} if name and name not in without}
    return any(place.startswith((f"{name}.", f"{name}[]")) for name in outer if name != place)


def _came_or_went(
    place: str, before: Rules | None, after: Rules | None, new: Mapping[str, Rules], sent_to_app: bool
) -> Iterator[Found]:
    if after is not None and after.forbidden:
        yield Found(NEW if sent_to_app else BREAKING, place, "must not be there any more", None, "forbidden")
    elif after is not None:
        need = "always there" if after.required else "may be absent"
        breaks = after.required and not sent_to_app
        yield Found(BREAKING if breaks else NEW, place, f"new, {need}: {_kind(after)}", None, _kind(after))
    elif before is not None and before.forbidden:
        yield Found(NEW, place, "may be there now", "forbidden", None)
    elif before is not None:
        around = new.get(place.rpartition(".")[0])
        closed = around is None or around.closed
        effect = BREAKING if sent_to_app or closed else WORDING
        rest = "" if effect == BREAKING else "; such fields are taken all the same"
        yield Found(effect, place, f"gone (it was {_kind(before)}){rest}", _kind(before), None)


def _altered(place: str, before: Rules, after: Rules, sent_to_app: bool) -> Iterator[Found]:
    def told(wider: bool, text: str, old: Any, new: Any, number: bool = False) -> Found:
        breaks = wider is sent_to_app
        return Found(BREAKING if breaks else NUMBER if number else NEW, place, text, old, new)

    if before.forbidden != after.forbidden:
        if after.forbidden:
            yield Found(BREAKING, place, "must not be there any more", _kind(before), "forbidden")
        else:
            yield Found(NEW, place, f"may be there now: {_kind(after)}", "forbidden", _kind(after))
        return
    if before.required != after.required:
        text = "always there now" if after.required else "may be absent now"
        yield told(not after.required, text, before.required, after.required)
    if before.types != after.types and before.values is None and after.values is None:
        old, new = _names(before), _names(after)
        gained, lost = _beyond(after, before), _beyond(before, after)
        text = f"was {old}, is {new}"
        yield Found(BREAKING, place, text, old, new) if gained and lost else told(gained, text, old, new)
    if before.closed != after.closed:
        text = "holds no other fields now" if after.closed else "may hold other fields now"
        # Who ignores fields that he does not know is not broken by more of them.
        effect = NEW if sent_to_app or not after.closed else BREAKING
        yield Found(effect, place, text, None, None)
    if before.values != after.values:
        yield _other_values(place, before, after, sent_to_app)
    for word in dict.fromkeys([*dict(before.limits), *dict(after.limits)]):
        one, two = dict(before.limits).get(word), dict(after.limits).get(word)
        if one != two:
            wider = two is None or (one is not None and _is_wider(word, one, two))
            yield told(wider, f"{word} was {_or_none(one)}, is {_or_none(two)}", one, two, number=True)


def _other_values(place: str, before: Rules, after: Rules, sent_to_app: bool) -> Found:
    old, new = before.values, after.values
    if old is None or new is None:
        text = "may be anything now" if new is None else f"only {', '.join(new)} now"
        return Found(BREAKING if (new is None) is sent_to_app else NEW, place, text, old, new)
    gained = [value for value in new if value not in old]
    lost = [value for value in old if value not in new]
    parts = [f"also {', '.join(gained)}"] if gained else []
    parts += [f"no longer {', '.join(lost)}"] if lost else []
    return Found(BREAKING if lost else NEW, place, "; ".join(parts) or "another order", old, new)


def _beyond(these: Rules, those: Rules) -> bool:
    """Whether these rules allow a type that those do not; every integer is a number."""
    allowed = those.types | {"integer"} if "number" in those.types else those.types
    return not these.types <= allowed


def _is_wider(word: str, old: Any, new: Any) -> bool:
    if word == "pattern":
        return True
    return bool(new > old if word.startswith("max") else new < old)


def _reworded(place: str, before: Rules, after: Rules) -> Found:
    old, new = dict(before.told), dict(after.told)
    if old.get("x-basis") != new.get("x-basis"):
        text = f"was {old.get('x-basis')}, is {new.get('x-basis')}"
    else:
        words = {word.removeprefix("x-") for word in {*old, *new} if old.get(word) != new.get(word)}
        text = f"another {', '.join(sorted(words))}"
    return Found(WORDING, place, text, old, new)


def _kind(rules: Rules) -> str:
    if rules.values is not None:
        return " | ".join(rules.values)
    return _names(rules)


def _names(rules: Rules) -> str:
    return "anything" if rules.types == EVERY_TYPE else " or ".join(sorted(rules.types))


def _or_none(value: Any) -> Any:
    return "not set" if value is None else value
