"""A vendor that another package brings."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import pytest

from emulators import registry
from emulators.errors import UnknownName
from tests.support.receiver import Receiver

ACME = """
from emulators.engine.provider import Feed, Provider

PROVIDER = Provider(
    name="acme",
    title="Acme",
    locale="en_US",
    env=lambda url, credentials: {"ACME_URL": url},
    feeds=(Feed("pings", lambda occasion: {"kind": occasion.kind, "who": occasion.people.person(occasion.random).email}),),
    package="acme",
)
"""


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package with an entry point and schemas of its own."""
    shelf = tmp_path / "acme" / "schemas" / "acme" / "2026-01"
    shelf.mkdir(parents=True)
    (tmp_path / "acme" / "__init__.py").write_text(textwrap.dedent(ACME))
    info = tmp_path / "acme-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[emulators.providers]\nacme = acme:PROVIDER\n")

    def fact(value: object) -> dict[str, object]:
        return {"value": value, "basis": "documented", "source": "page"}

    policy = {"envelope": "object", "answers": {"2xx": "acknowledge", "*": "abandon"}}
    profile = {
        "provider": "acme",
        "revision": "2026-01",
        "default": True,
        "title": "Acme",
        "sources": {"page": {"title": "Acme, Pings", "date": "2026-01"}},
        "feeds": {
            "pings": {
                "title": "Pings",
                "kinds": {"ping": {"basis": "documented", "source": "page"}},
                "policy": {name: fact(value) for name, value in policy.items()},
            }
        },
    }
    (shelf / "profile.json").write_text(json.dumps(profile))
    properties = {"kind": {"const": "ping"}, "who": {"type": "string"}}
    event = {"type": "object", "properties": properties, "required": ["kind", "who"]}
    (shelf / "pings.event.schema.json").write_text(json.dumps(event))
    monkeypatch.syspath_prepend(str(tmp_path))


def test_a_vendor_of_another_package_is_found_by_its_entry_point(acme, emulate) -> None:
    assert "acme" in registry.names()
    with emulate.in_thread("acme") as emulator, Receiver() as app:
        assert emulator.env == {"ACME_URL": emulator.url}
        emulator.subscribe(app.url)
        emulator.emit("ping", who="ann@example.com")
        emulator.advance(0)
        assert app.posts[0].json == {"kind": "ping", "who": "ann@example.com"}


@pytest.mark.parametrize(("asked", "nearest"), [("sendpuls", "sendpulse"), ("esputnik@2023-9", "2023-09")])
def test_an_unknown_vendor_or_revision_is_refused_with_the_nearest(asked: str, nearest: str) -> None:
    with pytest.raises(UnknownName, match=f"did you mean '{nearest}'"):
        registry.load(asked)
