"""eSputnik's activity webhooks, beside the page that documents them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from emulators import catalog
from emulators.errors import InvalidValue, UnknownName, VerificationFailed
from tests.support.receiver import Receiver


@pytest.fixture
def app() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def printed(name: str) -> list[dict]:
    return json.loads(catalog.samples("esputnik")[f"activity.{name}"].body)


def is_in_order(names: list[str], order: list[str]) -> bool:
    return names == [name for name in order if name in names]


def test_every_kind_that_the_page_tells_of_arrives_as_an_array(esputnik, app) -> None:
    esputnik.subscribe(app.url)
    kinds = [kind for kind in esputnik.profile.feeds["activity"].kinds.values() if not kind.opt_in]
    for kind in kinds:
        esputnik.emit(kind.name)
    esputnik.advance("1m")
    assert [event["activityStatus"] for event in app.posts[0].json] == [kind.name for kind in kinds]


@pytest.mark.parametrize(("name", "given"), [("bulk", {}), ("triggered", {"workflowId": 340484})])
def test_an_activity_looks_like_the_printed_ones(name, given, esputnik, app) -> None:
    esputnik.subscribe(app.url)
    event = esputnik.emit("DELIVERED", given, email="test1@yourdomain.com").payload
    sample = printed(name)[0]
    assert is_in_order(list(event), list(esputnik.profile.feeds["activity"].kinds["DELIVERED"].fields))
    assert set(sample) - {"externalCustomerId"} <= set(event)
    assert set(event) <= set(sample)
    assert len(event["viewMessageLink"]) == len(sample["viewMessageLink"])
    assert UUID(event["iid"]).version == UUID(sample["iid"]).version


def test_the_printed_keys_stand_in_the_schemas_order() -> None:
    order = catalog.profile("esputnik").feeds["activity"].kinds["DELIVERED"].fields
    for name in ("bulk", "triggered"):
        for event in printed(name):
            assert is_in_order(list(event), list(order))


def test_ids_of_a_workflow_carry_the_time_of_the_run(esputnik, app) -> None:
    esputnik.subscribe(app.url)
    event = esputnik.emit("READ", sourceEventTypeKey="productViewed").payload
    for name, before in (("workflowInstanceId", 68), ("iid", 2)):
        ticks = UUID(event[name]).time // 10
        when = datetime(1582, 10, 15, tzinfo=UTC) + timedelta(microseconds=ticks)
        assert esputnik.now - when == timedelta(seconds=before)


def test_the_same_address_is_the_same_contact(esputnik, app) -> None:
    esputnik.subscribe(app.url)
    ann, again = (esputnik.emit("DELIVERED", email="ann@example.com").payload for _ in range(2))
    bob = esputnik.emit("DELIVERED", email="bob@example.com").payload
    assert ann["contactId"] == again["contactId"] != bob["contactId"]
    assert ann["iid"] != again["iid"]


def test_a_bounce_has_its_reason_and_a_click_its_link(esputnik, app) -> None:
    esputnik.subscribe(app.url)
    bounce, click = esputnik.emit("UNDELIVERED").payload, esputnik.emit("CLICKED").payload
    assert (bounce["hardBounce"], bool(bounce["statusDescription"])) == (False, True)
    assert click["clickEventLink"].startswith("https://")
    assert not {"hardBounce", "statusDescription"} & set(click)
    with pytest.raises(InvalidValue, match="/clickEventLink"):
        esputnik.emit("DELIVERED", clickEventLink="https://shop.example.com")


def test_a_test_message_has_no_name(esputnik, app) -> None:
    esputnik.subscribe(app.url)
    assert "messageName" in esputnik.emit("DELIVERED").payload
    assert "messageName" not in esputnik.emit("DELIVERED", messageName=None).payload


@pytest.mark.parametrize(
    ("field", "media"), [("sms", "sms"), ("mobilepush", "mobilepush"), ("webpush", "webpush")]
)
def test_the_address_names_the_channel(field, media, esputnik, app) -> None:
    esputnik.subscribe(app.url)
    event = esputnik.emit("DELIVERED", {field: "380956490955"}).payload
    assert (event["mediaType"], event[field]) == (media, "380956490955")
    assert not {"email", "viewMessageLink"} & set(event)


@pytest.mark.emulator("esputnik", options={"activity.viber_number": "viber"})
def test_the_phone_of_viber_moves_by_option(esputnik, app) -> None:
    esputnik.subscribe(app.url)
    event = esputnik.emit("DELIVERED", mediaType="viber").payload
    assert "viber" in event
    assert "sms" not in event


def test_the_phone_of_viber_is_in_sms_as_printed(esputnik, app) -> None:
    esputnik.subscribe(app.url)
    event = esputnik.emit("UNDELIVERED", mediaType="viber").payload
    assert event["sms"].isdigit()
    assert event["statusDescription"] == printed("triggered")[2]["statusDescription"]


def test_every_media_type_known_can_be_sent(esputnik, app) -> None:
    esputnik.subscribe(app.url)
    media = catalog.schema("esputnik/activity.event")["properties"]["mediaType"]["enum"]
    assert len(media) == 9
    for name in media:
        assert esputnik.emit("DELIVERED", mediaType=name).payload["mediaType"] == name


def test_widgets_are_opt_in_because_no_page_names_their_statuses(esputnik, app) -> None:
    esputnik.subscribe(app.url)
    with pytest.raises(InvalidValue, match=r"assumed, not documented.*activity\.widgets"):
        esputnik.emit("WIDGET_VIEW")


@pytest.mark.emulator("esputnik", options={"activity.widgets": True})
@pytest.mark.parametrize("kind", ["WIDGET_SUBSCRIPTION", "WIDGET_VIEW", "WIDGET_CONVERSION"])
def test_widgets_asked_for_are_sent(kind, esputnik, app) -> None:
    esputnik.subscribe(app.url)
    assert esputnik.emit(kind).payload["mediaType"] == "widget"


@pytest.mark.parametrize("spelling", ["subscription", "subscripton"])
def test_a_changed_subscription_brings_its_categories_in_either_spelling(spelling, emulate) -> None:
    options = {"activity.subscription_spelling": spelling}
    with emulate.in_thread("esputnik", options=options) as esputnik, Receiver() as app:
        esputnik.subscribe(app.url)
        data = esputnik.emit("SUBSCRIPTION_CHANGED").payload["statusData"]
        assert list(data) == [spelling]
        assert list(data[spelling]) == [f"{spelling}s"]
        assert esputnik.emit("READ").payload["statusData"] == {}


def test_sent_is_of_mobile_push_as_the_later_pages_have_it(esputnik, app) -> None:
    esputnik.subscribe(app.url)
    event = esputnik.emit("SENT").payload
    assert (event["mediaType"], "mobilepush" in event) == ("mobilepush", True)


def test_the_kind_of_an_event_cannot_be_another_than_the_one_that_is_emitted(esputnik, app) -> None:
    esputnik.subscribe(app.url)
    with pytest.raises(InvalidValue, match="READ events say 'READ', got 'DELIVERED'"):
        esputnik.emit("READ", activityStatus="DELIVERED")
    assert esputnik.emit("READ", activityStatus="READ").payload["activityStatus"] == "READ"


@pytest.mark.parametrize("status", [200, 201, 204])
def test_a_verification_takes_any_2xx(status, esputnik, app) -> None:
    app.get = status
    assert esputnik.subscribe(app.url).state == "active"
    assert [(p.status, p.accepted) for p in esputnik.probes()] == [(status, True)]


def test_a_verification_that_is_redirected_fails_and_goes_nowhere(esputnik) -> None:
    with Receiver() as elsewhere, Receiver(get=302, location=elsewhere.url) as app:
        with pytest.raises(VerificationFailed, match="answered 302"):
            esputnik.subscribe(app.url)
        assert elsewhere.received == []


def test_every_field_of_the_table_may_be_given(esputnik, app) -> None:
    esputnik.subscribe(app.url)
    rows = {
        "messageTag": "tag2,tag,test",
        "sourceEventId": 7,
        "sourceEventTypeId": 8,
        "viber": "380956490955",
    }
    event = esputnik.emit("DELIVERED", rows, externalCustomerId="789456512").payload
    assert rows.items() <= event.items()


def test_options_that_do_not_exist_are_refused_with_the_nearest(emulate) -> None:
    with (
        pytest.raises(UnknownName, match=r"did you mean 'activity\.widgets'"),
        emulate.in_thread("esputnik", options={"activity.widget": True}),
    ):
        pass


def test_a_feeds_numbers_are_options_too(emulate) -> None:
    options = {"activity.batch_window": 5, "activity.retry_delays": [1, 2]}
    with emulate.in_thread("esputnik", options=options) as esputnik, Receiver(500, 500) as app:
        esputnik.subscribe(app.url)
        esputnik.emit("READ")
        esputnik.advance("8s")
        start = esputnik.deliveries()[0].at
        assert [(d.at - start).total_seconds() for d in esputnik.deliveries()] == [0, 1, 3]
