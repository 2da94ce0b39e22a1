"""eSputnik's contacts, one at a time: created, read, changed, deleted, found again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from emulators import catalog
from emulators.esputnik import identity
from tests.support.esputnik_app import App
from tests.support.receiver import Receiver


@pytest.fixture
def app(esputnik) -> App:
    return App(esputnik.env)


def channel(value: str, kind: str = "email") -> dict[str, Any]:
    return {"type": kind, "value": value}


def ann(**more: Any) -> dict[str, Any]:
    return {"firstName": "Ann", "channels": [channel("ann@example.com")], **more}


def create(app: App, contact: dict[str, Any]) -> str:
    status, body = app.post("/v1/contact", contact)
    assert (status, list(body)) == (200, ["id"])
    return str(body["id"])


def read(app: App, number: object) -> dict[str, Any]:
    status, body = app.get(f"/v1/contact/{number}")
    assert status == 200, body
    return dict(body)


def test_the_id_of_a_new_contact_is_text_and_everywhere_else_a_number(app) -> None:
    number = create(app, ann())
    assert number.isdigit()
    assert read(app, number) == {
        "firstName": "Ann",
        "channels": [channel("ann@example.com")],
        "addressBookId": 8585,
        "id": int(number),
        "groups": [],
    }


def test_a_contact_is_shown_as_it_was_sent_in_the_order_of_the_specification(app) -> None:
    sent = ann(
        lastName="Lee",
        timeZone="Europe/Kyiv",
        languageCode="uk",
        externalCustomerId="TV12790",
        contactKey="k",
        address={"region": "West", "town": "London", "address": "First str. 1", "postcode": "12345"},
        fields=[{"id": 12345, "value": "x"}],
        unknown="is not kept",
    )
    shown = read(app, create(app, sent))
    assert {name: shown[name] for name in sent if name != "unknown"} == {
        name: value for name, value in sent.items() if name != "unknown"
    }
    order = list(catalog.schema("esputnik/contact.response")["properties"])
    assert list(shown) == [name for name in order if name in shown]


def test_a_phone_is_kept_as_digits(app) -> None:
    number = create(app, ann(channels=[channel("+38 (095) 649-09-55", "sms")]))
    assert read(app, number)["channels"] == [channel("380956490955", "sms")]


def test_numbers_for_text_text_for_numbers_and_one_for_many_are_taken_with_a_note(esputnik, app) -> None:
    sent = {"firstName": 7, "channels": channel("ann@example.com"), "fields": {"id": "12345", "value": 5}}
    shown = read(app, create(app, sent))
    assert shown["firstName"] == "7"
    assert shown["fields"] == [{"id": 12345, "value": "5"}]
    noted = {problem.pointer for problem in esputnik.calls("create-contact")[0].problems}
    assert {"/firstName", "/channels", "/fields"} <= noted


@pytest.mark.parametrize(
    ("contact", "told"),
    [
        ({"firstName": "Ann"}, "Bad request"),
        ({"channels": None}, "It is necessary to specify at least one channel"),
        ({"channels": []}, "Bad request"),
        ({"channels": [channel("ann@example.com", "fax")]}, "Bad request"),
        ({"channels": [channel("")]}, "Bad request"),
        ({"channels": [channel("nobody")]}, "'nobody' is not valid email"),
        (
            {"channels": [channel(f"a{n}@example.com") for n in range(3)]},
            "You can add maximum two channels of the same type",
        ),
        ({"channels": [channel("ann@example.com")], "address": "London"}, "Bad request"),
    ],
)
def test_what_is_no_contact_is_refused_and_leaves_nothing(contact, told, esputnik, app) -> None:
    before = app.get("/v1/contacts").body
    assert app.post("/v1/contact", contact) == (400, told)
    assert esputnik.calls("create-contact")[0].problems
    assert app.get("/v1/contacts").body == before


@pytest.mark.parametrize(
    "again",
    [
        {"channels": [channel("ANN@example.com")]},
        {"channels": [channel("+380501234567", "sms"), channel("other@example.com")]},
        {"externalCustomerId": "TV1", "channels": [channel("third@example.com")]},
    ],
    ids=["email", "phone", "externalCustomerId"],
)
def test_the_same_email_phone_or_id_is_the_same_contact(again, app) -> None:
    channels = [channel("ann@example.com"), channel("380501234567", "sms")]
    number = create(app, ann(channels=channels, externalCustomerId="TV1"))
    assert create(app, {**again, "lastName": "Lee"}) == number
    shown = read(app, number)
    assert (shown["firstName"], shown["lastName"]) == ("Ann", "Lee")


def test_an_address_with_another_customers_id_goes_to_him_who_has_none(app) -> None:
    first = create(app, ann(externalCustomerId="TV1"))
    assert create(app, ann(externalCustomerId="TV2")) == first
    assert read(app, first)["externalCustomerId"] == "TV2"
    assert app.call("DELETE", "/v1/contact", query={"externalCustomerId": "TV1"}).status == 404


def test_channels_that_are_sent_replace_those_of_their_type(app) -> None:
    number = create(app, ann(channels=[channel("ann@example.com"), channel("380501234567", "sms")]))
    app.put(f"/v1/contact/{number}", {"channels": [channel("new@example.com")]})
    assert read(app, number)["channels"] == [channel("380501234567", "sms"), channel("new@example.com")]
    assert create(app, {"channels": [channel("ann@example.com")], "firstName": "Other"}) != number


def test_an_update_answers_in_plain_text(app) -> None:
    number = create(app, ann(lastName="Lee", address={"town": "London", "region": "West"}))
    answer = app.put(f"/v1/contact/{number}", {"lastName": None, "address": {"town": "Kyiv"}})
    assert answer == (200, f"Contact with id='{number}' has been updated")
    assert app.headers["content-type"] == "text/plain; charset=utf-8"
    shown = read(app, number)
    assert (shown["firstName"], shown["address"]) == ("Ann", {"town": "Kyiv", "region": "West"})
    assert "lastName" not in shown


def test_a_deleted_contact_is_not_found_until_an_update_restores_it(app) -> None:
    number = create(app, ann())
    # A client sends `[]` with every GET and DELETE.
    assert app.delete(f"/v1/contact/{number}", []) == (200, f"Contact with id='{number}' has been deleted")
    for method in ("GET", "DELETE"):
        answer = app.call(method, f"/v1/contact/{number}", [])
        assert answer == (404, f"Contact with id='{number}' not found")
    assert app.get("/v1/contacts", email="ann@example.com").body == []
    assert app.put(f"/v1/contact/{number}", {"lastName": "Lee"}).status == 200
    assert read(app, number)["firstName"] == "Ann"


def test_what_was_erased_cannot_be_restored(app) -> None:
    number = create(app, ann(externalCustomerId="TV1"))
    assert app.call("DELETE", f"/v1/contact/{number}", query={"erase": "true"}).status == 200
    assert app.put(f"/v1/contact/{number}", {}).status == 404
    assert "firstName" not in read(app, create(app, {"channels": [channel("ann@example.com")]}))


@pytest.mark.parametrize("body", [None, [], {"erase": 5}, b"x"])
def test_a_contact_is_deleted_by_the_id_that_the_customer_gave_it(body, app) -> None:
    number = create(app, ann(externalCustomerId="TV1"))
    status, told = app.call("DELETE", "/v1/contact", body, query={"externalCustomerId": "TV1"})
    assert (status, told) == (200, "Contact with externalCustomerId='TV1' has been deleted")
    assert app.get(f"/v1/contact/{number}").status == 404
    status, told = app.call("DELETE", "/v1/contact", body, query={"externalCustomerId": "TV1"})
    assert status == 404
    assert "not found" in told
    assert app.delete("/v1/contact", body).status == 400


@pytest.mark.parametrize("number", ["1", "abc", "0", "-1", "9" * 40, "1967597908x", "%D1%8F"])
def test_an_unknown_id_is_not_found(number, app) -> None:
    for method, body in (("GET", None), ("PUT", {"firstName": "Ann"}), ("DELETE", None)):
        assert app.call(method, f"/v1/contact/{number}", body).status == 404


def test_the_contacts_of_the_samples_are_there(esputnik, app) -> None:
    printed = [catalog.samples("esputnik")[f"activity.{name}"].body for name in ("bulk", "triggered")]
    for event in [event for body in printed for event in json.loads(body)]:
        shown = read(app, event["contactId"])
        assert shown.get("externalCustomerId") == event.get("externalCustomerId")
    assert read(app, 706515632)["channels"] == [channel("380956490955", "sms")]
    ids = esputnik.profile.facts["documented_ids"].value["contacts"]
    assert ids == [number for number, _ in identity.DOCUMENTED.values()]


def test_an_address_is_the_same_contact_in_the_api_and_in_webhooks(esputnik, app) -> None:
    with Receiver() as receiver:
        esputnik.subscribe(receiver.url)
        created = create(app, ann(channels=[channel("380501234567", "sms"), channel("ann@example.com")]))
        assert esputnik.emit("READ", email="ann@example.com").payload["contactId"] == int(created)
        emitted = esputnik.emit("READ", email="Bob@example.com").payload["contactId"]
        assert create(app, ann(channels=[channel("bob@example.com")])) == str(emitted)
        known = esputnik.emit("READ", email="test1@yourdomain.com").payload
        assert (known["contactId"], known["externalCustomerId"]) == (1967597908, "789456512")


def found(app: App, **query: Any) -> tuple[list[int], str]:
    status, rows = app.get("/v1/contacts", query)
    assert status == 200, rows
    return [row["id"] for row in rows], app.headers["TotalCount"]


def test_a_search_counts_all_in_a_header_and_shows_a_part(app) -> None:
    everybody, count = found(app)
    assert (len(everybody), count) == (4, "4")
    assert found(app, startindex=2, maxrows=2) == (everybody[1:3], "4")
    assert found(app, startindex=5) == ([], "4")
    assert found(app, startindex="", maxrows="") == (everybody, "4")
    assert found(app, sortBy="contactId")[0] == sorted(everybody)
    assert app.get("/v1/contacts", maxrows="all") == (400, "Bad request")


def test_more_than_500_rows_are_never_shown(emulate) -> None:
    with emulate.in_thread("esputnik", options={"replies": "tidy"}) as esputnik:
        app = App(esputnik.env)
        contacts = [{"channels": [channel(f"a{n}@example.com")]} for n in range(600)]
        assert app.post("/v1/contacts", {"contacts": contacts, "dedupeOn": "email"}).status == 200
        esputnik.advance("1m")
        rows, count = found(app, maxrows=1000)
        assert (len(rows), count) == (500, "604")
        assert esputnik.calls("search-contacts")[0].problems
        assert len(found(app, startindex=501)[0]) == 104


def test_a_search_finds_by_parts_and_by_several_conditions(app) -> None:
    number = int(create(app, ann(lastName="Lee", externalCustomerId="TV1")))
    create(app, {"firstName": "Ann", "channels": [channel("+380501234567", "sms")]})
    assert found(app, email="ANN@ex") == ([number], "1")
    assert found(app, firstname="ann", lastname="LEE") == ([number], "1")
    assert found(app, externalCustomerId="TV1") == ([number], "1")
    assert found(app, externalCustomerId="TV")[0] == []
    assert len(found(app, sms="+380501234567")[0]) == 1
    assert found(app, email="yourdomain.com")[1] == "3"


@pytest.mark.emulator("esputnik", options={"contacts.search": "exact"})
def test_a_search_may_be_exact(app) -> None:
    assert found(app, email="yourdomain.com") == ([], "0")
    assert found(app, email="Test1@yourdomain.com") == ([1967597908], "1")


def test_rows_of_a_search_have_neither_groups_nor_the_customers_id(app) -> None:
    row = app.get("/v1/contacts", email="test1@yourdomain.com").body[0]
    assert row == {"channels": [channel("test1@yourdomain.com")], "addressBookId": 8585, "id": 1967597908}
