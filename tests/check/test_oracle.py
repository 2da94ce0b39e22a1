"""What the receiver says it stored, in whatever form it says it."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web

from emulators.check.oracle import OracleUnusable, Records, oracle_of, sources
from emulators.check.oracle.mentions import Mentions
from emulators.errors import EgressRefused, InvalidValue
from tests.support.receiver import free_port_url

ANN, BOB = "chkabc123x1p0z", "chkabc123x1p1z"
UUID_ID = "4b1f7c1e-9d43-4e0a-8a55-0d6a7f6f2f10"


def mail(token: str) -> str:
    return f"check+{token}@example.com"


def counted(answer: Any, pointer: str = "", *keys: str) -> list[int]:
    return list(Mentions(answer, pointer).count(keys or (ANN, BOB)).values())


async def count_of(records: Records | None, *keys: str) -> list[int]:
    assert records is not None
    return list((await records.count(keys or (ANN, BOB))).values())


@asynccontextmanager
async def serving(answer: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    server = web.Server(answer)
    listening = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/stored"
    finally:
        listening.close()
        await server.shutdown(timeout=0.1)


def saying(body: bytes | str, kind: str = "application/json", status: int = 200, **headers: str) -> Any:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        data = body.encode() if isinstance(body, str) else body
        return web.Response(status=status, body=data, headers={"Content-Type": kind, **headers})

    return answer


class Stored:
    """What a source says, in turn; the last for ever."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def read(self) -> Any:
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def everyone(counts: Mapping[str, int]) -> bool:
    return all(counts.values())


def nobody(counts: Mapping[str, int]) -> bool:
    return False


# -- what a record is


@pytest.mark.parametrize(
    ("answer", "ann", "bob"),
    [
        ([], 0, 0),
        ({"records": []}, 0, 0),
        ([{"email": mail(ANN)}, {"email": mail(ANN)}, {"email": mail(BOB)}], 2, 1),
        ({"total": 1, "data": {"page": 1, "rows": [{"who": {"email": mail(ANN)}}]}}, 1, 0),
        ([[1, mail(ANN)], [2, mail(BOB)], [3, mail(BOB)]], 1, 2),
        ([f"delivered {mail(ANN)}", f"opened {mail(ANN)}"], 2, 0),
        ({mail(ANN): {"status": "open"}, mail(BOB): "sent"}, 1, 1),
        ({mail(ANN): [{"status": "open"}, {"status": "sent"}], mail(BOB): []}, 2, 0),
        ({"17": {"email": mail(ANN)}, "18": {"email": mail(ANN)}, "19": {"email": mail(BOB)}}, 2, 1),
        ({"last": {"email": mail(ANN), "raw": {"email": mail(ANN)}}}, 1, 0),
        ({"email": mail(ANN), "note": f"{mail(ANN)} was here"}, 1, 0),
        (mail(ANN), 1, 0),
        (None, 0, 0),
    ],
)
def test_records_are_found_in_whatever_shape_the_answer_has(answer: Any, ann: int, bob: int) -> None:
    assert counted(answer) == [ann, bob]


def test_a_record_that_holds_an_identity_twice_is_one_record() -> None:
    raw = json.dumps([{"email": mail(ANN)}, {"email": mail(ANN)}])
    assert counted([{"email": mail(ANN), "raw": raw, "history": [mail(ANN)]}]) == [1, 0]


def test_capitals_do_not_matter() -> None:
    assert counted([{"email": mail(ANN).upper()}]) == [1, 0]
    assert counted([{"email": mail(ANN)}], "", ANN.upper()) == [1]


def test_lists_of_the_same_sort_side_by_side_add_up() -> None:
    event = {"email": mail(ANN), "kind": "open", "at": 1, "iid": "x"}
    assert counted({"open": [event], "delivered": [event | {"link": "y"}]}) == [2, 0]


def test_a_list_of_contacts_beside_one_of_events_is_no_duplicate() -> None:
    contact = {"id": 1, "email": mail(ANN), "name": "Ann"}
    event = {"kind": "open", "email": mail(ANN), "at": 1, "iid": "x"}
    assert counted({"contacts": [contact], "events": [event]}) == [1, 0]
    assert counted({"contacts": [contact], "events": [event, event]}) == [2, 0]


def test_an_identity_is_not_found_in_another_that_begins_like_it() -> None:
    assert counted([{"email": mail("chkabc123x1p10z")}], "", "chkabc123x1p1z", "chkabc123x1p10z") == [0, 1]


def test_an_address_that_was_cut_or_is_escaped_is_told_apart() -> None:
    assert counted([{"email": mail(ANN)[:15]}]) == [0, 0]
    assert counted([{"query": f"email=check%2B{ANN}%40example.com"}]) == [1, 0]
    assert counted([{"slug": f"check{ANN}atexample"}]) == [1, 0]


@pytest.mark.parametrize(
    ("stored", "found"),
    [
        (12345678, 1),
        ("12345678", 1),
        (12345678.0, 1),
        ("id=12345678;", 1),
        ("a\t12345678\n", 1),
        ({"iid": {"$oid": "12345678"}}, 1),
        (123456789, 0),
        (912345678, 0),
        (3.12345678, 0),
        (12345678.5, 0),
        ("ab12345678", 0),
        (True, 0),
    ],
)
def test_a_number_is_found_by_its_digits_and_not_within_others(stored: Any, found: int) -> None:
    assert counted([{"id": stored}], "", "12345678") == [found]


def test_a_number_that_lost_its_last_digits_is_another() -> None:
    assert counted([{"id": 9007199254740992}], "", "9007199254740993", "9007199254740992") == [0, 1]
    assert counted([{"id": 1.8446744073709552e19}], "", "18446744073709551615") == [0]


def test_an_id_of_several_words_is_found() -> None:
    records = [{"iid": UUID_ID.upper()}, {"raw": json.dumps({"iid": UUID_ID})}, {"iid": UUID_ID[:-1] + "1"}]
    assert counted(records, "", UUID_ID) == [2]
    assert counted([f"{UUID_ID}0", f"0{UUID_ID}"], "", UUID_ID) == [0]


def test_thousands_of_records_and_identities_are_counted_in_one_go() -> None:
    tokens = [f"chkabc123x{n}p0z" for n in range(750)]
    ids = [str(UUID(int=n * 7919 + (1 << 90))) for n in range(750)]
    records = [
        {"email": mail(tokens[n % 750]), "iid": ids[(n * 7) % 750], "raw": "x" * 200, "n": n}
        for n in range(10_000)
    ]
    counts = Mentions({"records": records}).count([*tokens, *ids])
    assert sum(counts.values()) == 20_000
    assert min(counts.values()) >= 13


# -- pointers


def test_a_key_pointer_says_exactly_where_the_identity_stands() -> None:
    records = [
        {"email": mail(ANN), "referrer": mail(BOB)},
        {"email": mail(BOB), "referrer": mail(ANN)},
        {"note": mail(ANN)},
    ]
    assert counted(records) == [3, 2]
    assert counted(records, "/email") == [1, 1]


def test_with_a_key_pointer_records_are_found_below_others() -> None:
    people = [{"name": mail(ANN), "events": [{"who": mail(ANN)}, {"who": mail(ANN)}]}]
    assert counted(people, "/who") == [2, 0]
    assert counted([["a", mail(ANN)], ["b", mail(ANN)]], "/1") == [2, 0]


@pytest.mark.asyncio
async def test_a_status_pointer_tells_the_state_of_a_record() -> None:
    records = oracle_of(
        function=lambda: [{"who": mail(ANN), "now": {"state": "open"}}],
        key_pointer="/who",
        status_pointer="/now/state",
    )
    assert records is not None
    (record,) = await records.find(ANN)
    assert records.status(record) == "open"
    assert records.key(record) == mail(ANN)


@pytest.mark.parametrize(
    ("answer", "place"),
    [
        ([{"id": 1, "mail": mail(ANN)}], "/mail"),
        ({"rows": [{"id": 1, "a/b": {"to": [{"is": mail(ANN)}]}}]}, "/a~1b/to/0/is"),
        ([[1, 2], [{"id": 1, "body": f'{{"email": "{mail(ANN)}"}}'}]], "/body"),
        ([{"id": mail(BOB), "mail": mail(ANN)}], ""),
        ([{"id": 1, "mail": "somebody@example.com"}], ""),
        ([{"id": 1, mail(ANN): 2}], ""),
    ],
)
def test_an_identity_that_stands_elsewhere_than_the_key_says_is_found(answer: Any, place: str) -> None:
    assert Mentions(answer, "/id").astray("abc123") == place
    assert Mentions(answer, "/id").astray("0dd0dd") == ""
    assert Mentions(answer).astray("abc123") == ""


@pytest.mark.asyncio
async def test_a_key_pointer_that_leads_nowhere_is_said_and_not_taken_for_loss() -> None:
    records = oracle_of(function=lambda: [{"mail": mail(ANN)}], key_pointer="/email")
    with pytest.raises(OracleUnusable, match=r"key pointer /email leads nowhere .* is there, at /mail$"):
        await count_of(records)
    assert await count_of(oracle_of(function=lambda: {"total": 0, "rows": []}, key_pointer="/email")) == [
        0,
        0,
    ]


# -- sources


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (json.dumps([{"email": mail(ANN)}, {"email": mail(ANN)}]), "application/json"),
        ("\ufeff" + json.dumps({"rows": [mail(ANN), mail(ANN)]}), "application/json"),
        (f'{{"email": "{mail(ANN)}"}}\n\n{{"email": "{mail(ANN)}"}}\n', "application/x-ndjson"),
        (f"id;email\n1;{mail(ANN)}\n2;{mail(ANN)}\n", "text/csv"),
        (f"[12:00] {mail(ANN)}\n[12:01] {mail(ANN)}", "text/plain"),
    ],
)
async def test_a_url_may_answer_with_json_json_lines_or_text(body: str, kind: str) -> None:
    async with serving(saying(body, kind)) as url:
        assert await count_of(oracle_of(url=url)) == [2, 0]


@pytest.mark.asyncio
async def test_a_url_and_its_headers_tell_the_oracle_which_run_it_is() -> None:
    asked: list[tuple[str, str]] = []

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        asked.append((request.path_qs, request.headers["X-Api-Key"]))
        return web.json_response([])

    async with serving(answer) as url:
        records = oracle_of(
            url=url + "?run={run}&since={since}&x={other}",
            headers=(("X-Api-Key", "s3cret"),),
            run="abc123",
            since="2026-08-30T12:00:00Z",
        )
        assert await count_of(records) == [0, 0]
    assert [key for _, key in asked] == ["s3cret"]
    assert asked[0][0].startswith("/stored?run=abc123&since=2026-08-30T12:00:00Z&x=")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (saying("no", status=503), "answered 503"),
        (saying("", status=302, Location="/login"), "answered 302"),
        (saying('[{"email": ', "application/json"), "not JSON"),
        (saying(b"\xff\xfe\x00", "application/octet-stream"), "neither JSON nor UTF-8 text"),
        (saying(b"a\0b", "text/plain"), "neither JSON nor text"),
        (saying("<html>login</html>", "text/html"), "is a login missing"),
    ],
)
async def test_a_url_that_cannot_be_read_says_why_and_keeps_secrets(answer: Any, why: str) -> None:
    async with serving(answer) as url:
        records = oracle_of(url=f"{url}?token=h1dden", headers=(("Authorization", "Bearer s3cret-value"),))
        with pytest.raises(OracleUnusable, match=why) as caught:
            await count_of(records)
    assert "/stored" in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert "h1dden" not in str(caught.value)


@pytest.mark.asyncio
async def test_what_is_no_http_is_said_without_the_secrets_that_it_repeats() -> None:
    async def repeat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(next(line for line in head.split(b"\r\n") if b"s3cret" in line) + b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(repeat, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        with pytest.raises(OracleUnusable) as caught:
            await count_of(oracle_of(url=url, headers=(("X-Mine", "s3cret-value"),)))
    assert "s3cret" not in str(caught.value)


@pytest.mark.asyncio
async def test_nobody_at_the_url_is_said() -> None:
    with pytest.raises(OracleUnusable, match="connection refused: nobody listens"):
        await count_of(oracle_of(url=free_port_url()))


@pytest.mark.asyncio
async def test_an_endless_answer_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MOST", 2**20)
    async with serving(saying("x" * (2**20 + 1), "text/plain")) as url:
        with pytest.raises(OracleUnusable, match="more than 1 MiB"):
            await count_of(oracle_of(url=url))


def test_an_oracle_elsewhere_must_be_allowed() -> None:
    with pytest.raises(EgressRefused, match=r"10\.0\.0\.1"):
        oracle_of(url="http://10.0.0.1/stored")
    assert oracle_of(url="http://10.0.0.1/stored", allow=["10.0.0.1"]) is not None


def command(program: str) -> list[str]:
    return [sys.executable, "-c", program]


@pytest.mark.asyncio
async def test_a_command_is_told_the_run_by_its_environment_and_is_given_to_no_shell() -> None:
    program = "import os, sys; print(os.environ['RUN'], os.environ['SINCE'], sys.argv[1])"
    told = oracle_of(command=[*command(program), "$HOME; echo *"], run="abc123", since="then")
    assert told is not None
    assert await told.find("abc123") == ["abc123 then $HOME; echo *"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("import sys; sys.exit('password=hunter22 refused')", "ended with exit code 1.* refused"),
        ("import os; os.kill(os.getpid(), 9)", "was ended by SIGKILL"),
        ("import sys; sys.stdout.buffer.write(bytes([255]))", "neither JSON nor UTF-8 text"),
    ],
)
async def test_a_command_that_fails_says_why(program: str, why: str) -> None:
    with pytest.raises(OracleUnusable, match=why) as caught:
        await count_of(oracle_of(command=command(program)))
    assert "hunter22" not in str(caught.value)


@pytest.mark.asyncio
async def test_a_command_that_does_not_exist_or_end_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OracleUnusable, match="cannot be started: No such file"):
        await count_of(oracle_of(command=["/no/such/command"]))
    monkeypatch.setattr(sources, "PATIENCE", 0.2)
    with pytest.raises(OracleUnusable, match=r"did not end within 0\.2 s"):
        await count_of(oracle_of(command=command("import threading; threading.Event().wait()")))


@pytest.mark.asyncio
async def test_a_command_that_says_too_much_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MOST", 2**20)
    with pytest.raises(OracleUnusable, match="said more than 1 MiB"):
        await count_of(oracle_of(command=command("while True: print('x' * 1000)")))


@pytest.mark.asyncio
async def test_a_file_is_read_as_it_is_now(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    records = oracle_of(file=path)
    assert await count_of(records) == [0, 0]
    path.write_text(f'{{"email": "{mail(ANN)}"}}\n')
    assert await count_of(records) == [1, 0]
    # The app is in the middle of a line.
    path.write_text(f'{{"email": "{mail(ANN)}"}}\n{{"email": "{mail(BOB)}", ')
    assert await count_of(records) == [1, 0]


@pytest.mark.asyncio
async def test_a_file_that_cannot_be_one_is_said(tmp_path: Path) -> None:
    with pytest.raises(OracleUnusable, match="no such folder"):
        await count_of(oracle_of(file=tmp_path / "typo" / "events.jsonl"))
    with pytest.raises(OracleUnusable, match="Is a directory"):
        await count_of(oracle_of(file=tmp_path))
    (tmp_path / "events.json").write_text('[{"email": ')
    with pytest.raises(OracleUnusable, match="not JSON"):
        await count_of(oracle_of(file=tmp_path / "events.json"))


@dataclass
class Row:
    email: str
    at: datetime
    amount: Decimal
    id: UUID


class Model:
    def __init__(self, email: str) -> None:
        self.email = email
        self._state = "loaded"

    def __str__(self) -> str:
        return "Model object (1)"


@pytest.mark.asyncio
async def test_a_function_may_return_its_own_rows_and_models() -> None:
    row = Row(mail(ANN), datetime(2026, 8, 30, tzinfo=UTC), Decimal("1.50"), UUID(UUID_ID))
    records = oracle_of(function=lambda: (each for each in [row, Model(mail(ANN)), Model(mail(BOB))]))
    assert await count_of(records, ANN, BOB, UUID_ID) == [2, 1, 1]
    assert records is not None
    assert await records.find(BOB) == [{"email": mail(BOB)}]
    assert await records.find(UUID_ID) == [
        {"email": mail(ANN), "at": "2026-08-30 00:00:00+00:00", "amount": "1.50", "id": UUID_ID}
    ]


@pytest.mark.asyncio
async def test_a_function_may_return_the_rows_of_a_database() -> None:
    def stored() -> Any:
        database = sqlite3.connect(":memory:")
        database.row_factory = sqlite3.Row
        try:
            return database.execute("SELECT ? AS email, 1 AS n", [mail(ANN)]).fetchall()
        finally:
            database.close()

    records = oracle_of(function=stored)
    assert records is not None
    assert await records.find(ANN) == [{"email": mail(ANN), "n": 1}]


@pytest.mark.asyncio
async def test_a_function_may_be_async_and_ask_for_the_run() -> None:
    async def stored(run: str) -> list[str]:
        return [f"{run} {mail(ANN)}"]

    records = oracle_of(function=stored, run="abc123")
    assert records is not None
    assert await records.find(ANN) == [f"abc123 {mail(ANN)}"]


@pytest.mark.asyncio
async def test_a_function_is_imported_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_oracle_module.py").write_text(f"class App:\n  def stored(): return [{mail(ANN)!r}]\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert await count_of(oracle_of(function="my_oracle_module:App.stored")) == [1, 0]
    with pytest.raises(OracleUnusable, match="AttributeError"):
        oracle_of(function="my_oracle_module:missing")
    with pytest.raises(OracleUnusable, match="ModuleNotFoundError"):
        oracle_of(function="no_such_module_at_all:stored")
    with pytest.raises(InvalidValue, match="expected module:function"):
        oracle_of(function="my_oracle_module")


@pytest.mark.asyncio
async def test_a_function_that_fails_or_forgets_to_return_is_said() -> None:
    def broken() -> Any:
        raise ConnectionError("no database at postgres://app:hunter22@db/app")

    with pytest.raises(OracleUnusable, match="broken: ConnectionError: no database") as caught:
        await count_of(oracle_of(function=broken))
    assert "hunter22" not in str(caught.value)
    with pytest.raises(OracleUnusable, match="returned nothing"):
        await count_of(oracle_of(function=lambda: None))


def test_there_is_one_oracle_or_none() -> None:
    assert oracle_of() is None
    with pytest.raises(InvalidValue, match="expected one of"):
        oracle_of(url="http://127.0.0.1/", file="x")
    with pytest.raises(InvalidValue, match="expected a JSON pointer"):
        oracle_of(file="x", key_pointer="email")
    with pytest.raises(InvalidValue, match="expected a list of words"):
        oracle_of(command="cat events.jsonl")


# -- coming to rest


@pytest.mark.asyncio
async def test_what_is_enough_is_not_waited_for() -> None:
    source = Stored([mail(ANN)])
    records = Records(source)
    assert await records.settle([ANN], everyone) == ({ANN: 1}, True)
    assert source.asked == 1
    assert len(records.visible_after) == 1


@pytest.mark.asyncio
async def test_what_comes_late_is_waited_for() -> None:
    source = Stored([], [], [mail(ANN)], [mail(ANN), mail(BOB)])
    records = Records(source)
    assert await records.settle([ANN, BOB], everyone, quiet=60, longest=60) == ({ANN: 1, BOB: 1}, True)
    assert source.asked == 4


@pytest.mark.asyncio
async def test_what_does_not_come_is_missing_once_nothing_moves() -> None:
    records = Records(Stored([mail(ANN)]))
    assert await records.settle([ANN, BOB], everyone, quiet=0.05) == ({ANN: 1, BOB: 0}, True)
    assert records.visible_after == []


@pytest.mark.asyncio
async def test_a_store_that_keeps_moving_has_not_settled() -> None:
    class Busy(Stored):
        async def read(self) -> Any:
            self.asked += 1
            return [mail(f"chkabc123x9p{n}z") for n in range(self.asked)]

    counts, settled = await Records(Busy()).settle([ANN], everyone, quiet=0.05, longest=0.5)
    assert (counts, settled) == ({ANN: 0}, False)


@pytest.mark.asyncio
async def test_an_oracle_that_tells_the_time_still_comes_to_rest() -> None:
    class Clock(Stored):
        async def read(self) -> Any:
            self.asked += 1
            return {"asked": self.asked, "rows": [mail(ANN)]}

    assert await Records(Clock()).settle([ANN], nobody, quiet=0.05, longest=60) == ({ANN: 1}, True)


@pytest.mark.asyncio
async def test_an_oracle_that_restarts_is_asked_again_and_one_that_is_gone_is_said() -> None:
    source = Stored(OracleUnusable("restarting"), [mail(ANN)])
    assert await Records(source).settle([ANN], everyone, quiet=60) == ({ANN: 1}, True)
    with pytest.raises(OracleUnusable, match="gone"):
        await Records(Stored(OracleUnusable("gone"))).settle([ANN], everyone, quiet=0.05)


@pytest.mark.asyncio
async def test_those_who_wait_at_once_share_an_answer_that_is_newer_than_their_question() -> None:
    class Slow(Stored):
        async def read(self) -> Any:
            self.asked += 1
            number = self.asked
            await let_go.wait()
            return [mail(ANN)] * number

    let_go, source = asyncio.Event(), Slow()
    records = Records(source)
    first = asyncio.create_task(records.count([ANN]))
    await asyncio.sleep(0)
    later = [asyncio.create_task(records.count([ANN])) for _ in range(5)]
    await asyncio.sleep(0)
    let_go.set()
    assert await first == {ANN: 1}
    assert await asyncio.gather(*later) == [{ANN: 2}] * 5
    assert source.asked == 2


@pytest.mark.asyncio
async def test_all_that_a_run_planted_is_told_also_what_nobody_asks_for() -> None:
    other = "chkffffffx1p0z"
    records = Records(Stored([{"e": mail(ANN)}, {"e": mail(BOB)}, {"e": mail(other)}, {"id": 12345678}]))
    await records.read()
    found = records.accounts([ANN, "12345678"], "abc123")
    assert {key: len(each) for key, each in found.items()} == {ANN: 1, BOB: 1, "12345678": 1}
