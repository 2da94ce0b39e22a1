"""Who Hellotext knows: profiles, sessions, what pages tell of their visitors, forms, and messages to them."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest

from emulators.engine.provider import Call
from tests.support.hellotext_app import App, page_of, wrong

NEW = pytest.mark.emulator("hellotext@2026-08")
RECEIVED = (200, {"status": "received"})
VISITOR = "a4dddf53-63d6-4375-a2d3-c1cef8de9094"


@pytest.fixture
def app(hellotext) -> App:
    return App(hellotext.env)


@pytest.fixture
def page(hellotext) -> App:
    return page_of(hellotext.env)


def view(page: App, session: str | None = VISITOR, **fields: Any) -> tuple[int, Any]:
    body = {"session": session, "action": "page.viewed", "url": "https://shop.example.com", **fields}
    return page.post("/track/events", {name: value for name, value in body.items() if value is not None})


class TestProfiles:
    def test_the_same_person_by_any_spelling_of_phone_and_e_mail_is_one_profile(self, app) -> None:
        first = app.create("/profiles", first_name="Ana", phone="+598 99 000-001")
        second = app.create(
            "/profiles", **{"phone[mobile]": "+59899000001", "email[primary]": "Ana@Example.com"}
        )
        third = app.create("/profiles", email="ana@example.com", last_name="Silva")
        assert first["id"] == second["id"] == third["id"]
        known = app.get(f"/profiles/{first['id']}")
        assert (known["first_name"], known["last_name"]) == ("Ana", "Silva")

    def test_a_change_keeps_what_it_does_not_name(self, app) -> None:
        made = app.create("/profiles", first_name="Ana", email="ana@example.com")
        status, changed = app.call("PATCH", f"/profiles/{made['id']}", {"email": "silva@example.com"})
        assert (status, changed) == (200, {**made, "email": "silva@example.com"})
        assert app.create("/profiles", email="ana@example.com")["id"] != made["id"]
        assert app.create("/profiles", email="silva@example.com")["id"] == made["id"]

    def test_a_property_must_be_defined_before_it_is_given(self, app) -> None:
        refusal = wrong(app.post("/profiles", {"property_by_id[none]": "x"}))
        assert refusal == (422, "invalid", "property_by_id[none]")
        defined = app.create("/properties", name="Customer ID", kind="text")["id"]
        assert app.create("/profiles", **{f"property_by_id[{defined}]": "4821"})["id"]

    def test_one_that_nobody_made_is_unknown(self, app) -> None:
        assert wrong(app.call("GET", "/profiles/unknown0")) == (404, "not_found", "profile")
        assert wrong(app.call("PATCH", "/profiles/unknown0", {})) == (404, "not_found", "profile")

    def test_they_are_listed_latest_first(self, app) -> None:
        made = app.create("/profiles", first_name="Ana")
        assert [row["id"] for row in app.get("/profiles")["data"]] == [made["id"], "PROFILE_ID"]


class TestSessions:
    def test_one_is_minted_of_32_letters_and_digits(self, app, page) -> None:
        status, answer = page.post("/track/sessions")
        assert status == 201
        assert re.fullmatch("[A-Za-z0-9]{32}", answer["id"])
        assert page.post("/track/sessions", {})[1]["id"] != answer["id"]
        assert app.track("product.viewed", profile=None, session=answer["id"], product="vxqQJ3Yg")[0] == 201

    def test_a_uuid_becomes_known_by_what_it_tracks(self, app, page) -> None:
        session = str(uuid.uuid4())
        told = {"profile": None, "session": session, "product": "vxqQJ3Yg"}
        assert wrong(app.track("product.viewed", **told)) == (422, "not_found", "session")
        assert view(page, session) == RECEIVED
        assert app.track("product.viewed", **told)[0] == 201

    @pytest.mark.parametrize(("method", "status"), [("POST", 201), ("PATCH", 200)])
    def test_it_is_attached_to_a_profile_with_all_that_it_did(self, method, status, app, page) -> None:
        view(page)
        attached = app.call(method, f"/sessions/{VISITOR}", {"profile": "PROFILE_ID"})
        assert attached[0] == status
        assert (attached[1]["type"], attached[1]["profile"]) == ("session", "PROFILE_ID")
        assert len(attached[1]["id"]) == 8
        [event] = app.get("/attribution/events")["data"]
        assert (event["session"], event["profile"]) == (VISITOR, "PROFILE_ID")

    def test_one_that_tracked_nothing_is_unknown(self, app, page) -> None:
        page.post("/public/acks", {"session": VISITOR})
        refusal = app.call("PATCH", f"/sessions/{VISITOR}", {"profile": "PROFILE_ID"})
        assert wrong(refusal) == (404, "not_found", "session")

    @pytest.mark.emulator("hellotext", options={"acks.make_session_known": True})
    def test_an_acknowledgement_may_be_enough(self, app, page) -> None:
        page.post("/public/acks", {"session": VISITOR})
        assert app.call("PATCH", f"/sessions/{VISITOR}", {"profile": "PROFILE_ID"})[0] == 200

    def test_it_is_not_moved_to_another_profile(self, app, page) -> None:
        view(page)
        first, second = (app.create("/profiles", first_name=name)["id"] for name in ("Ana", "Eva"))
        for profile in (first, second):
            status, session = app.call("PATCH", f"/sessions/{VISITOR}", {"profile": profile})
            assert (status, session["profile"]) == (200, first)

    @pytest.mark.parametrize(("body", "kind"), [({}, "parameter_missing"), ({"profile": "x"}, "not_found")])
    def test_it_wants_a_profile_that_is_known(self, body, kind, app) -> None:
        refusal = app.call("PATCH", "/sessions/HELLOTEXT_SESSION_ID", body)
        assert wrong(refusal) == (422, kind, "profile")

    def test_beside_a_profile_it_becomes_the_profiles(self, app, page) -> None:
        view(page)
        assert app.track("product.viewed", session=VISITOR, product="vxqQJ3Yg")[0] == 201
        other = app.create("/profiles", first_name="Eva")["id"]
        refusal = wrong(app.track("product.viewed", profile=other, session=VISITOR, product="vxqQJ3Yg"))
        assert refusal == (422, "identity_assigned", "session")

    @pytest.mark.emulator("hellotext", options={"events.unassigned_session": "refuse"})
    def test_it_may_have_to_be_attached_before(self, app, page) -> None:
        view(page)
        told = {"session": VISITOR, "product": "vxqQJ3Yg"}
        assert wrong(app.track("product.viewed", **told)) == (422, "invalid", "session")
        assert app.call("PATCH", f"/sessions/{VISITOR}", {"profile": "PROFILE_ID"})[0] == 200
        assert app.track("product.viewed", **told)[0] == 201


class TestPages:
    @pytest.mark.parametrize("revision", ["2023-01", "2026-08"])
    def test_their_events_are_answered_200_in_every_revision(self, revision, emulate) -> None:
        with emulate.fresh(f"hellotext@{revision}") as hellotext:
            assert view(page_of(hellotext.env)) == RECEIVED

    @NEW
    @pytest.mark.parametrize("name", ["object_parameters", "app_parameters", "app_attributes"])
    def test_they_may_be_as_old_as_the_clients(self, name, page) -> None:
        app = {"name": "Game", "reference": "1"}
        assert (
            page.post("/track/events", {"session": VISITOR, "action": "app.installed", name: app}) == RECEIVED
        )

    def test_their_events_are_checked_too(self, page) -> None:
        assert wrong(view(page, action="product.bought")) == (404, "not_found", "action")
        assert wrong(view(page, action="product.viewed")) == (422, "parameter_missing", "product")
        assert wrong(view(page, session=["x"])) == (422, "invalid", "session")
        assert wrong(page.post("/track/events", b"{")) == (400, "invalid", None)

    @pytest.mark.parametrize("session", [None, "undefined"])
    def test_a_session_may_be_missing_or_undefined(self, session, app, page) -> None:
        assert view(page, session) == RECEIVED
        assert app.get("/attribution/events")["data"][0]["session"] == session

    @pytest.mark.emulator("hellotext", options={"browser.missing_session": "refuse"})
    def test_a_missing_session_may_be_refused(self, page) -> None:
        assert wrong(view(page, None)) == (422, "parameter_missing", "session")

    def test_the_private_token_is_not_theirs_nor_their_id_the_backends(self, hellotext, app, page) -> None:
        assert wrong(view(app)) == (401, "not_allowed", None)
        assert "the private token" in hellotext.calls()[0].problems[0].got
        assert wrong(page.post("/attribution/events", {})) == (401, "not_allowed", None)
        assert "the public id" in hellotext.calls()[-1].problems[0].got

    def test_they_acknowledge_before_there_is_a_session(self, page) -> None:
        assert page.post("/public/acks", {"utm_params": {}, "at": "2026-11-21T22:30:00.607Z"}) == RECEIVED

    def test_they_say_who_a_visitor_is(self, app, page) -> None:
        view(page)
        user = {"session": VISITOR, "user_id": "user_123", "source": "shopify", "email": "john@example.com"}
        assert page.post("/public/identifications", user) == RECEIVED
        profile = app.create("/profiles", email="john@example.com")["id"]
        assert app.get("/attribution/events")["data"][0]["profile"] == profile
        again = {**user, "email": "doe@example.com"}
        assert page.post("/public/identifications", again) == RECEIVED
        assert app.create("/profiles", email="doe@example.com")["id"] == profile

    def test_a_visitor_is_somebody(self, page) -> None:
        refusal = page.post("/public/identifications", {"session": VISITOR})
        assert wrong(refusal) == (422, "parameter_missing", "user_id")

    def test_they_read_what_the_library_wants_to_know_of_the_business(self, hellotext, page) -> None:
        business = page.get(f"/public/businesses/{hellotext.env['HELLOTEXT_BUSINESS_ID']}")
        assert (business["locale"], business["whitelist"]) == ("es", "disabled")
        assert wrong(page.call("GET", "/public/businesses/unknown0")) == (404, "not_found", "business")


class TestForms:
    def test_a_form_shows_what_it_asks_for(self, page) -> None:
        form = page.get(f"/public/forms/FORM_ID?session={VISITOR}&locale=en")
        [step] = form["steps"]
        assert (form["id"], [each["kind"] for each in step["inputs"]]) == ("FORM_ID", ["first_name", "email"])
        assert set(step) == {"header", "inputs", "button", "footer"}

    def test_what_is_filled_in_makes_a_profile_to_which_the_session_belongs(self, app, page) -> None:
        view(page)
        filled = {"session": VISITOR, "first_name": "Billy", "email": "billy@example.com"}
        assert page.post("/public/forms/FORM_ID/submissions", filled)[0] == 201
        profile = app.get("/attribution/events")["data"][0]["profile"]
        assert app.get(f"/profiles/{profile}")["first_name"] == "Billy"

    def test_what_is_left_out_is_named(self, page) -> None:
        refusal = page.post("/public/forms/FORM_ID/submissions", {"first_name": "Billy", "email": " "})
        assert wrong(refusal) == (422, "parameter_missing", "email")

    def test_a_form_that_nobody_drew_is_unknown(self, page) -> None:
        assert wrong(page.call("GET", "/public/forms/other")) == (404, "not_found", "form")
        assert wrong(page.post("/public/forms/other/submissions", {})) == (404, "not_found", "form")

    @pytest.mark.emulator("hellotext", options={"forms": {"news": ["phone", "size"]}})
    def test_forms_are_drawn_by_an_option(self, page) -> None:
        [step] = page.get("/public/forms/news")["steps"]
        assert [(each["kind"], each["type"]) for each in step["inputs"]] == [
            ("phone", "tel"),
            ("size", "text"),
        ]


class TestMessages:
    SMS = {"technology": "sms", "destination": "+14155552671", "body": "Your parcel is here."}  # noqa: RUF012

    def state(self, app: App) -> str:
        [message] = app.get("/messages")["data"]
        assert app.get(f"/messages/{message['id']}") == message
        return str(message["state"])

    def test_one_is_taken_and_then_delivered_in_the_vendors_steps(self, hellotext, app) -> None:
        assert app.post("/messages", self.SMS) == RECEIVED
        states = [self.state(app)]
        for _ in range(4):
            hellotext.advance("1s")
            states.append(self.state(app))
        assert states == ["pending", "routed", "routed", "routed", "delivered"]

    @pytest.mark.emulator("hellotext", options={"messages.outcome": "failed"})
    def test_one_may_fail_after_it_was_taken(self, hellotext, app) -> None:
        assert app.post("/messages", self.SMS) == RECEIVED
        hellotext.drain()
        assert self.state(app) == "failed"

    def test_a_new_number_is_a_new_profile(self, app) -> None:
        assert app.post("/messages", self.SMS) == RECEIVED
        profile = app.get("/messages")["data"][0]["profile"]
        assert app.get(f"/profiles/{profile}")["phone"] == "+14155552671"
        assert app.create("/profiles", phone="+14155552671")["id"] == profile

    def test_early_guides_post_it_as_a_form(self, app) -> None:
        fields = "".join(
            f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in self.SMS.items()
        )
        form = f"{fields}--x--\r\n".encode()
        assert app.post("/messages", form, Content_Type="multipart/form-data; boundary=x") == RECEIVED

    @pytest.mark.parametrize(
        ("changed", "kind", "parameter"),
        [
            ({"technology": "fax"}, "invalid", "technology"),
            ({"destination": None}, "parameter_missing", "destination"),
            ({"destination": "4155552671"}, "invalid", "destination"),
            ({"profile": "unknown0"}, "not_found", "profile"),
            ({"body": None}, "parameter_missing", "body"),
            ({"template": "unknown0"}, "not_found", "template"),
        ],
    )
    def test_a_wrong_one_is_refused(self, changed, kind, parameter, app) -> None:
        assert wrong(app.post("/messages", {**self.SMS, **changed})) == (422, kind, parameter)
        assert app.get("/messages")["data"] == []

    @pytest.mark.emulator("hellotext", options={"messages.technologies": ["whatsapp"]})
    def test_a_technology_must_be_connected(self, app) -> None:
        assert wrong(app.post("/messages", self.SMS)) == (422, "integration_missing", "technology")

    def test_a_template_wants_its_short_links(self, app) -> None:
        given = {"name": "Ready", "technology": "sms", "body": "View it: {shortlink:order}"}
        template = app.create("/templates", **given)
        assert template["state"] == "approved"
        message = {"profile": "PROFILE_ID", "template": template["id"]}
        assert wrong(app.post("/messages", message)) == (422, "parameter_missing", "order")
        links = {"id": template["id"], "shortlinks": {"order": "https://shop.example.com/1"}}
        assert app.post("/messages", {**message, "template": links}) == RECEIVED
        assert app.get(f"/templates/{template['id']}") == template

    def test_a_template_for_whatsapp_waits_for_approval(self, app) -> None:
        given = {"name": "Ready", "technology": "whatsapp", "body": "Ready, {name}."}
        assert app.create("/templates", **given)["state"] == "pending"


def test_who_has_an_address_keeps_it_whatever_another_profile_does(hellotext, app) -> None:
    one, two = (app.create("/profiles", email=f"{name}@example.com")["id"] for name in ("ann", "bob"))
    for email in ("bob@example.com", "cleo@example.com"):
        assert app.call("PATCH", f"/profiles/{one}", {"email": email})[0] < 300
    assert app.create("/profiles", email="bob@example.com")["id"] == two


def test_a_page_of_any_origin_may_call_the_public_api(hellotext) -> None:
    asked = (
        ("access-control-request-headers", "authorization, content-type"),
        ("origin", "https://shop.example.com"),
    )
    preflight = hellotext.answer(Call("OPTIONS", "/v1/track/events", headers=asked))
    headers = dict(preflight.reply.headers)
    assert preflight.status == 204
    assert headers["access-control-allow-origin"] == "*"
    assert "POST" in headers["access-control-allow-methods"]
    refused = hellotext.answer(Call("POST", "/v1/track/events", body=b"{}"))
    assert dict(refused.reply.headers)["access-control-allow-origin"] == "*"
