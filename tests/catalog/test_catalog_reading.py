"""Finding and loading: names, revisions that extend each other, schemas that are complete in themselves."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from emulators import catalog
from emulators.catalog import Catalog
from emulators.errors import BrokenContract, InvalidValue, UnknownName

OLD: dict[str, Any] = {
    "provider": "acme",
    "revision": "2020-01",
    "default": True,
    "extends": None,
    "title": "Acme, old",
    "sources": {"page": {"title": "Acme docs", "date": "2020-01"}},
    "feeds": {
        "mail": {
            "title": "Mail",
            "kinds": {
                "sent": {"basis": "documented", "source": "page"},
                "gone": {"basis": "documented", "source": "page"},
            },
            "policy": {
                "probe": {"value": None, "basis": "inferred", "source": "page"},
                "retry_delays": {
                    "value": [1, 2],
                    "basis": "assumed",
                    "source": "page",
                    "note": "nobody says",
                },
            },
        }
    },
    "options": {},
    "routes": {},
    "samples": {"mail.one": {"title": "One", "basis": "documented", "source": "page"}},
    "facts": {},
    "not_imitated": ["everything else"],
}
NEW: dict[str, Any] = {
    "provider": "acme",
    "revision": "2021-01",
    "extends": "2020-01",
    "title": "Acme, new",
    "feeds": {
        "mail": {
            "kinds": {"gone": None, "read": {"basis": "documented", "source": "page"}},
            "policy": {"retry_delays": {"value": [5], "basis": "documented", "source": "page"}},
        }
    },
    "not_imitated": ["less"],
}


def event(*fields: str) -> dict[str, Any]:
    properties = {name: {"type": "string"} for name in fields}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def write(path: Path, data: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data), encoding="utf-8")


@pytest.fixture
def acme(tmp_path: Path) -> Catalog:
    write(tmp_path / "acme/2020-01/profile.json", OLD)
    write(tmp_path / "acme/2020-01/mail.event.schema.json", event("a"))
    write(
        tmp_path / "acme/2020-01/mail.schema.json",
        {"type": "array", "items": {"$ref": "mail.event.schema.json"}},
    )
    write(tmp_path / "acme/2020-01/samples/mail.one.json", [{"a": "x"}])
    write(tmp_path / "acme/2021-01/profile.json", NEW)
    write(tmp_path / "acme/2021-01/mail.event.schema.json", event("a", "b"))
    return Catalog(tmp_path)


def test_a_revision_holds_only_what_differs(acme: Catalog) -> None:
    new = acme.profile("acme", "2021-01")
    assert (new.title, new.revision, new.not_imitated) == ("Acme, new", "2021-01", ("less",))
    assert new.sources == acme.profile("acme").sources
    assert list(new.feeds["mail"].kinds) == ["sent", "read"]
    assert new.feeds["mail"].kinds["sent"].fields == ("a", "b")
    assert new.samples["mail.one"].body == acme.profile("acme").samples["mail.one"].body


def test_a_fact_is_replaced_with_its_note(acme: Catalog) -> None:
    delays = acme.profile("acme", "2021-01").feeds["mail"].policy["retry_delays"]
    assert (delays.value, delays.basis, delays.note) == ([5], "documented", "")
    assert acme.profile("acme", "2021-01").feeds["mail"].policy["probe"].value is None


def test_an_inherited_schema_refers_to_the_newer_neighbour(acme: Catalog) -> None:
    body = [{"a": "x", "b": "y"}]
    assert acme.contract("acme", "2021-01").valid("mail", body)
    assert not acme.contract("acme", "2020-01").valid("mail", body)


def test_the_default_revision_is_not_inherited(acme: Catalog) -> None:
    assert acme.revisions("acme") == ("2020-01", "2021-01")
    assert acme.default_revision("acme") == "2020-01"


def test_revisions_that_extend_each_other_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "acme/2020-01/profile.json", {**OLD, "extends": "2021-01"})
    write(tmp_path / "acme/2021-01/profile.json", NEW)
    with pytest.raises(BrokenContract, match="extend each other"):
        Catalog(tmp_path).profile("acme")


def test_two_defaults_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "acme/2020-01/profile.json", OLD)
    write(tmp_path / "acme/2021-01/profile.json", {**NEW, "default": True})
    with pytest.raises(BrokenContract, match="one default revision"):
        Catalog(tmp_path).profile("acme")


def test_a_sample_without_a_file_is_our_bug(acme: Catalog) -> None:
    (acme.root / "acme/2020-01/samples/mail.one.json").unlink()
    with pytest.raises(BrokenContract, match=r"mail\.one"):
        acme.profile("acme")


@pytest.mark.parametrize(
    ("ask", "offer"),
    [
        (lambda: catalog.profile("esputnk"), "did you mean 'esputnik'"),
        (lambda: catalog.profile("esputnik", "2023-08"), "did you mean '2023-09'"),
        (lambda: catalog.schema("esputnik/activty"), "did you mean 'activity'"),
        (lambda: catalog.schema("sendpuls/smtp"), "did you mean 'sendpulse'"),
        (lambda: catalog.validate({}, "pushwoosh@2024-09/webhook"), "did you mean '2024-08'"),
        (lambda: catalog.schema("hellotext"), "known: "),
    ],
)
def test_an_unknown_name_offers_the_nearest(ask: Any, offer: str) -> None:
    with pytest.raises(UnknownName) as caught:
        ask()
    assert offer in str(caught.value)


def test_a_schema_needs_no_other_file() -> None:
    schema = catalog.schema("esputnik@2023-09/activity")
    assert schema["$defs"]["activity.event.schema.json"]["$id"].endswith(
        "/esputnik/2023-09/activity.event.schema.json"
    )
    assert [error.json_path for error in Draft202012Validator(schema).iter_errors([{"iid": 1}])]


def test_a_schema_that_was_changed_by_its_reader_stays_as_shipped() -> None:
    catalog.schema("sendpulse/smtp")["maxItems"] = 0
    catalog.validate(
        [{"event": "unsubscribed", "recipient": "", "sender": "", "subject": ""}], "sendpulse/smtp"
    )


def test_validate_lists_the_problems() -> None:
    with pytest.raises(InvalidValue) as caught:
        catalog.validate([{"event": "unsubscribed", "recipient": 1}], "sendpulse/smtp")
    lines = str(caught.value).splitlines()
    assert lines[0] == "not valid as sendpulse/smtp:"
    assert {line.split(":")[0].strip() for line in lines[1:]} == {"/0/recipient", "/0/sender", "/0/subject"}


def test_importing_the_catalog_loads_no_validator() -> None:
    code = """if True:
        import sys, emulators.catalog
        emulators.catalog.profile("esputnik")
        print([name for name in sys.modules if name.startswith("jsonschema")])"""
    where = Path(catalog.__file__).parent.parent
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=where)
    assert done.stdout.strip() == "[]"


def test_the_documented_retry_schedule_of_esputnik_is_in_the_profile() -> None:
    policy = catalog.profile("esputnik").feeds["activity"].policy
    assert [delay / 60 for delay in policy["retry_delays"].value] == [1, 2, 4, 8, 16, 32, 60]
    assert policy["answers"].value == {"200": "acknowledge", "*": "retry"}
    assert (policy["order"].value, policy["retry_after_last"].value) == ("in-line", "repeat")


def test_the_documented_batching_of_sendpulse_is_in_the_profile() -> None:
    policy = catalog.profile("sendpulse").feeds["smtp"].policy
    assert (policy["batch_window"].value, policy["batch_size"].value) == (60, 1000)
    assert catalog.schema("sendpulse/smtp")["maxItems"] == 1000
