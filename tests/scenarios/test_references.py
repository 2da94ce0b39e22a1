"""What came by reference is told as the reference, however it is written where it turns up."""

from __future__ import annotations

import json
from base64 import b64encode
from urllib.parse import quote

import pytest

from emulators.scenarios.references import References
from emulators.scenarios.story import Reference


def secret(value: str) -> References:
    references = References({"WORD": value}, {})
    assert references.secret(Reference("WORD")) == value
    return references


def address(value: str, path: str = "") -> References:
    references = References({"APP": value}, {})
    assert references.address(Reference("APP", path)) == value.rstrip("/" if path else "") + path
    return references


AWKWARD = 'pass "wörd"\\ %/'


@pytest.mark.parametrize(
    "shape",
    [str, repr, json.dumps, lambda v: json.dumps(v, ensure_ascii=False), quote, lambda v: quote(v, safe="")],
    ids=["as it is", "repr", "JSON", "JSON in UTF-8", "in a path", "in a query"],
)
def test_a_secret_is_hidden_in_every_shape(shape) -> None:
    told = secret(AWKWARD).hide(f"before {shape(AWKWARD)} after")
    assert told.replace('"', "").replace("'", "") == "before $WORD after"


def test_credentials_are_hidden_as_they_are_on_the_wire() -> None:
    references = References({"WORD": "open sesame"}, {})
    references.pair("me", Reference("WORD"))
    wire = b64encode(b"me:open sesame").decode()
    assert references.hide(f"Basic {wire}") == "Basic $WORD"


@pytest.mark.parametrize(
    "text",
    ["http://127.0.0.1:3000/hook?a=b", "-> :3000/hook", "127.0.0.1:3000/hook"],
    ids=["whole", "as a timeline says it", "without its scheme"],
)
def test_an_address_is_its_reference_and_only_its_origin_is_told(text: str) -> None:
    references = address("http://127.0.0.1:3000/hook?a=b")
    assert references.hide(text).removeprefix("-> ") == "$APP"
    assert references.places() == {"APP": "http://127.0.0.1:3000"}


@pytest.mark.parametrize("part", ["T0K3NPART", "x" * 20, "shh!"])
def test_what_looks_like_a_secret_in_an_address_is_hidden_alone_too(part: str) -> None:
    assert (
        address("https://hooks.example.com/a/T0K3NPART/xxxxxxxxxxxxxxxxxxxx?token=shh!").hide(part) == "$APP"
    )


def test_plain_words_of_an_address_stay_readable_elsewhere() -> None:
    references = address("http://127.0.0.1:3000", "/webhooks/esputnik")
    assert references.hide("emit esputnik.READ, webhooks") == "emit esputnik.READ, webhooks"
    assert references.hide("http://127.0.0.1:3000/webhooks/esputnik") == "$APP/webhooks/esputnik"


def test_the_longest_of_several_values_is_hidden_first() -> None:
    references = References({"A": "secret", "B": "secret-longer"}, {})
    for name in ("A", "B"):
        references.secret(Reference(name))
    assert references.hide("secret-longer secret") == "$B $A"


def test_the_command_line_comes_before_the_environment() -> None:
    references = References({"APP": "http://127.0.0.1:1/"}, {"APP": "http://127.0.0.1:2/"})
    assert references.address(Reference("APP")) == "http://127.0.0.1:2/"
