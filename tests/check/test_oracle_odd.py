"""What a receiver that keeps bodies as they came may have stored, and what it costs to look at much of it."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from emulators.check.oracle import OracleUnusable, Records, mentions, oracle_of
from emulators.check.oracle import answer as answers
from emulators.check.oracle.answer import DEEPEST, Reader, decoded, plain, renewed
from emulators.check.reports import facts
from emulators.engine import codec
from tests.check.reported import whole_run

ANN, BOB = "chkabc123x1p0z", "chkabc123x1p1z"
GOOD = json.dumps({"email": f"check+{ANN}@example.com", "id": 12345678})
DEEP = '{"a":' * 20_000 + "1" + "}" * 20_000
BURIED = f'{{"email": "{BOB}", "deep": {"[" * 600}"{ANN}"{"]" * 600}, "after": "99887766"}}'


def deepest(value: Any) -> int:
    level, depth = [value], 0
    while level := [node for node in level if isinstance(node, dict | list)]:
        level = [item for node in level for item in (node.values() if isinstance(node, dict) else node)]
        depth += 1
    return depth


async def all_of(records: Records | None) -> dict[str, int]:
    """All that a run does with an answer."""
    assert records is not None
    counts = await records.count([ANN, BOB, "12345678", "99887766"])
    for found in records.accounts([ANN, "12345678"], "abc123").values():
        assert max(map(deepest, found), default=0) <= DEEPEST
    codec.encode((await records.read()).answer)
    records.sketch.encode()
    assert records.held >= 0
    return counts


class Bytes:
    """What a source read, in turn."""

    remark = ""

    def __init__(self, *bodies: bytes, **said: bool) -> None:
        self._bodies, self._said, self._reader = list(bodies), said, Reader()

    async def read(self) -> Any:
        body = self._bodies.pop(0) if len(self._bodies) > 1 else self._bodies[0]
        try:
            return self._reader.understood(body, **self._said)
        except ValueError as error:
            raise OracleUnusable(str(error)) from None


@asynccontextmanager
async def serving(answer: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    server = web.Server(answer)
    listening = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/stored"
    finally:
        listening.close()
        await server.shutdown(timeout=0.1)


def saying(body: str, status: int = 200, kind: str = "application/json", **headers: str) -> Any:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(status=status, body=body.encode(), headers={"Content-Type": kind, **headers})

    return answer


# -- hostile bodies that were kept


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["stored.jsonl", "stored.json"])
@pytest.mark.parametrize("first", [GOOD, DEEP])
async def test_bodies_nested_without_end_are_read_from_a_file(tmp_path: Path, name: str, first: str) -> None:
    (tmp_path / name).write_text(f"{first}\n{GOOD}\n{DEEP}\n{BURIED}\n")
    counts = await all_of(oracle_of(file=tmp_path / name))
    assert counts == {ANN: 1 + (first == GOOD), BOB: 1, "12345678": 1 + (first == GOOD), "99887766": 1}


@pytest.mark.asyncio
async def test_bodies_nested_without_end_are_read_from_a_url_a_command_and_a_function(tmp_path: Path) -> None:
    body = f"[{GOOD}, {DEEP}, {BURIED}]"
    expected = {ANN: 1, BOB: 1, "12345678": 1, "99887766": 1}
    async with serving(saying(body)) as url:
        assert await all_of(oracle_of(url=url)) == expected
    path = tmp_path / "stored"
    path.write_text(body)
    shown = [sys.executable, "-c", "import sys; print(open(sys.argv[1]).read())", str(path)]
    assert await all_of(oracle_of(command=shown)) == expected
    assert await all_of(oracle_of(function=lambda: body)) == expected

    def nested() -> Any:
        value: Any = 1
        for _ in range(5000):
            value = [value]
        return [json.loads(GOOD), {"email": BOB, "deep": value, "after": 99887766}]

    assert await all_of(oracle_of(function=nested)) == expected


@pytest.mark.asyncio
async def test_an_object_of_python_that_holds_itself_is_said() -> None:
    def itself() -> Any:
        value: dict[str, Any] = {}
        return [value | {"value": value}] if value.update(value=value) else [value]

    with pytest.raises(OracleUnusable, match="dict holds itself; return rows"):
        await all_of(oracle_of(function=itself))
    twice = {"email": ANN}
    assert plain([twice, twice]) == [twice, twice]


def test_what_is_nested_too_deeply_is_null_and_the_rest_is_there() -> None:
    value = decoded('{"a": ' + "[" * 200 + '"]", {"\\"[": 2}' + "]" * 200 + ', "b": "[\\\\"}')
    assert deepest(value) == DEEPEST
    assert value["b"] == "[\\"
    value = decoded("[" * 3000 + '"]\\"[' + '"' + "]" * 2999 + ', "last"]')
    assert deepest(value) == DEEPEST
    assert value[-1] == "last"
    inner = value
    for _ in range(DEEPEST - 1):
        inner = inner[0]
    assert inner == [None]


def test_a_number_that_is_too_long_is_text() -> None:
    digits = "7" * 5000
    assert decoded(f'{{"n": {digits}, "m": [-{digits}, {digits[:4300]}]}}') == {
        "n": digits,
        "m": [f"-{digits}", int(digits[:4300])],
    }


@pytest.mark.asyncio
async def test_the_beginning_of_an_answer_can_be_printed() -> None:
    records = oracle_of(function=lambda: ["\ud83d \N{PILE OF POO}", "x" * 200])
    assert records is not None
    await records.read()
    assert records.sketch.startswith('["\\ud83d \N{PILE OF POO}", "xxx')
    assert records.sketch.endswith("xxx...")
    records.sketch.encode()


@pytest.mark.parametrize("text", ["[" * 3000, "[" * 3000 + "]" * 2999, '"' + '\\"' * 10_000 + "[" * 2000])
def test_what_is_not_closed_is_no_json(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        decoded(text)


@pytest.mark.asyncio
async def test_numbers_and_texts_that_no_store_should_hold_are_read(tmp_path: Path) -> None:
    path = tmp_path / "stored.jsonl"
    odd = [
        '{"n": ' + "7" * 5000 + "}",
        '{"n": -' + "7" * 5000 + "}",
        '{"n": NaN, "m": [Infinity, -Infinity, 1e999, null]}',
        '{"s": "\\ud83d", "t": "\u2028\x85"}',
        '{"raw": "' + "x" * 10_000_000 + '"}',
        '{"',
        "not json",
    ]
    path.write_text("\n".join([GOOD, *odd, GOOD]) + "\n", "utf-8")
    records = oracle_of(file=path, key_pointer="/email", status_pointer="/id")
    assert records is not None
    assert await all_of(records) == {ANN: 2, BOB: 0, "12345678": 0, "99887766": 0}
    assert [records.status(record) for record in await records.find(ANN)] == [12345678, 12345678]
    assert records.held == 9
    records = oracle_of(function=lambda: [{"email": ANN, "n": 10**5000, "s": "\ud83d"}])
    assert (await all_of(records))[ANN] == 1
    records = oracle_of(function=lambda: f"{ANN} \ud83d \0")
    assert (await all_of(records))[ANN] == 1


@pytest.mark.asyncio
async def test_other_ends_of_lines_in_a_text_are_no_end_of_a_record(tmp_path: Path) -> None:
    path = tmp_path / "stored.jsonl"
    path.write_text(f'{{"email": "{ANN}", "note": "a\u2028b\x85{ANN}"}}\r\n', "utf-8")
    assert (await all_of(oracle_of(file=path)))[ANN] == 1


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=9)
    | st.sampled_from([ANN, BOB, 12345678]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["email", "a", ANN]), inner, max_size=3)
    ),
    max_leaves=9,
)
pieces = (
    values.map(lambda value: json.dumps(value).encode())
    | values.map(lambda value: json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    | st.binary(max_size=20)
    | st.sampled_from([b"\n", b"\r\n", b"\n\n", b"\0", b"\xef\xbb\xbf", b'"', b"\\", b"{", b"]", b"9" * 5000])
    | st.tuples(st.sampled_from([b"[", b'{"a":', b'"[']), st.sampled_from([99, 101, 500, 950, 3000])).map(
        lambda part: part[0] * part[1]
    )
    | st.sampled_from([b"]" * 500, b"}" * 3000, b"]}"])
    | st.sampled_from([99, 101, 700, 3000]).map(lambda n: b"[" * n + b"]" * n)
)
bodies = st.lists(pieces, max_size=6).map(b"".join) | st.lists(pieces, max_size=6).map(b"\n".join)


@settings(max_examples=250, deadline=None)
@given(
    st.lists(bodies, min_size=1, max_size=3), st.booleans(), st.booleans(), st.sampled_from(["", "/email"])
)
def test_whatever_is_stored_is_read_or_said_to_be_unreadable(
    stored: list[bytes], strictly: bool, kept: bool, pointer: str
) -> None:
    async def looks() -> None:
        for body in stored:
            # Each body is added to those before, as an append-only store grows.
            whole.append(body)
            records = Records(Bytes(b"\n".join(whole), strictly=strictly, kept=kept), pointer)
            try:
                await all_of(records)
            except OracleUnusable as error:
                str(error).encode()

    whole: list[bytes] = []
    asyncio.run(looks())


objects = st.recursive(
    values
    | st.binary(max_size=9)
    | st.just(5000).map(lambda digits: 10**digits)
    | st.dates()
    | st.decimals()
    | st.complex_numbers(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.integers() | st.text(max_size=2), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=100, deadline=None)
@given(objects, st.integers(0, 300))
def test_whatever_a_function_returns_is_read_or_said_to_be_unreadable(stored: Any, depth: int) -> None:
    for _ in range(depth):
        stored = [stored]
    try:
        asyncio.run(all_of(oracle_of(function=lambda: stored)))
    except OracleUnusable as error:
        str(error).encode()


# -- what was known is not looked at again


def events(*numbers: int) -> list[dict[str, Any]]:
    return [
        {"email": f"check+chkabc123x{n}p0z@example.com", "id": 10**8 + n, "by": {"n": n}} for n in numbers
    ]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 5), max_size=6), min_size=1, max_size=5),
    st.sampled_from(["json", "lines", "torn", "envelope", "text"]),
)
def test_an_answer_is_understood_as_if_it_were_the_first(looks: list[list[int]], form: str) -> None:
    def body(numbers: list[int]) -> bytes:
        records = events(*numbers)
        if form in ("json", "envelope"):
            return codec.encode(records if form == "json" else {"total": len(records), "rows": records})
        if form == "text":
            return "\n".join(
                f"at {number} {record['email']}" for number, record in enumerate(records)
            ).encode()
        lines = b"".join(codec.encode(record) + b"\n" for record in records)
        return lines[: -numbers[-1]] if form == "torn" and numbers and numbers[-1] else lines

    async def compared() -> None:
        stored = [body(numbers) for numbers in looks]
        records = Records(Bytes(*stored))
        for each in stored:
            found, fresh = await records.read(), await Records(Bytes(each)).read()
            assert found.answer == fresh.answer
            assert found.tokens == fresh.tokens
            assert found.of(["100000001", "100000002"]) == fresh.of(["100000001", "100000002"])

    asyncio.run(compared())


@pytest.mark.parametrize("form", ["json", "lines"])
def test_what_is_added_to_a_store_is_searched_alone(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[Any] = []
    text = mentions._text
    monkeypatch.setattr(mentions, "_text", lambda value: searched.append(value) or text(value))

    def body(numbers: list[int]) -> bytes:
        records = events(*numbers)
        return codec.encode(records) if form == "json" else b"\n".join(map(codec.encode, records)) + b"\n"

    async def searches(*looks: list[int]) -> list[list[int]]:
        records, told = Records(Bytes(*map(body, looks))), []
        for _ in looks:
            searched.clear()
            await records.read()
            told.append([each["by"]["n"] for each in searched])
        return told

    # Added at the end, the same again, changed in place, gone.
    looks = ([1, 2], [1, 2, 3], [1, 2, 3], [1, 4, 3], [1, 4])
    assert asyncio.run(searches(*looks)) == [[1, 2], [3], [], [4], []]
    # The newest first, and the oldest given up.
    assert asyncio.run(searches([2, 1], [3, 2, 1], [2, 1])) == [[2, 1], [3], []]


def test_of_lines_that_were_added_to_the_new_ones_alone_are_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    decode = codec.decode
    monkeypatch.setattr(answers.codec, "decode", lambda text: read.append(text) or decode(text))
    reader, lines = Reader(), [codec.encode(event).decode() for event in events(1, 2, 3)]
    first = reader.understood("\n".join(lines[:2]).encode() + b"\n")
    read.clear()
    second = reader.understood("\n".join(lines).encode() + b"\n")
    assert read == [lines[2]]
    assert second == events(1, 2, 3)
    assert second[0] is first[0]
    read.clear()
    assert reader.understood("\n".join(lines).encode() + b"\n") is second
    assert read == []
    document = codec.encode(second)
    again = reader.understood(document)
    read.clear()
    assert reader.understood(document) is again
    assert read == []


def test_one_answer_is_asked_for_one_id_after_the_other() -> None:
    answer = mentions.Mentions(events(1, 2))
    for key in ("100000001", "100000002", "100000003", ANN, "100000001"):
        assert answer.count([key]) == mentions.Mentions(events(1, 2)).count([key])
    assert answer.count(["100000001", "100000002"]) == {"100000001": 1, "100000002": 1}


def test_a_document_that_was_not_whole_before_is_one_value() -> None:
    reader = Reader()
    text = json.dumps([{}, {"email": ANN}], indent=1).encode()
    for end in range(1, len(text)):
        reader.understood(text[:end])
    assert reader.understood(text) == [{}, {"email": ANN}]


def test_what_is_not_a_number_never_equals_what_was_known() -> None:
    last = renewed([{"n": float("nan")}, {"n": 1}])
    again = renewed([{"n": float("nan")}, {"n": 1}], last)
    assert again[0] is not last[0]
    assert again[1] is last[1]


@pytest.mark.asyncio
async def test_how_much_it_holds_and_how_long_a_look_takes_is_known() -> None:
    records = oracle_of(function=lambda: {"total": 3, "page": {"rows": events(1, 2, 3)}, "names": [1]})
    assert records is not None
    assert records.look == 0.0
    for _ in range(3):
        await records.read()
    assert records.held == 3
    assert len(records.looks) == 3
    assert records.look == sorted(records.looks)[1] > 0


@pytest.mark.asyncio
async def test_what_was_shown_once_is_remembered() -> None:
    records = Records(Bytes(codec.encode(events(1)), b"[]"))
    await records.settle(["100000001"], lambda counts: True)
    await records.read()
    assert records.has_shown("chkabc123x1p0z")
    assert records.has_shown("100000001")
    assert not records.has_shown("chkabc123x2p0z")


# -- what is said of an oracle that shows nothing


@pytest.mark.asyncio
async def test_a_file_that_does_not_exist_is_said_and_may_still_come(tmp_path: Path) -> None:
    records = oracle_of(file=tmp_path / "nofile.json")
    assert records is not None
    await records.read()
    assert records.sketch == f"the file {tmp_path / 'nofile.json'} does not exist"
    (tmp_path / "nofile.json").write_text("[]")
    await records.read()
    assert records.sketch == "[]"


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (saying("", 401), "answered 401; give credentials by --oracle-header"),
        (saying("", 403), "answered 403; give credentials by --oracle-header"),
        (saying("", 404), r"answered 404; is the path right\?"),
        (
            saying("", 302, Location="/login?token=h1dden"),
            "answered 302: it leads to /login.*, and redirects are not followed",
        ),
        (
            saying("no database\n at all " + "x" * 999, 500),
            "answered 500 and says: no database at all x{1,200}$",
        ),
        (saying("", 502), "answered 502 and says nothing"),
    ],
)
async def test_a_url_that_answers_no_success_says_what_to_do(answer: Any, why: str) -> None:
    async with serving(answer) as url:
        with pytest.raises(OracleUnusable, match=why) as caught:
            await all_of(oracle_of(url=url))
    assert "h1dden" not in str(caught.value)


@pytest.mark.asyncio
async def test_a_command_that_fails_says_its_exit_code_and_its_last_line() -> None:
    program = (
        "import sys; print('[]'); print('Trace' + 'back', file=sys.stderr); sys.exit('no such table: events')"
    )
    with pytest.raises(
        OracleUnusable, match=r"exit code 1; the last that it said: no such table: events$"
    ) as told:
        await all_of(oracle_of(command=[sys.executable, "-c", program]))
    assert "Traceback" not in str(told.value)
    with pytest.raises(OracleUnusable, match=r"exit code 3; it said nothing on its standard error$"):
        await all_of(oracle_of(command=[sys.executable, "-c", "import sys; sys.exit(3)"]))


@pytest.mark.asyncio
async def test_what_a_function_returns_may_be_changed_by_it_afterwards() -> None:
    stored = [{"email": ANN}]
    records = oracle_of(function=lambda: stored)
    assert (await all_of(records))[ANN] == 1
    stored[0]["email"] = BOB
    assert (await all_of(records))[BOB] == 1
    thread = threading.Thread(target=stored.append, args=({"email": BOB},))
    thread.start()
    thread.join()
    assert (await all_of(records))[BOB] == 2


# -- what is told of it


def test_what_is_stored_without_an_acknowledgement_alarms_nobody() -> None:
    run = replace(whole_run(), facts={"stored without an acknowledgement": 243})
    ((name, value),) = facts.told(run)
    assert "which is right" in name
    assert value.startswith("243; ")
    assert "stored once" in value
    assert facts.told(replace(run, facts={"stored without an acknowledgement": 0}))[0][1] == "none"


def test_an_oracle_that_costs_the_run_its_time_is_told_with_what_to_do() -> None:
    run = replace(whole_run(), facts={"slow oracle": {"records": 10432, "seconds": 0.12}})
    ((name, value),) = facts.told(run)
    assert name == "the oracle is slow"
    assert value.startswith(
        "it shows 10,432 records and takes 120 ms a look; a run takes some 600 looks: empty"
    )
    assert "(--reset-cmd)" in value
    assert "older than {since}" in value
