"""`emulators explain` tells every fact that an emulator goes by, with its basis."""

from __future__ import annotations

import json
import re

import pytest

from emulators import catalog, registry
from tests.cli.running import run


def words(text: str) -> str:
    """Text as it reads, however it is wrapped."""
    return re.sub(r"\s+", " ", text)


def value(fact) -> str:
    return json.dumps(fact.value, ensure_ascii=False)


@pytest.mark.parametrize("provider", registry.SHIPPED)
def test_every_fact_stands_there_with_basis_source_and_note(provider):
    profile = catalog.profile(provider)
    done = run("explain", provider)
    assert done.returncode == 0
    told = words(done.stdout)
    for feed in profile.feeds.values():
        for kind in feed.kinds.values():
            assert f" {kind.basis} {kind.name} [{kind.source}]" in told
            assert words(kind.note) in told
        for name, fact in feed.policy.items():
            assert words(f" {fact.basis} {name} = {value(fact)} {fact.unit} [{fact.source}]") in told
            assert words(fact.note) in told
    for name, option in profile.options.items():
        default = option.default
        assert f" {default.basis} {name} = {value(default)}" in told
        assert words(default.note) in told
        source = profile.sources[default.source]
        assert words(f"Source: {source.title}; {source.date}.") in told
        for choice in option.choices:
            assert json.dumps(choice) in told
    for route in profile.routes.values():
        assert f" {route.basis} {route.method} {route.path} ({route.name}) [{route.source}]" in told
    for sample in profile.samples.values():
        assert f" {sample.basis} {sample.name} [{sample.source}] {sample.title}" in told
        for repair in sample.repairs:
            assert words(f"repaired: {repair['why']}") in told
    for name, fact in profile.facts.items():
        assert words(f" {fact.basis} {name} = {value(fact)} {fact.unit} [{fact.source}]") in told
    for missing in profile.not_imitated:
        assert words(missing) in told
    for key, source in profile.sources.items():
        assert words(f"[{key}] {source.title}; {source.date}") in told


@pytest.mark.parametrize("provider", registry.SHIPPED)
def test_as_json_it_is_the_profile(provider):
    profile = catalog.profile(provider)
    told = json.loads(run("explain", f"{provider}@{profile.revision}", "--json").stdout)
    assert told["revision"] == profile.revision
    assert told["not_imitated"] == list(profile.not_imitated)
    for name, option in profile.options.items():
        assert told["options"][name]["default"]["value"] == option.default.value
        assert told["options"][name]["default"]["basis"] == option.default.basis
    for name, feed in profile.feeds.items():
        assert told["feeds"][name]["policy"].keys() == feed.policy.keys()
    for name, sample in profile.samples.items():
        assert told["samples"][name]["body"].encode() == sample.body


@pytest.mark.parametrize("columns", ["80", "100"])
def test_its_lines_fit_the_terminal(columns):
    for provider in registry.SHIPPED:
        lines = run("explain", provider, COLUMNS=columns).stdout.splitlines()
        assert max(map(len, lines)) <= int(columns)


def test_a_table_shows_every_route_of_every_vendor_and_who_proved_it():
    done = run("explain", "--routes")
    assert done.returncode == 0
    lines = {tuple(re.split(r"  +", line.strip())) for line in done.stdout.splitlines()}
    for provider in registry.SHIPPED:
        profile = catalog.profile(provider)
        for route in profile.routes.values():
            call = f"{route.method} {route.path}"
            proof = ", ".join(route.clients) or "-"
            told = (f"{provider}@{profile.revision}", call, route.name, route.basis, route.source, proof)
            assert told in lines
    one = json.loads(run("explain", "hellotext", "--routes", "--json").stdout)
    assert [row["name"] for row in one] == list(catalog.profile("hellotext").routes)


def test_without_a_provider_it_says_which_there_are():
    done = run("explain")
    assert done.returncode == 2
    assert "sendpulse, esputnik, pushwoosh, hellotext, or --routes" in done.stderr
