"""Which names the vendors have, and what becomes of a connection to any host."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from emulators import catalog
from emulators.errors import InvalidValue
from emulators.interception import vendor_hosts
from emulators.interception.hosts import Real, Refused, Rules, Vendor, normal
from tests.catalog.test_catalog_files import every_revision
from tests.cli.running import run

HERE = ("127.0.0.1", 8801)
RULES = Rules.of(
    {"api.sendpulse.com": HERE, "*.api.pushwoosh.com": HERE},
    ["Partner.example", "*.cdn.example", "db.example:5432", "[2001:db8::1]:443"],
)


@every_revision
def test_a_vendor_has_names_and_the_one_that_exports_print_is_among_them(
    provider: str, revision: str
) -> None:
    names = vendor_hosts(catalog.profile(provider, revision))
    assert names
    assert all(normal(name) == name and "." in name.removeprefix("*.") for name in names)
    calls = catalog.default().files(provider, revision, "calls.json")["calls.json"]
    assert urlsplit(json.loads(calls.read_bytes())["server"]["url"]).hostname in names


def test_no_name_belongs_to_two_vendors() -> None:
    providers = catalog.default().providers()
    names = [name for provider in providers for name in vendor_hosts(catalog.profile(provider))]
    assert len(names) == len(set(names))


def test_a_vendor_without_known_names_has_none() -> None:
    profile: Any = type("Profile", (), {"facts": {}})
    assert vendor_hosts(profile) == ()


def test_explain_shows_the_names_with_basis_and_source() -> None:
    shown = " ".join(run("explain", "pushwoosh").stdout.split())
    assert 'documented hosts = ["api.pushwoosh.com", "cp.pushwoosh.com"] [messages-api]' in shown
    assert 'inferred client_hosts = ["*.api.pushwoosh.com"] [sdks]' in shown


@pytest.mark.parametrize(
    ("host", "port", "verdict"),
    [
        ("api.sendpulse.com", 443, Vendor(HERE)),
        ("api.sendpulse.com", 8080, Vendor(HERE)),
        ("a.api.pushwoosh.com", 443, Vendor(HERE)),
        ("partner.example", 443, Real()),
        ("partner.example", 80, Real()),
        ("x.cdn.example", 443, Real()),
        ("db.example", 5432, Real()),
        ("2001:db8::1", 443, Real()),
        ("localhost", 3000, Real()),
        ("app.localhost", 3000, Real()),
        ("127.3.2.1", 3000, Real()),
        ("::1", 3000, Real()),
    ],
)
def test_who_answers(host: str, port: int, verdict: object) -> None:
    assert RULES.judge(host, port) == verdict


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("sendpulse.com", 443),
        ("xapi.sendpulse.com", 443),
        ("api.sendpulse.com.evil.example", 443),
        ("api.pushwoosh.com", 443),
        ("a.b.api.pushwoosh.com", 443),
        ("cdn.example", 443),
        ("db.example", 443),
        ("2001:db8::1", 80),
        ("localhost.evil.example", 443),
        ("169.254.169.254", 80),
        ("0.0.0.0", 80),
    ],
)
def test_who_is_refused(host: str, port: int) -> None:
    verdict = RULES.judge(host, port)
    assert isinstance(verdict, Refused)
    assert verdict.reason.startswith(f"{f'[{host}]' if ':' in host else host}:{port} is refused")
    # What it proposes is what is needed.
    [proposed] = re.findall(r"--pass-through (\S+)$", verdict.reason)
    assert Rules.of({}, [proposed]).judge(host, port) == Real()


@pytest.mark.parametrize(
    "word", ["", "a b", "https://x.example", "x.example:0", "x.example:99999", "x:y", "[x]"]
)
def test_what_is_no_host_is_not_let_through(word: str) -> None:
    with pytest.raises(InvalidValue, match="pass-through: expected"):
        Rules.of({}, [word])


def test_a_host_alone_is_a_list_of_one() -> None:
    assert Rules.of({}, "x.example").judge("x.example", 443) == Real()
