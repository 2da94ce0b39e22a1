"""Each step against what came before it and what its vendor knows, before anything starts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from emulators import registry
from emulators.engine.egress import Egress
from emulators.errors import InvalidValue, unknown
from emulators.scenarios import vendors as known_vendors
from emulators.scenarios.forms import REFERABLE, TEXT, Problems, check, noting, shown
from emulators.scenarios.references import TELLING, References, split
from emulators.scenarios.story import Part, Reference, Step
from emulators.scenarios.vendors import Vendor
from emulators.scenarios.verbs import FAULTS, LISTS, QUESTIONS, VERBS, keys

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD")


class Checker:
    """Checks the steps of one scenario in their order. `vendors` are those that take part: None is one whose own
    table is wrong, which was said already."""

    def __init__(
        self,
        vendors: dict[str, Vendor | None],
        references: References,
        egress: Egress,
        problems: Problems,
        start: datetime,
    ) -> None:
        self.vendors = vendors
        self._references = references
        self._egress = egress
        self._problems = problems
        self._start = start
        self._handles: dict[str, tuple[str, str]] = {}
        """What `as` named: whether it is a subscription or a fault, and of which vendor."""
        self._nameless: dict[str, int] = {}
        """How many subscriptions each vendor has, named or not."""
        self._checks: Mapping[str, Callable[[str, Vendor, Step], dict[str, Any] | None]] = {
            "subscribe": self._subscribe,
            "emit": self._emit,
            "send": self._send,
            "replay": lambda where, vendor, step: vendor.sample(step.rest),
            "fault": self._fault,
            "reset": self._reset,
            "wait": lambda where, vendor, step: vendor.route(step.rest),
            "call": self._call,
            "expect": self._expect,
        }

    def step(
        self, where: str, number: int, verb: str, subject: Any, more: Mapping[str, Any], title: str
    ) -> Step | None:
        """The step, if its names and values fit."""
        before = len(self._problems.found)
        vendor, rest = self._named(where, verb, subject)
        forms, required = keys(verb, rest)
        args = check(where, more, forms, required, self._problems, f"key of {verb}")
        if len(self._problems.found) > before:
            return None
        step = Step(number, verb, str(subject), vendor, rest, args, title)
        known = self.vendors.get(vendor)
        if known is None or verb not in self._checks:
            return step
        changed: list[dict[str, Any] | None] = []
        noting(self._problems, where, lambda: changed.append(self._checks[verb](where, known, step)))
        if len(self._problems.found) > before:
            return None
        return Step(
            number, verb, str(subject), vendor, rest, {**args, **((changed and changed[0]) or {})}, title
        )

    def _named(self, where: str, verb: str, subject: Any) -> tuple[str, str]:
        """The vendor of a step, and what of him it is about. Whoever is named takes part."""
        known = VERBS[verb]
        if verb in ("advance", "drain"):
            return "", ""
        name, _, rest = str(subject).partition(".")
        if known.handle and not rest and self._handles.get(name, ("", ""))[0] == known.handle:
            return self._handles[name][1], name
        if name not in registry.names():
            handles = [name for name, (what, _) in self._handles.items() if what == known.handle]
            what = f"{known.handle} or vendor" if known.handle else "vendor"
            self._problems.add(where, unknown(what, name, (*registry.names(), *handles)))
        elif (known.rest == "must" and not rest) or (rest and not known.rest):
            self._problems.add(where, f"{verb}: expected {known.subject.expected}, got {subject!r}")
        elif known.handle == "subscription" and self._nameless.get(name, 0) != 1:
            count = self._nameless.get(name, 0)
            hint = 'name one with as = "..." where it subscribes' if count else "subscribe first"
            self._problems.add(where, f"{verb}: {name} has {count} subscriptions here; {hint}")
        elif verb == "expect" and rest not in QUESTIONS:
            self._problems.add(where, unknown("question", rest, QUESTIONS))
        elif verb == "fault" and rest not in FAULTS:
            self._problems.add(where, unknown("fault", rest, FAULTS))
        elif name not in self.vendors:
            self.vendors[name] = Vendor(Part(name, {}))
        return name, rest

    # -- what each verb asks for

    def _subscribe(self, where: str, vendor: Vendor, step: Step) -> dict[str, Any]:
        args = step.args
        vendor.subscription(step.rest, args.get("kinds"), args.get("policy", {}))
        changed: dict[str, Any] = {"url": self._url(where, args["url"])}
        if "auth" in args:
            changed["auth"] = self._auth(where, args["auth"])
        if "headers" in args:
            changed["headers"] = self._headers(where, args["headers"])
        if "refused" not in args:
            self._nameless[step.vendor] = self._nameless.get(step.vendor, 0) + 1
            self._name(where, "subscription", step)
        return changed

    def _emit(self, where: str, vendor: Vendor, step: Step) -> None:
        fields, without = step.args.get("fields", {}), step.args.get("without", [])
        if twice := set(fields) & set(without):
            raise InvalidValue(f"without: {', '.join(sorted(twice))} is among the fields, too")
        vendor.event(step.rest, {**fields, **dict.fromkeys(without)}, self._start)

    def _send(self, where: str, vendor: Vendor, step: Step) -> None:
        _one_of(step.args, "json", "text")

    def _fault(self, where: str, vendor: Vendor, step: Step) -> None:
        vendor.fault(known_vendors.build_fault(step.rest, step.args))
        self._name(where, "fault", step)

    def _reset(self, where: str, vendor: Vendor, step: Step) -> None:
        """Nothing of a vendor that begins anew can be named any more."""
        self._handles = {name: owned for name, owned in self._handles.items() if owned[1] != step.vendor}
        self._nameless.pop(step.vendor, None)

    def _call(self, where: str, vendor: Vendor, step: Step) -> dict[str, Any]:
        method, _, path = step.rest.partition(" ")
        if method not in METHODS or not re.fullmatch(r"/[!-~]*", path):
            raise InvalidValue(f"call: expected {VERBS['call'].subject.expected}, got {step.subject!r}")
        vendor.request(method, path)
        _one_of(step.args, "json", "text", needed=False)
        _one_of(step.args, "bearer", "basic", needed=False)
        for scheme in ("bearer", "basic"):
            if scheme in step.args:
                vendor.setting(step.args[scheme])
        headers = step.args.get("headers")
        return {"headers": self._headers(where, headers)} if headers else {}

    def _expect(self, where: str, vendor: Vendor, step: Step) -> None:
        args = step.args
        if "count" in args and {"at_least", "at_most"} & set(args):
            raise InvalidValue("count: says how many exactly; at_least and at_most do not go with it")
        if set(LISTS) & set(args) and {"count", "at_least", "at_most"} & set(args):
            raise InvalidValue("count: the lists say how many there are, already")
        if "kind" in args:
            vendor.kind(args["kind"])
        if step.rest == "delivered":
            vendor.event_fields(args["kind"], args.get("fields", {}))
        if "route" in args:
            vendor.route(args["route"])
        for key, what in (("to", "subscription"), ("of", "fault")):
            mine = [name for name, owned in self._handles.items() if owned == (what, step.vendor)]
            if key in args and args[key] not in mine:
                raise unknown(f"{what} of {step.vendor}", args[key], mine)
        if "feed" in args and args["feed"] not in vendor.policies:
            raise unknown(f"feed of {step.vendor}", args["feed"], vendor.policies)

    # -- what is common to them

    def _name(self, where: str, what: str, step: Step) -> None:
        """Remembers what `as` names."""
        name = step.args.get("as")
        if name is None:
            return
        if name in self._handles or name in registry.names():
            raise InvalidValue(f"as: the name {name!r} is taken already")
        self._handles[name] = (what, step.vendor)

    def _url(self, where: str, given: Any) -> str | Reference:
        """An address in the file, or a reference to one."""
        if isinstance(given, str):
            parts = split(given, repr(given))
            for name, value in parse_qsl(parts.query):
                if value and TELLING.search(name):
                    raise InvalidValue(
                        f'url: a secret ({name}) is given by reference only: url = {{ env = "NAME" }}'
                    )
            if parts.username is not None or parts.password is not None:
                raise InvalidValue(
                    "url: credentials do not belong in a URL; use auth = { login = ..., password = ... }"
                )
            address: str | Reference = given
        else:
            address = self._reference(where, "url", given, ("path",))
        noting(self._problems, where, lambda: self._egress.check_url(self._resolved(address)))
        return address

    def _resolved(self, address: str | Reference) -> str:
        return self._references.address(address) if isinstance(address, Reference) else address

    def _auth(self, where: str, given: Mapping[str, Any]) -> dict[str, Any]:
        good = check(
            where,
            given,
            {"login": REFERABLE, "password": REFERABLE},
            ("login", "password"),
            self._problems,
            "key of auth",
        )
        found = {
            name: self._secret(where, f"auth.{name}", value, name == "password")
            for name, value in good.items()
        }
        if len(found) == 2:
            self._references.pair(found["login"], found["password"])
        return found

    def _headers(self, where: str, given: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in given.items():
            if not REFERABLE.fits(value):
                raise InvalidValue(f"headers.{name}: expected {REFERABLE.expected}, got {shown(value)}")
            if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
                raise InvalidValue(f"headers: expected the name of a header, got {name!r}")
            found[name] = self._secret(where, f"headers.{name}", value, bool(TELLING.search(name)))
        return found

    def _secret(self, where: str, place: str, value: Any, must: bool) -> str | Reference:
        """Text, or a reference; where a secret belongs nothing but a reference."""
        if isinstance(value, str):
            if must:
                raise InvalidValue(f'{place}: a secret is given by reference only: {{ env = "NAME" }}')
            if not value.isprintable():
                raise InvalidValue(f"{place}: expected text on one line, got {value!r}")
            return value
        reference = self._reference(where, place, value)
        secret = self._references.secret(reference)
        if not secret.isprintable():
            raise InvalidValue(f"{place}: expected text on one line in {reference.name}")
        return reference

    def _reference(
        self, where: str, place: str, given: Mapping[str, Any], more: tuple[str, ...] = ()
    ) -> Reference:
        for name in given:
            if name not in ("env", *more):
                raise unknown(f"key of {place}", name, ("env", *more))
        name, path = given["env"], given.get("path", "")
        if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise InvalidValue(
                f"{place}.env: expected the name of an environment variable, got {shown(name)}"
            )
        if not TEXT.fits(path) or (path and not path.startswith("/")):
            raise InvalidValue(f"{place}.path: expected text that begins with /, got {shown(path)}")
        return Reference(name, path)


def _one_of(args: Mapping[str, Any], one: str, other: str, needed: bool = True) -> None:
    if one in args and other in args:
        raise InvalidValue(f"expected {one} or {other}, got both")
    if needed and one not in args and other not in args:
        raise InvalidValue(f"expected {one} or {other}, got neither")
