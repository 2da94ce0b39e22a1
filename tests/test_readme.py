"""The README tells the truth: its examples run as they are printed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from emulators.engine.policy import Policy

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")

# What the reader has of his own: an app with a URL for webhooks, an outage, a configuration.
OF_THE_READER = """
import contextlib, json, urllib.request
import pytest
from tests.support.receiver import Receiver

@pytest.fixture
def receiver():
    with Receiver() as receiver:
        yield receiver

@pytest.fixture
def app_url(receiver):
    return receiver.url

@pytest.fixture
def app_down(receiver):
    @contextlib.contextmanager
    def down():
        receiver.then = 503
        yield
        receiver.then = 200
    return down()

class App:
    def configure(self, env):
        self.env = env

    def send_mail(self, to, subject):
        url, env = self.env["SENDPULSE_URL"], self.env
        asked = {"grant_type": "client_credentials", "client_id": env["SENDPULSE_CLIENT_ID"]}
        asked["client_secret"] = env["SENDPULSE_CLIENT_SECRET"]
        with urllib.request.urlopen(url + "/oauth/access_token", json.dumps(asked).encode()) as response:
            token = json.load(response)["access_token"]
        email = {"subject": subject, "text": "Hi", "html": "SGk="}
        email |= {"from": {"name": "Shop", "email": "shop@example.com"}, "to": [{"name": "Ann", "email": to}]}
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        body = json.dumps({"email": email}).encode()
        urllib.request.urlopen(urllib.request.Request(url + "/smtp/emails", body, headers)).close()

    def buy(self, product):
        body = {"action": "product.purchased", "product": product, "session": "bBJn9vR15yPaYkWmR2QK0jopMeNxrA6l"}
        headers = {"Authorization": f"Bearer {self.env['HELLOTEXT_TOKEN']}"}
        url = self.env["HELLOTEXT_URL"] + "/attribution/events"
        urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), headers)).close()

@pytest.fixture
def app():
    return App()
"""


def blocks(language: str, under: str) -> list[str]:
    section = README.split(f"\n## {under}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(rf"```{language}\n(.*?)```", section, re.S)


def test_the_pytest_examples_pass_as_printed(project: pytest.Pytester) -> None:
    printed, first_try, outside = blocks("python", "Quick start: pytest")
    compile(outside, "README.md", "exec")
    project.makeconftest(OF_THE_READER)
    project.makepyfile(printed)
    result = project.runpytest_subprocess("-p", "emulators.pytest_plugin", "-W", "error")
    result.assert_outcomes(passed=printed.count("def test_"))
    project.makeconftest(first_try)
    first = project.runpytest_subprocess("-p", "emulators.pytest_plugin", "-k", "bounces or async")
    first.assert_outcomes(passed=2, deselected=printed.count("def test_") - 2)


def test_the_hypothesis_examples_name_what_exists() -> None:
    [printed] = blocks("python", "For Hypothesis")
    exec(printed, {})


def test_the_options_that_are_printed_are_taken(emulate) -> None:
    _, printed = blocks("python", "Your app's calls")
    told: dict[str, Any] = {"pytest": pytest}
    exec(printed, told)
    for provider, options in (
        ("esputnik", {"workflows": told["WORKFLOWS"]}),
        ("sendpulse", {"flows": told["FLOWS"]}),
    ):
        with emulate.fresh(provider, options=options) as emulator:
            assert emulator.options.items() >= options.items()


def test_the_schema_example_runs_as_printed() -> None:
    [printed] = blocks("python", "Quick start: schemas only")
    from emulators import catalog

    payload = [event for event in catalog.codec.decode(catalog.samples("esputnik")["activity.bulk"].body)]
    exec(printed, {"payload": payload})


def test_the_fault_examples_name_what_exists(sendpulse, esputnik) -> None:
    [printed] = blocks("python", "Faults")
    exec(printed, {"sendpulse": sendpulse, "esputnik": esputnik})


def test_every_command_that_is_printed_is_understood() -> None:
    from emulators.cli import main

    commands = {match for match in re.findall(r"`emulators ([a-z]+)", README)}
    for block in blocks("", "Quick start: a process in CI, for any language"):
        commands |= {shlex.split(line)[1] for line in block.splitlines() if line.startswith("emulators ")}
    assert {"demo", "serve", "trigger", "replay", "explain"} <= commands
    for command in commands:
        with pytest.raises(SystemExit) as ended:
            raise SystemExit(main([command, "--help"]))
        assert ended.value.code in (0, None), command


def test_the_policy_fields_that_are_named_exist() -> None:
    row = next(line for line in README.splitlines() if line.startswith("| `subscribe("))
    named = set(re.findall(r"`([a-z_]+)`", row)) - {"policy"}
    assert {"batch_size", "retry_delays"} <= named <= set(Policy.__dataclass_fields__)
