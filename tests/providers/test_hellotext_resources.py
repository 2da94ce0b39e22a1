"""What a business keeps at Hellotext: products, orders, coupons, actions, objects, templates; and lists of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from emulators import catalog, registry
from emulators.engine.provider import Route
from emulators.faults import VendorError
from tests.support.hellotext_app import App, page_of, wrong

PRODUCTS, ORDERS = "/attribution/products", "/attribution/orders"


@pytest.fixture
def app(hellotext) -> App:
    return App(hellotext.env)


def ids(answer: Any) -> list[str]:
    return [row["id"] for row in answer["data"]]


RESOURCES = [
    (PRODUCTS, {"name": "Shoes", "sku": "S-1"}, {"name": "Boots"}),
    (ORDERS, {"reference": "1001", "source": "shop", "delivery": "deliver"}, {"payment_method": "Visa"}),
    ("/coupons", {"code": "SPRING5"}, {"description": "10%"}),
    ("/actions", {"name": "appointment.booked"}, {"title": "Booked"}),
    ("/objects", {"title": "Rooms", "name": "room", "properties": [{"name": "number"}]}, {"title": "Halls"}),
]
every_resource = pytest.mark.parametrize(
    ("path", "given", "change"), RESOURCES, ids=[r[0] for r in RESOURCES]
)


@every_resource
def test_what_is_created_can_be_read_changed_and_listed(path, given, change, app) -> None:
    made = app.create(path, **given)
    assert len(made["id"]) == 8
    assert isinstance(made["created_at"], int)
    assert app.get(f"{path}/{made['id']}") == made
    status, changed = app.call("PATCH", f"{path}/{made['id']}", change)
    assert (status, changed) == (200, {**made, **change})
    assert app.get(f"{path}/{made['id']}") == changed
    assert ids(app.get(path))[0] == made["id"]


@every_resource
def test_nothing_is_found_by_an_id_that_nobody_gave(path, given, change, app) -> None:
    kind = registry.load("hellotext").provider
    name = next(r.name for r in kind.routes if r.path == f"/v1{path}/{{{r.name}}}" and r.method == "GET")
    assert wrong(app.call("GET", f"{path}/unknown0")) == (404, "not_found", name)
    assert wrong(app.call("PATCH", f"{path}/unknown0", change)) == (404, "not_found", name)


@pytest.mark.parametrize(
    ("path", "given", "parameter"),
    [
        (PRODUCTS, {"name": "Boots", "sku": "S-1"}, "sku"),
        (PRODUCTS, {"name": "Boots", "source": "shop", "reference": 1}, "reference"),
        (ORDERS, {"reference": "1001", "source": "shop", "delivery": "collect"}, "reference"),
        ("/coupons", {"code": "SPRING5"}, "code"),
        ("/actions", {"name": "appointment.booked"}, "name"),
        ("/actions", {"name": "order.placed"}, "name"),
        ("/objects", {"title": "Products", "name": "product", "properties": []}, "name"),
    ],
)
def test_what_must_be_unique_is(path, given, parameter, app) -> None:
    for where, first, _ in RESOURCES:
        app.create(where, **first)
    app.create(PRODUCTS, name="Sandals", source="shop", reference="1")
    assert wrong(app.post(path, given)) == (422, "parameter_not_unique", parameter)


def test_a_key_is_free_again_when_its_object_has_another(app) -> None:
    made = app.create(PRODUCTS, name="Shoes", sku="S-1")
    assert app.call("PATCH", f"{PRODUCTS}/{made['id']}", {"sku": "S-2"})[0] == 200
    app.create(PRODUCTS, name="Boots", sku="S-1")
    assert app.call("PATCH", f"{PRODUCTS}/{made['id']}", {"sku": "S-1"})[0] == 422


@pytest.mark.parametrize(
    ("path", "given", "kind", "parameter"),
    [
        (PRODUCTS, {}, "parameter_missing", "name"),
        (PRODUCTS, {"name": ""}, "parameter_invalid_empty", "name"),
        (PRODUCTS, {"name": None}, "parameter_invalid_empty", "name"),
        (PRODUCTS, {"name": "Shoes", "price": {"amount": []}}, "parameter_invalid_empty", "amount"),
        (ORDERS, {"reference": "1"}, "parameter_missing", "delivery"),
        (ORDERS, {"delivery": "by drone"}, "invalid", "delivery"),
        (ORDERS, {"delivery": "deliver", "items": [{"quantity": 1}]}, "parameter_missing", "product"),
        (ORDERS, {"delivery": "deliver", "items": [{"product": "none"}]}, "not_found", "product"),
        ("/coupons", {"description": "10%"}, "parameter_missing", "code"),
        ("/properties", {"name": "Customer ID"}, "parameter_missing", "kind"),
        ("/templates", {"name": "Ready", "technology": "fax", "body": "Hi"}, "invalid", "technology"),
    ],
)
def test_what_breaks_the_rules_is_refused_by_type_and_parameter(path, given, kind, parameter, app) -> None:
    assert wrong(app.post(path, given)) == (422, kind, parameter)


def test_every_wrong_parameter_is_named(app) -> None:
    status, answer = app.post("/objects", {"title": ""})
    named = {(error["type"], error["parameter"]) for error in answer["errors"]}
    assert status == 422
    assert named == {
        ("parameter_invalid_empty", "title"),
        ("parameter_missing", "name"),
        ("parameter_missing", "properties"),
    }


def test_a_null_is_a_field_that_is_not_there(app) -> None:
    assert "brand" not in app.create(PRODUCTS, name="Shoes", brand=None)


def test_products_are_named_by_id_reference_or_sku(app) -> None:
    made = app.create(PRODUCTS, name="Shoes", source="shop", reference=100, sku="S-1")
    for name in (made["id"], "100", "S-1"):
        assert app.get(f"{PRODUCTS}/{name}") == made


def test_variants_get_ids_and_keep_them(app) -> None:
    made = app.create(PRODUCTS, name="Shoes", variants=[{"name": "Black"}, {"name": "Red"}])
    assert len({variant["id"] for variant in made["variants"]}) == 2
    assert app.call("PATCH", f"{PRODUCTS}/{made['id']}", {"name": "Boots"})[1]["variants"] == made["variants"]


def test_the_total_of_an_order_is_computed_whatever_is_sent(app) -> None:
    shoes = app.create(PRODUCTS, name="Shoes", reference="p-1", price={"amount": "10.10", "currency": "EUR"})
    items = [{"product": "p-1", "quantity": 2}, {"product": "vxqQJ3Yg", "price": {"amount": 0.2}}]
    made = app.create(ORDERS, delivery="deliver", items=items, total={"amount": 1, "currency": "USD"})
    assert made["total"] == {"amount": 20.4, "currency": "EUR"}
    assert [item["product"] for item in made["items"]] == [shoes["id"], "vxqQJ3Yg"]
    changed = app.call("PATCH", f"{ORDERS}/{made['id']}", {"items": [], "payment_method": "Visa"})[1]
    assert (changed["items"], changed["total"]) == (made["items"], made["total"])


def test_an_order_that_was_created_is_tracked_by_its_id(app) -> None:
    made = app.create(ORDERS, reference="1001", source="shop", delivery="deliver")
    assert app.track("order.placed", object=made["id"])[0] == 201
    again = app.track("order.shipped", order_parameters={"reference": "1001", "source": "shop"})
    assert again[0] == 201
    assert {event["object"] for event in app.get("/attribution/events")["data"]} == {made["id"]}


@pytest.mark.parametrize("path", ["/coupons", "/actions", "/objects"])
def test_what_is_removed_is_gone_and_its_name_is_free(path, app) -> None:
    given = next(given for where, given, _ in RESOURCES if where == path)
    made = app.create(path, **given)
    assert app.call("DELETE", f"{path}/{made['id']}") == (204, None)
    assert app.call("GET", f"{path}/{made['id']}")[0] == 404
    app.create(path, **given)


@pytest.mark.emulator("hellotext", options={"resources.deleted_status": 200})
def test_a_removal_may_show_what_was_removed(app) -> None:
    made = app.create("/coupons", code="SPRING5")
    assert app.call("DELETE", f"/coupons/{made['id']}") == (200, made)


def test_an_action_with_events_stays(app) -> None:
    made = app.create("/actions", name="appointment.booked")
    assert app.track("appointment.booked")[0] == 201
    assert wrong(app.call("DELETE", f"/actions/{made['id']}")) == (422, "not_allowed", None)
    assert app.call("PATCH", f"/actions/{made['id']}", {"title": "Booked"})[0] == 200


def test_built_in_objects_are_listed_and_stay_as_they_are(app) -> None:
    assert {"product", "order", "cart"} <= set(ids(app.get("/objects")))
    assert app.get("/objects/product")["built_in"] is True
    for method in ("DELETE", "PATCH"):
        assert wrong(app.call(method, "/objects/product", {"title": "x"})) == (422, "not_allowed", None)


class TestLists:
    @pytest.fixture
    def made(self, app) -> list[str]:
        """Ids of thirty coupons, latest first."""
        return [app.create("/coupons", code=f"C{n}")["id"] for n in range(30)][::-1]

    def test_they_have_25_rows_latest_first(self, app, made) -> None:
        assert ids(app.get("/coupons")) == made[:25]

    def test_a_page_lies_after_or_before_an_id(self, app, made) -> None:
        assert ids(app.get(f"/coupons?limit=2&starting_after={made[3]}")) == made[4:6]
        assert ids(app.get(f"/coupons?limit=2&ending_before={made[3]}")) == made[1:3]
        assert ids(app.get(f"/coupons?starting_after={made[-1]}")) == []

    def test_an_unknown_cursor_and_a_strange_limit_are_refused(self, app, made) -> None:
        cursor = app.call("GET", "/coupons?starting_after=unknown0")
        assert wrong(cursor) == (404, "not_found", "starting_after")
        for limit in ("0", "-1", "many"):
            assert wrong(app.call("GET", f"/coupons?limit={limit}")) == (422, "invalid", "limit")
        assert len(ids(app.get("/coupons?limit=99999999999"))) == 30

    def test_an_empty_one_is_200(self, app) -> None:
        assert app.get("/messages") == {"data": []}

    @pytest.mark.parametrize(("wrapper", "answer"), [("none", []), ("resource", {"properties": []})])
    def test_the_name_of_the_rows_is_a_choice(self, wrapper, answer, emulate) -> None:
        with emulate.fresh("hellotext", options={"lists.wrapper": wrapper}) as hellotext:
            assert App(hellotext.env).get("/properties") == answer


@pytest.mark.emulator("hellotext", options={"account.may_write": False})
def test_a_plan_that_may_not_write_may_read(app) -> None:
    assert app.get("/profiles")["data"]
    for path, given, _ in RESOURCES:
        assert app.get(path)["data"] is not None
        assert wrong(app.post(path, given)) == (403, "not_allowed", None)


@pytest.mark.parametrize(("error", "status"), [("account-disabled", 403), ("revoked-token", 401)])
def test_the_vendors_refusals_can_be_called_for_by_name(error, status, hellotext, app) -> None:
    hellotext.inject(VendorError(error))
    assert wrong(app.track("subscribed")) == (status, "not_allowed", None)
    assert app.track("subscribed")[0] == 201


def test_the_vendor_may_break_without_json(hellotext, app) -> None:
    hellotext.inject(VendorError("server-error"), VendorError("unavailable"))
    with pytest.raises(json.JSONDecodeError):
        app.track("subscribed")
    assert app.track("subscribed") == (503, None)


def files(folder: str) -> list[Any]:
    """Every request of a folder, of the revision that it lies in."""
    found = sorted(catalog.root().glob(f"hellotext/*/{folder}/*.request.*.json"))
    return [pytest.param(path, id=f"{path.parts[-3]}-{path.stem}") for path in found]


def route_of(path: Path) -> Route:
    """The first route of a stem; in 2023 a session was attached with POST."""
    stem = path.name.split(".")[0]
    routes = [r for r in registry.load("hellotext").provider.routes if r.stem == stem]
    return routes[-1 if path.parts[-3] == "2023-01" else 0]


@pytest.mark.parametrize("path", [*files("samples"), *files("examples")])
def test_a_fresh_emulator_takes_every_documented_request_and_every_example(path, emulate) -> None:
    route = route_of(path)
    with emulate.fresh(f"hellotext@{path.parts[-3]}") as hellotext:
        app = App(hellotext.env)
        known = {"product": "vxqQJ3Yg", "profile": "PROFILE_ID", "session": "HELLOTEXT_SESSION_ID"}
        known |= {"form": "FORM_ID", "business": hellotext.env["HELLOTEXT_BUSINESS_ID"]}
        for where, given, _ in RESOURCES:
            known.setdefault(where.rpartition("/")[2].removesuffix("s"), app.create(where, **given)["id"])
        if "create" in route.name:
            hellotext.reset()
        public = route.path.startswith(("/v1/public", "/v1/track"))
        caller = page_of(hellotext.env) if public else app
        where = route.path.removeprefix("/v1").format_map(known)
        body = path.read_bytes()
        if route.method == "GET":
            where, body = f"{where}?{urlencode(json.loads(body))}", b""
        status, answer = caller.call(route.method, where, body or None)
        assert status in (200, 201), answer
        assert not hellotext.calls()[-1].problems
