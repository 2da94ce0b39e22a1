"""`emulators replay` sends what the vendor's documents print, byte for byte."""

from __future__ import annotations

import json

import pytest

from emulators import catalog, registry
from tests.cli.running import run
from tests.support.receiver import Receiver, free_port_url

SENT = [
    (provider, sample)
    for provider in registry.SHIPPED
    for sample in catalog.samples(provider)
    if sample.partition(".")[0] in catalog.profile(provider).feeds
]


@pytest.mark.parametrize(("provider", "sample"), SENT)
def test_the_receiver_gets_the_bytes_of_the_file(provider, sample):
    with Receiver() as receiver:
        done = run("replay", provider, sample, "--to", receiver.url)
    assert done.returncode == 0, done.stderr
    revision = catalog.default().default_revision(provider)
    file = catalog.root() / provider / revision / "samples" / f"{sample}.json"
    assert [request.body for request in receiver.received] == [file.read_bytes()]
    assert done.stdout.endswith("200, acknowledged\n")


def test_a_refusal_is_exit_code_1_and_nobody_there_is_3():
    with Receiver(204) as receiver:
        assert run("replay", "esputnik", "activity.bulk", "--to", receiver.url).returncode == 1
    assert run("replay", "esputnik", "activity.bulk", "--to", free_port_url()).returncode == 3


def test_as_json_it_names_the_sample():
    with Receiver() as receiver:
        told = json.loads(run("replay", "esputnik", "activity.bulk", "--to", receiver.url, "--json").stdout)
    assert told["sample"] == "activity.bulk"
    assert told["requests"][0]["body"].encode() == receiver.posts[0].body


@pytest.mark.parametrize("provider", registry.SHIPPED)
def test_the_samples_of_a_vendor_are_listed_with_their_titles(provider):
    done = run("replay", provider, "--list")
    assert done.returncode == 0
    for name, sample in catalog.samples(provider).items():
        assert any(line.startswith(name) and sample.title in line for line in done.stdout.splitlines())
    listed = json.loads(run("replay", provider, "--list", "--json").stdout)
    assert [entry["sample"] for entry in listed] == list(catalog.samples(provider))


def test_what_the_vendor_does_not_send_is_refused():
    done = run("replay", "hellotext", "track-event.response.ok", "--to", "http://127.0.0.1:1/")
    assert done.returncode == 2
    assert "Hellotext sends no webhooks" in done.stderr
