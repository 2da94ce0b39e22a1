"""What a body says, and what is wrong with it where the schema of its route already knows."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from emulators.engine.pointer import look_up
from emulators.engine.profile import Problem
from emulators.engine.provider import Account, Call, Refusing, Reply
from emulators.hellotext.errors import EMPTY, INVALID, MISSING, Reason, refusal, refused

Record = dict[str, Any]

# Ours: what is deeper cannot be copied.
DEEPEST = 64
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def nothing_is_empty(data: Any) -> Any:
    """No body at all is read as one without fields."""
    return {} if data is None else data


def refusing(*required: str, forms: bool = False) -> Refusing:
    """Refuses what breaks the request's schema; a null is taken for a field that is not there, unless it is
    one of those `required`."""

    def refuse(account: Account, call: Call, problems: tuple[Problem, ...]) -> Reply | None:
        check_body(account, call, forms)
        grave = [problem for problem in problems if not _is_null(call.data, problem, required)]
        if not grave:
            return None
        reasons = tuple(dict.fromkeys(_reason(call.data, problem) for problem in grave))
        return refusal(account, 422, "the request's schema", *reasons)

    return refuse


def check_body(account: Account, call: Call, forms: bool = False) -> Record:
    """The body, which must be a JSON object; a form is not equivalent, but where it is said to be taken."""
    data = call.data
    if not isinstance(data, dict) or _is_deep(data) or (_is_form(call) and not forms):
        got = call.body[:40].decode("utf-8", "replace") or "an empty body"
        reason = Reason(INVALID, "", "a JSON object", got, "The body must be a JSON object.")
        raise refused(account, "events.malformed_body", reason)
    return data


def text(value: object) -> str:
    """Text, or a number that stands for one; else empty."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**30:
        return str(value)
    return ""


def number(value: object) -> float | None:
    """A number, or text that is one; None: neither, or none that can be counted with."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) and abs(found) < 1e15 else None


def mapping(value: object) -> Record:
    """An object, else an empty one."""
    return value if isinstance(value, dict) else {}


def _is_form(call: Call) -> bool:
    kind = (call.header("content-type") or "").partition(";")[0].strip().lower()
    return kind in FORMS and not call.body.lstrip().startswith((b"{", b"["))


def _is_deep(data: Any) -> bool:
    level: list[Any] = [data]
    for _ in range(DEEPEST):
        level = [item for node in level for item in _inside(node)]
        if not level:
            return False
    return True


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _is_null(data: Any, problem: Problem, required: tuple[str, ...]) -> bool:
    name = problem.pointer.rpartition("/")[2]
    return look_up(data, problem.pointer, missing=problem.pointer) is None and name not in required


def _reason(data: Any, problem: Problem) -> Reason:
    """The vendor's type of error for a rule of the schema. He names a nested parameter by its own name."""
    steps = [step for step in problem.pointer.split("/") if step and not step.isdigit()]
    name = steps[-1] if steps else ""
    value = look_up(data, problem.pointer, missing=problem.pointer)
    kind = MISSING if problem.rule == "required" else EMPTY if value in ("", None, [], {}) else INVALID
    return Reason(kind, name, problem.expected, problem.got, pointer=problem.pointer)
