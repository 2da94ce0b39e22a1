"""`emulators drift` compares captured traffic with a revision, keeps no secret, and proposes what would make it fit."""

from __future__ import annotations

import base64
import json
import os
import random
import shutil
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators import catalog, cli, registry
from emulators.commands import drift
from emulators.drifting import capture, patch
from emulators.drifting.placing import Measured, placer
from emulators.drifting.redaction import Redactor
from emulators.drifting.tally import Tally
from tests.cli.running import run
from tests.support import payloads

DELIVERED = json.loads(catalog.samples("sendpulse")["smtp.delivered"].body)[0]


def written(folder: Path, *lines: Any) -> str:
    """A file with a line for each."""
    file = folder / "captured.ndjson"
    file.write_text(
        "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines), "utf-8"
    )
    return str(file)


def told(provider: str, file: str, code: int = 1) -> dict[str, Any]:
    done = run("drift", provider, file, "--json")
    assert done.returncode == code, done.stderr or done.stdout
    return json.loads(done.stdout)


def found(provider: str, file: str) -> dict[tuple[str, str], dict[str, Any]]:
    return {(one["schema"], one["pointer"]): one for one in told(provider, file)["drift"]}


@pytest.mark.parametrize("provider", ["sendpulse", "esputnik", "pushwoosh"])
def test_what_the_vendors_print_is_no_drift(provider: str, tmp_path: Path) -> None:
    profile = catalog.profile(provider)
    bodies = [
        json.loads(sample.body)
        for name, sample in profile.samples.items()
        if name.partition(".")[0] in profile.feeds
    ]
    assert bodies
    report = told(provider, written(tmp_path, *bodies), code=0)
    assert report["drift"] == report["proposed"] == []
    assert sum(report["compared"].values()) >= len(bodies)


def test_every_sort_of_drift_is_found_where_it_is_and_counted(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        [{**DELIVERED, "campaign": {"id": 7}}, {**DELIVERED, "campaign": {"id": 8}}, DELIVERED],
        [{**DELIVERED, "timestamp": "yesterday"}],
        [{**DELIVERED, "event": "rerouted"}],
        [{name: value for name, value in DELIVERED.items() if name != "subject"}],
        {"method": "POST", "path": "/smtp/emails", "status": 200, "json": {"result": True, "id": "not so"}},
        {"feed": "smtp", "json": [DELIVERED] * 1001},
    )
    drifts = found("sendpulse", file)
    campaign = drifts["smtp.event", "/campaign"]
    assert (campaign["what"], campaign["count"], campaign["first_line"]) == ("unknown field", 2, 1)
    assert (campaign["types"], campaign["example"]) == ({"object": 2}, {"id": 7})
    stamp = drifts["smtp.event", "/timestamp"]
    assert (stamp["what"], stamp["types"], stamp["first_line"]) == ("another type", {"string": 1}, 2)
    assert drifts["smtp.event", "/event"]["values"] == ["rerouted"]
    assert drifts["smtp.event", "/subject"]["what"] == "missing field"
    assert drifts["send-email.response", "/id"]["what"] == "another form"
    assert drifts["smtp", ""]["what"] == "beyond bounds"
    assert len(drifts) == 6


def test_what_is_nested_in_lists_is_one_finding(tmp_path: Path) -> None:
    email = {"subject": "s", "text": "t", "from": {"name": "n", "email": "a@example.com"}}
    mails = [{**email, "to": [{"email": 1}, {"email": 2}, {"email": 3}]}, {**email, "to": [{"email": 4}]}]
    lines = [{"route": "send-email", "direction": "request", "json": {"email": mail}} for mail in mails]
    (one,) = told("sendpulse", written(tmp_path, *lines))["drift"]
    assert (one["pointer"], one["count"], one["types"]) == ("/email/to/*/email", 2, {"integer": 4})


def corrected(root: Path, changes: Iterable[dict[str, Any]]) -> catalog.Catalog:
    """The schemas with the proposed patches in them, applied by the letter of RFC 6902."""
    for change in changes:
        document = json.loads((root / change["file"]).read_text("utf-8"))
        for step in change["patch"]:
            *way, last = (part.replace("~1", "/").replace("~0", "~") for part in step["path"].split("/")[1:])
            node = document
            for part in way:
                node = node[int(part)] if isinstance(node, list) else node[part]
            if step["op"] in ("remove", "replace"):
                assert last in node
            if step["op"] == "remove":
                del node[last]
            else:
                node[last] = step["value"]
        (root / change["file"]).write_text(json.dumps(document), "utf-8")
    return catalog.Catalog(root)


@pytest.mark.parametrize(
    "feed", ["sendpulse/smtp", "sendpulse/email-service", "esputnik/activity", "pushwoosh/webhook"]
)
def test_with_the_proposed_patch_the_same_traffic_is_no_drift(feed: str, tmp_path: Path) -> None:
    provider, _, name = feed.partition("/")
    root = Path(shutil.copytree(catalog.root(), tmp_path / "schemas"))
    dice, profile = random.Random(feed), catalog.profile(provider)
    events = payloads.events(provider, 30)[name]
    place = placer(provider)
    before, spoiled = Tally(place.contract), [payloads.mutated(dice.choice(events), dice) for _ in range(300)]
    for number, event in enumerate(spoiled):
        before.add(number, Measured(f"{name}.event", event))
    assert len(before.findings) > 20
    schemas = {
        file.removesuffix(".schema.json"): json.loads(path.read_bytes())
        for file, path in catalog.default().files(provider, None, "*.schema.json").items()
    }
    proposed = patch.propose(before.findings.values(), schemas)
    changes = [
        {"file": f"{provider}/{profile.revision}/{stem}.schema.json", "patch": steps}
        for stem, steps in proposed.items()
    ]
    assert {"observed"} == {
        value["x-basis"] if isinstance(value, dict) else value
        for change in changes
        for step in change["patch"]
        for value in [step.get("value")]
        if step["path"].endswith("/x-basis") or (isinstance(value, dict) and value)
    }
    after = Tally(corrected(root, changes).contract(provider, profile.revision))
    for number, event in enumerate(spoiled):
        after.add(number, Measured(f"{name}.event", event))
    assert [(one.pointer, one.sort) for one in after.findings.values()] == []


CANARIES = (
    *(
        "canary.ann@example.com",
        "canary.bob@example.org",
        "+380 50 765 43 21",
        "380507654321",
        "(212) 867-5309 77",
    ),
    *(
        "Bearer c4n4ryc4n4ryc4n4ryc4n4ry",
        "Basic Y2FuYXJ5OmNhbmFyeQ==",
        "canary-cookie-value",
        "canaryApiKey",
        "203.0.113.99",
    ),
    *(
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlY2FuYXJ5",
        "0c4nary0c4nary0c4nary0c4nary",
        "canarysecret",
    ),
    "Canaryname",
)


def test_no_secret_leaves_it(tmp_path: Path) -> None:
    headers = {
        "Authorization": CANARIES[5],
        "Cookie": f"sid={CANARIES[7]}",
        "X-Api-Key": CANARIES[8],
        "Content-Type": "application/json",
    }
    known = list(CANARIES)
    body = {**DELIVERED, **{f"new_{index}": f"see {value} there" for index, value in enumerate(CANARIES[:7])}}
    lines: list[Any] = [
        [body],
        [
            {
                **DELIVERED,
                "phone_number": 380507654321,
                "client_secret": "canarysecret",
                "first_name": "Canaryname",
            }
        ],
        [{**DELIVERED, "timestamp": value} for value in CANARIES[:7]],
        [{**DELIVERED, "event": value} for value in (*CANARIES[:7], *CANARIES[9:12])],
        [
            {
                **DELIVERED,
                "canary.ann@example.com": 1,
                "nested": {"canary.bob@example.org": {"token": "canarysecret"}},
            }
        ],
        [{**DELIVERED, "deep": [{"api_key": ["canaryApiKey"], "cookie": {"value": "canary-cookie-value"}}]}],
        [
            {
                **DELIVERED,
                "number": 380507654321,
                "link": "https://u:canarysecret@example.com/?token=canarysecret",
            }
        ],
        {
            "method": "POST",
            "path": "/smtp/emails",
            "headers": headers,
            "json": {"email": {"to": CANARIES[0]}},
        },
        {"method": "POST", "path": f"/x/{CANARIES[0]}?key={CANARIES[8]}", "headers": headers, "json": {}},
        {
            "method": "POST",
            "path": f"/x/{CANARIES[11]}",
            "status": 200,
            "headers": headers,
            "body": "canarysecret",
        },
        {
            "method": "GET",
            "path": "/smtp/emails",
            "status": 401,
            "headers": headers,
            "json": {"Authorization": CANARIES[5]},
        },
        f"{CANARIES[0]} is no JSON {CANARIES[12]}",
        {"feed": "smtp", "status": CANARIES[12], "json": []},
    ]
    file = written(tmp_path, *lines)
    for words in ((), ("--json",)):
        done = run("drift", "sendpulse", file, *words)
        assert done.returncode == 1
        heard = (done.stdout + done.stderr).replace("\\u002b", "+")
        for canary in known:
            for part in canary.split():
                if part not in ("Bearer", "Basic") and len(part) > 5:
                    assert part not in heard, canary
        assert "canary" not in heard.lower().replace(str(tmp_path).lower(), "")
        assert "7654321" not in heard and "867-5309" not in heard


def test_the_same_value_has_the_same_placeholder_and_another_has_another() -> None:
    redactor = Redactor()
    first = redactor.value({"a": "ann@example.com", "b": ["to ann@example.com, bob@example.com"]})
    assert first == {"a": "<email-1>", "b": ["<text-1>"]}
    assert redactor.value("bob@example.com") == "<email-2>"
    assert redactor.value({"token": "abc"}) == {"token": "<secret-1>"}
    assert redactor.value({"Authorization": {"x": "abc"}}) == {"Authorization": {"x": "<secret-1>"}}
    assert redactor.value("+1 (212) 867-5309") == "<phone-1>"


@pytest.mark.parametrize(
    "value",
    [
        '{"client_secret": "hunter2"}',
        [{"name": "X-Api-Key", "value": "hunter2"}],
        [["password", "hunter2"]],
        "api_key=hunter2",
        "my password is hunter2",
        "<password>hunter2</password>",
        "https://h.example/#token=hunter2abc",
        "sk_live_hunter2abc",
        {"otp": "hunter"},
        {"passphrase": "hunter"},
        {"sk_live_hunter2abcdefgh": 1},
        "2001:db8::1 hunter2",
        "Ivan Hunter2",
    ],
)
def test_what_nobody_thought_of_is_replaced_as_well(value: Any) -> None:
    assert "hunter" not in json.dumps(Redactor().value(value)).lower()


@pytest.mark.parametrize(
    "value",
    [
        "2026-01-01 12:30:00",
        "2026-01-01T12:30:00Z",
        "UNSUBSCRIBED_BY_ADMIN_2",
        "delivered",
        1490000000,
        1490000000123,
        3.5,
        None,
    ],
)
def test_dates_words_and_small_numbers_stay_readable(value: Any) -> None:
    assert Redactor().value(value) == value


def test_endless_text_takes_no_endless_time() -> None:
    for text in ("a" * 3_000_000, "a@" * 500_000, "1" * 1_000_000, "(1 " * 300_000, "ab:" * 300_000):
        assert len(Redactor().text(text)) < 5000


def test_a_har_has_requests_and_answers(tmp_path: Path) -> None:
    def entry(method: str, url: str, sent: str, status: int, content: dict[str, Any]) -> dict[str, Any]:
        posted = {"postData": {"mimeType": "application/json", "text": sent}} if sent else {}
        request = {"method": method, "url": url, "headers": [{"name": "Cookie", "value": "x"}], **posted}
        return {"request": request, "response": {"status": status, "content": content}}

    api = "https://api.sendpulse.com"
    encoded = base64.b64encode(b'{"result": "yes"}').decode()
    entries = [
        entry(
            "POST",
            f"{api}/smtp/emails",
            '{"email": 3}',
            200,
            {"text": encoded, "encoding": "base64", "size": 9},
        ),
        entry("GET", f"{api}/smtp/emails?limit=ten", "", 200, {"text": "[]", "size": 2}),
        entry("POST", f"{api}/smtp/emails", '{"email": 3}', 422, {"text": '{"message": 1}', "size": 2}),
        entry("GET", "https://example.com/style.css", "", 200, {"text": "a {}", "size": 4}),
        entry(
            "POST", "https://app.example.com/hook", json.dumps([{**DELIVERED, "more": 1}]), 200, {"size": 0}
        ),
    ]
    file = tmp_path / "captured.har"
    for laid_out in (None, 2):
        file.write_text(json.dumps({"log": {"version": "1.2", "entries": entries}}, indent=laid_out))
        report = told("sendpulse", str(file))
        seen = {(one["schema"], one["pointer"]) for one in report["drift"]}
        assert {
            ("send-email.request", "/email"),
            ("send-email.response", "/result"),
            ("list-emails.request", "/limit"),
            ("errors.response", "/message"),
            ("smtp.event", "/more"),
        } <= seen
        assert report["compared"]["send-email.request"] == 1
        assert report["not_compared"]["refused calls of send-email"] == 1
        assert report["not_compared"]["GET /style.css"] == 1


def test_forms_and_base64_are_read_as_the_vendor_reads_them(tmp_path: Path) -> None:
    form = {"headers": [["Content-Type", "application/x-www-form-urlencoded"]], "method": "POST"}
    path = "/events/id/eb561baa181247d1cd378c4ead632877/7043663"
    good = {**form, "path": path, "body": "email=a%40example.com&phone=123"}
    bad = {**form, "path": path, "base64": base64.b64encode(b"name=a").decode()}
    assert told("sendpulse", written(tmp_path, good), code=0)["compared"] == {"event.request": 1}
    (one,) = told("sendpulse", written(tmp_path, good, bad))["drift"]
    assert (one["what"], one["first_line"]) == ("missing field", 2)


def test_a_bare_event_is_told_from_those_of_other_feeds(tmp_path: Path) -> None:
    activity = json.loads(catalog.samples("esputnik")["activity.bulk"].body)[0]
    report = told("esputnik", written(tmp_path, {**activity, "surprise": 1}))
    assert [(one["schema"], one["pointer"]) for one in report["drift"]] == [("activity.event", "/surprise")]


def test_what_cannot_be_compared_is_said_and_is_no_success(tmp_path: Path) -> None:
    done = run("drift", "sendpulse", str(tmp_path / "nothing"))
    assert done.returncode == 3
    assert "cannot be read" in done.stderr
    assert run("drift", "sendpulse", str(tmp_path)).returncode == 3
    assert told("sendpulse", written(tmp_path), code=3)["compared"] == {}
    elsewhere = {"method": "GET", "path": "/v1/elsewhere/17", "status": 200, "json": {}}
    assert told("sendpulse", written(tmp_path, elsewhere), code=3)["not_compared"]
    report = told("sendpulse", written(tmp_path, [DELIVERED], "{", "7"), code=3)
    assert report["unreadable"]["first_lines"] == [2, 3]
    wrong = [{"feed": "smtp", "direction": "sideways", "json": []}, {"feed": "smtp", "base64": "%%%"}]
    assert set(told("sendpulse", written(tmp_path, *wrong), code=3)["unreadable"]["reasons"]) == {
        "direction: neither request nor response",
        "base64: not that",
    }


def test_names_that_nobody_knows_are_refused_with_the_nearest(tmp_path: Path) -> None:
    file = written(tmp_path, {"feed": "smpt", "json": []})
    for words, nearest in ((("sendpulse", file), "'smtp'"), (("sendpulze", file), "'sendpulse'")):
        done = run("drift", *words)
        assert done.returncode == 2
        assert f"did you mean {nearest}?" in done.stderr
    assert run("drift", "sendpulse", written(tmp_path, {"route": "send-mail", "json": {}})).returncode == 2


def test_a_file_is_read_line_by_line(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    first_is_read = threading.Event()

    def write() -> None:
        with pipe.open("w") as file:
            file.write('[{"event": 1}]\n')
            file.flush()
            first_is_read.wait(30)
            file.write('[{"event": 2}]\n')

    writer = threading.Thread(target=write)
    writer.start()
    lines = capture.read(pipe)
    # The second line is written when the first has come out.
    assert next(lines).content.value == [{"event": 1}]
    first_is_read.set()
    assert next(lines).content.value == [{"event": 2}]
    writer.join()


def test_it_says_how_far_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, *[[DELIVERED]] * 3)
    assert cli.main(["drift", "sendpulse", file]) == 0
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(drift, "PATIENCE", 0.0)
    assert cli.main(["drift", "sendpulse", file]) == 0
    assert "line 2: 2 compared, 0 findings so far" in capsys.readouterr().err


@pytest.mark.parametrize("provider", registry.SHIPPED)
def test_calls_as_our_examples_make_them_are_no_drift(provider: str, tmp_path: Path) -> None:
    lines = []
    for route in registry.load(provider).provider.routes:
        for path in catalog.default().files(provider, None, f"examples/{route.stem}.request.*.json").values():
            if route.method in ("POST", "PUT", "PATCH"):
                lines.append(
                    {"route": route.name, "direction": "request", "json": json.loads(path.read_bytes())}
                )
    report = told(provider, written(tmp_path, *lines), code=0)
    assert sum(report["compared"].values()) == len(lines) >= 10


@given(st.data())
def test_wherever_a_secret_stands_it_is_replaced(data: st.DataObject) -> None:
    letters = st.text("abcdefghijkmnopqrstuvwxyz", min_size=4, max_size=12)
    digits = st.text("0123456789", min_size=7, max_size=7)
    local, domain, line = data.draw(letters), data.draw(letters), data.draw(digits)
    secret, kept = data.draw(
        st.sampled_from(
            [
                (f"q{local}q@q{domain}q.com", (f"q{local}q", f"q{domain}q")),
                (f"+38050{line}", (line,)),
                (f"+1 (212) {line[:3]}-{line[3:]}", (line[3:],)),
                (f"{local}7{line}{domain}7{line}", (f"7{line}",)),
                (f"Bearer q{local}", (f"q{local}",)),
            ]
        )
    )
    around = data.draw(
        st.sampled_from(["{}", "see {}, there", "<{}>", "2026-01-01 {}", "https://e.x/a/{}?q={}&r=1"])
    )
    text = around.replace("{}", secret)
    value = data.draw(
        st.sampled_from([text, [text], {"field": {"inner": [text]}}, {secret: 1}, {"a": {secret: [text]}}])
    )
    told = json.dumps(Redactor().value(value, "field"), ensure_ascii=False)
    assert not [part for part in kept if part in told]
