"""A call is authenticated, read, checked against the documents and handled; what is wrong is explained."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from emulators.engine.profile import Problem
from emulators.engine.provider import Account, Call, Refused, Reply, Route, json_reply
from tests.support.acme import PROFILE, PROVIDER, Anything, acme


class Documents(Anything):
    """Requests to `note` are objects with a text; its answers say `ok`; refusals say `error`."""

    def valid(self, schema: str, instance: Any) -> bool:
        if schema == "note.request":
            return isinstance(instance, dict) and isinstance(instance.get("text"), str)
        wanted = {"note.response": "ok", "errors.response": "error"}.get(schema)
        return wanted is None or (isinstance(instance, dict) and wanted in instance)

    def explain(self, schema: str, instance: Any) -> tuple[Problem, ...]:
        if self.valid(schema, instance):
            return ()
        return (Problem("/text", "a string", "nothing", "documented: Acme", "required"),)

    def example(self, schema: str) -> Any:
        return {"text": "hello"} if schema == "note.request" else None


def guard(account: Account, call: Call) -> None:
    if call.header("authorization") != "key":
        raise Refused(json_reply(401, {"error": "who?"}, Problem("", "the key", "none")))


def note(account: Account, call: Call) -> Reply:
    account.table("notes").put(str(account.number("note")), call.data)
    if call.data == {"text": "no"}:
        raise Refused(json_reply(409, {"error": "no"}))
    if call.data == {"text": "wrong"}:
        return json_reply(200, {"wrong": True})
    if call.data == {"text": "wrong error"}:
        return json_reply(404, {})
    return json_reply(200, {"ok": account.number("note")})


def refuse(account: Account, call: Call, problems: tuple[Problem, ...]) -> Reply | None:
    return None if call.data == {"text": 7} else json_reply(422, {"error": str(problems[0])})


def notes(**changes: Any) -> Any:
    route = Route("note", "POST", "/notes/{shelf}", note, guard=guard, refuse=refuse)
    provider = replace(PROVIDER, routes=(replace(route, **changes),), cors="origin")
    emulator = acme(provider=provider, contract=Documents(), profile=PROFILE)
    emulator.options["origin"] = ""
    return emulator


def post(emulator: Any, body: Any, *headers: tuple[str, str]) -> Any:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return emulator.answer(
        Call("POST", "/notes/top", headers=(("authorization", "key"), *headers), body=text)
    )


def test_a_good_call_is_handled_with_its_data() -> None:
    emulator = notes()
    exchange = post(emulator, {"text": "tea"})
    assert (exchange.status, exchange.problems, exchange.taken) == (200, (), True)
    assert exchange.body == {"text": "tea"}
    assert exchange.call.params == {"shelf": "top"}
    assert emulator.account.tables["notes"] == {"1": {"text": "tea"}}


def test_who_may_not_is_refused_before_anything_is_read() -> None:
    emulator = notes()
    exchange = emulator.answer(Call("POST", "/notes/top", body=b"{"))
    assert (exchange.status, exchange.problems[0].expected) == (401, "the key")


def test_a_call_that_breaks_the_documents_is_refused_as_the_vendor_says_and_explained() -> None:
    emulator = notes()
    exchange = post(emulator, {"txt": "tea"})
    assert exchange.status == 422
    assert exchange.problems == (Problem("/text", "a string", "nothing", "documented: Acme", "required"),)
    assert exchange.nearest == 'POST /notes/{shelf} {"text":"hello"}'
    assert not emulator.account.tables.get("notes")


def test_a_body_that_cannot_be_read_is_a_problem_like_others() -> None:
    exchange = post(notes(), b"{")
    assert exchange.status == 422
    assert exchange.problems[0].rule == "unreadable"
    assert exchange.body == b"{"


def test_what_the_vendor_takes_all_the_same_is_noted() -> None:
    emulator = notes()
    exchange = post(emulator, {"text": 7})
    assert (exchange.status, exchange.taken) == (200, True)
    assert exchange.problems[0].pointer == "/text"
    assert "noted: /text: expected a string, got nothing" in emulator.timeline()


def test_a_refusal_undoes_what_the_handler_did() -> None:
    emulator = notes()
    assert post(emulator, {"text": "no"}).status == 409
    assert not emulator.account.tables.get("notes")


def test_one_form_of_many_is_made_before_the_documents_are_asked() -> None:
    emulator = notes(normalise=lambda data: {"text": data} if isinstance(data, str) else data)
    exchange = post(emulator, "tea")
    assert (exchange.status, exchange.body) == (200, {"text": "tea"})


def test_an_answer_of_ours_that_breaks_the_documents_is_our_error() -> None:
    for text in ("wrong", "wrong error"):
        emulator = notes()
        assert post(emulator, {"text": text}).status == 500
        assert "our own reply breaks the schema" in emulator.world.complaints[0]


def test_the_explanation_comes_in_a_header_when_it_is_asked_for() -> None:
    emulator = notes()
    asked = post(emulator, {"text": None}, ("x-emulator-explain", "1"))
    told = json.loads(dict(asked.reply.headers)["x-emulator-explanation"])
    assert told == {
        "problems": [
            {"pointer": "/text", "expected": "a string", "got": "nothing", "source": "documented: Acme"}
        ],
        "nearest_accepted": 'POST /notes/{shelf} {"text":"hello"}',
    }
    unasked = post(emulator, {"text": None})
    assert "x-emulator-explanation" not in dict(unasked.reply.headers)
    assert unasked.reply.body == asked.reply.body


def test_a_missing_call_is_explained_with_one_that_would_be_taken() -> None:
    emulator = notes()
    post(emulator, {"text": None})
    try:
        emulator.assert_called("note", text="tea")
    except AssertionError as error:
        assert "refused because /text: expected a string" in str(error)
        assert 'accepted would be, for example: POST /notes/{shelf} {"text":"hello"}' in str(error)
    else:
        raise AssertionError("a refused call counted as called")


def test_a_browser_may_call_only_where_the_vendor_lets_it() -> None:
    emulator = notes()
    preflight = Call("OPTIONS", "/notes/top", headers=(("access-control-request-headers", "x-a"),))
    assert emulator.answer(preflight).status == 501
    emulator.options["origin"] = "*"
    exchange = emulator.answer(preflight)
    assert exchange.status == 204
    headers = dict(exchange.reply.headers)
    assert headers["access-control-allow-methods"] == "POST, OPTIONS"
    assert headers["access-control-allow-headers"] == "x-a"
    for reply in (exchange.reply, post(emulator, {"text": "tea"}).reply, post(emulator, {}).reply):
        assert dict(reply.headers)["access-control-allow-origin"] == "*"


def test_a_handler_registers_changes_and_ends_receivers() -> None:
    def handle(account: Account, call: Call) -> Reply:
        match call.data["text"]:
            case "in":
                account.subscribe("news", "http://127.0.0.1:9/a", ["a"])
            case "move":
                account.resubscribe(1, url="http://127.0.0.1:9/b")
            case "out":
                account.unsubscribe(1)
        return json_reply(200, {"ok": [s.url for s in account.subscriptions("news")]})

    emulator = notes(handle=handle)
    seen = [json.loads(post(emulator, {"text": step}).reply.body)["ok"] for step in ("in", "move", "out")]
    assert seen == [["http://127.0.0.1:9/a"], ["http://127.0.0.1:9/b"], []]
    assert emulator.subscriptions()[0].state == "cancelled"


def test_a_handler_reads_back_whatever_happened() -> None:
    def handle(account: Account, call: Call) -> Reply:
        payload = account.emit("b")
        return json_reply(200, {"ok": [event.kind for event in account.events("news")], "sent": payload})

    emulator = notes(handle=handle)
    post(emulator, {"text": "x"})
    told = json.loads(post(emulator, {"text": "x"}).reply.body)
    assert told["ok"] == ["b", "b"]
    assert told["sent"]["kind"] == "b"


def test_a_refusal_with_a_200_leaves_nothing_and_does_not_count_as_taken() -> None:
    def handle(account: Account, call: Call) -> Reply:
        account.table("notes").put("1", call.data)
        raise Refused(json_reply(200, {"ok": False}, Problem("/text", "another", "this")))

    emulator = notes(handle=handle)
    exchange = post(emulator, {"text": "x"})
    assert (exchange.status, exchange.taken, exchange.refused) == (200, False, True)
    assert not emulator.account.tables.get("notes")
    assert exchange.nearest
    try:
        emulator.assert_called("note")
    except AssertionError as error:
        assert "refused because /text: expected another, got this" in str(error)
    else:
        raise AssertionError("a refused call counted as called")


def test_what_the_documents_refuse_with_a_200_is_refused_as_well() -> None:
    emulator = notes(refuse=lambda account, call, problems: json_reply(200, {"ok": False}))
    exchange = post(emulator, {})
    assert (exchange.status, exchange.taken) == (200, False)
    assert exchange.problems[0].pointer == "/text"


def test_what_was_refused_at_the_door_can_be_looked_at_all_the_same() -> None:
    emulator = notes()
    exchange = emulator.answer(Call("POST", "/notes/top", body=b'{"text": "tea"}'))
    assert (exchange.status, exchange.body) == (401, {"text": "tea"})
    deep = emulator.answer(Call("POST", "/notes/top", body=b"[" * 5000 + b"]" * 5000))
    assert deep.body == b"[" * 5000 + b"]" * 5000
    assert emulator.calls(text="tea") == [exchange]


def test_an_explanation_is_json_however_long_it_would_be() -> None:
    def lengthy(account: Account, call: Call, problems: tuple[Problem, ...]) -> Reply:
        many = [Problem(f"/{n}" + "x" * 4000, "y" * 4000, "z" * 4000) for n in range(50)]
        return json_reply(422, {"error": "no"}, *many)

    emulator = notes(refuse=lengthy)
    text = dict(post(emulator, {}, ("x-emulator-explain", "1")).reply.headers)["x-emulator-explanation"]
    assert len(text) < 8000
    told = json.loads(text)
    assert told["left_out"] == 50 - len(told["problems"]) > 0
    assert told["problems"][0]["pointer"].startswith("/0x")


def test_a_web_page_can_read_why_it_was_refused() -> None:
    emulator = notes()
    emulator.options["origin"] = "https://shop.example.com"
    elsewhere = emulator.answer(Call("GET", "/nowhere"))
    for reply in (elsewhere.reply, post(emulator, {}).reply, post(emulator, {"text": "wrong"}).reply):
        headers = dict(reply.headers)
        assert headers["access-control-allow-origin"] == "https://shop.example.com"
        assert "x-emulator-error" in headers["access-control-expose-headers"]
    assert "x-emulator-error" in dict(elsewhere.reply.headers)
    asked = Call("OPTIONS", "/notes/top", headers=(("access-control-request-headers", "x-a\x00"),))
    assert dict(emulator.answer(asked).reply.headers)["access-control-allow-headers"] == "*"
