"""ok-esputnik 0.3, an integrator's library for Python.

It ends every path with a slash, never raises for a status, and hands over JSON, or the bytes of what is none.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
import requests

from emulators.faults import Reset, VendorError
from tests.clients.proof import routes_proven_with, routes_that_took_a_call

ANN = "ann@example.com"
CONTACT = {
    "first_name": "Іван",
    "last_name": "Франко",
    "channels": [{"type": "email", "value": ANN}, {"type": "sms", "value": "380501234567"}],
    "address": {"region": "Kyiv", "town": "Kyiv", "address": "Main str. 1", "postcode": "01001"},
}
EVENT = {
    "event_type_key": "productViewed",
    "key_value": "9d0c163d-cc3b-4f9e-bb03-2f5d1111ef91",
    "params": [{"name": "email", "value": ANN}],
}
MAIL = {
    "from": '"Shop" <shop@example.com>',
    "subject": "Вітаємо",
    "html_text": "<b>Hello</b>",
    "plain_text": "Hello",
    "emails": [ANN],
}
SMS = {"from": "Shop", "text": "Hello", "phone_numbers": ["380501234567"]}
VIBER = {
    **SMS,
    "caption": "More",
    "action": "https://shop.example.com/",
    "ios_expirity_text": "Too late",
}
ORDER = {
    "id": "1",
    "user_id": "2",
    "total_cost": 10.0,
    "date": "2025-12-31T10:00:00",
    "email": ANN,
    "items": [
        {
            "id": "9",
            "name": "Cup",
            "quantity": 1,
            "cost": 10.0,
            "url": "https://shop.example.com/cup",
            "image_url": "https://shop.example.com/cup.png",
            "category": "cups",
        }
    ],
}


@pytest.fixture
def client(esputnik, ok_esputnik: ModuleType) -> Any:
    return connected(esputnik, ok_esputnik)


def connected(esputnik: Any, ok_esputnik: ModuleType, **other: Any) -> Any:
    """A client as an app makes it: any user name, the API key, the base URL with a slash at its end."""
    env = esputnik.env
    given = {"user": "any", "password": env["ESPUTNIK_API_KEY"], "host": f"{env['ESPUTNIK_URL']}/", **other}
    return ok_esputnik.ESputnikAPIAdaptor(**given)


def test_what_the_account_is(esputnik, client) -> None:
    assert client.version() == (200, {"version": "55810", "protocolVersion": "1.0"})
    assert client.account_info().data["userEmail"] == "owner@example.com"
    assert client.balance().data["bonusEmails"] == "2500"
    version = esputnik.assert_called("version")
    assert (version.method, version.headers["content-type"]) == ("GET", "application/json")


def test_a_contact_is_added_found_changed_and_deleted(esputnik, client) -> None:
    status, answer = client.add_contact(CONTACT)
    assert status == 200
    number = answer["id"]
    assert isinstance(number, str)
    esputnik.assert_called(
        "create-contact", firstName="Іван", lastName="Франко", channels=CONTACT["channels"]
    )
    shown = client.get_contact(number).data
    assert (shown["firstName"], shown["id"], shown["address"]["town"]) == ("Іван", int(number), "Kyiv")
    [row] = client.get_contacts({"email": ANN, "max_rows": 5}).data
    assert row["id"] == int(number)
    esputnik.assert_called("search-contacts", email=ANN, maxrows="5")
    changed = client.update_contact(number, {**CONTACT, "first_name": "Тарас"})
    assert changed == (200, f"Contact with id='{number}' has been updated".encode())
    assert client.get_contact(number).data["firstName"] == "Тарас"
    assert client.delete_contact(number) == (200, f"Contact with id='{number}' has been deleted".encode())
    assert client.get_contact(number).status_code == 404


def test_who_fills_in_a_form_is_in_its_groups_until_they_are_emptied(esputnik, client) -> None:
    answer = client.contact_subscribe({"contact": CONTACT, "groups": ["News"], "form_type": "footer"}).data
    assert answer == {"id": answer["id"], "emailStatus": "NEED_CONFIRMATION", "new": True}
    esputnik.assert_called("subscribe-contact", groups=["News"], formType="footer")
    [group] = [row for row in client.groups().data if row["name"] == "News"]
    assert [row["id"] for row in client.group_contacts(group["id"]).data] == [answer["id"]]
    status, told = client.group_contacts_detach(group["id"])
    assert (status, type(told)) == (200, bytes)
    assert client.group_contacts(group["id"]).data == []


def test_many_contacts_are_stored_a_while_later(esputnik, client) -> None:
    many = {"contacts": [CONTACT], "contact_fields": ["firstName"], "group_names": ["Import"]}
    status, answer = client.add_contacts(many)
    assert (status, answer["id"]) == (200, 0)
    esputnik.assert_called("import-contacts", dedupeOn="email", restoreDeleted=True, groupNames=["Import"])
    assert not client.get_contacts({"email": ANN}).data
    esputnik.advance("2m")
    assert client.get_contacts({"email": ANN}).data[0]["firstName"] == "Іван"


def test_an_address_is_unsubscribed_and_taken_off_the_list(esputnik, client) -> None:
    assert client.emails_unsubscribed_add(ANN).status_code == 200
    esputnik.assert_called("add-unsubscribed", emails=[ANN])
    assert client.contact_subscribe({"contact": CONTACT}).data["emailStatus"] == "BLACKLISTED"
    assert client.emails_unsubscribed_delete([ANN]).status_code == 200
    esputnik.assert_called("remove-unsubscribed", emails=[ANN])


@pytest.mark.emulator(
    "esputnik", options={"workflows": {"orderINITIALIZED": [{"message": {"messageId": 7}}]}}
)
def test_an_order_is_taken_and_is_an_event(esputnik, client, receiver) -> None:
    esputnik.subscribe(receiver.url)
    assert client.orders({"orders": [ORDER]}) == (200, {"failedOrders": []})
    [order] = esputnik.assert_called("add-orders").body["orders"]
    assert (order["externalOrderId"], order["status"], order["currency"]) == ("1", "INITIALIZED", "UAH")
    esputnik.drain()
    esputnik.assert_delivered(
        "DELIVERED", email=ANN, sourceEventTypeKey="orderINITIALIZED", sourceEventKey="1"
    )


def test_an_event_is_answered_with_nothing(esputnik, client) -> None:
    assert client.event(EVENT) == (200, b"")
    esputnik.assert_called("event-v1", eventTypeKey="productViewed", params=EVENT["params"])


def test_a_mail_tells_its_way_by_its_request_id(esputnik, client) -> None:
    result = client.message_email(MAIL).data["results"]
    assert (result["locator"], result["status"]) == (ANN, "OK")
    esputnik.assert_called("send-email", subject="Вітаємо", htmlText="<b>Hello</b>", emails=[ANN])
    request = result["requestId"]
    assert client.message_status([request]).data["results"]["status"] == "IN_QUEUE"
    esputnik.advance("10s")
    assert client.message_status([request]).data == {
        "results": {"status": "DELIVERED", "requestId": request, "failed": "false", "delivered": "true"}
    }


def test_statuses_of_several_messages_are_asked_for_by_repeating_the_name(esputnik, client) -> None:
    sent = client.message_email({**MAIL, "emails": [ANN, "bob@example.com"]}).data["results"]
    ids = [row["requestId"] for row in sent]
    statuses = client.message_status(ids).data["results"]
    assert [row["requestId"] for row in statuses] == ids
    esputnik.assert_called("message-status", ids=ids)


def test_a_prepared_message_goes_out_without_what_the_library_drops(esputnik, client) -> None:
    recipients = [{"locator": ANN, "json_param": '{"x":1}'}]
    answer = client.message_smartsend(
        "2489300", {"recipients": recipients, "email": True, "fromName": "Shop"}
    )
    assert answer.data["results"]["status"] == "OK"
    call = esputnik.assert_called("smartsend")
    assert call.body == {"recipients": [{"locator": ANN, "jsonParam": '{"x":1}'}]}
    assert call.path == "/api/v1/message/2489300/smartsend"
    older = {"params": [{"key": "k", "value": "v"}], "recipients": [ANN]}
    assert client.message_send("100500", older).data["results"]["locator"] == ANN
    esputnik.assert_called("send", **older)


def test_short_messages_go_to_phones(esputnik, client) -> None:
    for send, route in ((client.message_sms, "send-sms"), (client.message_viber, "send-viber")):
        given = VIBER if route == "send-viber" else SMS
        assert send(given).data["results"]["locator"] == "380501234567"
        esputnik.assert_called(route, text="Hello", phoneNumbers=["380501234567"])


def test_every_route_that_it_has_a_method_for_takes_its_calls(esputnik, client, ok_esputnik) -> None:
    client.version()
    client.account_info()
    client.balance()
    number = client.add_contact(CONTACT).data["id"]
    client.get_contact(number)
    client.update_contact(number, CONTACT)
    client.contact_subscribe({"contact": CONTACT, "groups": ["News"]})
    client.add_contacts({"contacts": [CONTACT], "contact_fields": ["firstName"], "group_names": ["News"]})
    client.get_contacts()
    [group] = client.groups().data
    client.group_contacts(group["id"])
    client.group_contacts_detach(group["id"])
    client.delete_contact(number)
    client.emails_unsubscribed_add(ANN)
    client.emails_unsubscribed_delete(ANN)
    client.event(EVENT)
    client.orders({"orders": [ORDER]})
    client.message_send("100500", {"params": [{"key": "k", "value": "v"}], "recipients": [ANN]})
    client.message_smartsend("2489300", {"recipients": [{"locator": ANN, "json_param": "{}"}]})
    request = client.message_email(MAIL).data["results"]["requestId"]
    client.message_status([request])
    client.message_sms(SMS)
    client.message_viber(VIBER)
    second = connected(esputnik, ok_esputnik, version=2)
    second.version()
    second.event(EVENT)
    assert all(call.taken for call in esputnik.calls()), esputnik.timeline()
    assert routes_that_took_a_call(esputnik) == routes_proven_with("ok-esputnik 0.3", esputnik)


def test_an_event_becomes_activities_that_name_it(esputnik, client, receiver) -> None:
    esputnik.subscribe(receiver.url)
    client.event(EVENT)
    esputnik.advance("3m")
    activities = [activity for post in receiver.posts for activity in post.json]
    assert {activity["activityStatus"] for activity in activities} == {"DELIVERED"}
    for activity in activities:
        assert (activity["email"], activity["workflowId"]) == (ANN, 340484)
        assert activity["sourceEventKey"] == EVENT["key_value"]
        assert activity["sourceEventTypeKey"] == "productViewed"
    esputnik.drain()
    esputnik.assert_delivered("READ", email=ANN, sourceEventKey=EVENT["key_value"])


def test_a_wrong_key_is_told_as_the_vendor_tells_it(esputnik, ok_esputnik) -> None:
    stranger = connected(esputnik, ok_esputnik, password="wrong")
    assert stranger.account_info() == (401, {"status": 401, "message": "Unauthorized"})
    assert stranger.event(EVENT).status_code == 401
    esputnik.drain()
    assert [call.taken for call in esputnik.calls()] == [False, False]


def test_any_user_name_will_do(esputnik, ok_esputnik) -> None:
    for user in ("owner@example.com", "api-user"):
        assert connected(esputnik, ok_esputnik, user=user).version().status_code == 200


def test_an_address_that_is_none_is_an_error_within_a_good_answer(esputnik, client) -> None:
    good, bad = client.message_email({**MAIL, "emails": [ANN, "no address"]}).data["results"]
    assert good["status"] == "OK"
    assert (bad["status"], bad["message"]) == ("ERROR", "'no address' is not valid email")
    assert "requestId" not in bad


def test_a_contact_that_cannot_be_stored_is_refused_in_text(esputnik, client) -> None:
    bad = {**CONTACT, "channels": [{"type": "email", "value": "no address"}]}
    assert client.add_contact(bad) == (400, b"'no address' is not valid email")
    [problem] = esputnik.calls("create-contact")[0].problems
    assert problem.pointer == "/channels/0/value"


def test_an_event_of_version_1_holds_text_and_one_of_version_2_any_json(
    esputnik, client, ok_esputnik
) -> None:
    nested = {**EVENT, "params": [{"name": "json", "value": {"x": [1, 2]}}]}
    assert client.event(nested).status_code == 400
    assert esputnik.calls("event-v1")[0].problems[0].pointer == "/params/0/value"
    assert connected(esputnik, ok_esputnik, version=2).event(nested) == (200, b"")


def test_an_order_with_a_status_that_there_is_none_is_told_of_in_the_answer(esputnik, client) -> None:
    failed = client.orders({"orders": [{**ORDER, "status": "SHIPPED"}]}).data["failedOrders"]
    assert failed["order"]["externalOrderId"] == "1"
    assert failed["error"] == "status is not valid"


def test_the_same_contact_twice_within_a_minute_is_a_conflict(esputnik, client) -> None:
    assert client.add_contact(CONTACT).status_code == 200
    assert client.add_contact(CONTACT) == (409, b"Duplicated request")
    esputnik.advance("1m")
    assert client.add_contact(CONTACT).status_code == 200


def test_a_quota_is_a_status_like_any_other_and_the_next_call_goes_through(esputnik, client) -> None:
    esputnik.inject(VendorError("quota"))
    assert client.message_email(MAIL) == (429, b"Too many requests")
    assert client.message_email(MAIL).status_code == 200
    assert [call.status for call in esputnik.calls("send-email")] == [429, 200]


def test_a_dropped_connection_is_an_exception_and_the_next_call_goes_through(esputnik, client) -> None:
    esputnik.inject(Reset())
    with pytest.raises(requests.ConnectionError):
        client.event(EVENT)
    assert client.event(EVENT) == (200, b"")
    assert [call.status for call in esputnik.calls("event-v1")] == [None, 200]


def test_a_page_of_a_server_in_trouble_comes_as_bytes(esputnik, client) -> None:
    esputnik.inject(VendorError("server-error"))
    status, page = client.version()
    assert (status, page[:6]) == (500, b"<html>")
