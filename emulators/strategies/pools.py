"""Edge values by the kind of field: what customers of the vendors really type, and where numbers and dates end.

The simplest come first: shrinking ends at the first that still fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from emulators.strategies.rules import Json

TEXT = (
    "",
    "a",
    " ",
    "0",
    "null",
    "Ганна Їжакевич",
    "Jose\u0301",  # an accent of its own, as macOS types it
    "सुनीता क्षत्रिय",
    "שלום, מה שלומך?",
    "\u202eexe.txt",  # turns the direction of what follows
    "👩‍👩‍👧‍👦 🏳️‍🌈",  # one family and one flag, eleven code points
    "\ufeffmark",
    "nul\x00inside",
    "two\r\nlines\tand a tab",
    'O\'Brien & "Søn" <b>{{name}}</b> %s',
    "İıẞﬃ",  # longer or other letters in another case
    "x" * 255,
    "😀" * 255,
)
DIGITS = (
    "0",
    "1",
    "007",
    "2147483647",
    "2147483648",
    "9007199254740993",
    "9223372036854775808",
    "18446744073709551615",
    "99999999999999999999999",
)
INTEGERS = (
    0,
    1,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**32,
    2**53 - 1,
    2**53,
    2**53 + 1,
    2**63 - 1,
    2**63,
    2**64 - 1,
    -1,
    -(2**31) - 1,
    -(2**53) - 1,
    -(2**63),
)
NUMBERS = (0, 1, 0.1, 19.99, 0.30000000000000004, 1e-7, 1e21, 2**53 + 1, -0.01)
MOMENTS = (
    "2024-02-29T12:00:00",  # a leap day
    "2024-03-31T03:30:00",  # does not exist in Kyiv
    "2024-03-31T02:30:00",  # nor this in Madrid
    "2024-03-10T02:30:00",  # nor this in New York
    "2024-10-27T03:30:00",  # exists twice in Kyiv
    "2023-12-31T23:59:59",
    "1970-01-01T00:00:00",
    "2038-01-19T03:14:08",
    "9999-12-31T23:59:59",
)
FORMS = (
    *MOMENTS,
    *(moment.replace("T", " ") for moment in MOMENTS),
    *(moment + "Z" for moment in MOMENTS),
    *(moment[:10] for moment in MOMENTS),
)
ADDRESSES = (
    "a@b.co",
    "Ann.O'Brien+news@Example.COM",
    "ann@xn--e1afmkfd.xn--80akhbyknj4f",
    "ганна@приклад.укр",
    '"ann lee"@example.com',
    f"{'a' * 64}@{'b' * 60}.example.com",
)
URLS = (
    "https://a.example",
    "https://shop.example.com/?a=1&b=%D0%B9&c=#top",
    "https://shop.example.com/каталог/сукні",
    "https://xn--80aaxitdbjk.example/p?utm_source=" + "x" * 2000,
)
PHONES = ("+380441234567", "380441234567", "+1", "0")
OBJECTS: tuple[Json, ...] = ({}, {"": ""}, {"__proto__": {"a": None}}, {"ім'я": ["👩‍👩‍👧‍👦"], "n": 2**53 + 1})
ANYTHING: tuple[Any, ...] = (None, True, 2**53 + 1, "Ганна", [], {})

# The order in which a value of a pattern is looked for: the plainest first.
CANDIDATES = (*DIGITS, *FORMS, *URLS, *ADDRESSES, *PHONES, *TEXT)

_LOOKS: tuple[tuple[str, Sequence[str]], ...] = (
    (r"\d{4}-\d{2}-\d{2}.*", FORMS),
    (r"https?://.*", URLS),
    (r"[^@ ]+@[^@ ]+", ADDRESSES),
    (r"\d+", DIGITS),
    (r"\+\d{6,}", PHONES),
)


def edges(rule: Json, value: Any) -> Iterator[Any]:
    """Edge values for a field of this rule, which holds `value` now; whoever takes one asks the whole schema."""
    if "const" in rule:
        return
    if "enum" in rule:
        yield from rule["enum"]
        return
    types = rule.get("type", ())
    for name in [types] if isinstance(types, str) else types:
        if name == "string":
            yield from texts(rule, value)
        elif name == "array":
            yield from _arrays(rule)
        elif name == "integer":
            yield from _integers(rule)
        else:
            yield from {"number": NUMBERS, "boolean": (False, True), "null": (None,), "object": OBJECTS}[name]
    if not types:
        yield from ANYTHING


def texts(rule: Json, value: Any) -> Sequence[str]:
    """Texts of the form that the field's value shows; all forms where a pattern decides."""
    if "pattern" in rule:
        return CANDIDATES
    if isinstance(value, str):
        for look, pool in _LOOKS:
            if re.fullmatch(look, value, re.ASCII):
                return (*pool, *TEXT)
    return TEXT


def _integers(rule: Json) -> Iterator[int]:
    low, high = rule.get("minimum"), rule.get("maximum")
    ends = [end for end in (low, high) if isinstance(end, int)]
    for number in dict.fromkeys((*INTEGERS, *ends)):
        if (low is None or number >= low) and (high is None or number <= high):
            yield number


def _arrays(rule: Json) -> Iterator[list[Any]]:
    yield []
    items = rule.get("items", {})
    kinds = items.get("enum") or (TEXT[1:] if items.get("type") == "string" else ())
    for item in kinds[:6]:
        yield [item]
    if kinds:
        yield [kinds[0], kinds[0]]
        yield list(kinds)
        yield [kinds[-1]] * 100
