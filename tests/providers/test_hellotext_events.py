"""Events of Hellotext as a backend tells them: both revisions, the names of three years, objects and values."""

from __future__ import annotations

from typing import Any

import pytest

from emulators import catalog
from tests.support.hellotext_app import App, wrong

NEW = pytest.mark.emulator("hellotext@2026-08")
SHOES = {"name": "Shoes", "reference": "p-1", "source": "shop", "price": {"amount": 20.5, "currency": "EUR"}}


@pytest.fixture
def app(hellotext) -> App:
    return App(hellotext.env)


def tracked(app: App) -> list[dict[str, Any]]:
    """Every event that is stored, latest first."""
    events: list[dict[str, Any]] = app.get("/attribution/events")["data"]
    return events


def test_the_revision_of_2023_answers_201_and_takes_names_with_and_without_id(app) -> None:
    for profile in ("profile", "profile_id"):
        for product in ("product", "product_id"):
            names = {"profile": None, profile: "PROFILE_ID", product: "vxqQJ3Yg"}
            assert app.track("product.purchased", **names) == (201, {"state": "ok"})
    assert len(tracked(app)) == 4
    assert {event["profile"] for event in tracked(app)} == {"PROFILE_ID"}


@NEW
def test_the_revision_of_2026_answers_200_and_names_the_object_object(app) -> None:
    assert app.track("product.viewed", object="vxqQJ3Yg") == (200, {"status": "received"})
    [event] = tracked(app)
    assert (event["object"], event["object_type"]) == ("vxqQJ3Yg", "product")


@NEW
@pytest.mark.parametrize("name", ["profile_id", "session_id", "product_id"])
def test_the_revision_of_2026_refuses_names_with_id(name, hellotext, app) -> None:
    assert wrong(app.track("product.viewed", object="vxqQJ3Yg", **{name: "x"})) == (422, "not_allowed", name)
    assert "option events.id_spellings" in hellotext.calls()[0].problems[0].source
    assert not tracked(app)


@pytest.mark.emulator("hellotext@2026-08", options={"events.id_spellings": "ignore"})
def test_names_with_id_may_not_be_looked_at(app) -> None:
    nobody = app.track("product.viewed", profile=None, profile_id="PROFILE_ID", object="vxqQJ3Yg")
    assert wrong(nobody) == (422, "parameter_missing", "profile")
    assert app.track("product.viewed", object="vxqQJ3Yg", session_id="unheard of")[0] == 200


@pytest.mark.emulator("hellotext@2026-08", options={"events.id_spellings": "accept"})
def test_names_with_id_may_still_be_taken(app) -> None:
    named = {"profile": None, "profile_id": "PROFILE_ID", "product_id": "vxqQJ3Yg"}
    assert app.track("product.viewed", **named) == (200, {"status": "received"})


@NEW
def test_a_bare_product_is_no_object_since_2026(app) -> None:
    assert wrong(app.track("product.viewed", product="vxqQJ3Yg")) == (422, "parameter_missing", "object")


def test_names_of_two_ages_in_one_body_are_noted(hellotext, app) -> None:
    assert app.track("product.purchased", product_id="vxqQJ3Yg")[0] == 201
    [note] = hellotext.calls()[0].problems
    assert "product_id beside profile" in note.expected


@pytest.mark.parametrize("name", ["product_attributes", "product_parameters", "object_parameters", "product"])
def test_data_makes_an_object_once_and_finds_it_by_source_and_reference(name, app) -> None:
    for _ in range(2):
        assert app.track("product.viewed", **{name: SHOES})[0] == 201
    assert app.track("product.viewed", **{name: {**SHOES, "source": "other"}})[0] == 201
    first, second, third = (event["object"] for event in tracked(app))
    assert second == third != first
    assert app.get(f"/attribution/products/{third}")["reference"] == "p-1"


@pytest.mark.parametrize("name", [None, ""])
def test_an_empty_name_of_new_data_is_refused_as_the_readme_shows(name, app) -> None:
    refusal = app.track("app.installed", object_parameters={"name": name})
    assert wrong(refusal) == (422, "parameter_invalid_empty", "name")


@NEW
def test_new_data_must_have_a_name_and_known_data_need_not(app) -> None:
    nameless = {"reference": "p-1", "source": "shop"}
    refusal = wrong(app.track("product.viewed", object_parameters=nameless))
    assert refusal == (422, "parameter_missing", "name")
    assert app.track("product.viewed", object_parameters=SHOES)[0] == 200
    assert app.track("product.viewed", object_parameters=nameless)[0] == 200


def objects_of(revision: str) -> list[tuple[str, str]]:
    facts = catalog.profile("hellotext", revision).facts
    return [(action, kind) for action, kind in facts["actions"].value.items() if kind]


@NEW
@pytest.mark.parametrize(("action", "kind"), objects_of("2026-08"))
def test_every_built_in_action_wants_an_object_of_its_kind(action, kind, app) -> None:
    assert wrong(app.track(action)) == (422, "parameter_missing", "object")
    other = "PROFILE_ID" if kind == "product" else "vxqQJ3Yg"
    assert wrong(app.track(action, object=other)) == (422, "not_found", "object")
    maker = {"cart.abandoned": "cart.added"}.get(action, action)
    data = {"name": "Any", "reference": "1", "source": "shop"}
    assert app.track(maker, object_parameters=data)[0] == 200
    made = tracked(app)[0]
    assert made["object_type"] == kind
    assert app.track(action, object=made["object"])[0] == 200


@NEW
@pytest.mark.parametrize("action", ["subscribed", "unsubscribed"])
def test_subscriptions_need_no_object(action, app) -> None:
    assert app.track(action)[0] == 200


@NEW
@pytest.mark.parametrize("action", ["app.install", "app.remove", "page.visited"])
def test_former_actions_are_unknown_since_2026(action, app) -> None:
    assert wrong(app.track(action, object_parameters={"name": "x"})) == (404, "not_found", "action")


@NEW
def test_a_cart_is_abandoned_only_if_it_is_known(app) -> None:
    data = {"reference": "CART-1", "source": "shop"}
    refusal = wrong(app.track("cart.abandoned", object_parameters=data))
    assert refusal == (422, "parameter_missing", "object")


@NEW
def test_an_id_and_data_together_are_ambiguous(app) -> None:
    refusal = wrong(app.track("product.viewed", object="vxqQJ3Yg", object_parameters=SHOES))
    assert refusal == (422, "ambiguous_parameter", "object")


def test_of_an_id_and_data_the_id_counts_in_2023(app) -> None:
    assert app.track("product.viewed", object="vxqQJ3Yg", object_parameters=SHOES)[0] == 201
    assert tracked(app)[0]["object"] == "vxqQJ3Yg"


@pytest.mark.parametrize("given", [7, [SHOES], "shoes"])
def test_data_that_is_no_object_is_refused(given, app) -> None:
    refusal = wrong(app.track("product.viewed", object_parameters=given))
    assert refusal == (422, "invalid", "object_parameters")


def test_a_cart_takes_over_what_results_of_its_items(app) -> None:
    def change(action: str, quantity: Any) -> dict[str, Any]:
        items = [{"product": "vxqQJ3Yg", "quantity": quantity}, {"product": SHOES, "quantity": 1}]
        data = {"reference": "CART-1", "source": "shop", "items": items}
        assert app.track(action, cart_parameters=data)[0] == 201
        [cart] = app.get("/attribution/carts")["data"]
        return {item["product"]: item["quantity"] for item in cart["items"]}

    first = change("cart.viewed", 2)
    shoes = app.get("/attribution/products/p-1")["id"]
    assert first == {"vxqQJ3Yg": 2, shoes: 1}
    assert change("cart.viewed", 5) == {"vxqQJ3Yg": 5, shoes: 1}
    assert change("checkout.started", 0) == {shoes: 1}


@pytest.mark.parametrize(
    ("item", "refusal"),
    [
        ({"product": "unknown0"}, (422, "not_found", "product")),
        ({"quantity": 1}, (422, "parameter_missing", "product")),
        ({"product": "vxqQJ3Yg", "quantity": -1}, (422, "invalid", "quantity")),
        ({"product": "vxqQJ3Yg", "quantity": "many"}, (422, "invalid", "quantity")),
    ],
)
def test_an_item_of_nothing_known_is_refused(item, refusal, app) -> None:
    data = {"reference": "1", "source": "shop", "items": [item]}
    assert wrong(app.track("order.placed", order_parameters=data)) == refusal
    assert app.get("/attribution/orders")["data"] == []


def test_each_state_of_an_order_is_kept_once_however_often_it_is_told(app) -> None:
    data = {"reference": "1001", "source": "shop", "items": [{"product": SHOES, "quantity": 2}]}
    for action in ("order.placed", "order.placed", "order.shipped"):
        assert app.track(action, order_parameters=data) == (201, {"state": "ok"})
    assert [event["action"] for event in tracked(app)] == ["order.shipped", "order.placed"]
    [order] = app.get("/attribution/orders")["data"]
    assert order["total"] == {"amount": 41.0, "currency": "EUR"}


TIMES = [
    ("2026-08-07T12:30:00Z", 1786105800),
    ("2026-08-07T09:30:00-03:00", 1786105800),
    (1665684173, 1665684173),
    ("1665684173", 1665684173),
]


@pytest.mark.parametrize(("given", "seconds"), TIMES)
def test_an_event_may_have_happened_before(given, seconds, app) -> None:
    assert app.track("page.viewed", url="https://shop.example.com", tracked_at=given)[0] == 201
    assert tracked(app)[0]["tracked_at"] == seconds


def test_an_event_without_a_time_happens_now(hellotext, app) -> None:
    hellotext.advance("1h")
    assert app.track("page.viewed", url="https://shop.example.com")[0] == 201
    assert tracked(app)[0]["tracked_at"] == int(hellotext.now.timestamp())


@pytest.mark.parametrize("revision", ["2023-01", "2026-08"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tracked_at", 1665684173000),  # milliseconds
        ("tracked_at", "2026-08-07T12:30:00"),  # no zone
        ("tracked_at", "yesterday"),
        ("tracked_at", -1),
        ("amount", "a lot"),
        ("amount", True),
        ("amount", [1]),
        ("currency", "dollars"),
        ("currency", 840),
    ],
)
def test_values_that_cannot_be_read_are_refused(revision, name, value, emulate) -> None:
    with emulate.fresh(f"hellotext@{revision}") as hellotext:
        given = {"amount": 1, "currency": "USD", name: value}
        refusal = wrong(App(hellotext.env).track("page.viewed", url="https://shop.example.com", **given))
    assert refusal == (422, "invalid", name)


@NEW
def test_a_currency_wants_an_amount_since_2026(app) -> None:
    given = {"object": "vxqQJ3Yg", "currency": "USD"}
    assert wrong(app.track("product.viewed", **given)) == (422, "parameter_missing", "amount")
    assert app.track("product.viewed", **given, amount=0)[0] == 200


def test_an_amount_without_a_currency_is_in_dollars(app) -> None:
    assert app.track("product.purchased", product="vxqQJ3Yg", amount=10)[0] == 201
    assert (tracked(app)[0]["amount"], tracked(app)[0]["currency"]) == (10, "USD")


class TestActionsOfTheBusinesssOwn:
    @pytest.fixture
    def booked(self, app) -> str:
        return str(app.create("/actions", name="appointment.booked")["name"])

    @pytest.fixture
    def appointments(self, app) -> Any:
        properties = [
            {"kind": "text", "name": "reference", "required": True, "unique": True},
            {"kind": "text", "name": "room"},
        ]
        return app.create("/objects", title="Appointments", name="appointment", properties=properties)

    def test_they_must_be_created_first_and_need_no_object(self, app) -> None:
        assert wrong(app.track("appointment.booked")) == (404, "not_found", "action")
        app.create("/actions", name="appointment.booked")
        assert app.track("appointment.booked") == (201, {"state": "ok"})

    def test_an_object_that_comes_must_say_its_kind(self, app, booked) -> None:
        refusal = wrong(app.track(booked, object_parameters={"reference": "1"}))
        assert refusal == (422, "parameter_missing", "object_type")
        refusal = wrong(app.track(booked, object_type="meeting", object_parameters={"reference": "1"}))
        assert refusal == (422, "not_found", "object_type")

    def test_an_instance_is_made_with_the_event_and_known_afterwards(self, app, booked, appointments) -> None:
        data = {"reference": "A-7", "room": "Booth 3"}
        assert app.track(booked, object_type="appointment", object_parameters=data)[0] == 201
        made = tracked(app)[0]["object"]
        assert app.track(booked, object_type=appointments["id"], object=made)[0] == 201
        assert [event["object"] for event in tracked(app)] == [made, made]

    def test_required_and_unique_properties_are_checked(self, app, booked, appointments) -> None:
        def book(**data: Any) -> tuple[int, Any]:
            return app.track(booked, object_type="appointment", object_parameters=data)

        assert wrong(book(room="3")) == (422, "parameter_missing", "reference")
        assert wrong(book(reference="")) == (422, "parameter_invalid_empty", "reference")
        assert book(reference="1")[0] == 201
        assert wrong(book(reference="1")) == (422, "parameter_not_unique", "reference")
        by_id = {appointments["properties"][0]["id"]: "1"}
        assert wrong(book(property_by_id=by_id)) == (422, "parameter_not_unique", "reference")

    def test_an_instance_of_another_kind_is_unknown(self, app, booked, appointments) -> None:
        app.create("/objects", title="Rooms", name="room", properties=[{"kind": "text", "name": "number"}])
        assert app.track(booked, object_type="room", object_parameters={"number": "3"})[0] == 201
        room = tracked(app)[0]["object"]
        refusal = wrong(app.track(booked, object_type="appointment", object=room))
        assert refusal == (422, "not_found", "object")

    def test_built_in_objects_go_with_them_too(self, app, booked) -> None:
        assert app.track(booked, object_type="product", object="vxqQJ3Yg")[0] == 201
        refusal = wrong(app.track(booked, object_type="product", object="unknown0"))
        assert refusal == (422, "not_found", "object")


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_a_form_is_not_equivalent(content_type, app) -> None:
    form = b"action=subscribed&profile=PROFILE_ID"
    if "multipart" in content_type:
        form = b'--x\r\nContent-Disposition: form-data; name="action"\r\n\r\nsubscribed\r\n--x--\r\n'
    status, answer = app.post("/attribution/events", form, Content_Type=content_type)
    assert (status, answer["errors"][0]["type"]) == (400, "invalid")


def test_json_that_a_client_calls_a_form_is_read_as_json(app) -> None:
    body = b'{"action": "subscribed", "profile": "PROFILE_ID"}'
    assert app.post("/attribution/events", body, Content_Type="application/x-www-form-urlencoded")[0] == 201


def test_absurd_nesting_is_malformed(app) -> None:
    deep: Any = {}
    for _ in range(100):
        deep = {"a": deep}
    assert app.track("subscribed", metadata=deep)[0] == 400
    assert app.track("subscribed", metadata={"a": {"b": [1]}})[0] == 201


@pytest.mark.emulator("hellotext@2026-08")
def test_no_id_of_any_kind_of_object_is_spelled_as_it_was(hellotext) -> None:
    app = App(hellotext.env)
    for name in ("product_id", "order_id", "profile_id"):
        status, answer = app.track("page.viewed", url="https://shop.example.com", **{name: "x"})
        assert (status, answer["errors"][0]["parameter"]) == (422, name)
