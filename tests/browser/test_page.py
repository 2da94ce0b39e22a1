"""A web page in a real browser calls Hellotext from another origin, and its shop's server goes on from there."""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from typing import Any

import pytest

from emulators.faults import Answer
from tests.browser.shop import Shop, chromium, visit
from tests.clients.proof import routes_proven_with, routes_that_took_a_call

NEW = pytest.mark.emulator("hellotext@2026-08")
ATTRIBUTED = {"2023-01": [201, {"state": "ok"}], "2026-08": [200, {"status": "received"}]}


@pytest.fixture(scope="module")
def program() -> str:
    found = chromium()
    if found is None:
        pytest.skip("needs Chromium (Debian: apt-get install chromium)")
    return found


def by_name(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {step["name"]: step for step in report["seen"]}


def check_visit(first: dict[str, Any], second: dict[str, Any], revision: str) -> None:
    """The page of a visitor, and the same page when he comes back and buys."""
    viewed = by_name(first)["viewed"]
    assert (viewed["status"], viewed["body"]) == (200, {"status": "received"})
    refused = by_name(first)["refused"]
    assert (refused["status"], refused["body"]["errors"][0]["type"]) == (422, "parameter_missing")
    assert first["session"] == second["session"]
    bought = by_name(second)["checkout"]
    assert bought["session"] == first["session"]
    assert bought["attached"][0] == 200
    assert bought["attached"][1]["profile"] == bought["profile"]
    assert bought["tracked"] == ATTRIBUTED[revision]


@NEW
def test_a_session_that_the_browser_makes_goes_from_page_to_server(
    hellotext, program, tmp_path: Path
) -> None:
    shop = Shop(hellotext.env)
    first, second = visit(shop, program, tmp_path, 2)
    check_visit(first, second, "2026-08")
    assert str(uuid.UUID(first["session"])) == first["session"]
    assert not hellotext.calls("mint-session")
    stored = shop.backend.get("/attribution/events")["data"]
    assert [event["action"] for event in stored] == ["order.placed", "product.viewed", "product.viewed"]
    assert {event["profile"] for event in stored} == {by_name(second)["checkout"]["profile"]}


def test_a_session_that_the_vendor_mints_goes_from_page_to_server(hellotext, program, tmp_path: Path) -> None:
    first, second = visit(Shop(hellotext.env, minted=True), program, tmp_path, 2)
    check_visit(first, second, "2023-01")
    assert re.fullmatch("[A-Za-z0-9]{32}", first["session"])
    assert by_name(first)["session"]["body"] == {"id": first["session"]}
    assert "session" not in by_name(second)
    ours = {"create-profile", "attach-session"}
    assert routes_that_took_a_call(hellotext) - ours - {"preflight"} == routes_proven_with(
        "Chromium", hellotext
    )


def test_the_browser_asks_first_and_sends_no_cookie_to_the_vendor(hellotext, program, tmp_path: Path) -> None:
    first, _ = visit(Shop(hellotext.env), program, tmp_path, 2)
    asked = [
        call for call in hellotext.calls() if (call.route, call.path) == ("preflight", "/v1/track/events")
    ]
    assert asked
    for call in asked:
        assert (call.status, call.headers["origin"]) == (204, first["origin"])
        assert call.headers["access-control-request-method"] == "POST"
        assert call.headers["access-control-request-headers"] == "authorization,content-type"
    told = hellotext.calls("track")[0]
    assert told.headers["origin"] == first["origin"]
    assert "cookie" not in told.headers
    assert "Chrome/" in told.headers["user-agent"]


@pytest.mark.emulator("hellotext", options={"cors.origin": "https://shop.example.com"})
def test_a_page_of_another_origin_than_the_allowed_one_gets_nothing(
    hellotext, program, tmp_path: Path
) -> None:
    [report] = visit(Shop(hellotext.env), program, tmp_path, 1)
    assert {step["name"]: step["error"] for step in report["seen"]} == dict.fromkeys(
        ("acknowledged", "business", "viewed", "refused"), "TypeError"
    )
    assert {call.route for call in hellotext.calls()} == {"preflight"}


def test_a_page_sees_what_a_fault_answers_across_origins(hellotext, program, tmp_path: Path) -> None:
    hellotext.inject(Answer(503, {"error": "later"}, route="track"))
    [report] = visit(Shop(hellotext.env), program, tmp_path, 1)
    viewed = by_name(report)["viewed"]
    assert (viewed["status"], viewed["body"]) == (503, {"error": "later"})
