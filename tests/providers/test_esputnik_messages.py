"""Messages through eSputnik: what sending answers, what becomes of each message, and the status call."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from emulators import catalog
from emulators.errors import InvalidValue
from tests.support.esputnik_app import App
from tests.support.receiver import Receiver

EMAIL = {
    "from": '"Shop" <news@shop.example.com>',
    "subject": "Знижки",
    "htmlText": "<b>-20%</b>",
    "emails": ["ann@example.com"],
}
SMS = {"from": "Shop", "text": "Привіт", "phoneNumbers": ["+380501234567"]}
VIBER = {"text": "Привіт", "iosExpirityText": "-", "phoneNumbers": ["380501234567"]}


@pytest.fixture
def app(esputnik) -> App:
    return App(esputnik.env)


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def told(esputnik, hook: Receiver) -> list[dict[str, Any]]:
    """Every activity that the receiver was told of, in an hour."""
    for _ in range(60):
        esputnik.advance("1m")
    return [activity for post in hook.posts for activity in post.json]


def shape(value: Any) -> Any:
    """Types instead of values."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    return [shape(inner) for inner in value] if isinstance(value, list) else type(value)


def sample(name: str) -> Any:
    return catalog.samples("esputnik")[name].body


def test_one_recipient_and_two_are_answered_in_the_printed_shapes(app) -> None:
    request = {
        "recipients": [{"locator": "ann@example.com", "jsonParam": None}],
        "email": True,
        "fromName": None,
    }
    status, one = app.post("/v1/message/2489300/smartsend", request)
    assert (status, shape(one)) == (200, shape(json.loads(sample("smartsend.response.one"))))
    assert (one["id"], one["results"]["id"]) == ("0", "0")
    _, two = app.post("/v1/message/email", {**EMAIL, "emails": ["ann@example.com", "bob@example.com"]})
    assert shape(two) == shape(json.loads(sample("smartsend.response.two")))
    assert (two["id"], [row["id"] for row in two["results"]]) == (0, [0, 0])
    _, status_row = app.get("/v1/message/status", ids=one["results"]["requestId"])
    assert shape(status_row) == shape(json.loads(sample("message-status.response.one")))


@pytest.mark.emulator("esputnik", options={"replies": "tidy"})
def test_tidy_replies_are_lists_numbers_and_booleans(app) -> None:
    _, sent = app.post("/v1/message/email", EMAIL)
    assert (sent["id"], len(sent["results"])) == (0, 1)
    _, found = app.get("/v1/message/status", ids=sent["results"][0]["requestId"])
    [row] = found["results"]
    assert (row["failed"], row["delivered"]) == (False, False)


@pytest.mark.parametrize(
    ("path", "body"), [("/v1/message/email", EMAIL), ("/v1/message/sms", SMS), ("/v1/message/viber", VIBER)]
)
def test_replies_have_no_fields_that_strict_clients_do_not_know(path, body, app) -> None:
    _, sent = app.post(path, body)
    assert set(sent) == {"id", "results"}
    assert set(sent["results"]) == {"id", "locator", "status", "requestId"}
    _, found = app.get("/v1/message/status", ids=sent["results"]["requestId"])
    assert set(found["results"]) == {"status", "requestId", "failed", "delivered"}


def test_a_wrong_address_is_an_error_of_its_recipient_alone(esputnik, app) -> None:
    status, sent = app.post("/v1/message/email", {**EMAIL, "emails": ["example.com", "ann@example.com"]})
    assert status == 200
    wrong, right = sent["results"]
    assert wrong == {
        "id": 0,
        "locator": "example.com",
        "status": "ERROR",
        "message": "'example.com' is not valid email",
    }
    assert right["status"] == "OK"
    [problem] = esputnik.calls()[0].problems
    assert (problem.pointer, problem.expected, problem.got) == (
        "/emails/0",
        "an e-mail address",
        "'example.com'",
    )


def test_an_unknown_address_becomes_a_contact(esputnik, app) -> None:
    app.post("/v1/message/email", EMAIL)
    app.post("/v1/message/sms", SMS)
    addresses = {
        channel["value"]
        for contact in esputnik.account.tables["contacts"].values()
        for channel in contact["channels"]
    }
    assert {"ann@example.com", "380501234567"} <= addresses


def test_a_message_leads_to_the_activities_of_its_recipient(esputnik, app, hook) -> None:
    esputnik.subscribe(hook.url)
    _, sent = app.post("/v1/message/email", {**EMAIL, "tags": ["sale", "spring"]})
    activities = told(esputnik, hook)
    assert [row["activityStatus"] for row in activities] == ["DELIVERED", "READ", "CLICKED"]
    assert {row["iid"] for row in activities} == {sent["results"]["requestId"]}
    assert {row["messageTag"] for row in activities} == {"sale,spring"}
    assert len({row["viewMessageLink"] for row in activities}) == 1
    assert UUID(activities[0]["iid"]).version == 4
    first = activities[0]
    assert (first["email"], first["messageId"], first["messageInstanceId"]) == ("ann@example.com", 0, 0)
    assert not {"broadcastId", "workflowId", "messageName"} & set(first)


@pytest.mark.parametrize(
    ("address", "statuses", "word", "failed", "delivered"),
    [
        ("delivered+ann@example.com", ["DELIVERED"], "DELIVERED", "false", "true"),
        ("bounce+ann@example.com", ["UNDELIVERED"], "UNDELIVERED", "true", "false"),
        ("hard-bounce+ann@example.com", ["UNDELIVERED"], "BLACKLISTED", "true", "false"),
        ("late-bounce+ann@example.com", ["DELIVERED", "UNDELIVERED"], "UNDELIVERED", "true", "false"),
        ("unseen-delivery+ann@example.com", ["READ"], "READ", "false", "true"),
        (
            "unsubscribed+ann@example.com",
            ["DELIVERED", "READ", "UNSUBSCRIBED"],
            "UNSUBSCRIBED",
            "false",
            "true",
        ),
        ("spam+ann@example.com", ["DELIVERED", "READ", "SPAM"], "SPAM", "false", "true"),
        ("silent+ann@example.com", [], "IN_QUEUE", "false", "false"),
    ],
)
def test_every_story_ends_in_its_status(
    address, statuses, word, failed, delivered, esputnik, app, hook
) -> None:
    esputnik.subscribe(hook.url)
    _, sent = app.post("/v1/message/email", {**EMAIL, "emails": [address]})
    request = sent["results"]["requestId"]
    assert app.get("/v1/message/status", ids=request)[1]["results"]["status"] == "IN_QUEUE"
    activities = told(esputnik, hook)
    assert [row["activityStatus"] for row in activities] == statuses
    assert len({row["iid"] for row in activities}) <= 1
    expected = {"status": word, "requestId": request, "failed": failed, "delivered": delivered}
    assert app.get("/v1/message/status", ids=request) == (200, {"results": expected})


def test_a_late_bounce_follows_its_delivery_within_seconds_as_in_the_sample(esputnik, app, hook) -> None:
    esputnik.subscribe(hook.url)
    app.post("/v1/message/email", {**EMAIL, "emails": ["late-bounce+ann@example.com"]})
    delivered, bounced = told(esputnik, hook)
    assert delivered["iid"] == bounced["iid"]
    assert delivered["activityDateTime"] < bounced["activityDateTime"]
    assert bounced["hardBounce"] is False
    assert bounced["statusDescription"]


@pytest.mark.parametrize(("story", "hard"), [("bounce", False), ("hard-bounce", True)])
def test_a_hard_bounce_is_that_of_a_contact_on_the_blacklist(story, hard, esputnik, app, hook) -> None:
    esputnik.subscribe(hook.url)
    app.post("/v1/message/email", {**EMAIL, "emails": [f"{story}+ann@example.com"]})
    [activity] = told(esputnik, hook)
    assert (activity["activityStatus"], activity["hardBounce"]) == ("UNDELIVERED", hard)
    assert activity["statusDescription"]


@pytest.mark.emulator("esputnik", options={"outcomes.default": "bounce"})
@pytest.mark.parametrize(
    ("path", "body", "word"),
    [
        ("/v1/message/sms", SMS, "SMS_UNDELIVERED_STATE"),
        ("/v1/message/viber", VIBER, "VIBER_UNDELIVERED_STATE"),
    ],
)
def test_a_phone_that_is_not_reached_has_a_status_of_its_channel(
    path, body, word, esputnik, app, hook
) -> None:
    esputnik.subscribe(hook.url)
    _, sent = app.post(path, body)
    [activity] = told(esputnik, hook)
    assert (activity["activityStatus"], activity["sms"]) == ("UNDELIVERED", "380501234567")
    _, found = app.get("/v1/message/status", ids=sent["results"]["requestId"])
    assert (found["results"]["status"], found["results"]["failed"]) == (word, "true")


def test_nobody_sees_that_an_sms_is_read(esputnik, app, hook) -> None:
    esputnik.subscribe(hook.url)
    _, sent = app.post("/v1/message/sms", SMS)
    assert [row["activityStatus"] for row in told(esputnik, hook)] == ["DELIVERED", "CLICKED"]
    assert (
        app.get("/v1/message/status", ids=sent["results"]["requestId"])[1]["results"]["status"] == "DELIVERED"
    )


@pytest.mark.emulator("esputnik", options={"outcomes": {"ann@example.com": [["DELIVERED", 1], ["SPAM", 2]]}})
def test_a_test_says_what_becomes_of_an_address(esputnik, app, hook) -> None:
    esputnik.subscribe(hook.url)
    app.post("/v1/message/email", EMAIL)
    assert [row["activityStatus"] for row in told(esputnik, hook)] == ["DELIVERED", "SPAM"]


def test_whoever_unsubscribed_gets_no_more(esputnik, app, hook) -> None:
    esputnik.subscribe(hook.url)
    body = {**EMAIL, "emails": ["unsubscribed+ann@example.com"]}
    app.post("/v1/message/email", body)
    before = len(told(esputnik, hook))
    _, sent = app.post("/v1/message/email", body)
    assert len(told(esputnik, hook)) == before == 3
    row = app.get("/v1/message/status", ids=sent["results"]["requestId"])[1]["results"]
    assert (row["status"], row["failed"], row["delivered"]) == ("UNSUBSCRIBED", "true", "false")


def test_many_ids_come_with_commas_or_again_and_again(app) -> None:
    _, sent = app.post("/v1/message/email", {**EMAIL, "emails": ["a@example.com", "b@example.com"]})
    ids = [row["requestId"] for row in sent["results"]]
    _, by_comma = app.get("/v1/message/status", ids=",".join(ids))
    _, repeated = app.get("/v1/message/status/", [("ids", ids[0]), ("ids", ids[1])])
    assert by_comma == repeated
    assert [row["requestId"] for row in by_comma["results"]] == ids
    assert app.get("/v1/message/status", ids=f"{ids[1]},unknown")[1]["results"]["requestId"] == ids[1]
    assert app.get("/v1/message/status", ids="unknown") == (200, {"results": []})


def test_the_older_paths_of_the_status_answer_too(app) -> None:
    _, sent = app.post("/v1/message/email", EMAIL)
    ids = sent["results"]["requestId"]
    answer = app.get("/v1/message/status", ids=ids)
    assert (
        app.get("/v1/message/email/status", ids=ids) == app.get("/v1/message/sms/status", ids=ids) == answer
    )


def test_the_status_knows_what_a_test_let_happen_by_hand(esputnik, app, hook) -> None:
    esputnik.subscribe(hook.url)
    iid = esputnik.emit("DELIVERED", email="ann@example.com").payload["iid"]
    assert app.get("/v1/message/status", ids=iid)[1]["results"]["status"] == "DELIVERED"


def test_a_prepared_message_has_its_own_name_tags_and_channel(esputnik, app, hook) -> None:
    esputnik.subscribe(hook.url)
    app.post("/v1/message/3213684/smartsend", {"recipients": [{"locator": "380501234567"}], "email": False})
    first = told(esputnik, hook)[0]
    assert (first["mediaType"], first["messageName"], first["messageTag"]) == (
        "viber",
        "test",
        "tag2,tag,test",
    )
    assert (first["messageId"], first["messageInstanceId"]) == (3213684, 4696769)


@pytest.mark.emulator("esputnik", options={"messages": {"7": {"messageName": "Welcome", "messageTag": "hi"}}})
def test_a_test_may_prepare_messages(esputnik, app, hook) -> None:
    esputnik.subscribe(hook.url)
    app.post(
        "/v1/message/7/send", {"recipients": ["ann@example.com"], "params": [{"key": "k", "value": "v"}]}
    )
    first = told(esputnik, hook)[0]
    assert (first["messageId"], first["messageName"], first["messageTag"]) == (7, "Welcome", "hi")


def test_recipients_may_be_named_by_an_id(esputnik, app, hook) -> None:
    esputnik.subscribe(hook.url)
    contact = {"channels": [{"type": "email", "value": "ann@example.com"}], "externalCustomerId": "c-1"}
    number = int(app.post("/v1/contact", contact)[1]["id"])
    recipients = [
        {"contactId": number},
        {"externalCustomerId": "c-1"},
        {"contactId": 1},
        {"languageCode": "uk"},
    ]
    _, sent = app.post("/v1/message/2489300/smartsend", {"recipients": recipients})
    assert [row["status"] for row in sent["results"]] == ["OK", "OK", "ERROR", "ERROR"]
    assert [row["locator"] for row in sent["results"]][:2] == ["ann@example.com"] * 2
    told_of = [(p.pointer, p.expected, p.got) for p in esputnik.calls("smartsend")[0].problems]
    assert told_of == [
        ("/recipients/2", "a contact that exists", "id='1'"),
        ("/recipients/3", "locator, contactId or externalCustomerId", "none of them"),
    ]
    assert {(row["contactId"], row["externalCustomerId"]) for row in told(esputnik, hook)} == {
        (number, "c-1")
    }


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/message/email", {**EMAIL, "emails": []}),
        ("/v1/message/email", {name: value for name, value in EMAIL.items() if name != "subject"}),
        ("/v1/message/sms", {"from": "Shop", "text": "x"}),
        ("/v1/message/viber", {"text": "x", "phoneNumbers": ["380501234567"]}),
        ("/v1/message/7/smartsend", {"recipients": []}),
        ("/v1/message/7/smartsend", {"recipients": [{"locator": f"a{n}@example.com"} for n in range(1001)]}),
        ("/v1/message/7/send", {"params": []}),
        ("/v1/message/email", b"{"),
    ],
)
def test_what_lacks_something_is_refused_and_nobody_is_written_to(path, body, esputnik, app) -> None:
    status, answer = app.post(path, body)
    assert (status, type(answer)) == (400, str)
    assert esputnik.calls()[0].problems
    assert not esputnik.account.tables.get("messages")


def test_a_message_has_a_number(app) -> None:
    assert app.post("/v1/message/welcome/smartsend", {"recipients": [{"locator": "a@example.com"}]})[0] == 404


def test_a_group_is_written_to_contact_by_contact(esputnik, app) -> None:
    for name in ("ann", "bob"):
        contact = {"channels": [{"type": "sms", "value": f"38050123456{len(name)}{ord(name[0]) % 10}"}]}
        app.post("/v1/contact/subscribe", {"contact": contact, "groups": ["Buyers"]})
    [group] = [row for row in app.get("/v1/groups")[1] if row["name"] == "Buyers"]
    _, sent = app.post("/v1/message/sms", {"from": "Shop", "text": "x", "groupId": group["id"]})
    assert [row["status"] for row in sent["results"]] == ["OK", "OK"]


@pytest.mark.emulator("esputnik", options={"messages.request_id": "own"})
def test_the_request_id_may_be_another_than_the_iid(esputnik, app, hook) -> None:
    esputnik.subscribe(hook.url)
    _, sent = app.post("/v1/message/email", EMAIL)
    request = sent["results"]["requestId"]
    assert request not in {row["iid"] for row in told(esputnik, hook)}
    assert app.get("/v1/message/status", ids=request)[1]["results"]["status"] == "CLICKED"


@pytest.mark.parametrize("query", [{}, {"ids": ""}, {"ids": "nobody-sent-this"}])
def test_a_status_that_finds_nothing_says_why(query, esputnik, app) -> None:
    assert app.get("/v1/message/status", query) == (200, {"results": []})
    [note] = esputnik.calls()[0].problems
    assert (note.pointer, "assumed" in note.source) == ("/ids", True)


MESSAGES = [
    ({"7": {"messageNam": "x"}}, "did you mean 'messageName'"),
    ({"7": {"mediaType": "pigeon"}}, "one of email, sms, viber"),
    ({7: {"messageName": "x"}}, "the number of a message as text"),
    ({"7": "Welcome"}, "an object of messageName"),
]


@pytest.mark.parametrize(("messages", "said"), MESSAGES)
def test_a_prepared_message_that_cannot_be_meant_is_refused_at_once(messages, said, emulate) -> None:
    with pytest.raises(InvalidValue, match=said), emulate.fresh("esputnik", options={"messages": messages}):
        pass
