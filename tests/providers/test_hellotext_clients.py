"""Hellotext called with the clients of its guides: the Ruby of 2023 as it is printed, and cURL as in those of 2026."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from emulators import catalog, registry
from emulators.engine.provider import Route
from tests.clients.proof import routes_proven_with, routes_that_took_a_call
from tests.support.hellotext_app import App

PRINTED = Path(__file__).parents[1] / "documents" / "hellotext" / "2023-01"
HOST, TOKEN = "https://api.hellotext.com/v1", "ALK_eSMRuwJ2Al..."
PRINTED_RUBY = "HTTParty sample of the guide"
RUBY = ["track-event.request.profile", "track-event.request.session"]


def output(*command: str | Path) -> str:
    """What a program prints, with no proxy and no login of this machine's."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=kept)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def printed(name: str, url: str) -> str:
    """A printed program that calls `url`, where the vendor's host stood once."""
    text = (PRINTED / f"{name}.txt").read_text("utf-8")
    assert text.count(HOST) == 1
    return text.replace(HOST, url)


@pytest.fixture(scope="module")
def ruby() -> str:
    """A Ruby with HTTParty, with which guides of 2023 print their calls."""
    program = shutil.which("ruby")
    if program is None or subprocess.run([program, "-rhttparty", "-e", ""], capture_output=True).returncode:
        pytest.skip("needs Ruby with HTTParty (Debian and Ubuntu: apt-get install ruby-httparty)")
    return program


@pytest.mark.parametrize("name", RUBY)
def test_the_printed_ruby_runs_as_it_is(name, hellotext, ruby, tmp_path: Path) -> None:
    env = hellotext.env
    call = printed(name, env["HELLOTEXT_URL"]).replace(TOKEN, env["HELLOTEXT_TOKEN"])
    script = tmp_path / "printed.rb"
    script.write_text(
        f"require 'httparty'\nanswer = {call}\nputs [answer.code, answer.parsed_response].to_json", "utf-8"
    )
    assert json.loads(output(ruby, script)) == [201, {"state": "ok"}]
    taken = hellotext.calls()[0]
    assert taken.headers["user-agent"] == "Ruby"
    assert not taken.problems
    assert {taken.route} == routes_that_took_a_call(hellotext) <= routes_proven_with(PRINTED_RUBY, hellotext)


def test_the_printed_ruby_is_refused_with_another_token(hellotext, ruby, tmp_path: Path) -> None:
    call = printed(RUBY[0], hellotext.env["HELLOTEXT_URL"])
    script = tmp_path / "printed.rb"
    script.write_text(
        f"require 'httparty'\nanswer = {call}\nputs [answer.code, answer['errors'].size].to_json", "utf-8"
    )
    assert json.loads(output(ruby, script)) == [401, 1]


@pytest.fixture(scope="module")
def curl() -> str:
    """What the guides of 2026 print their calls with."""
    program = shutil.which("curl")
    if program is None:
        pytest.skip("needs cURL (Debian and Ubuntu: apt-get install curl)")
    return program


def private_examples() -> list[tuple[Route, Path]]:
    """What a backend can send by our examples, those of 2026 first."""
    routes = [r for r in registry.load("hellotext").provider.routes if r.method in ("POST", "PATCH")]
    return [
        (route, path)
        for route in routes
        if not route.path.startswith(("/v1/track", "/v1/public")) and route.name != "attach-session-by-post"
        for revision in ("2026-08", "2023-01")
        for path in sorted(
            (catalog.root() / "hellotext" / revision / "examples").glob(f"{route.stem}.request.*")
        )
    ]


@pytest.mark.emulator("hellotext@2026-08")
@pytest.mark.parametrize(("route", "path"), private_examples(), ids=lambda value: getattr(value, "stem", ""))
def test_curl_calls_as_the_guides_of_2026_do(route, path: Path, hellotext, curl) -> None:
    env = hellotext.env
    known = {
        "session": "HELLOTEXT_SESSION_ID",
        "profile": "PROFILE_ID",
        "product": "PRODUCT_ID",
        "order": "ORDER_ID",
    }
    if route.method == "PATCH" and route.path.count("{") and route.name.startswith("update-"):
        known |= made_before(App(env))
    answer = json.loads(
        output(
            curl,
            *("-q", "--silent", "--show-error", "--request", route.method),
            *("--url", hellotext.url + route.path.format_map(known)),
            *("--header", f"Authorization: Bearer {env['HELLOTEXT_TOKEN']}"),
            *("--header", "Content-Type: application/json", "--data", f"@{path}"),
        )
    )
    assert answer == {"status": "received"} or answer["id"]
    taken = hellotext.calls()[-1]
    assert taken.headers["user-agent"].startswith("curl/")
    assert taken.status in (200, 201)
    assert not taken.problems
    assert taken.route in routes_proven_with("cURL", hellotext)


def made_before(app: App) -> dict[str, str]:
    """Ids of what no document names."""
    return {
        "coupon": app.create("/coupons", code="AUTUMN5")["id"],
        "action": app.create("/actions", name="fitting.done")["id"],
        "object": app.create("/objects", title="Fittings", name="fitting", properties=[])["id"],
    }


def test_no_route_is_said_to_be_proven_that_nobody_calls_here(emulate) -> None:
    with emulate.fresh("hellotext") as hellotext:
        assert routes_proven_with(PRINTED_RUBY, hellotext) == {"track-event"}
    with emulate.fresh("hellotext@2026-08") as hellotext:
        assert routes_proven_with("cURL", hellotext) == {route.name for route, _ in private_examples()}
