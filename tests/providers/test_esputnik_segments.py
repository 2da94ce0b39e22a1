"""eSputnik's subscriptions, bulk imports, segments, orders, and its list of unsubscribed addresses."""

from __future__ import annotations

from typing import Any

import pytest

from emulators import catalog
from tests.support.esputnik_app import App


@pytest.fixture
def app(esputnik) -> App:
    return App(esputnik.env)


def contact(email: str, **more: Any) -> dict[str, Any]:
    return {"channels": [{"type": "email", "value": email}], **more}


def subscribe(app: App, email: str, **more: Any) -> dict[str, Any]:
    status, body = app.post("/v1/contact/subscribe", {"contact": contact(email), **more})
    assert status == 200, body
    return dict(body)


def event_types(esputnik) -> list[str]:
    return [name for name in esputnik.account.tables["event types"] if name != "productViewed"]


def test_a_form_makes_a_contact_that_has_to_confirm(esputnik, app) -> None:
    first = subscribe(app, "ann@example.com", groups=["Subscribers"], formType="footer")
    assert (first["emailStatus"], first["new"]) == ("NEED_CONFIRMATION", True)
    again = subscribe(app, "ann@example.com")
    assert again == {"id": first["id"], "emailStatus": "NEED_CONFIRMATION", "new": False}
    assert event_types(esputnik) == ["subscribeFromApi-footer", "subscribeUpdateFromApi"]
    groups = app.get(f"/v1/contact/{first['id']}").body["groups"]
    assert groups == [{"id": 201403567, "name": "Subscribers", "type": "Static"}]


@pytest.mark.emulator(
    "esputnik",
    options={
        "workflows": {
            "subscribeFromApi": [{"message": {"messageId": 5, "messageName": "hi", "to": "${EmailAddress}"}}]
        }
    },
)
def test_the_event_of_a_subscription_starts_its_workflow(esputnik, app) -> None:
    number = subscribe(app, "ann@example.com")["id"]
    esputnik.advance("1h")
    rows = app.get("/v2/contacts/activity", dateFrom="2026-01-01", dateTo="2026-01-02").body
    assert {row["activityStatus"] for row in rows} >= {"DELIVERED", "READ"}
    assert {row["contactId"] for row in rows} == {number}
    assert {(row["sourceEventTypeKey"], row["sourceEventKey"]) for row in rows} == {
        ("subscribeFromApi", str(number))
    }


@pytest.mark.emulator("esputnik", options={"subscribe.event_suffix": "API"})
def test_the_event_is_spelt_as_the_other_page_has_it_by_option(esputnik, app) -> None:
    subscribe(app, "ann@example.com")
    assert event_types(esputnik) == ["subscribeFromAPI"]


@pytest.mark.emulator("esputnik", options={"subscribe.double_opt_in": False})
def test_without_a_confirmation_a_contact_is_subscribed_and_then_was_already(app) -> None:
    assert subscribe(app, "ann@example.com")["emailStatus"] == "SUBSCRIBED"
    assert subscribe(app, "ann@example.com", formType="x")["emailStatus"] == "ALREADY_SUBSCRIBED"


def test_a_contact_that_was_created_otherwise_is_confirmed(app) -> None:
    app.post("/v1/contact", contact("ann@example.com"))
    assert subscribe(app, "ann@example.com")["emailStatus"] == "ALREADY_SUBSCRIBED"


def test_an_unsubscribed_address_is_blacklisted_until_it_is_taken_from_the_list(app) -> None:
    assert app.post("/v1/emails/unsubscribed/add", {"emails": ["Ann@Example.com"]}) == (200, "")
    assert subscribe(app, "ann@example.com")["emailStatus"] == "BLACKLISTED"
    assert app.post("/v1/emails/unsubscribed/delete", {"emails": "ann@example.com"}) == (200, "")
    assert subscribe(app, "ann@example.com", formType="x")["emailStatus"] == "NEED_CONFIRMATION"
    assert app.post("/v1/emails/unsubscribed/add", {}).status == 400


def test_a_form_leaves_the_channels_that_are_there(app) -> None:
    number = app.post("/v1/contact", contact("ann@example.com", externalCustomerId="TV1")).body["id"]
    sent = {
        "externalCustomerId": "TV1",
        "firstName": "Ann",
        "channels": [
            {"type": "email", "value": "mallory@example.com"},
            {"type": "sms", "value": "380501234567"},
        ],
    }
    assert app.post("/v1/contact/subscribe", {"contact": sent}).body["id"] == int(number)
    shown = app.get(f"/v1/contact/{number}").body
    assert [row["value"] for row in shown["channels"]] == ["ann@example.com", "380501234567"]
    assert shown["firstName"] == "Ann"


def test_a_phone_alone_has_no_status_of_an_email(app) -> None:
    sent = {"contact": {"channels": {"type": "sms", "value": "380501234567"}}, "groups": "Phones"}
    status, body = app.post("/v1/contact/subscribe", sent)
    assert (status, sorted(body)) == (200, ["id", "new"])
    assert app.get("/v1/groups").body[0]["name"] == "Phones"


@pytest.mark.parametrize("body", [{}, {"contact": []}, {"contact": {}}, {"contact": contact("nobody")}])
def test_a_subscription_of_nobody_is_refused(body, app) -> None:
    assert app.post("/v1/contact/subscribe", body).status == 400


def test_the_name_of_a_form_has_no_forbidden_characters(app) -> None:
    assert app.post("/v1/contact/subscribe", {"contact": contact("a@b.cd"), "formType": "a/b"}).status == 400


def begin_import(app: App, *contacts: Any, **more: Any) -> dict[str, Any]:
    status, body = app.post("/v1/contacts", {"contacts": list(contacts), "dedupeOn": "email", **more})
    assert status == 200, body
    assert body["id"] == 0
    return dict(body)


def test_an_import_is_done_after_the_answer_and_can_be_watched(esputnik, app) -> None:
    begun = begin_import(app, contact("ann@example.com"), contact("bob@example.com"))
    path = f"/v1/importstatus/{begun['asyncSessionId']}"
    assert begun["failedContacts"] == []
    assert app.get(path).body == {"status": "STARTED", "timestamp": "2026-01-01T00:00:00Z"}
    esputnik.advance("10s")
    assert app.get(path).body["status"] == "IMPORTING"
    assert app.get("/v1/contacts", email="ann@").body == []
    esputnik.advance("50s")
    status, body = app.get(path)
    assert (status, body["status"], body["timestamp"]) == (200, "FINISHED", "2026-01-01T00:01:00Z")
    assert [row["dedupeValue"] for row in body["mapping"]] == ["ann@example.com", "bob@example.com"]
    for row in body["mapping"]:
        assert app.get(f"/v1/contact/{row['contactId']}").status == 200
    assert app.get("/v1/importstatus/unknown").status == 404


def test_one_failed_contact_stands_alone_and_two_in_a_list(app) -> None:
    bad, good = contact("nobody", firstName="N"), contact("ann@example.com")
    one = begin_import(app, bad, good)["failedContacts"]
    assert one == {**bad, "error": "'nobody' is not valid email"}
    two = begin_import(app, bad, {"firstName": "Ann"}, good)["failedContacts"]
    assert [row["error"] for row in two] == [
        "'nobody' is not valid email",
        "It is necessary to specify at least one channel",
    ]


@pytest.mark.emulator("esputnik", options={"replies": "tidy"})
def test_one_failed_contact_is_a_list_of_one_in_tidy_replies(app) -> None:
    assert len(begin_import(app, contact("nobody"))["failedContacts"]) == 1


def test_an_import_moves_contacts_between_segments_and_tells_of_new_ones(esputnik, app) -> None:
    known = subscribe(app, "ann@example.com", groups=["Subscribers"])["id"]
    begin_import(
        app,
        contact("ann@example.com"),
        contact("bob@example.com"),
        groupNames=["Customers"],
        groupNamesExclude=["Subscribers"],
        eventKeyForNewContacts="newContact",
    )
    assert "newContact" not in event_types(esputnik)
    esputnik.advance("1m")
    groups = {row["name"]: row["id"] for row in app.get("/v1/groups").body}
    members = app.get(f"/v1/group/{groups['Customers']}/contacts").body
    assert {row["channels"][0]["value"] for row in members} == {"ann@example.com", "bob@example.com"}
    assert known in [row["id"] for row in members]
    assert app.get(f"/v1/group/{groups['Subscribers']}/contacts").body == []
    assert event_types(esputnik)[-1] == "newContact"


def test_an_import_changes_only_the_fields_that_it_names_and_empties_what_is_not_sent(esputnik, app) -> None:
    fields = [{"id": 1, "value": "a"}, {"id": 2, "value": "b"}]
    sent = contact("ann@example.com", firstName="Ann", lastName="Lee", languageCode="uk", fields=fields)
    number = app.post("/v1/contact", sent).body["id"]
    changed = contact(
        "ann@example.com",
        firstName="Anna",
        languageCode="en",
        fields=[{**row, "value": "z"} for row in fields],
    )
    begin_import(app, changed, contactFields=["firstName", "lastName"], customFieldsIDs=[2])
    esputnik.advance("1m")
    shown = app.get(f"/v1/contact/{number}").body
    assert (shown["firstName"], "lastName" in shown, shown["languageCode"]) == ("Anna", False, "uk")
    assert shown["fields"] == [{"id": 1, "value": "a"}, {"id": 2, "value": "z"}]


@pytest.mark.parametrize(("restore", "status"), [(False, 404), (True, 200)])
def test_a_deleted_contact_is_passed_over_unless_it_shall_be_restored(restore, status, esputnik, app) -> None:
    number = app.post("/v1/contact", contact("ann@example.com")).body["id"]
    app.delete(f"/v1/contact/{number}")
    session = begin_import(app, contact("ann@example.com"), restoreDeleted=restore)["asyncSessionId"]
    esputnik.advance("1m")
    assert app.get(f"/v1/contact/{number}").status == status
    assert len(app.get(f"/v1/importstatus/{session}").body["mapping"]) == (1 if restore else 0)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"contacts": [], "dedupeOn": "name"},
        {"dedupeOn": "email"},
        {"contacts": "x", "dedupeOn": 5},
        {"contacts": [{}] * 3001, "dedupeOn": "email"},
    ],
    ids=["empty", "dedupeOn", "contacts", "types", "3001"],
)
def test_an_import_that_is_none_is_refused(body, app) -> None:
    assert app.post("/v1/contacts", body).status == 400


@pytest.fixture
def segment(app) -> int:
    subscribe(app, "ann@example.com", groups=["Subscribers"])
    return int(app.get("/v1/groups", name="subscr").body[0]["id"])


def members(app: App, segment: int, **query: Any) -> list[int]:
    status, rows = app.get(f"/v1/group/{segment}/contacts", query)
    assert status == 200
    return [row["id"] for row in rows]


def test_contacts_join_and_leave_a_segment_by_either_id(esputnik, app, segment) -> None:
    first = members(app, segment)[0]
    status, told = app.post(
        f"/v1/group/{segment}/contacts/attach",
        {"contactIds": ["706515632", 1], "externalCustomerIds": ["789456512"]},
    )
    assert status == 200
    assert isinstance(told, str)
    assert {problem.pointer for problem in esputnik.calls("attach-contacts")[0].problems} == {
        "/contactIds/0",
        "/contactIds/1",
    }
    assert members(app, segment, orderByTs="true") == [first, 706515632, 1967597908]
    assert members(app, segment, asc="false") == sorted([first, 706515632, 1967597908], reverse=True)
    assert app.get(f"/v1/contact/{706515632}").body["groups"][0]["name"] == "Subscribers"
    app.post(f"/v1/group/{segment}/contacts/detach", {"externalCustomerIds": "789456512"})
    assert members(app, segment, orderByTs="true") == [first, 706515632]
    # Ids that nobody has are not the same as no ids.
    app.post(f"/v1/group/{segment}/contacts/detach", {"contactIds": [1]})
    assert len(members(app, segment)) == 2
    # A client sends no body at all.
    assert app.post(f"/v1/group/{segment}/contacts/detach").status == 200
    assert members(app, segment) == []


@pytest.mark.parametrize("number", ["1", "x", "9" * 30])
def test_an_unknown_segment_is_not_found(number, app) -> None:
    assert app.get(f"/v1/group/{number}/contacts").status == 404
    assert app.post(f"/v1/group/{number}/contacts/attach", {"contactIds": [1967597908]}).status == 404
    assert app.post(f"/v1/group/{number}/contacts/detach", {}).status == 404


def test_at_most_500_contacts_join_at_once(app, segment) -> None:
    assert app.post(f"/v1/group/{segment}/contacts/attach", {"contactIds": list(range(501))}).status == 400


def order(number: str, **changes: Any) -> dict[str, Any]:
    given = {
        "externalOrderId": number,
        "totalCost": 258.0,
        "status": "INITIALIZED",
        "date": "2022-05-14T10:11:10.7022176+03:00",
        "currency": "UAH",
        "email": "ann@example.com",
        "firstName": "Ann",
        **changes,
    }
    return {name: value for name, value in given.items() if value is not None}


def test_each_order_is_an_event_named_after_its_status_and_makes_its_contact(esputnik, app) -> None:
    orders = [
        order("1"),
        order("1", status="DELIVERED"),
        order("2", status="CANCELLED", email="bob@example.com"),
    ]
    assert app.post("/v1/orders", {"orders": orders}) == (200, {"failedOrders": []})
    assert event_types(esputnik) == ["orderINITIALIZED", "orderDELIVERED", "orderCANCELLED"]
    assert app.get("/v1/contacts", email="ann@example.com").body[0]["firstName"] == "Ann"
    app.post("/v1/orders", {"orders": [order("3", firstName="Other")]})
    assert app.get("/v1/contacts", email="ann@example.com").body[0]["firstName"] == "Ann"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"currency": None}, "currency is required"),
        ({"totalCost": ""}, "totalCost is required"),
        ({"email": None}, "externalCustomerId, email or phone is required"),
        ({"status": "PAID"}, "status is not valid"),
        ({"date": "yesterday"}, "date is not valid"),
        ({"totalCost": "a lot"}, "totalCost is not valid"),
        ({"currency": "hryvnia"}, "currency is not valid"),
        ({"email": "nobody"}, "'nobody' is not valid email"),
        ({"email": None, "phone": "x"}, "phone is not valid"),
        ({"items": [{"name": "A"}]}, "externalItemId of an item is required"),
    ],
)
def test_an_order_that_cannot_be_stored_fails_and_the_others_do_not(changes, told, esputnik, app) -> None:
    bad = order("2", **changes)
    status, body = app.post("/v1/orders", {"orders": [order("1"), bad]})
    assert status == 200
    assert body["failedOrders"]["error"] == told
    assert body["failedOrders"]["order"]["externalOrderId"] == "2"
    assert list(esputnik.account.tables["orders"]) == ["1"]
    _, body = app.post("/v1/orders", {"orders": [bad, bad]})
    assert [row["error"] for row in body["failedOrders"]] == [told, told]


def test_numbers_of_an_order_may_be_text_and_the_order_may_stand_alone(app) -> None:
    assert app.post("/v1/orders", {"orders": order("1", totalCost="258.0")}).body == {"failedOrders": []}


def test_orders_are_a_list_of_a_thousand_at_most(app) -> None:
    assert app.post("/v1/orders", {}).status == 400
    assert app.post("/v1/orders", {"orders": [order(str(n)) for n in range(1001)]}).status == 400


@pytest.mark.parametrize(
    ("path", "stem"), [("/v1/contact/subscribe", "subscribe-contact"), ("/v1/contacts", "import-contacts")]
)
def test_the_examples_are_taken_as_they_are(path, stem, esputnik, app) -> None:
    example = catalog.default().contract("esputnik").example(f"{stem}.request")
    assert app.post(path, example).status == 200
    assert esputnik.calls()[-1].problems == ()
    esputnik.advance("1m")
    assert app.get("/v1/contacts", email="@").body
