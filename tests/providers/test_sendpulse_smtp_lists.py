"""What can be asked of SendPulse's SMTP API: mails, bounces, who unsubscribed, from where one may send."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.smtp_app import App


@pytest.fixture
def app(sendpulse) -> App:
    return App(sendpulse.env)


def recipients(records: list[dict[str, Any]]) -> list[str]:
    return [record["recipient"].partition("@")[0] for record in records]


@pytest.fixture
def three(sendpulse, app) -> list[str]:
    """Mails to ann, ben and cid on three days; cid's has another sender."""
    ids = []
    for name in ("ann", "ben", "cid"):
        sender = {"name": "Shop", "email": f"{'desk' if name == 'cid' else 'news'}@shop.example.com"}
        ids.append(app.sent(f"{name}@example.com", **{"from": sender}))
        sendpulse.advance("24h")
    return ids


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["cid", "ben", "ann"]),
        ("?limit=0&offset=0&from=&to=&sender=&recipient=&country=off", ["cid", "ben", "ann"]),
        ("?limit=1", ["cid"]),
        ("?limit=1&offset=1", ["ben"]),
        ("?offset=3", []),
        ("?from=2026-01-02", ["cid", "ben"]),
        ("?to=2026-01-02", ["ben", "ann"]),
        ("?from=2026-01-02&to=2026-01-02", ["ben"]),
        ("?from=2026-01-01%2000:00:01&to=2026-01-02%2023:59:59", ["ben"]),
        ("?sender=DESK@shop.example.com", ["cid"]),
        ("?recipient=ann@example.com", ["ann"]),
        ("?from=yesterday&limit=many", ["cid", "ben", "ann"]),
    ],
)
def test_mails_are_listed_the_newest_first_and_as_asked(query, found, three, app) -> None:
    assert recipients(app.get(f"/smtp/emails{query}")) == found


def test_a_record_has_the_vendors_fields_and_a_date_without_a_zone(three, app) -> None:
    [record] = app.get("/smtp/emails?recipient=ben@example.com")
    assert list(record) == [
        *"id sender total_size sender_ip smtp_answer_code smtp_answer_code_explain smtp_answer_subcode".split(),
        *"smtp_answer_data used_ip recipient subject send_date tracking".split(),
    ]
    assert (record["id"], record["send_date"]) == (three[1], "2026-01-02 00:00:00")
    assert record["used_ip"] in app.get("/smtp/ips")


def test_countries_are_left_out_if_they_are_switched_off(three, app) -> None:
    [shown], [left] = app.get("/smtp/emails?limit=1"), app.get("/smtp/emails?limit=1&country=off")
    assert "country" in shown["tracking"]["link"][0]
    assert "country" not in left["tracking"]["link"][0]


BLOB = {"limit": 5, "offset": 0, "from": None, "to": None, "sender": None, "recipient": "ben@example.com"}


def test_filters_as_json_are_ignored_with_a_remark(three, sendpulse, app) -> None:
    asked = f"/smtp/emails?{quote(json.dumps(BLOB), safe=':')}"
    assert recipients(app.get(asked)) == recipients(app.get("/smtp/emails", BLOB)) == ["cid", "ben", "ann"]
    assert all("smtp.json_in_get" in str(call.problems) for call in sendpulse.calls("list-emails"))


@pytest.mark.emulator("sendpulse", options={"smtp.json_in_get": "honoured"})
def test_filters_as_json_can_be_honoured(three, app) -> None:
    asked = f"/smtp/emails?{quote(json.dumps(BLOB), safe=':')}"
    assert recipients(app.get(asked)) == recipients(app.get("/smtp/emails", BLOB)) == ["ben"]


def test_the_empty_blob_of_a_library_changes_nothing(three, sendpulse, app) -> None:
    assert app.get(f"/smtp/emails/{three[0]}?%7B%7D")["id"] == three[0]
    assert app.get("/smtp/emails/total?%7B%7D") == {"total": 3}
    assert not any(call.problems for call in sendpulse.calls())


def test_a_mail_that_does_not_exist_is_refused_with_14(app) -> None:
    assert app.call("GET", "/smtp/emails/nothing") == (400, {"message": "No such email", "error_code": 14})


def test_the_mail_of_the_documents_exists_and_is_not_counted(app) -> None:
    record = app.get("/smtp/emails/pzkic9-0afezp-fc")
    assert (record["recipient"], record["send_date"]) == (None, "2013-12-17 10:33:53")
    assert (app.get("/smtp/emails"), app.get("/smtp/emails/total")) == ([], {"total": 0})


def test_several_mails_are_told_at_once_as_far_as_they_exist(three, app) -> None:
    status, records = app.call(
        "POST", "/smtp/emails/info", {"emails": [three[2], "nothing", three[0], three[2]]}
    )
    assert (status, recipients(records)) == (200, ["cid", "ann"])


@pytest.mark.parametrize(
    "body",
    [b"", b"{", {}, {"emails": []}, {"emails": "x"}, {"emails": [7]}, {"emails": ["x"] * 501}],
    ids=repr,
)
def test_no_list_of_ids_is_refused_with_832(body, app) -> None:
    status, answer = app.call("POST", "/smtp/emails/info", body)
    assert (status, answer["message"], answer["error_code"]) == (400, "Emails param empty or incorrect", 832)


def test_ids_of_which_none_exists_are_refused_with_14(app) -> None:
    answer = {"message": "No such emails", "error_code": 14}
    assert app.call("POST", "/smtp/emails/info", {"emails": ["x"] * 500}) == (400, answer)


@pytest.mark.parametrize(
    ("way", "total_size", "code"),
    [
        pytest.param("number", int, 250, marks=pytest.mark.emulator("sendpulse")),
        pytest.param(
            "text",
            str,
            "250",
            marks=pytest.mark.emulator("sendpulse", options={"smtp.record_numbers": "text"}),
        ),
    ],
)
def test_numbers_of_a_record_are_numbers_or_text(way, total_size, code, sendpulse, app) -> None:
    id = app.sent()
    sendpulse.advance("1m")
    record = app.get(f"/smtp/emails/{id}")
    assert (type(record["total_size"]), record["smtp_answer_code"]) == (total_size, code)


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param(None, marks=pytest.mark.emulator("sendpulse")),
        pytest.param(
            "ann@example.com",
            marks=pytest.mark.emulator("sendpulse", options={"smtp.recipient_of_many": "first"}),
        ),
    ],
)
def test_of_several_recipients_the_record_names_none_or_the_first(shown, app) -> None:
    id = app.sent("ann@example.com", "ben@example.com")
    assert app.get(f"/smtp/emails/{id}")["recipient"] == shown
    assert app.get("/smtp/emails?recipient=ben@example.com")[0]["id"] == id


def test_bounces_are_those_of_the_last_24_hours_counted_from_now(sendpulse, app) -> None:
    for name in ("ann", "ben"):
        app.sent(f"bounce+{name}@example.com")
        sendpulse.advance("13h")
    assert [row["email_to"] for row in app.get("/smtp/bounces/day")["emails"]] == ["bounce+ben@example.com"]
    assert app.get("/smtp/bounces/day/total") == {"total": 1}
    sendpulse.advance("13h")
    assert app.get("/smtp/bounces/day") == {"total": 0, "emails": [], "request_limit": 1000, "found": 0}


def test_bounces_come_in_pages_and_by_day(sendpulse, app) -> None:
    sendpulse.advance("23h")
    for name in ("ann", "ben", "cid"):
        app.sent(f"bounce+{name}@example.com")
        sendpulse.advance("45m")
    page = app.get("/smtp/bounces/day?limit=1&offset=1")
    assert (page["total"], page["found"], len(page["emails"])) == (3, 1, 1)
    assert page["emails"][0]["email_to"] == "bounce+ben@example.com"
    assert app.get("/smtp/bounces/day?date=2026-01-01")["total"] == 2
    assert app.get("/smtp/bounces/day?date=2026-01-02")["total"] == 1


ONE = [{"email": "ann@example.com", "comment": "c"}]
PHP_ONE = 'a:1:{i:0;a:2:{s:5:"email";s:15:"ann@example.com";s:7:"comment";s:1:"c";}}'


@pytest.mark.parametrize(
    "body",
    [
        {"emails": ONE},
        {"emails": json.dumps(ONE)},
        {"emails": PHP_ONE},
        ONE,
        {"emails": ["ann@example.com"]},
        {"emails": [{"email": " ann@example.com "}, 7, {}]},
    ],
    ids=["list", "JSON text", "PHP text", "bare list", "addresses", "with rubbish"],
)
def test_addresses_are_unsubscribed_however_a_library_writes_them(body, sendpulse, app) -> None:
    assert app.call("POST", "/smtp/unsubscribe", body) == (200, {"result": True})
    assert app.get("/smtp/unsubscribe") == [
        {
            "email": "ann@example.com",
            "unsubscribe_by_link": 0,
            "unsubscribe_by_user": 1,
            "spam_complaint": 0,
            "date": "2026-01-01 00:00:00",
        }
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"emails": ["ann@example.com"]},
        {"emails": '["ann@example.com"]'},
        {"emails": 'a:1:{i:0;s:15:"ann@example.com";}'},
        ["ann@example.com"],
    ],
    ids=["list", "JSON text", "PHP text", "bare list"],
)
def test_addresses_are_taken_off_however_a_library_writes_them(body, app) -> None:
    app.call("POST", "/smtp/unsubscribe", {"emails": [*ONE, {"email": "ben@example.com"}]})
    assert app.call("DELETE", "/smtp/unsubscribe", body) == (200, {"result": True})
    assert [row["email"] for row in app.get("/smtp/unsubscribe")] == ["ben@example.com"]


@pytest.mark.parametrize("method", ["POST", "DELETE"])
@pytest.mark.parametrize(
    "body", [None, b"{", {}, [], {"emails": []}, {"emails": "ann"}, {"emails": ["ann"]}], ids=repr
)
def test_no_addresses_are_refused_with_14(method, body, app) -> None:
    assert app.call(method, "/smtp/unsubscribe", body) == (400, {"message": "Empty emails", "error_code": 14})


def test_the_list_comes_in_pages_and_by_day(sendpulse, app) -> None:
    for name in ("ann", "ben", "cid"):
        app.call("POST", "/smtp/unsubscribe", {"emails": [f"{name}@example.com"]})
        sendpulse.advance("16h")
    names = {
        q: [row["email"][:3] for row in app.get(f"/smtp/unsubscribe{q}")] for q in ("", "?limit=1&offset=1")
    }
    assert names == {"": ["ann", "ben", "cid"], "?limit=1&offset=1": ["ben"]}
    assert [row["email"][:3] for row in app.get("/smtp/unsubscribe?date=2026-01-02")] == ["cid"]


def test_a_search_answers_whether_somebody_unsubscribed(app) -> None:
    app.call("POST", "/smtp/unsubscribe", {"emails": ["ann@example.com"]})
    assert app.get("/smtp/unsubscribe/search?email=ANN@example.com") == {"result": True}
    assert app.get("/smtp/unsubscribe/search?email=ben@example.com") == {"result": False}
    assert app.call("GET", "/smtp/unsubscribe/search")[1] == {
        "message": "Empty email parameter",
        "error_code": 422,
    }
    assert app.call("GET", "/smtp/unsubscribe/search?email=ann") == (
        422,
        {"message": "Wrong email parameter", "error_code": 422},
    )


def ask(app: App, email: Any = "ann@example.com", **fields: Any) -> tuple[int, Any]:
    body = {"email": email, "sender": "news@shop.example.com", **fields}
    return app.call(
        "POST", "/smtp/resubscribe", {key: value for key, value in body.items() if value is not None}
    )


def test_who_confirms_is_written_to_again(sendpulse, app) -> None:
    app.call("POST", "/smtp/unsubscribe", {"emails": ["ann@example.com"]})
    status, answer = ask(app)
    assert (status, answer["result"]) == (200, True)
    assert app.get(f"/smtp/emails/{answer['id']}")["recipient"] == "ann@example.com"
    assert app.get("/smtp/unsubscribe/search?email=ann@example.com") == {"result": True}
    sendpulse.advance("1h")
    assert app.get("/smtp/unsubscribe/search?email=ann@example.com") == {"result": False}


@pytest.mark.emulator("sendpulse", options={"smtp.resubscription": "ignored"})
def test_who_does_not_confirm_stays_on_the_list(sendpulse, app) -> None:
    app.call("POST", "/smtp/unsubscribe", {"emails": ["ann@example.com"]})
    assert ask(app, lang="pt")[0] == 200
    sendpulse.advance("24h")
    assert app.get("/smtp/unsubscribe/search?email=ann@example.com") == {"result": True}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"email": None}, "Argument email missing"),
        ({"email": "ann"}, "Argument email is invalid"),
        ({"email": 7}, "Argument email is invalid"),
        ({"sender": None}, "Argument sender missing"),
        ({"lang": 7}, "Argument lang must be string"),
        ({}, "Blocked email not found"),
    ],
)
def test_a_wrong_request_to_ask_somebody_is_refused(fields, message, app) -> None:
    assert ask(app, **fields) == (422, {"message": message, "error_code": 422})


def test_only_five_a_day_are_asked(sendpulse, app) -> None:
    addresses = [f"ann{n}@example.com" for n in range(6)]
    app.call("POST", "/smtp/unsubscribe", {"emails": addresses})
    answers = [ask(app, email) for email in addresses]
    assert [status for status, _ in answers] == [200] * 5 + [422]
    assert answers[5][1]["message"] == "No more than 5 are allowed per day"
    sendpulse.advance("24h")
    assert ask(app, addresses[5])[0] == 200


def test_domains_are_added_at_both_addresses(app) -> None:
    assert app.get("/smtp/domains") == ["@shop.example.com"]
    assert app.call("POST", "/smtp/domains", {"email": "info@example.org"}) == (200, {"result": True})
    assert app.get("/smtp/domains/info@example.org") == {"result": True}
    added = {"data": {"result": True, "error": None}}
    assert app.call("POST", "/v2/email-service/smtp/sender_domains/example.net", {}) == (200, added)
    assert app.get("/smtp/domains") == ["@shop.example.com", "@example.org", "@example.net"]
    rows = app.get("/v2/email-service/smtp/sender_domains")["data"]["data"]
    assert [(row["service_value"], row["status"]) for row in rows] == [
        ("shop.example.com", 1),
        ("example.org", 0),
        ("example.net", 0),
    ]


def test_a_domain_that_is_there_is_not_added_again(app) -> None:
    status, answer = app.call("POST", "/v2/email-service/smtp/sender_domains/Shop.example.com")
    assert (status, answer["data"]["result"]) == (200, False)


@pytest.mark.parametrize(
    ("method", "path", "body", "message"),
    [
        ("POST", "/smtp/domains", {}, "Argument email missing"),
        ("POST", "/smtp/domains", {"email": "example.org"}, "Argument email is invalid"),
        ("GET", "/smtp/domains/info@example.org", None, "Argument email is invalid"),
        ("POST", "/v2/email-service/smtp/sender_domains/example", {}, "Argument domain is invalid"),
    ],
)
def test_what_is_no_domain_of_the_account_is_refused(method, path, body, message, app) -> None:
    assert app.call(method, path, body) == (422, {"message": message, "error_code": 422})


@pytest.mark.emulator("sendpulse", options={"smtp.senders": ["desk@shop.example.com"]})
def test_a_sender_who_is_added_may_send_until_he_is_deleted(app) -> None:
    assert app.error()[1] == "Sender is not valid"
    assert app.call("POST", "/senders", {"email": "news@shop.example.org", "name": "Shop"}) == (
        200,
        {"result": True},
    )
    sender = {"name": "Shop", "email": "NEWS@shop.example.org"}
    assert app.sent(**{"from": sender})
    assert app.get("/smtp/senders") == ["desk@shop.example.com", "news@shop.example.org"]
    assert app.call("DELETE", "/senders", {"email": "news@shop.example.org"}) == (200, {"result": True})
    assert app.error(**{"from": sender})[1] == "Sender is not valid"


@pytest.mark.parametrize(
    ("body", "message", "code"),
    [
        ({"name": "Shop"}, "Argument email missing", 422),
        ({"email": "news@shop.example.org"}, "Argument name missing", 422),
        ({"email": "news", "name": "Shop"}, "Argument email is invalid", 422),
        ({"email": ["x"], "name": "Shop"}, "Argument email is invalid", 422),
        ({"email": "news@shop.example.org", "name": ["x"]}, "Argument name is invalid", 422),
        ({"email": "news@shop.example.com", "name": "Shop"}, "Email already in use", 902),
        (b"{", "Argument email missing", 422),
    ],
)
def test_a_wrong_sender_is_refused(body, message, code, app) -> None:
    assert app.call("POST", "/senders", body) == (422, {"message": message, "error_code": code})


def test_doubled_slashes_are_one_as_a_library_sends_them(app) -> None:
    app.sent()
    assert app.get("//smtp/emails/total/") == {"total": 1}
