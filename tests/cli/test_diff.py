"""`emulators diff` says what changed between two revisions, and whom it can break."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from emulators import catalog
from emulators.commands.diff import documents
from emulators.differences import EFFECTS, Change, between
from emulators.differences.schemas import compare
from emulators.differences.shapes import shape
from tests.cli.running import run

SENDPULSE = ("sendpulse@2021-05", "sendpulse@2025-08")
ESPUTNIK = ("esputnik@2023-09", "esputnik@2025-06")


def told(*words: str) -> str:
    """The page as it reads, however it is wrapped."""
    done = run("diff", *words)
    assert done.returncode == 1, done.stderr
    return re.sub(r"\s+", " ", done.stdout)


def changes(*words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run("diff", *words, "--json").stdout)["changes"]
    return found


def test_sendpulses_batches_and_kinds_are_told_to_a_receiver() -> None:
    page = told(*SENDPULSE)
    assert page.startswith("sendpulse@2021-05 -> sendpulse@2025-08: ")
    for line in (
        "changed number batch_window: was 60 seconds, is 30 seconds",
        "changed number batch_size: was 1000 events, is 500 events",
        "changed number the request: maxItems was 1000, is 500",
        "new hard_bounces: a new kind of event, with smtp_server_response_code, ",
        "new resubscribed: a new kind of event, assumed and only with the option smtp.resubscribed",
        'new smtp.bounces: a new option, "both" unless it is set',
        "wording string_variables: was inferred, is documented",
    ):
        assert line in page
    assert page.index("FOR A RECEIVER: webhook smtp") < page.index("FOR A CLIENT") < page.index("FOR BOTH")


def test_esputniks_fields_and_webhooks_are_told_to_a_receiver() -> None:
    page = told(*ESPUTNIK)
    for line in (
        "breaking sourceEventTypeId: gone (it was integer)",
        "breaking statusData.subscripton: gone (it was object)",
        'breaking second_url: was "replaces", is "adds"',
        "changed number batch_window: was 60 seconds, is 0 seconds",
        "new from: new, may be absent: string",
        "new app-inbox: a new webhook: message",
        "breaking activity.widgets: this option is gone: setting it is refused",
        "wording SENT: was inferred, is documented",
    ):
        assert line in page
    # Nobody had these unasked.
    assert "wording WIDGET_VIEW: this kind of event is gone" in page
    assert "subscripton.subscriptons" not in page


def test_hellotexts_requests_answers_and_options_are_told_to_a_client() -> None:
    page = told("hellotext@2023-01", "hellotext@2026-08")
    for line in (
        "breaking request: profile_id: must not be there any more",
        'breaking response: state: gone (it was "ok")',
        'new response: status: new, always there: "received"',
        'breaking events.id_spellings: was "accept", is "refuse"',
    ):
        assert line in page


def test_backwards_what_was_new_is_gone() -> None:
    there, back = changes(*SENDPULSE), changes(*reversed(SENDPULSE))
    gone = {c["what"] for c in back if c["effect"] == "breaking"}
    assert {"soft_bounces", "hard_bounces", "smtp.bounces"} <= gone
    assert "the request" in {
        c["what"] for c in back if c["effect"] == "breaking" and "500, is 1000" in c["text"]
    }
    assert not [c for c in there if c["effect"] == "breaking"]


def test_nothing_differs_from_itself() -> None:
    for provider in catalog.default().providers():
        for revision in catalog.default().revisions(provider):
            found = documents(f"{provider}@{revision}")
            assert between(found, found) == []
    done = run("diff", "sendpulse", "sendpulse@2021-05")
    assert (done.returncode, done.stdout) == (
        0,
        "sendpulse@2021-05 and sendpulse@2021-05: no difference\n",
    )
    assert json.loads(run("diff", "sendpulse", "sendpulse", "--json").stdout)["changes"] == []


def test_as_json_it_is_the_same_with_old_and_new_values() -> None:
    done = run("diff", *SENDPULSE, "--json")
    assert done.returncode == 1
    data = json.loads(done.stdout)
    assert (data["old"], data["new"]) == SENDPULSE
    assert set(data["counts"]) == set(EFFECTS)
    assert sum(data["counts"].values()) == len(data["changes"])
    window = next(c for c in data["changes"] if c["what"] == "batch_window")
    assert (window["audience"], window["where"], window["effect"]) == (
        "receiver",
        "webhook smtp",
        "changed number",
    )
    assert (window["old"], window["new"]) == (60, 30)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["sendpulse@2021-05", "sendpulse@2025-80"], "did you mean '2025-08'"),
        (["sendpuls", "sendpulse"], "did you mean 'sendpulse'"),
        (["sendpulse", "esputnik"], "two revisions of one provider, got sendpulse and esputnik"),
        (["sendpulse", "sendpulse", "--jason"], "did you mean '--json'"),
        (["sendpulse"], "B"),
    ],
)
def test_what_cannot_be_compared_is_refused(words, says) -> None:
    done = run("diff", *words)
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stdout == ""


def test_folders_are_compared_like_ours(tmp_path: Path) -> None:
    """Somebody's own state of the documents, beside ours."""
    mine = tmp_path / "mine" / "sendpulse"
    shutil.copytree(catalog.root() / "sendpulse", mine)
    ours = str(catalog.root() / "sendpulse" / "2021-05")
    assert run("diff", ours, str(mine / "2021-05")).returncode == 0
    event = mine / "2021-05" / "smtp.event.schema.json"
    schema = json.loads(event.read_text("utf-8"))
    opened = schema["$defs"]["opened"]
    opened["properties"]["timestamp"]["type"] = "string"
    opened["required"].remove("subject")
    opened["properties"]["ip"] = {"type": "string"}
    event.write_text(json.dumps(schema), "utf-8")
    profile = mine / "2021-05" / "profile.json"
    document = json.loads(profile.read_text("utf-8"))
    document["feeds"]["smtp"]["policy"]["answers"]["value"] = {"200": "acknowledge", "*": "retry"}
    document["feeds"]["smtp"]["policy"]["retry_delays"]["value"] = [5]
    document["options"]["events.missing_identity"]["default"] = 400
    del document["routes"]["ips"]
    profile.write_text(json.dumps(document), "utf-8")
    page = told(ours, str(mine / "2021-05"))
    for line in (
        "breaking opened: timestamp: was integer, is string",
        "breaking opened: subject: may be absent now",
        "new opened: ip: new, may be absent: string",
        "breaking answer 2xx: was acknowledge, is retry",
        "changed number retry_delays: was [60, 300, 900] seconds, is [5] seconds",
        "breaking events.missing_identity: was 422, is 400",
        "breaking GET /smtp/ips: this call is gone",
    ):
        assert line in page


@pytest.mark.parametrize("columns", ["80", "100"])
def test_its_lines_fit_the_terminal(columns) -> None:
    for pair in (SENDPULSE, ESPUTNIK):
        lines = run("diff", *pair, COLUMNS=columns).stdout.splitlines()
        assert max(map(len, lines)) <= int(columns)


class TestBodies:
    """What a rule's change can break depends on who writes the body."""

    @staticmethod
    def effects(old: Any, new: Any) -> tuple[list[str], list[str]]:
        """For a body that the vendor sends, and for one that he gets."""
        shapes = shape({"properties": {"x": old}}), shape({"properties": {"x": new}})
        sent, got = ([found.effect for found in compare(*shapes, way)] for way in (True, False))
        return sent, got

    @pytest.mark.parametrize(
        ("old", "new", "sent", "got"),
        [
            ({"type": "string"}, {"type": ["string", "null"]}, "breaking", "new"),
            ({"type": ["string", "integer"]}, {"type": "string"}, "new", "breaking"),
            ({"type": "string"}, {"type": "integer"}, "breaking", "breaking"),
            ({"type": "integer"}, {"type": "number"}, "breaking", "new"),
            ({"enum": ["a"]}, {"enum": ["a", "b"]}, "new", "new"),
            ({"enum": ["a", "b"]}, {"enum": ["a"]}, "breaking", "breaking"),
            ({"const": "a"}, {"const": "b"}, "breaking", "breaking"),
            ({"maxLength": 9}, {"maxLength": 5}, "changed number", "breaking"),
            ({"maxLength": 5}, {"maxLength": 9}, "breaking", "changed number"),
            ({"minimum": 1}, {"minimum": 0}, "breaking", "changed number"),
            ({}, {"pattern": "^a$"}, "changed number", "breaking"),
            ({"type": "object", "additionalProperties": False}, {"type": "object"}, "new", "new"),
            ({"type": "object"}, {"type": "object", "additionalProperties": False}, "new", "breaking"),
            ({"type": "string"}, False, "breaking", "breaking"),
            (False, {"type": "string"}, "new", "new"),
            ({"type": "string", "x-note": "a"}, {"type": "string", "x-note": "b"}, "wording", "wording"),
        ],
    )
    def test_a_rule_that_changes(self, old, new, sent, got) -> None:
        assert self.effects(old, new) == ([sent], [got])

    @staticmethod
    def lines(old: Any, new: Any, sent_to_app: bool) -> list[tuple[str, str]]:
        return [(f.effect, f.place) for f in compare(shape(old), shape(new), sent_to_app)]

    def test_a_field_that_comes_goes_or_is_demanded(self) -> None:
        bare: dict[str, Any] = {"properties": {}}
        optional = {"properties": {"x": {"type": "string"}}}
        demanded = {**optional, "required": ["x"]}
        closed = {**bare, "additionalProperties": False}
        assert self.lines(bare, optional, True) == self.lines(bare, optional, False) == [("new", "x")]
        assert self.lines(bare, demanded, True) == [("new", "x")]
        assert self.lines(bare, demanded, False) == [("breaking", "x")]
        assert self.lines(optional, bare, True) == [("breaking", "x")]
        assert self.lines(optional, bare, False) == [("wording", "x")]
        assert self.lines({**optional, "additionalProperties": False}, closed, False) == [("breaking", "x")]
        assert self.lines(demanded, optional, True) == [("breaking", "x")]
        assert self.lines(demanded, optional, False) == [("new", "x")]

    def test_what_lies_deep_or_under_a_condition_is_found(self) -> None:
        def order(item: Any, needed: list[str]) -> Any:
            return {
                "properties": {"items": {"type": "array", "items": {"$ref": "#/$defs/item"}}},
                "if": {"properties": {"kind": {"const": "a"}}, "required": ["kind"]},
                "then": {"required": needed},
                "$defs": {"item": {"properties": {"price": item}}},
            }

        old, new = order({"type": "number"}, []), order({"type": "string"}, ["total"])
        assert self.lines(old, new, False) == [
            ("breaking", "items[].price"),
            ("breaking", 'total if kind is "a"'),
        ]

    def test_with_an_object_its_fields_come_and_go_in_one_line(self) -> None:
        inner = {"type": "object", "properties": {"b": {"type": "string"}}}
        assert self.lines({"properties": {}}, {"properties": {"a": inner}}, True) == [("new", "a")]

    def test_a_schema_that_refers_to_itself_has_an_end(self) -> None:
        tree = {"properties": {"child": {"$ref": "#/$defs/t"}}, "$defs": {"t": {}}}
        tree["$defs"]["t"] = {"properties": {"child": {"$ref": "#/$defs/t"}}}
        assert self.lines(tree, tree, True) == []


def test_the_worst_stands_first_in_each_place() -> None:
    found: list[Change] = between(documents(ESPUTNIK[0]), documents(ESPUTNIK[1]))
    activity = [EFFECTS.index(c.effect) for c in found if c.where == "webhook activity"]
    assert activity == sorted(activity)
    assert len(set(activity)) == 4
