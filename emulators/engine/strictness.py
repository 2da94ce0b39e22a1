"""How sure an emulator must be of what it does.

With `any` it goes by everything in its profile. With `documented` it does nothing that is `assumed`: no kind of event, no field
and no answer that somebody had to make up. Numbers it needs all the same; `assumptions` lists them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from emulators.engine.pointer import look_up
from emulators.engine.profile import Fact, Profile, RouteProfile
from emulators.errors import InvalidValue

ANY, DOCUMENTED = "any", "documented"
STRICTNESS = (ANY, DOCUMENTED)
ASSUMED = "assumed"
MISSING = object()


class Refusal(NamedTuple):
    """Something that is refused: a `kind`, a `field`, a `call` or an `error` to inject."""

    what: str
    name: str
    note: str


def assumed_places(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """JSON pointers of the properties that are assumed, the outermost alone.

    None where other fields may come too: such a payload is no message, but what one is made of.
    """
    return tuple(_assumed(schema, "")) if schema.get("additionalProperties") is False else ()


def _assumed(schema: Mapping[str, Any], place: str) -> Iterator[str]:
    for name, part in schema.get("properties", {}).items():
        if not isinstance(part, dict):
            continue
        pointer = f"{place}/{name.replace('~', '~0').replace('/', '~1')}"
        if part.get("x-basis") == ASSUMED:
            yield pointer
        else:
            yield from _assumed(part, pointer)


def first_there(pointers: Iterable[str], payload: Any) -> str:
    """The first of these places that a payload has; empty: none of them."""
    return next((pointer for pointer in pointers if look_up(payload, pointer, MISSING) is not MISSING), "")


def check_options(profile: Profile, options: Mapping[str, Any]) -> None:
    """Refuses an option that lets kinds be sent which would be refused one by one."""
    for kind in (kind for feed in profile.feeds.values() for kind in feed.kinds.values()):
        if kind.basis == ASSUMED and kind.opt_in and options[kind.opt_in]:
            raise InvalidValue(
                f"option {kind.opt_in}: it lets {kind.name} be sent, which is assumed, and strictness='documented' does not"
            )


def doubt(route: RouteProfile | None, basis_of_answer: str) -> str:
    """Why a call is not answered; empty: it is."""
    if route is not None and route.basis == ASSUMED:
        return f"that there is such a call is assumed: {route.note}" if route.note else "it is assumed"
    return "its answer is assumed" if basis_of_answer == ASSUMED else ""


def assumptions(profile: Profile, chosen: Collection[str] = ()) -> dict[str, Fact]:
    """What an emulator goes by although it is assumed, by name; what the user has chosen is not."""
    found = {
        f"{feed.name}.{name}": fact for feed in profile.feeds.values() for name, fact in feed.policy.items()
    }
    found |= {name: option.default for name, option in profile.options.items()}
    found |= {name: fact for name, fact in profile.facts.items() if name not in found}
    return {name: fact for name, fact in found.items() if fact.basis == ASSUMED and name not in chosen}


def refusals(profile: Profile, answers: Mapping[str, str]) -> list[Refusal]:
    """Everything that `documented` refuses; `answers` has the basis of each route's answer."""
    found = []
    for feed in profile.feeds.values():
        for kind in feed.kinds.values():
            if kind.basis == ASSUMED:
                found.append(Refusal("kind", f"{feed.name}.{kind.name}", kind.note))
        known = [kind for kind in feed.kinds.values() if kind.basis != ASSUMED]
        places = dict.fromkeys(place for kind in known for place in kind.assumed)
        found += [Refusal("field", f"{feed.name}: {place}", "") for place in places]
    for route in profile.routes.values():
        if why := doubt(route, answers.get(route.name, "")):
            found.append(Refusal("call", f"{route.method} {route.path} ({route.name})", why))
    for error in profile.errors.values():
        if error.basis == ASSUMED:
            found.append(Refusal("error", error.name, error.note))
    return found
