"""JSON in and out keeps every value exact."""

from __future__ import annotations

import math
from typing import Any

import pytest

from emulators.engine import codec


@pytest.mark.parametrize("number", [0, -1, 2**53 + 1, 2**63, 2**64 - 1, 2**64, -(2**63) - 1, 10**400])
def test_an_integer_stays_exact_there_and_back(number: int) -> None:
    assert codec.encode(number) == str(number).encode()
    assert codec.decode(codec.encode(number)) == number
    assert isinstance(codec.decode(str(number)), int)


@pytest.mark.parametrize("text", ["", "жовтень", "नमस्ते", "\U0001f600", "\x00", '"\\', "\ud800", "a\udfffb"])
def test_a_text_comes_back_as_it_left(text: str) -> None:
    assert codec.decode(codec.encode(text)) == text


def test_the_body_is_compact_and_not_escaped_without_need() -> None:
    assert codec.encode({"имя": ["é", None, 1.5]}) == '{"имя":["é",null,1.5]}'.encode()
    assert codec.encode("ж\ud800") == '"ж\\ud800"'.encode()


@pytest.mark.parametrize(
    ("value", "text"), [(math.nan, b"NaN"), (math.inf, b"Infinity"), (-math.inf, b"-Infinity")]
)
def test_what_is_no_number_in_json_is_not_turned_into_null(value: float, text: bytes) -> None:
    assert codec.encode({"a": [None, value]}) == b'{"a":[null,' + text + b"]}"
    assert repr(codec.decode(text)) == repr(value)


def test_of_double_keys_the_last_wins() -> None:
    assert codec.decode(b'{"a":1,"a":2}') == codec.decode(b'{"a":1,"a":NaN,"a":2}') == {"a": 2}


def test_a_number_beyond_floats_is_infinite() -> None:
    assert codec.decode("1e400") == math.inf


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b'[1,\n{"a" 1}]', "line 2 column 6"),
        (b"", "line 1 column 1"),
        (b"[1,]", "char 3"),
        (b"\xef\xbb\xbf1", "BOM"),
        (b'"\xff"', "position 1"),
        ("[1] 2", "Extra data"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_not_json_is_refused_with_its_place(data: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        codec.decode(data)


def test_what_json_has_no_form_for_is_refused() -> None:
    with pytest.raises(TypeError):
        codec.encode(object())
