"""A vendor that another package brings has strategies too, as far as his schema speaks words that are known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from emulators.errors import InvalidValue
from emulators.strategies import assert_same_outcome, batches, delivery_plans, events, invalid, violations
from emulators.strategies.vendor import vendor
from tests.strategies.hunting import drawn
from tests.strategies.shop import Shop

PROVIDER = """
from emulators.engine.provider import Feed, Provider

def ping(occasion):
    return {"kind": occasion.kind, "number": occasion.random.getrandbits(20), "who": occasion.people.email(occasion.random)}

PROVIDER = Provider(
    name=NAME, title="Acme", locale="en_US", env=lambda url, credentials: {}, package=NAME,
    feeds=(Feed("pings", ping, kind_field="kind"),),
)
"""


def bring(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rule: dict[str, Any]) -> None:
    """Installs a package with one vendor; `rule` is what his schema says of a number."""
    shelf = tmp_path / name / "schemas" / name / "2026-01"
    shelf.mkdir(parents=True)
    (tmp_path / name / "__init__.py").write_text(PROVIDER.replace("NAME", repr(name)))
    info = tmp_path / f"{name}-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[emulators.providers]\n{name} = {name}:PROVIDER\n")
    told = {"basis": "documented", "source": "page"}
    policy = {
        "envelope": "array",
        "batch_size": 10,
        "retry_delays": [1, 2, 3],
        "answers": {"2xx": "acknowledge"},
    }
    feed = {
        "title": "Pings",
        "kinds": {"ping": told, "pong": told},
        "policy": {field: {"value": value, **told} for field, value in policy.items()},
    }
    profile = {
        "default": True,
        "title": "Acme",
        "sources": {"page": {"title": "Acme", "date": "2026-01"}},
        "feeds": {"pings": feed},
    }
    (shelf / "profile.json").write_text(json.dumps(profile))
    properties = {"kind": {"enum": ["ping", "pong"]}, "number": rule, "who": {"type": "string"}}
    event = {"type": "object", "properties": properties, "required": ["kind", "number"]}
    (shelf / "pings.event.schema.json").write_text(json.dumps({**event, "additionalProperties": False}))
    monkeypatch.syspath_prepend(str(tmp_path))


def test_a_vendor_of_another_package_has_strategies(emulate, tmp_path, monkeypatch) -> None:
    bring("acme_known", tmp_path, monkeypatch, {"type": "integer", "minimum": 0, "maximum": 2**64 - 1})
    assert {len(batch) for batch in drawn(batches("acme_known"), 40)} <= set(range(1, 11))
    found = drawn(events("acme_known", edge=True), 60)
    assert {event["kind"] for event in found} == {"ping", "pong"}
    assert any(event["number"] > 2**53 for event in found)
    assert {broken.rule for broken in violations("acme_known", "ping")} >= {
        "type",
        "required",
        "maximum",
        "enum",
    }
    with Shop().served() as shop:
        for plan in drawn(delivery_plans("acme_known"), 10):
            assert_same_outcome(emulate, plan, Shop().served)
        assert not shop.seen


def test_a_keyword_that_is_not_known_is_refused_where_it_would_have_to_be_broken(
    tmp_path, monkeypatch
) -> None:
    bring("acme_other", tmp_path, monkeypatch, {"type": "integer", "multipleOf": 1})
    with pytest.raises(InvalidValue, match="at /properties/number: unknown keyword 'multipleOf'"):
        drawn(invalid("acme_other", "ping"), 1)
    # What is valid is asked of the whole schema, so events need not understand all of it.
    valid = vendor("acme_other").contract.valid
    assert all(valid("pings.event", event) for event in drawn(events("acme_other", edge=True), 20))
