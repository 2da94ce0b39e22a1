"""A vendor of somebody else's: a folder beside ours, found through its entry point, with all that ours have."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulators import in_thread, registry
from tests.cli.running import run
from tests.support.receiver import Receiver

FOLDER = Path(__file__).parent / "fifth_vendor"


@pytest.fixture
def pigeon(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.syspath_prepend(FOLDER)
    registry.load.cache_clear()
    with in_thread("pigeon") as pigeon:
        yield pigeon
    registry.load.cache_clear()


def send(pigeon: Any, letter: dict[str, Any], ring: str | None = None) -> tuple[int, Any]:
    headers = {"x-ring": ring or pigeon.env["PIGEON_RING"], "content-type": "application/json"}
    request = urllib.request.Request(
        pigeon.env["PIGEON_URL"] + "/letters", json.dumps(letter).encode(), headers
    )
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_its_letters_are_taken_and_lead_to_its_webhooks(pigeon) -> None:
    with Receiver(503) as app:
        pigeon.subscribe(app.url)
        assert send(pigeon, {"to": "ann@example.com", "text": "Come home."}) == (202, {"letter": 1})
        assert send(pigeon, {"to": "hawk+bob@example.com", "text": "Come home."}) == (202, {"letter": 2})
        pigeon.assert_called("send-letter", to="ann@example.com")
        pigeon.advance("2d")
    seen = {(post.json["letter"], post.json["news"]) for post in app.posts}
    assert seen == {(1, "departed"), (1, "arrived"), (2, "departed"), (2, "lost")}
    assert [d.outcome for d in pigeon.deliveries()].count("rescheduled") == 1


def test_its_refusals_are_its_own_and_are_explained(pigeon) -> None:
    letter = {"to": "ann@example.com", "text": "Come home."}
    assert send(pigeon, letter, ring="other") == (401, {"error": "unknown pigeon"})
    assert send(pigeon, {**letter, "text": "x" * 161}) == (422, {"error": "/text does not fit"})
    assert pigeon.calls()[-1].problems[0].expected == "at most 160 characters"
    assert pigeon.calls()[-1].nearest == 'POST /letters {"to":"ann@example.com","text":"Come home."}'


def test_the_command_line_knows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(FOLDER), prepend=":")
    told = run("explain", "pigeon")
    assert told.returncode == 0
    assert "POST /letters (send-letter)" in told.stdout
    with Receiver() as app:
        assert run("trigger", "pigeon", "lost", "--to", app.url).returncode == 0
        assert app.posts[0].json["news"] == "lost"


def test_it_is_small_and_about_nothing_but_itself() -> None:
    files = [path for path in FOLDER.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    lines = [line for path in files for line in path.read_text("utf-8").splitlines()]
    assert len(lines) < 120
