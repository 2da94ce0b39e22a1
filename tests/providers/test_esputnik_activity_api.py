"""Reading activities back: the activity API, beside the webhooks that tell of the same, and the history of a contact."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from tests.support.esputnik_app import App
from tests.support.receiver import Receiver

PATH = "/v2/contacts/activity"
HISTORY = "/v2/contacts/messages"
DAY = {"dateFrom": "2026-01-01", "dateTo": "2026-01-01"}
EMAIL = {
    "from": "news@shop.example.com",
    "subject": "S",
    "htmlText": "<b>h</b>",
    "emails": ["ann@example.com"],
}


@pytest.fixture
def app(esputnik) -> App:
    return App(esputnik.env)


@pytest.fixture
def hook(esputnik) -> Iterator[Receiver]:
    with Receiver() as receiver:
        esputnik.subscribe(receiver.url)
        yield receiver


def rows(app: App, **query: Any) -> list[dict[str, Any]]:
    status, found = app.get(PATH, **{**DAY, **query})
    assert status == 200, found
    return list(found)


def test_a_row_is_the_webhooks_activity_under_the_names_of_the_api(esputnik, app, hook) -> None:
    app.post("/v1/message/email", {**EMAIL, "externalRequestId": "order-1", "tags": ["sale"]})
    esputnik.advance("1m")
    esputnik.flush()
    [told] = hook.posts[0].json
    [row] = rows(app)
    assert {name: row[name] for name in told} == told
    assert set(row) - set(told) == {"offset", "externalRequestId", "from"}
    assert (row["externalRequestId"], row["from"]) == ("order-1", "news@shop.example.com")
    assert UUID(row["offset"]).version == 1


def test_what_a_test_lets_happen_by_hand_is_there_too(esputnik, app, hook) -> None:
    esputnik.emit("DELIVERED", mobilepush="token-1")
    esputnik.emit("READ", webpush="token-2")
    esputnik.emit("UNDELIVERED", sms="380501234567", hardBounce=True)
    push, web, sms = rows(app)
    assert (push["mobPushToken"], web["webPushToken"], sms["sms"]) == ("token-1", "token-2", "380501234567")
    assert (sms["hardBounce"], "mobilepush" in push, "webpush" in web) == (True, False, False)


def test_every_status_but_sent_can_be_read(esputnik, app, hook) -> None:
    kinds = [kind.name for kind in esputnik.profile.feeds["activity"].kinds.values() if not kind.opt_in]
    for kind in kinds:
        esputnik.emit(kind)
    assert [row["activityStatus"] for row in rows(app)] == [kind for kind in kinds if kind != "SENT"]


@pytest.mark.emulator("esputnik", options={"activity.viber_number": "viber"})
def test_the_api_has_no_field_for_the_number_of_viber(esputnik, app, hook) -> None:
    number = esputnik.emit("DELIVERED", mediaType="viber").payload["viber"]
    assert rows(app)[0]["sms"] == number


@pytest.mark.emulator("esputnik", options={"activity.subscription_spelling": "subscripton"})
def test_the_api_spells_subscriptions_right(esputnik, app, hook) -> None:
    esputnik.emit("SUBSCRIPTION_CHANGED")
    assert rows(app)[0]["statusData"] == {"subscription": {"subscriptions": ["news", "promo"]}}


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({"email": "Ann@Example.com"}, {"ann@example.com"}),
        ({"sms": "+380501234567"}, {"380501234567"}),
        ({"webPushToken": "token-2"}, {"token-2"}),
        ({"messageTag": "tag"}, {"tagged@example.com"}),
        ({"messageTag": "ta"}, set()),
        ({"activityStatus": "CLICKED"}, {"tagged@example.com"}),
        ({"activityStatus": "SPAM"}, set()),
        ({"email": "ann@example.com", "activityStatus": "CLICKED"}, set()),
    ],
)
def test_filters_let_through_what_they_name(query, wanted, esputnik, app, hook) -> None:
    esputnik.emit("DELIVERED", email="ann@example.com")
    esputnik.emit("DELIVERED", sms="380501234567")
    esputnik.emit("READ", webpush="token-2")
    esputnik.emit("CLICKED", email="tagged@example.com", messageTag="tag2,tag,test")
    found = {row.get("email") or row.get("sms") or row["webPushToken"] for row in rows(app, **query)}
    assert found == wanted


def test_pages_follow_the_offset_until_one_is_empty(esputnik, app, hook) -> None:
    esputnik.emit("DELIVERED", count=5)
    every, offset, pages = rows(app), "", []
    for _ in range(4):
        page = rows(app, offset=offset, maxrows=2)
        pages.append(page)
        offset = page[-1]["offset"] if page else offset
    assert [len(page) for page in pages] == [2, 2, 1, 0]
    assert [row for page in pages for row in page] == every
    esputnik.emit("READ")
    assert [row["activityStatus"] for row in rows(app, offset=offset)] == ["READ"]


@pytest.mark.emulator("esputnik", options={"activity_api.offset": "ignored"})
def test_an_offset_may_be_without_effect_as_integrators_report(esputnik, app, hook) -> None:
    esputnik.emit("DELIVERED", count=3)
    first = rows(app, maxrows=2)
    assert rows(app, maxrows=2, offset=first[-1]["offset"]) == first


def test_a_period_is_in_utc_and_holds_its_last_day(esputnik, app, hook) -> None:
    esputnik.advance("23h30m")
    esputnik.emit("DELIVERED")
    assert esputnik.now.isoformat() == "2026-01-01T23:30:00+00:00"
    assert len(rows(app)) == 1
    assert len(rows(app, dateFrom="2026-01-01T23:30", dateTo="2026-01-01T23:30:00")) == 1
    assert rows(app, dateFrom="2026-01-01T23:31", dateTo="2026-01-02") == []
    assert len(rows(app, dateFrom="2026-01-02T01:30:00+02:00", dateTo="2026-01-02T02:00:00+02:00")) == 1


@pytest.mark.emulator("esputnik", options={"activity_api.end_date": "excluded"})
def test_the_last_day_may_be_left_out(esputnik, app, hook) -> None:
    esputnik.advance("1h")
    esputnik.emit("DELIVERED")
    assert rows(app) == []
    assert len(rows(app, dateTo="2026-01-02")) == 1


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"dateTo": "2026-01-01"}, "dateFrom is required"),
        ({"dateFrom": "2026-01-01"}, "dateTo is required"),
        ({**DAY, "dateFrom": "1.1.2026"}, "dateFrom is not valid"),
        ({**DAY, "dateFrom": "2026-02-30"}, "dateFrom is not valid"),
        ({**DAY, "dateFrom": "2026-01-02"}, "dateTo is before dateFrom"),
        ({**DAY, "activityStatus": "OPENED"}, "activityStatus is not valid"),
        ({**DAY, "maxrows": "many"}, "maxrows is not valid"),
        ({**DAY, "maxrows": "0"}, "maxrows is not valid"),
        ({**DAY, "offset": "2"}, "offset is not valid"),
        ({**DAY, "dateFrom": ["2026-01-01", "2026-01-01"]}, "dateFrom is not valid"),
    ],
)
def test_a_question_that_cannot_be_meant_is_refused(query, told, esputnik, app) -> None:
    assert app.get(PATH, query) == (400, told)
    assert esputnik.calls("activity")[0].problems


def test_a_period_has_three_months_at_most(app) -> None:
    assert app.get(PATH, dateFrom="2025-11-30", dateTo="2026-02-28") == (200, [])
    assert app.get(PATH, dateFrom="2025-11-30", dateTo="2026-03-01")[0] == 400


@pytest.mark.parametrize(("option", "status"), [(419, 419), (200, 200)])
def test_what_a_longer_period_leads_to_is_a_choice(option, status, emulate) -> None:
    with emulate.in_thread("esputnik", options={"activity_api.too_long": option}) as esputnik:
        assert App(esputnik.env).get(PATH, dateFrom="2025-01-01", dateTo="2026-01-01")[0] == status


@pytest.mark.emulator("esputnik", options={"activity_api.gate": True})
def test_the_api_may_wait_for_support_to_enable_it(app) -> None:
    assert app.get(PATH, **DAY) == (400, "Contact support to enable ContactActivity.")


def test_the_history_of_a_contact_has_a_row_for_each_message(esputnik, app, hook) -> None:
    app.post("/v1/message/email", {**EMAIL, "tags": ["sale", "spring"]})
    esputnik.advance("10m")
    app.post("/v1/message/2489300/smartsend", {"recipients": [{"locator": "ann@example.com"}]})
    app.post("/v1/message/email", {**EMAIL, "emails": ["bob@example.com"]})
    status, found = app.get(HISTORY, **DAY, email="ann@example.com")
    assert status == 200
    latest, first = found
    assert (first["messageId"], first["messageInstanceId"]) == (0, 0)
    assert (latest["messageId"], "activityStatus" in latest) == (2489300, False)
    assert (first["activityStatus"], first["subject"], first["from"]) == (
        "CLICKED",
        "S",
        "news@shop.example.com",
    )
    assert (first["messageTags"], latest["messageTags"]) == (["sale", "spring"], [])
    assert (first["sentDateTime"], latest["sentDateTime"]) == ("2026-01-01T00:00:00", "2026-01-01T00:10:00")
    assert first["channelType"] == "email"


def test_the_history_is_asked_by_any_name_of_a_contact(esputnik, app, hook) -> None:
    given = esputnik.emit("DELIVERED", sms="380501234567", externalCustomerId="c-1").payload
    names = {"phone": "+38 050 1234567", "contactId": given["contactId"], "externalCustomerId": "c-1"}
    for name, value in names.items():
        [row] = app.get(HISTORY, **DAY, **{name: value}).body
        assert (row["phone"], row["activityStatus"]) == ("380501234567", "DELIVERED")
    assert app.get(HISTORY, **DAY, email="other@example.com") == (200, [])
    assert app.get(HISTORY, **DAY)[0] == 400


def test_the_history_comes_in_pages_of_ten_and_by_channel(esputnik, app, hook) -> None:
    for _ in range(12):
        esputnik.emit("DELIVERED", email="ann@example.com")
    assert len(app.get(HISTORY, **DAY, email="ann@example.com").body) == 10
    assert len(app.get(HISTORY, **DAY, email="ann@example.com", offset=10, maxrows=100).body) == 2
    assert app.get(HISTORY, **DAY, email="ann@example.com", channelTypes="sms,viber") == (200, [])
    assert (
        len(app.get(HISTORY, **DAY, email="ann@example.com", channelTypes="sms,email", maxrows=3).body) == 3
    )
