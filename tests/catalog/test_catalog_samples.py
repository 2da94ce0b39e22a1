"""Samples are what the vendors printed, and our schemas accept them.

`tests/documents/<provider>/<revision>/<sample>.txt` holds the printed block, verbatim. A sample's repairs
lead from there to JSON; for Hellotext, whose pages print Ruby, they rewrite the body's hash as the JSON that
the Ruby call sends.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from emulators import catalog
from emulators.engine import codec
from emulators.engine.profile import Sample

DOCUMENTS = Path(__file__).parent.parent / "documents"
FILES = sorted(catalog.root().glob("*/*/samples/*.json"))
every_sample = pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])


def sample_of(path: Path) -> Sample:
    return catalog.samples(path.parts[-4], path.parts[-3])[path.stem]


@every_sample
def test_a_sample_is_the_printed_text_after_the_listed_repairs(path: Path) -> None:
    text = (DOCUMENTS / path.parts[-4] / path.parts[-3] / f"{path.stem}.txt").read_text("utf-8")
    for repair in sample_of(path).repairs:
        assert repair["find"] in text
        assert repair["why"]
        text = text.replace(repair["find"], repair["replace"])
    assert codec.decode(text) == codec.decode(path.read_bytes())


@every_sample
def test_a_sample_is_listed_and_valid_by_the_schema_it_is_named_after(path: Path) -> None:
    sample = sample_of(path)
    assert path.stem.startswith(f"{sample.schema}.")
    assert sample.body == path.read_bytes()
    catalog.validate(codec.decode(sample.body), f"{path.parts[-4]}@{path.parts[-3]}/{sample.schema}")


def test_every_printed_block_became_a_sample() -> None:
    printed = {(*p.parts[-3:-1], p.stem) for p in DOCUMENTS.glob("*/*/*.txt")}
    assert printed == {(p.parts[-4], p.parts[-3], p.stem) for p in FILES}


def test_the_fields_of_a_kind_stand_in_the_order_of_its_sample() -> None:
    kinds = catalog.profile("sendpulse").feeds["smtp"].kinds
    for name, kind in kinds.items():
        event = codec.decode(catalog.samples("sendpulse")[f"smtp.{name}"].body)[0]
        assert tuple(event) == kind.fields


@pytest.mark.parametrize(
    ("provider", "feed", "names"),
    [
        ("esputnik", "activity", ("activity.bulk", "activity.triggered")),
        ("pushwoosh", "webhook", ("webhook.email-sent",)),
    ],
)
def test_the_one_order_of_fields_fits_every_sample(provider: str, feed: str, names: tuple[str, ...]) -> None:
    order = next(iter(catalog.profile(provider).feeds[feed].kinds.values())).fields
    for name in names:
        body = codec.decode(catalog.samples(provider)[name].body)
        for event in body if isinstance(body, list) else [body]:
            assert list(event) == [field for field in order if field in event]


def test_esputniks_schema_has_every_row_of_the_documented_table() -> None:
    rows = """
        activityDateTime activityStatus broadcastId clickEventLink contactId email
        externalCustomerId hardBounce iid mediaType messageId messageInstanceId messageName
        messageTag mobilepush sms sourceEventId sourceEventKey sourceEventTypeId
        sourceEventTypeKey statusData statusDescription subscripton subscriptons viber
        viewMessageLink webpush workflowBlockId workflowId workflowInstanceId
    """.split()
    assert set(rows) == set(catalog.schema("esputnik/activity.event")["properties"])


def test_pushwooshs_schema_has_the_documented_types_and_required_fields() -> None:
    schema = catalog.schema("pushwoosh/webhook.event")
    integers = {name for name, rule in schema["properties"].items() if rule["type"] == "integer"}
    assert integers == {"message_id", "campaign_id", "timestamp"}
    optional = {"message_id", "campaign_id", "payload", "journey_title", "journey_point_title"}
    assert set(schema["properties"]) - set(schema["required"]) == optional
