"""What differs between two profiles and the schemas that belong to them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from emulators.differences import schemas, shapes
from emulators.differences.change import (
    BOTH,
    BREAKING,
    CLIENT,
    NEW,
    NUMBER,
    RECEIVER,
    WORDING,
    Change,
    Documents,
    ordered,
)
from emulators.engine.profile import Fact, FeedProfile, Kind, Option, Profile

# Policies that change when, how many or how often, and nothing else.
NUMBERS = ("batch_size", "batch_window", "timeout", "retry_delays", "pace")
# What a receiver that fits the one fits as well: less is asked of it, more is promised.
HARMLESS = {"probe": None, "order": "in-line"}


def between(old: Documents, new: Documents) -> list[Change]:
    """Every difference, the worst first in each place."""
    return ordered(
        (*_webhooks(old, new), *_calls(old, new), *_choices(old, new), *_rest(old.profile, new.profile))
    )


def _webhooks(old: Documents, new: Documents) -> Iterator[Change]:
    before, after = old.profile.feeds, new.profile.feeds
    for name in _all(before, after):
        where = f"webhook {name}"
        if name not in after:
            yield Change(RECEIVER, where, BREAKING, name, "the whole webhook is gone", before[name].title)
        elif name not in before:
            kinds = ", ".join(after[name].kinds)
            yield Change(RECEIVER, where, NEW, name, f"a new webhook: {kinds}", None, after[name].title)
        else:
            yield from _kinds(where, before[name], after[name])
            yield from _payloads(where, name, old, new)
            yield from _policy(where, before[name], after[name])


def _kinds(where: str, old: FeedProfile, new: FeedProfile) -> Iterator[Change]:
    for name in _all(old.kinds, new.kinds):
        before, after = old.kinds.get(name), new.kinds.get(name)
        if after is None:
            # What had to be asked for came from no vendor.
            effect = WORDING if before and before.opt_in else BREAKING
            yield Change(RECEIVER, where, effect, name, "this kind of event is gone", name)
        elif before is None:
            only = f", {after.basis} and only with the option {after.opt_in}" if after.opt_in else ""
            text = f"a new kind of event{only}, with {', '.join(after.fields)}"
            yield Change(RECEIVER, where, NEW, name, text, None, after.fields)
        elif before.opt_in != after.opt_in:
            effect = BREAKING if after.opt_in else NEW
            text = f"only with the option {after.opt_in} now" if after.opt_in else "without an option now"
            yield Change(RECEIVER, where, effect, name, text, before.opt_in, after.opt_in)
        else:
            yield from _wording(RECEIVER, where, name, before, after)


def _payloads(where: str, feed: str, old: Documents, new: Documents) -> Iterator[Change]:
    """The fields of each kind; of all at once where one description holds for all."""
    stem = f"{feed}.event"
    before, after = old.schema(stem), new.schema(stem)
    shared = [kind for kind in old.profile.feeds[feed].kinds if kind in new.profile.feeds[feed].kinds]
    own = [kind for kind in shared if kind in before.get("$defs", {}) or kind in after.get("$defs", {})]
    for kind in own or [""]:
        for found in schemas.compare(shapes.shape(before, kind), shapes.shape(after, kind), True):
            yield _change(RECEIVER, where, found, f"{kind}: " if kind else "")
    whole = schemas.compare(
        {"": shapes.body(old.schema(feed))}, {"": shapes.body(new.schema(feed))}, sent_to_app=True
    )
    for found in whole:
        yield _change(RECEIVER, where, found._replace(place="the request"))


def _policy(where: str, old: FeedProfile, new: FeedProfile) -> Iterator[Change]:
    for name in _all(old.policy, new.policy):
        before, after = old.policy.get(name), new.policy.get(name)
        if before is None or after is None:
            known = after or before
            text = f"{'is' if after else 'was'} {_json(known.value if known else None)}"
            yield Change(RECEIVER, where, NEW if after else WORDING, name, text)
        elif name == "answers" and before.value != after.value:
            yield from _answers(where, before.value, after.value)
        elif before.value != after.value:
            harmless = name in HARMLESS and after.value == HARMLESS[name]
            effect = NUMBER if name in NUMBERS else NEW if harmless else BREAKING
            text = f"was {_value(before)}, is {_value(after)}"
            yield Change(RECEIVER, where, effect, name, text, before.value, after.value)
        else:
            yield from _wording(RECEIVER, where, name, before, after)


def _answers(where: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Change]:
    """What a status of the receiver's leads to."""
    for status in _all(old, new):
        # What is not named falls under the rest.
        one, two = old.get(status) or old.get("*", "retry"), new.get(status) or new.get("*", "retry")
        if one != two:
            effect = NEW if two == "acknowledge" else BREAKING
            yield Change(RECEIVER, where, effect, f"answer {status}", f"was {one}, is {two}", one, two)


def _calls(old: Documents, new: Documents) -> Iterator[Change]:
    before, after = old.profile.routes, new.profile.routes
    for name in _all(before, after):
        one, two = before.get(name), after.get(name)
        if one is None or two is None:
            known = two or one
            call = f"{known.method} {known.path}" if known else ""
            text = "a new call" if two else "this call is gone"
            yield Change(CLIENT, f"call {name}", NEW if two else BREAKING, call, text)
        elif (one.method, one.path) != (two.method, two.path):
            old_call, new_call = f"{one.method} {one.path}", f"{two.method} {two.path}"
            text = f"was {old_call}, is {new_call}"
            yield Change(CLIENT, f"call {name}", BREAKING, name, text, old_call, new_call)
        else:
            yield from _wording(CLIENT, f"call {name}", f"{one.method} {one.path}", one, two)
    yield from _errors(old.profile, new.profile)
    for stem in sorted(old.stems | new.stems):
        route, _, part = stem.partition(".")
        if part not in ("request", "response") or not (stem in old.stems and stem in new.stems):
            continue
        shapes_ = shapes.shape(old.schema(stem)), shapes.shape(new.schema(stem))
        for found in schemas.compare(*shapes_, sent_to_app=part == "response"):
            yield _change(CLIENT, f"call {route}", found, f"{part}: ")


def _errors(old: Profile, new: Profile) -> Iterator[Change]:
    """Answers that can be asked for by name."""
    for name in _all(old.errors, new.errors):
        one, two = old.errors.get(name), new.errors.get(name)
        if one is None or two is None:
            text = "a new error" if two else "this error is gone"
            yield Change(CLIENT, "errors", NEW if two else BREAKING, name, text)
        elif one.status != two.status:
            text = f"status was {one.status}, is {two.status}"
            yield Change(CLIENT, "errors", BREAKING, name, text, one.status, two.status)
        else:
            yield from _wording(CLIENT, "errors", name, one, two)


def _choices(old: Documents, new: Documents) -> Iterator[Change]:
    before, after = old.profile.options, new.profile.options
    feeds = {*old.profile.feeds, *new.profile.feeds}
    for name in _all(before, after):
        audience = RECEIVER if name.partition(".")[0] in feeds else CLIENT
        one, two = before.get(name), after.get(name)
        if two is None:
            yield Change(audience, "options", BREAKING, name, "this option is gone: setting it is refused")
        elif one is None:
            text = f"a new option, {_json(two.default.value)} unless it is set"
            yield Change(audience, "options", NEW, name, text, None, two.default.value)
        else:
            yield from _option(audience, name, one, two)


def _option(audience: str, name: str, old: Option, new: Option) -> Iterator[Change]:
    one, two = old.default.value, new.default.value
    if one != two:
        yield Change(audience, "options", BREAKING, name, f"was {_json(one)}, is {_json(two)}", one, two)
    if lost := [choice for choice in old.choices if choice not in new.choices and new.choices]:
        text = f"no longer {', '.join(map(_json, lost))}"
        yield Change(audience, "options", BREAKING, name, text, old.choices, new.choices)
    if gained := [choice for choice in new.choices if choice not in old.choices and old.choices]:
        text = f"also {', '.join(map(_json, gained))}"
        yield Change(audience, "options", NEW, name, text, old.choices, new.choices)
    if one == two and set(map(_json, old.choices)) == set(map(_json, new.choices)):
        yield from _wording(audience, "options", name, old.default, new.default)


def _rest(old: Profile, new: Profile) -> Iterator[Change]:
    for name in _all(old.facts, new.facts):
        one, two = old.facts.get(name), new.facts.get(name)
        if one is None or two is None:
            text = f"a new fact: {_value(two)}" if two else "this fact is gone"
            yield Change(BOTH, "other facts", NEW if two else WORDING, name, text)
        elif one.value != two.value:
            is_number = all(isinstance(fact.value, int | float) for fact in (one, two))
            text = f"was {_value(one)}, is {_value(two)}"
            effect = NUMBER if is_number else WORDING if isinstance(two.value, str) else BREAKING
            yield Change(BOTH, "other facts", effect, name, text, one.value, two.value)
        else:
            yield from _wording(BOTH, "other facts", name, one, two)
    for name in _all(old.samples, new.samples):
        if name not in old.samples or name not in new.samples:
            text = "a new sample" if name in new.samples else "this sample is gone"
            yield Change(BOTH, "samples", NEW if name in new.samples else WORDING, name, text)
    for text in _all(dict.fromkeys(old.not_imitated), dict.fromkeys(new.not_imitated)):
        if (text in old.not_imitated) != (text in new.not_imitated):
            now = "not imitated" if text in new.not_imitated else "no longer said not to be imitated"
            yield Change(BOTH, "not imitated", WORDING, now, text)


def _wording(
    audience: str, where: str, what: str, old: Fact | Kind | Any, new: Fact | Kind | Any
) -> Iterator[Change]:
    if old.basis != new.basis:
        yield Change(audience, where, WORDING, what, f"was {old.basis}, is {new.basis}", old.basis, new.basis)
    elif (old.source, old.note) != (new.source, new.note):
        yield Change(audience, where, WORDING, what, "another source or note", old.note, new.note)


def _change(audience: str, where: str, found: schemas.Found, before: str = "") -> Change:
    return Change(audience, where, found.effect, f"{before}{found.place}", found.text, found.old, found.new)


def _all(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    return [*old, *(name for name in new if name not in old)]


def _value(fact: Fact) -> str:
    return f"{_json(fact.value)} {fact.unit}".rstrip()


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
