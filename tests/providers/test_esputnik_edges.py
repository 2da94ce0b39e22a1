"""eSputnik at the edges of its rules: the last that is taken, the first that is not, and who wins of two."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aiohttp import web

from tests.support.esputnik_app import App
from tests.support.receiver import Receiver

DAY = {"dateFrom": "2026-01-01", "dateTo": "2026-01-01"}
EMAIL = {"from": "news@shop.example.com", "subject": "S", "htmlText": "<b>h</b>"}


@pytest.fixture
def app(esputnik) -> App:
    return App(esputnik.env)


def contact(*emails: str, **more: Any) -> dict[str, Any]:
    return {"channels": [{"type": "email", "value": email} for email in emails], **more}


def create(app: App, *emails: str, **more: Any) -> int:
    status, body = app.post("/v1/contact", contact(*emails, **more))
    assert status == 200, body
    return int(body["id"])


def shown(app: App, number: int) -> dict[str, Any]:
    status, body = app.get(f"/v1/contact/{number}")
    assert status == 200, body
    return dict(body)


def imported(esputnik, app: App, *contacts: Any, **more: Any) -> list[int]:
    status, body = app.post("/v1/contacts", {"contacts": list(contacts), "dedupeOn": "email", **more})
    assert status == 200, body
    esputnik.advance("1m")
    mapping = app.get(f"/v1/importstatus/{body['asyncSessionId']}").body["mapping"]
    return [row["contactId"] for row in mapping]


def remembered(esputnik) -> int:
    return len(esputnik.account.tables["requests"])


def test_a_request_may_come_again_after_exactly_a_minute(esputnik, app) -> None:
    esputnik.advance("10s")
    assert app.post("/v1/contact", contact("ann@example.com")).status == 200
    esputnik.advance("59s")
    assert app.post("/v1/contact", contact("ann@example.com")).status == 409
    esputnik.advance("1s")
    assert app.post("/v1/contact", contact("ann@example.com")).status == 200


def test_the_same_body_at_another_path_is_another_request(app) -> None:
    first, second = create(app, "ann@example.com"), create(app, "bob@example.com")
    for number in (first, second):
        assert app.put(f"/v1/contact/{number}", {"lastName": "Lee"}).status == 200


def test_requests_are_forgotten_after_a_minute_also_behind_one_that_came_again(esputnik, app) -> None:
    for name in ("ann", "bob", "cid"):
        create(app, f"{name}@example.com")
    esputnik.advance("1m")
    create(app, "ann@example.com")
    assert remembered(esputnik) == 1
    esputnik.advance("30s")
    for name in ("bob", "cid"):
        create(app, f"{name}@example.com")
    esputnik.advance("30s")
    create(app, "dan@example.com")
    assert remembered(esputnik) == 3


@pytest.mark.thorough
def test_activities_come_25000_at_once_unless_said_otherwise(esputnik, app) -> None:
    with Receiver() as hook:
        esputnik.subscribe(hook.url)
        esputnik.emit("DELIVERED", count=25_001)
    rows = app.get("/v2/contacts/activity", **DAY).body
    assert (len(rows), esputnik.profile.facts["activity_rows"].value) == (25_000, 25_000)
    assert len(app.get("/v2/contacts/activity", **DAY, offset=rows[-1]["offset"]).body) == 1
    assert len(app.get("/v2/contacts/activity", **DAY, maxrows=25_001).body) == 25_001


def test_the_history_has_100_rows_at_most(esputnik, app) -> None:
    with Receiver() as hook:
        esputnik.subscribe(hook.url)
        esputnik.emit("DELIVERED", count=101, email="ann@example.com")
    for asked, count in ((99, 99), (100, 100), (101, 100), (1000, 100)):
        rows = app.get("/v2/contacts/messages", **DAY, email="ann@example.com", maxrows=asked).body
        assert len(rows) == count


@pytest.mark.parametrize(
    ("params", "key"),
    [
        ({"externalCustomerId": "789456512", "contactId": "889891911"}, "889891911"),
        ({"email": "test2@yourdomain.com", "externalCustomerId": "789456512"}, "789456512"),
        ({"phone": "380956490955", "email": "test2@yourdomain.com"}, "test2@yourdomain.com"),
        ({"pushToken": "token", "phone": "380956490955"}, "380956490955"),
    ],
)
def test_of_several_identifiers_the_first_of_the_documented_order_is_the_key(
    params, key, esputnik, app
) -> None:
    listed = [{"name": name, "value": value} for name, value in params.items()]
    assert app.post("/v2/event", {"eventTypeKey": "productViewed", "params": listed}).status == 200
    [run] = esputnik.account.tables["workflow runs"].values()
    assert run["keyValue"] == key


def test_the_contact_of_an_event_is_that_of_its_contact_id_first(esputnik, app) -> None:
    params = {"externalCustomerId": "789456512", "contactId": "889891911"}
    listed = [{"name": name, "value": value} for name, value in params.items()]
    app.post("/v2/event", {"eventTypeKey": "productViewed", "keyValue": "k", "params": listed})
    esputnik.advance("1h")
    rows = app.get("/v2/contacts/activity", **DAY).body
    assert {row["contactId"] for row in rows} == {889891911}


@pytest.mark.parametrize(("size", "status"), [(20_480, 200), (20_481, 400)])
@pytest.mark.parametrize("path", ["/v1/event", "/v2/event"])
def test_an_event_has_20_kb_at_most(path, size, status, app) -> None:
    body = json.dumps({"eventTypeKey": "a", "keyValue": "k", "params": [{"name": "n", "value": ""}]}).encode()
    body = body.replace(b'"value": ""', b'"value": "%s"' % (b"x" * (size - len(body))))
    assert len(body) == size
    assert app.post(path, body).status == status


@pytest.mark.parametrize(("length", "status"), [(300, 200), (301, 400)])
def test_a_key_has_300_characters_at_most_also_one_from_the_parameters(length, status, app) -> None:
    event = {"eventTypeKey": "a", "keyValue": "k" * length, "params": []}
    assert app.post("/v2/event", event).status == status
    derived = {"eventTypeKey": "a", "params": [{"name": "externalCustomerId", "value": "k" * length}]}
    assert app.post("/v2/event", derived).status == status


@pytest.mark.parametrize(("count", "status"), [(1000, 200), (1001, 400)])
def test_a_message_has_1000_recipients_at_most(count, status, app) -> None:
    emails = [f"a{n}@example.com" for n in range(count)]
    assert app.post("/v1/message/email", {**EMAIL, "emails": emails}).status == status
    recipients = [{"locator": email} for email in emails]
    assert app.post("/v1/message/7/smartsend", {"recipients": recipients}).status == status


def test_a_deleted_contact_is_not_sent_to(esputnik, app) -> None:
    number = create(app, "ann@example.com", externalCustomerId="TV1")
    app.post("/v1/contact/subscribe", {"contact": contact("ann@example.com"), "groups": ["Buyers"]})
    app.post("/v1/contact/subscribe", {"contact": contact("bob@example.com"), "groups": ["Buyers"]})
    group = app.get("/v1/groups").body[0]["id"]
    app.delete(f"/v1/contact/{number}")
    recipients = [{"contactId": number}, {"externalCustomerId": "TV1"}]
    _, sent = app.post("/v1/message/2489300/smartsend", {"recipients": recipients})
    assert [row["status"] for row in sent["results"]] == ["ERROR", "ERROR"]
    _, sent = app.post("/v1/message/2489300/send", {"groupId": group})
    assert sent["results"]["locator"] == "bob@example.com"


def two_of_one_address(app: App) -> tuple[int, int]:
    """Contacts that were told to have the address of each other."""
    first, second = create(app, "ann@example.com"), create(app, "bob@example.com")
    app.put(f"/v1/contact/{second}", contact("ann@example.com"))
    return first, second


def test_of_several_contacts_with_an_address_the_one_updated_last_is_meant(app) -> None:
    first, second = two_of_one_address(app)
    assert create(app, "ann@example.com", firstName="A") == second
    app.put(f"/v1/contact/{first}", {"lastName": "Lee"})
    assert create(app, "ann@example.com", firstName="B") == first
    assert "firstName" not in shown(app, first) or shown(app, first)["firstName"] == "B"
    assert shown(app, second)["firstName"] == "A"


def test_contacts_are_told_apart_by_an_additional_field(esputnik, app) -> None:
    size = {"id": 7, "value": "XL"}
    first = create(app, "ann@example.com", fields=[size])
    second = create(app, "bob@example.com", fields=[size, {"id": 8, "value": "red"}])
    by_field: dict[str, Any] = {"dedupeOn": "fieldId", "fieldId": 7}
    sent = contact("new@example.com", fields=[size], lastName="Lee")
    assert imported(esputnik, app, sent, **by_field) == [second]
    app.put(f"/v1/contact/{first}", {"lastName": "Ray"})
    assert imported(esputnik, app, sent, **by_field) == [first]
    app.put(f"/v1/contact/{first}", {"fields": [{"id": 7, "value": "S"}]})
    assert imported(esputnik, app, sent, **by_field) == [second]
    for other in ({"id": 7, "value": "M"}, {"id": 8, "value": "XL"}):
        by_field["fieldId"] = other["id"]
        [number] = imported(esputnik, app, contact("dan@example.com", fields=[other]), **by_field)
        assert number not in (first, second)


def test_a_contact_is_known_by_its_key_until_it_has_another(esputnik, app) -> None:
    number = create(app, "ann@example.com", contactKey="k-1")
    viewed = {
        "eventTypeKey": "productViewed",
        "keyValue": "e",
        "params": [{"name": "contactKey", "value": "k-1"}],
    }
    assert app.post("/v2/event", viewed).status == 200
    app.put(f"/v1/contact/{number}", {"contactKey": "k-2"})
    esputnik.advance("1h")
    assert app.get("/v2/contacts/activity", **DAY).body == []
    viewed["params"] = [{"name": "contactKey", "value": "k-2"}]
    assert app.post("/v2/event", viewed).status == 200
    esputnik.advance("1h")
    assert {row["contactId"] for row in app.get("/v2/contacts/activity", **DAY).body} == {number}


def status_of(app: App, email: str, **more: Any) -> str:
    return str(app.post("/v1/contact/subscribe", {"contact": contact(email), **more}).body["emailStatus"])


def test_the_case_of_an_unsubscribed_address_does_not_matter(app) -> None:
    app.post("/v1/emails/unsubscribed/add", {"emails": ["ann@Example.com"]})
    assert status_of(app, "Ann@example.com") == "BLACKLISTED"
    app.post("/v1/emails/unsubscribed/delete", {"emails": ["ANN@example.com"]})
    assert status_of(app, "ann@example.com") == "NEED_CONFIRMATION"


def test_who_unsubscribes_in_a_message_is_listed_whatever_the_case(esputnik, app) -> None:
    app.post("/v1/message/email", {**EMAIL, "emails": ["Unsubscribed+Ann@example.com"]})
    esputnik.advance("1h")
    assert status_of(app, "unsubscribed+ann@Example.com") == "BLACKLISTED"


def test_only_the_segment_that_is_named_is_emptied(app) -> None:
    for name, groups in (("ann", ["Buyers", "Readers"]), ("bob", ["Readers"])):
        app.post("/v1/contact/subscribe", {"contact": contact(f"{name}@example.com"), "groups": groups})
    numbers = {row["name"]: row["id"] for row in app.get("/v1/groups").body}
    assert app.post(f"/v1/group/{numbers['Buyers']}/contacts/detach").status == 200
    members = {name: len(app.get(f"/v1/group/{number}/contacts").body) for name, number in numbers.items()}
    assert members == {"Buyers": 0, "Readers": 2}


@pytest.mark.parametrize(("name", "told"), [("ann", False), ("bob", True)])
def test_an_import_tells_of_contacts_that_are_new_and_of_no_other(name, told, esputnik, app) -> None:
    create(app, "ann@example.com")
    imported(esputnik, app, contact(f"{name}@example.com"), eventKeyForNewContacts="newContact")
    assert ("newContact" in esputnik.account.tables["event types"]) is told


def test_an_import_empties_all_that_it_names_and_a_contact_does_not_bring(esputnik, app) -> None:
    sent = contact(
        "ann@example.com",
        firstName="Ann",
        languageCode="uk",
        address={"town": "Kyiv", "region": "West", "address": "First str. 1"},
        fields=[{"id": 1, "value": "a"}],
    )
    sent["channels"].append({"type": "sms", "value": "380501234567"})
    number = create(app, **{"externalCustomerId": "TV1", **sent})
    named = ["firstName", "town", "address", "email", "sms"]
    imported(
        esputnik, app, contact("ann@example.com", firstName="Anna"), contactFields=named, customFieldsIDs=[1]
    )
    found = shown(app, number)
    assert (found["firstName"], found["languageCode"]) == ("Anna", "uk")
    assert found["address"] == {"region": "West"}
    assert found["channels"] == [{"type": "email", "value": "ann@example.com"}]
    assert found["fields"] == [{"id": 1, "value": "a"}]
    assert found["externalCustomerId"] == "TV1"


@pytest.mark.emulator(
    "esputnik",
    options={
        "workflows": {
            "cartAbandoned": [
                {"webhook": "WH5", "body": "$data.get('WH5')"},
                {"webhook": "WH6", "format": "text", "body": "$data.get('WH5').get('code')"},
            ]
        }
    },
)
def test_what_a_webhook_replied_hides_a_parameter_of_its_name(esputnik, app) -> None:
    async def reply(request: web.BaseRequest) -> web.StreamResponse:
        return web.json_response({"code": "replied"})

    with Receiver(reply) as receiver:
        esputnik.subscribe(receiver.url, feed="workflow")
        params = [{"name": "WH5", "value": "sent"}, {"name": "email", "value": "ann@example.com"}]
        app.post("/v2/event", {"eventTypeKey": "cartAbandoned", "keyValue": "k", "params": params})
        esputnik.advance("1m")
        assert [post.body for post in receiver.posts] == [b"sent", b"replied"]
