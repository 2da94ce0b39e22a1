"""`emulators demo` plays the main job, and says so only if it happened."""

from __future__ import annotations

import json
import re

from emulators import cli
from emulators.commands import demo, scenes
from tests.cli.running import run


def test_the_timeline_shows_the_main_job_on_virtual_time():
    done = run("demo")
    assert done.returncode == 0, done.stdout + done.stderr
    story = re.sub(r":[0-9]+/hook", "/hook", done.stdout)
    told = [" ".join(line.split()) for line in story.splitlines()]
    expected = [
        "+00:00:00 GET -> /hook 200 accepted",
        "+00:00:00 POST activity.bulk -> /hook 500 again at +00:01:00; 1 waits",
        "+00:01:00 POST activity.bulk -> /hook, attempt 2 500 again at +00:03:00; 1 waits",
        "+00:03:00 POST activity.bulk -> /hook, attempt 3 200 acknowledged",
        "+00:03:00 POST activity.triggered -> /hook 200 acknowledged",
        "+00:04:00 POST delivered, opened, clicked -> /hook 200 acknowledged",
        "+00:04:00 POST 1000 x delivered -> /hook 200 acknowledged",
        "+00:04:00 POST Email Sent -> /hook 200 acknowledged",
        '+00:04:00 the app calls POST /v1/attribution/events 201 {"state":"ok"}',
    ]
    assert [line for line in told if line in expected] == expected
    assert "NO " not in story
    assert re.search(r"^4 minutes of vendor time in [0-9.]+ s\. All 14 expectations hold\.$", story, re.M)


def test_its_lines_fit_a_terminal_and_its_answers_stand_in_one_column():
    lines = run("demo").stdout.splitlines()
    assert max(map(len, lines)) <= 100
    assert len({match.start() for line in lines if (match := re.search(r"  (200|500|201)  ", line))}) == 1


def test_as_json_it_tells_steps_and_facts():
    done = run("demo", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 0
    assert told["ok"] is True
    assert told["failed"] == []
    assert told["vendor_seconds"] == 240
    assert [len(step["facts"]) for step in told["steps"]] == [2, 4, 3, 2, 2, 1]
    assert all(fact["held"] for step in told["steps"] for fact in step["facts"])
    answers = [row["answer"] for step in told["steps"] for row in step["timeline"] if row["answer"]]
    assert answers == ["200", "500", "500", "200", "200", "200", "200", "200", "201"]


def test_a_fact_that_does_not_come_true_is_named_and_the_exit_code_is_1(monkeypatch, capsys):
    async def impatient(cast):
        """Nobody waits"""
        cast.receiver.will_answer([503])
        facts = await scenes.at_once(cast)
        return {**facts, "pigs fly": False}

    monkeypatch.setattr(scenes, "by_count", impatient)
    assert cli.main(["demo"]) == 1
    shown = capsys.readouterr().out
    assert "2 of 16 expectations did not come true" not in shown
    missed = shown[shown.index("did not come true:") :]
    assert "  pigs fly" in missed
    assert "  Pushwoosh counts it as delivered" in missed
    assert "   NO         pigs fly" in shown


def test_the_demo_module_costs_nothing_until_it_runs():
    assert not hasattr(demo, "scenes")
