"""A mail over SendPulse's SMTP API: how it may be written, and every way to be refused."""

from __future__ import annotations

import base64
import json
import re
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators import catalog
from emulators.faults import VendorError
from emulators.sendpulse import smtp
from emulators.sendpulse.smtp.php import unserialize
from tests.support.smtp_app import App

SENDER = {"name": "Shop", "email": "news@shop.example.com"}


@pytest.fixture
def app(sendpulse) -> App:
    return App(sendpulse.env)


def serialized(value: Any) -> str:
    """As PHP's serialize() writes it."""
    match value:
        case None:
            return "N;"
        case bool():
            return f"b:{int(value)};"
        case int():
            return f"i:{value};"
        case float():
            return f"d:{value!r};"
        case str():
            return f's:{len(value.encode())}:"{value}";'
        case list():
            return serialized_array(list(enumerate(value)))
    return serialized_array(list(value.items()))


def serialized_array(pairs: list[tuple[Any, Any]]) -> str:
    return f"a:{len(pairs)}:{{{''.join(serialized(key) + serialized(item) for key, item in pairs)}}}"


def as_php_sees_it(value: Any) -> Any:
    """An object whose names are 0, 1, 2 is a list to PHP, and an empty one too."""
    if isinstance(value, dict):
        inner = {key: as_php_sees_it(item) for key, item in value.items()}
        return list(inner.values()) if list(inner) == [str(n) for n in range(len(inner))] else inner
    return [as_php_sees_it(item) for item in value] if isinstance(value, list) else value


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NUMBERS = st.integers(-(2**62), 2**62) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=10,
)


@given(VALUES)
def test_what_php_serializes_is_read_as_it_was(value: Any) -> None:
    assert unserialize(serialized(value)) == as_php_sees_it(value)


@given(
    st.text() | VALUES.map(serialized).flatmap(lambda text: st.integers(0, len(text)).map(lambda n: text[:n]))
)
def test_any_text_is_a_serialized_value_or_refused(text: str) -> None:
    try:
        value = unserialize(text)
    except ValueError:
        return
    assert as_php_sees_it(value) == value


def test_nesting_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match="byte"):
        unserialize("a:1:{i:0;" * 5000)


def test_a_mail_is_accepted_with_an_id_like_the_vendors(app) -> None:
    status, answer = app.send("ann@example.com")
    assert (status, list(answer), answer["result"]) == (200, ["result", "id"], True)
    assert re.fullmatch(r"[0-9a-z]{6}-0[0-9a-z]{5}-[0-9a-z]{2}", answer["id"])


def test_the_first_part_of_an_id_is_the_time_in_base_36(sendpulse, app) -> None:
    sendpulse.advance("1h")
    assert int(app.sent()[:6], 36) == int(sendpulse.now.timestamp())


def test_without_a_token_nothing_is_sent(sendpulse, app) -> None:
    assert app.call("POST", "/smtp/emails", b"{}", Authorization="Bearer nobody")[0] == 401
    assert app.get("/smtp/emails/total") == {"total": 0}


@pytest.mark.parametrize("route", smtp.ROUTES, ids=lambda route: route.name)
def test_every_route_of_the_smtp_service_wants_a_token(route, app) -> None:
    path = route.path.replace("{id}", "x").replace("{email}", "a@b.c").replace("{domain}", "b.c")
    assert app.call(route.method, path, Authorization="Bearer nobody") == (
        401,
        {"message": "Unauthorized!", "error_code": 401},
    )


UNUSUAL = {
    "subject": "S ü 😀",
    "from": SENDER,
    "to": [{"name": "Ann", "email": "ann@example.com"}],
    "html": "PHA+SGk8L3A+",
}


@pytest.mark.parametrize(
    "email", [UNUSUAL, json.dumps(UNUSUAL), serialized(UNUSUAL)], ids=["object", "JSON text", "PHP text"]
)
def test_a_mail_may_be_an_object_or_one_of_two_texts(email, app) -> None:
    status, answer = app.call("POST", "/smtp/emails", {"email": email})
    assert status == 200, answer
    record = app.get(f"/smtp/emails/{answer['id']}")
    assert (record["subject"], record["recipient"]) == ("S ü 😀", "ann@example.com")


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    "body",
    [
        b"email[subject]=Hi&email[from][email]=a%40b.c&email[to][0][email]=ann%40example.com&email[text]=x",
        b"email=%7B%22subject%22%3A%22Hi%22%2C%22from%22%3A%7B%22email%22%3A%22a%40b.c%22%7D%2C%22to%22%3A"
        b"%5B%7B%22email%22%3A%22ann%40example.com%22%7D%5D%2C%22text%22%3A%22x%22%7D",
    ],
    ids=["brackets", "JSON text"],
)
def test_a_mail_may_be_a_form(body, app) -> None:
    status, answer = app.call("POST", "/smtp/emails", body, Content_Type=FORM)
    assert (status, answer["result"]) == (200, True)


@pytest.mark.emulator("sendpulse", options={"smtp.email_as_text": "refused"})
def test_texts_in_place_of_the_mail_can_be_refused_as_users_report(app) -> None:
    for email in (json.dumps(UNUSUAL), serialized(UNUSUAL)):
        status, answer = app.call("POST", "/smtp/emails", {"email": email})
        assert (status, answer) == (422, {"message": "Badly formed incoming data", "error_code": 999})
    assert app.call("POST", "/smtp/emails", {"email": UNUSUAL})[0] == 200
    assert (
        app.call("POST", "/smtp/emails", b"email=" + json.dumps(UNUSUAL).encode(), Content_Type=FORM)[0]
        == 422
    )


def test_phps_text_is_taken_with_a_remark(sendpulse, app) -> None:
    app.call("POST", "/smtp/emails", {"email": serialized(UNUSUAL)})
    assert "999" in str(sendpulse.calls("send-email")[-1].problems)


BAD = [
    ({"from": None}, "Argument from.email missing", 10),
    ({"from": {"name": "Shop"}}, "Argument from.email missing", 10),
    ({"from": {"name": "Shop", "email": "news"}}, "Argument from.email is invalid", 10),
    ({"from": "news@shop.example.com"}, "Argument from is invalid", 422),
    ({"to": None}, "Argument email.to is invalid", 11),
    ({"to": []}, "Argument email.to is invalid", 11),
    ({"to": "ann@example.com"}, "Argument email.to is invalid", 11),
    ({"to": {"email": "ann@example.com"}}, "Argument email.to is invalid", 11),
    ({"subject": None}, "Argument subject missing", 12),
    ({"subject": " "}, "Argument subject missing", 12),
    ({"text": None}, "Missed email body", 13),
    ({"text": "", "html": ""}, "Missed email body", 13),
    ({"template": {"variables": {}}, "text": None}, "Argument template.id missing", 10),
    ({"template": "123456"}, "Argument template is invalid", 422),
    ({"attachments_binary": {"a.txt": "not base64"}}, "Argument attachments_binary is invalid", 422),
    ({"attachments_binary": "a.txt"}, "Argument attachments_binary is invalid", 422),
    ({"to": [{"email": "ann"}]}, "Recipient email is invalid", 422),
    ({"to": ["ann@example.com"]}, "Recipient email is invalid", 422),
    ({"cc": [{"name": "Ben"}]}, "Recipient email is invalid", 422),
    ({"to": [{"email": f"{n}@example.com"} for n in range(101)]}, "5.5.3 Too many recipients", 550),
    ({"template": {"id": 7, "variables": {}}}, "Template not found", 31),
    ({"template": {"id": 123456, "variables": "name"}}, "Variables list passed in wrong format", 731),
    ({"text": "x" * 8_000_000}, "Message size limit exceeded", 422),
]


@pytest.mark.parametrize(("fields", "message", "code"), BAD, ids=[str(i) for i in range(len(BAD))])
def test_a_bad_mail_is_refused_with_the_vendors_words_and_number(
    fields, message, code, sendpulse, app
) -> None:
    assert app.error(**fields) == (422, message, code)
    assert sendpulse.calls("send-email")[-1].problems
    assert app.get("/smtp/emails/total") == {"total": 0}


@pytest.mark.parametrize(
    ("body", "message", "code"),
    [
        (b"", "Argument email missing", 422),
        (b"{}", "Argument email missing", 422),
        (b"[]", "Argument email missing", 422),
        (b'{"email": null}', "Argument email missing", 422),
        (b'{"email": "hello"}', "Badly formed incoming data", 999),
        (b'{"email": "a:1:{i:0;s:9:\\"x\\";}"}', "Badly formed incoming data", 999),
        (b'{"email": 7}', "Badly formed incoming data", 999),
        (b'{"email": ["x"]}', "Badly formed incoming data", 999),
        (b"{email", "Badly formed incoming data", 999),
    ],
)
def test_a_body_that_holds_no_mail_is_refused(body, message, code, app) -> None:
    assert app.call("POST", "/smtp/emails", body) == (422, {"message": message, "error_code": code})


def test_of_several_faults_the_first_of_the_vendors_list_is_told(app) -> None:
    assert app.error(**{"from": None}, to=[], subject=None)[2] == 10
    assert app.error(to=[], subject=None, text=None)[2] == 11
    assert app.error(subject=None, text=None)[2] == 12


def test_every_error_that_the_vendor_lists_for_a_send_can_be_had(sendpulse, app) -> None:
    """The rest of his list is what an account runs into, and comes by a fault."""
    listed = {(message, code) for _, message, code in BAD} | {
        ("Argument email missing", 422),
        ("Badly formed incoming data", 999),
        ("Template body is empty", 32),
    }
    for name in ("account-expired", "no-smtp-user", "sending-limited", "sending-quota", "sender-not-valid"):
        sendpulse.inject(VendorError(name))
        _, message, code = app.error()
        listed.add((message, code))
    assert len(listed) == 22


@pytest.mark.emulator("sendpulse", options={"smtp.templates": {"7": "<p>Hi</p>", "8": ""}})
def test_a_template_has_to_exist_and_to_have_a_body(app) -> None:
    for id in (7, "7", 123456):
        assert app.sent(text=None, template={"id": id, "variables": []})
    assert app.error(text=None, template={"id": 8, "variables": {}}) == (422, "Template body is empty", 32)


@pytest.mark.emulator("sendpulse", options={"smtp.unknown_template": "taken"})
def test_any_template_can_be_taken(app) -> None:
    # As the Python library sends a template.
    assert app.sent(template={"id": "abc", "variables": {"name": "Ann"}}, html=None, text=None)


def test_a_refusal_says_how_a_template_is_made_known(sendpulse, app) -> None:
    app.send(template={"id": 7, "variables": {}})
    assert "smtp.templates" in str(sendpulse.calls("send-email")[-1].problems)


def test_a_template_with_null_beside_it_is_enough(app) -> None:
    body = {"email": {**UNUSUAL, "html": None, "text": None, "template": {"id": 123456, "variables": {}}}}
    assert app.call("POST", "/smtp/emails", body)[0] == 200


@pytest.mark.emulator("sendpulse", options={"smtp.body": "html-and-text"})
def test_both_bodies_can_be_demanded_as_the_specification_has_it(app) -> None:
    assert app.error(text="Hello")[1] == "Missed email body"
    assert app.sent(text="Hello", html="PHA+SGk8L3A+")


def test_html_that_is_no_base64_is_taken_with_a_remark(sendpulse, app) -> None:
    app.sent(html="<p>Hello</p>")
    [problem] = [p for p in sendpulse.calls("send-email")[-1].problems if "garbled" in p.expected]
    assert problem.pointer == "/email/html"


def test_base64_with_line_breaks_is_good(sendpulse, app) -> None:
    app.sent(html=base64.encodebytes(b"<p>Hello</p>" * 20).decode())
    assert not sendpulse.calls("send-email")[-1].problems


@pytest.mark.emulator("sendpulse", options={"smtp.html": "refused"})
def test_html_that_is_no_base64_can_be_refused(app) -> None:
    assert app.error(html="<p>Hello</p>") == (422, "Badly formed incoming data", 999)


@pytest.mark.emulator("sendpulse", options={"smtp.senders": ["news@shop.example.com", "example.org"]})
def test_only_senders_that_are_known_may_send_if_some_are_named(app) -> None:
    assert app.sent()
    assert app.sent(**{"from": {"name": "Any", "email": "any@Example.org"}})
    assert app.error(**{"from": {"name": "Any", "email": "any@example.com"}}) == (
        422,
        "Sender is not valid",
        422,
    )
    assert app.get("/smtp/senders") == ["news@shop.example.com"]


@pytest.mark.emulator("sendpulse", options={"smtp.max_recipients": 2, "smtp.max_size": 100})
def test_limits_are_options(app) -> None:
    copies = [{"email": "ann@example.com"}, {"email": "cid@example.com"}]
    assert app.sent("ann@example.com", "ANN@example.com", cc=copies), "an address counts once"
    assert app.error("ann@example.com", "ben@example.com", bcc=copies)[2] == 550
    assert app.error(text="x" * 101)[1] == "Message size limit exceeded"


def test_copies_in_cyrillic_letters_go_to_nobody_and_are_remarked(sendpulse, app) -> None:
    app.sent("ann@example.com", **{"сс": [{"email": "ben@example.com"}]})
    assert "Latin" in str(sendpulse.calls("send-email")[-1].problems)
    assert app.get("/smtp/emails?recipient=ben@example.com") == []


def test_a_reply_address_may_be_text_and_unknown_fields_are_passed_over(sendpulse, app) -> None:
    app.sent(reply_to="desk@shop.example.com", auto_plaint_text=False)
    assert not sendpulse.calls("send-email")[-1].problems


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("account-expired", 403, 403),
        ("unauthorized-action", 403, 800),
        ("no-smtp-user", 422, 400),
        ("sending-limited", 422, 422),
        ("sending-quota", 422, 422),
        ("sender-not-valid", 422, 422),
        ("tariff-not-allowed", 422, 422),
    ],
)
def test_troubles_of_an_account_come_when_a_test_asks_for_them(name, status, code, sendpulse, app) -> None:
    sendpulse.inject(VendorError(name))
    assert app.error()[::2] == (status, code)
    assert app.sent()


def test_an_error_of_the_server_is_a_page_and_no_json(sendpulse, app) -> None:
    sendpulse.inject(VendorError("server-error"))
    status, text = app.send()
    assert (status, text[:15]) == (500, "<!DOCTYPE html>")


def test_a_failure_may_be_told_by_the_body_alone(sendpulse, app) -> None:
    sendpulse.inject(VendorError("result-false"))
    assert app.send() == (200, {"result": False})


ROUTES = {route.stem: route for route in smtp.ROUTES}
EXAMPLES = [
    path
    for path in sorted((catalog.root() / "sendpulse/2021-05/examples").glob("*.request.*.json"))
    if path.name.split(".")[0] in ROUTES
]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_fresh_emulator_accepts_every_example(path, app) -> None:
    route = ROUTES[path.name.split(".")[0]]
    example = json.loads(path.read_text("utf-8"))
    query = f"?{urlencode(example)}" if route.method == "GET" else ""
    status, answer = app.call(route.method, route.path + query, None if query else example)
    assert status == 200, answer
