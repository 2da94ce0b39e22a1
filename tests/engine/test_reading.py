"""The body of a call as the vendor reads it, in every content type that vendors take."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.engine.provider import Call
from emulators.engine.reading import Unreadable, expand, read

FORM = "application/x-www-form-urlencoded"


def called(body: bytes, content_type: str = "", method: str = "POST", **query: str) -> Call:
    return Call(method, "/", tuple(query.items()), (("content-type", content_type),), body)


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", "", "text/plain"]
)
def test_json_is_read_under_any_name(content_type: str) -> None:
    assert read(called(b' {"a": [1, null]} ', content_type)) == {"a": [1, None]}


def test_json_may_be_wide_and_rather_deep() -> None:
    assert read(called(b"[" + b"[]," * 1000 + b"[]]")) == [[]] * 1001
    assert len(json.dumps(read(called(b"[" * 64 + b"]" * 64)))) == 128


def test_json_that_is_sent_as_a_form_is_json() -> None:
    assert read(called(b'{"a": 1}', FORM)) == {"a": 1}


def test_a_form_is_an_object_of_texts() -> None:
    assert read(called(b"email=a%40b.c&phone=%2B380&empty=&var+1=x+y", FORM)) == {
        "email": "a@b.c",
        "phone": "+380",
        "empty": "",
        "var 1": "x y",
    }


def test_a_multipart_form_keeps_a_plus_and_any_letter() -> None:
    body = (
        '--x\r\nContent-Disposition: form-data; name="phone"\r\n\r\n+380\r\n'
        '--x\r\nContent-Disposition: form-data; name="products[0][name]"\r\n\r\nтест\r\n'
        '--x\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n'
        "Content-Type: text/plain\r\n\r\ntwo\r\nlines\r\n--x--\r\n"
    ).encode()
    assert read(called(body, "multipart/form-data; boundary=x")) == {
        "phone": "+380",
        "products": [{"name": "тест"}],
        "f": "two\r\nlines",
    }


def test_a_get_is_read_from_its_query_whatever_its_body() -> None:
    call = Call("GET", "/", (("ids", "a"), ("ids", "b"), ("n", "1")), (), b"[]")
    assert read(call) == {"ids": ["a", "b"], "n": "1"}


def test_a_delete_is_read_from_its_body_or_else_from_its_query() -> None:
    assert read(called(b'{"emails": []}', method="DELETE", erase="true")) == {"emails": []}
    assert read(called(b"", method="DELETE", erase="true")) == {"erase": "true"}


def test_nothing_is_nothing() -> None:
    assert read(called(b" \n")) is None


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"{", "application/json"),
        (b"\xff\xfe", ""),
        (b"x", "multipart/form-data; boundary=y"),
        (b"x", "multipart/form-data"),
        (b"[" * 100_000, "application/json"),
        (b"[" * 66 + b"]" * 66, "application/json"),
        (b'{"a":' * 300 + b"1" + b"}" * 300, "application/json"),
    ],
)
def test_what_is_not_what_it_says_is_unreadable(body: bytes, content_type: str) -> None:
    with pytest.raises(Unreadable):
        read(called(body, content_type))


@pytest.mark.parametrize(
    ("pairs", "data"),
    [
        ([("a[b][c]", "1")], {"a": {"b": {"c": "1"}}}),
        ([("a[]", "1"), ("a[]", "2")], {"a": ["1", "2"]}),
        ([("a[0][x]", "1"), ("a[1][x]", "2")], {"a": [{"x": "1"}, {"x": "2"}]}),
        ([("a[1]", "1")], {"a": {"1": "1"}}),
        ([("a[5]", "x"), ("a[]", "y")], {"a": {"5": "x", "6": "y"}}),
        ([("a", "1"), ("a[b]", "2")], {"a": {"b": "2"}}),
        ([("a", "1"), ("a", "2")], {"a": "2"}),
        ([("a[", "1"), ("[b]", "2"), ("", "3")], {"a[": "1", "[b]": "2", "": "3"}),
        ([("a" + "[x]" * 70, "1")], {"a" + "[x]" * 70: "1"}),
    ],
)
def test_brackets_are_read_as_php_reads_them(pairs: list[tuple[str, str]], data: object) -> None:
    assert expand(pairs) == data


VALUES = st.recursive(
    st.text(max_size=5),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3)
        | st.dictionaries(st.text("abc", min_size=1, max_size=3), inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), VALUES, max_size=4))
def test_a_form_says_the_same_as_the_json_it_was_made_of(data: dict[str, object]) -> None:
    def pairs(value: object, name: str) -> list[tuple[str, str]]:
        if isinstance(value, dict):
            return [pair for key, item in value.items() for pair in pairs(item, f"{name}[{key}]")]
        if isinstance(value, list):
            return [pair for n, item in enumerate(value) for pair in pairs(item, f"{name}[{n}]")]
        return [(name, str(value))]

    flat = [pair for name, value in data.items() for pair in pairs(value, name)]
    assert read(called(urlencode(flat).encode(), FORM)) == (data or None)
    assert json.loads(json.dumps(expand(flat))) == data


def test_long_forms_and_deep_ones_are_read_in_one_go() -> None:
    """A form of a hundred thousand fields is no reason to stand still; nor is one form within another."""
    body = b"&".join([b"a[]=1"] * 100_000)
    assert len(read(called(body, FORM))["a"]) == 100_000
    inner = b"".join(
        b"--x\r\nContent-Type: multipart/form-data; boundary=x%d\r\n\r\n--x%d\r\n" % (n, n)
        for n in range(2000)
    )
    with pytest.raises(Unreadable):
        read(called(b"--y\r\n" + inner, "multipart/form-data; boundary=z"))
