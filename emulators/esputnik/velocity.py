"""The part of Apache Velocity that URLs, headers and bodies of webhooks need: references, not directives.

`$data.get('param')`, `$!data.get('list').get(0).get('name')`, `${email}`, `$workflowInstanceId`. What cannot be found is
printed as it was written, or as nothing with `$!`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

_STEP = r"""\.get\(\s*(?:'[^']*'|"[^"]*"|[0-9]{1,6})\s*\)|\.size\(\)|\.[A-Za-z][A-Za-z0-9_-]*"""
_REFERENCE = rf"[A-Za-z][A-Za-z0-9_-]*(?:{_STEP})*"
REFERENCES = re.compile(rf"\$(!?)(?:\{{({_REFERENCE})\}}|({_REFERENCE}))")
STEPS = re.compile(_STEP)

# Contact fields by the other names that the vendor's page gives them.
ALIASES = MappingProxyType(
    {"contact_id": "contactid", "phone": "sms", "name": "firstname", "city": "town", "emailaddress": "email"}
)


def render(template: str, data: Mapping[str, Any], quote: Callable[[str], str] = str) -> str:
    """The template with the values of its references in their place; `quote` makes them fit where they go."""

    def value_of(found: re.Match[str]) -> str:
        value = resolve(found[2] or found[3], data)
        if value is None:
            return "" if found[1] else found[0]
        return quote(printed(value))

    return REFERENCES.sub(value_of, template)


def refers(template: str) -> bool:
    """Whether a text holds any reference."""
    return REFERENCES.search(template) is not None


def resolve(reference: str, data: Mapping[str, Any]) -> Any:
    """What a reference leads to; None: nothing."""
    name = re.match(r"[A-Za-z0-9_-]+", reference)
    head = name[0] if name else ""
    value: Any = data if head == "data" else _field(head, data)
    for step in STEPS.findall(reference[len(head) :]):
        value = _stepped(value, step)
    return value


def printed(value: Any) -> str:
    """A value as text: objects and lists as JSON, which is assumed."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _field(name: str, data: Mapping[str, Any]) -> Any:
    """A field of the contact or a parameter of the event by its bare name."""
    # The vendor's page: case matters for this one, not for the fields of a contact.
    if name == "workflowInstanceId" or name in data:
        return data.get(name)
    wanted = name.lower()
    lower = {key.lower(): value for key, value in data.items() if key != "workflowInstanceId"}
    return lower.get(wanted, lower.get(ALIASES.get(wanted, "")))


def _stepped(value: Any, step: str) -> Any:
    if step == ".size()":
        return len(value) if isinstance(value, list | dict) else None
    key = step[5:-1].strip() if step.startswith(".get(") else step[1:]
    if isinstance(value, list):
        return value[int(key)] if key.isdigit() and int(key) < len(value) else None
    return value.get(key.strip("'\"")) if isinstance(value, Mapping) else None
