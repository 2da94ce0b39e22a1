"""Pushwoosh's Device API: devices, addresses, users, tags and what apps report."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.pushwoosh_app import App

NULL = {"status_code": 200, "status_message": "OK", "response": None}
PHONE = {"hwid": "hw-1", "device_type": 3, "push_token": "token-1"}


@pytest.fixture
def app(pushwoosh) -> App:
    return App(pushwoosh.env)


def check(app: App) -> Any:
    return app.device("checkDevice", hwid="hw-1")["response"]


def test_a_device_is_registered_loses_its_token_and_is_deleted(app) -> None:
    assert check(app) == {"exist": False, "push_token_exist": False}
    assert app.device("registerDevice", **PHONE) == NULL
    assert check(app) == {"exist": True, "push_token_exist": True}
    assert app.device("unregisterDevice", hwid="hw-1") == NULL
    assert check(app) == {"exist": True, "push_token_exist": False}
    assert app.device("deleteDevice", hwid="hw-1") == NULL
    assert check(app) == {"exist": False, "push_token_exist": False}


def test_an_address_takes_the_place_of_hwid_and_token(pushwoosh, app) -> None:
    assert app.device("registerDevice", email="ann@example.com") == NULL
    app.mail("ann@example.com", use_auto_registration=False)
    pushwoosh.advance("1m")
    assert {event.payload["hwid"] for event in pushwoosh.account.history["webhook"]} == {"ann@example.com"}


def test_tags_are_added_changed_and_taken_away(app) -> None:
    app.device("registerDevice", **PHONE, tags={"Age": 17, "Name": "Ann"})
    assert app.device("setTags", hwid="hw-1", tags={"Age": 18, "Name": None, "Colors": ["red"]}) == NULL
    assert app.device("getTags", hwid="hw-1")["response"] == {"result": {"Age": 18, "Colors": ["red"]}}


def test_a_user_may_be_registered_before_the_device(app) -> None:
    assert app.device("registerUser", hwid="hw-1", userId="Alex") == NULL
    app.device("registerDevice", **PHONE)
    sent = {"send_date": "now", "users": ["Alex"]}
    answer = app.server("createMessage", application=app.application, notifications=[sent])
    assert "UnknownDevices" not in answer["response"]


@pytest.mark.parametrize(
    ("method", "request_", "text"),
    [
        ("registerDevice", {"hwid": "hw-1", "device_type": 99}, "Invalid device type"),
        ("registerDevice", {"device_type": 3}, "hwid is required"),
        ("registerEmail", {"email": "nobody"}, "Invalid email"),
        ("registerEmailUser", {"email": "a@b.c"}, "userId is required"),
        ("setTags", {"tags": {}}, "hwid is required"),
        ("postEvent", {"hwid": "hw-1", "event": "x"}, "attributes must be key-value object"),
        ("postEvent", {"event": "x", "attributes": {}}, "userId is required"),
        ("postEvent", {"hwid": "hw-1", "attributes": {}}, "event is required"),
        ("pushStat", {"hwid": "hw-1"}, "hash is required"),
        ("getNearestZone", {"hwid": "hw-1", "lat": 91, "lng": 0}, "Invalid coordinates"),
        ("checkDevice", {"hwid": "hw-1", "application": "wrong"}, "Application not found"),
    ],
)
def test_a_wrong_argument_is_a_210_that_changes_nothing(method, request_, text, pushwoosh, app) -> None:
    before = pushwoosh.account.snapshot()
    answer = app.device(method, **request_)
    assert answer == {"status_code": 210, "status_message": text, "response": None}
    after = pushwoosh.account.snapshot()
    assert {**after, "ordinals": {}} == {**before, "ordinals": {}}


@pytest.mark.emulator("pushwoosh", options={"devices.unknown": "refused"})
@pytest.mark.parametrize("method", ["setTags", "getTags", "unregisterDevice", "applicationOpen"])
def test_a_device_that_nobody_registered_may_be_refused(method, app) -> None:
    assert app.device(method, hwid="hw-1", tags={})["status_message"] == "Device not found"
    app.device("registerDevice", **PHONE)
    assert app.device(method, hwid="hw-1", tags={})["status_code"] == 200


def test_an_event_is_answered_with_nothing(pushwoosh, app) -> None:
    assert app.device("postEvent", hwid="hw-1", event="PW_SiteOpened", attributes={}) == NULL
    [report] = pushwoosh.account.tables["reports"].values()
    assert report["request"]["event"] == "PW_SiteOpened"


@pytest.mark.emulator("pushwoosh", options={"events.in_app": "61BC9-84DD0", "events.names": ["bought"]})
def test_an_event_that_exists_may_show_a_message(app) -> None:
    event = {"hwid": "hw-1", "attributes": {}}
    assert app.device("postEvent", event="bought", **event)["response"] == {"code": "61BC9-84DD0"}
    assert app.device("postEvent", event="sold", **event)["status_message"] == "Event not found"


@pytest.mark.parametrize(
    ("method", "more"),
    [
        ("setBadge", {"badges": 0}),
        ("applicationOpen", {}),
        ("pushStat", {"hash": "1C"}),
        ("messageDeliveryEvent", {"hash": "1C"}),
    ],
)
def test_what_an_app_reports_is_answered_with_null(method, more, app) -> None:
    assert app.device(method, hwid="hw-1", **more) == NULL


ZONES = [
    {"name": "far", "lat": 0, "lng": 0, "range": 100},
    {"name": "near", "lat": 50.45, "lng": 30.52, "range": 100},
    "no zone",
]


@pytest.mark.emulator("pushwoosh", options={"zones": ZONES})
def test_the_nearest_zone_is_told_with_its_distance(app) -> None:
    zone = app.device("getNearestZone", hwid="hw-1", lat=50.46, lng=30.52)["response"]
    assert (zone["name"], zone["range"]) == ("near", 100)
    # A hundredth of a degree of latitude.
    assert 1_100 < zone["distance"] < 1_120


def test_without_zones_there_is_none(app) -> None:
    assert app.device("getNearestZone", hwid="hw-1", lat=50.46, lng=30.52) == NULL


class TestTokens:
    """Of apps on devices, which older libraries do without."""

    @pytest.mark.parametrize("scheme", ["Token", "token", "Api", "Key"])
    def test_schemes_that_are_known(self, scheme, app) -> None:
        request = {"request": {"application": app.application, "hwid": "hw-1"}}
        header = f"{scheme} {app.device_token}"
        assert app.post("/json/1.3/checkDevice", request, Authorization=header)[0] == 200

    def test_no_token_is_taken_as_older_libraries_send_none(self, app) -> None:
        request = {"request": {"application": app.application, "hwid": "hw-1"}}
        assert app.post("/json/1.3/checkDevice", request)[1]["status_code"] == 200

    def test_the_token_of_a_server_is_refused_in_the_header_and_taken_in_the_body(self, app) -> None:
        request = {"application": app.application, "hwid": "hw-1"}
        header = f"Token {app.token}"
        status, answer = app.post("/json/1.3/checkDevice", {"request": request}, Authorization=header)
        assert (status, answer["status_message"]) == (401, "Authentication error")
        assert app.server("checkDevice", **request)["status_code"] == 200

    @pytest.mark.emulator("pushwoosh", options={"auth.device_token": "required", "errors.device_token": 200})
    def test_the_token_may_be_required_and_its_absence_a_210(self, app) -> None:
        request = {"request": {"application": app.application, "hwid": "hw-1"}}
        assert app.post("/json/1.3/checkDevice", request) == (
            200,
            {"status_code": 210, "status_message": "Authentication error", "response": None},
        )
        assert check(app)["exist"] is False
