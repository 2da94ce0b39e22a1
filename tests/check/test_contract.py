"""A check in pytest: one test for each check, against an application of the same process or a URL; in pytest runs of their own."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from emulators.check.contracts import Contract
from emulators.check.inprocess import served
from emulators.check.vocabulary import Heard
from emulators.check.wire import Wire
from emulators.errors import InvalidValue, TargetUnusable, UnknownName

APPS = """
import json
from aiohttp import web

def wsgi(status="200 OK"):
    def app(environ, start):
        environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        start(status, [("Content-Type", "application/json")])
        return [b"{}"]
    return app

def asgi(status=200):
    async def app(scope, receive, send):
        if scope["type"] != "http":
            raise RuntimeError("no lifespan here")
        await receive()
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})
    return app

def aio(status=200):
    async def hook(request):
        await request.read()
        return web.json_response({}, status=status)
    app = web.Application(client_max_size=2**26)
    app.router.add_route("*", "/hook", hook)
    return app
"""
SETTINGS = """
[check]
provider = "sendpulse"
url = "http://127.0.0.1:1/hook"
only = ["C07"]

[[check.accept]]
check = "C07"
reason = "until the new proxy"
until = "2999-01-31"
"""
STORING = """
import http.server, threading, pytest

@pytest.fixture
def bodies():
    return []

@pytest.fixture
def app_url(bodies):
    class Hook(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            bodies.append(self.rfile.read(int(self.headers["content-length"])).decode())
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Hook) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{{server.server_port}}/hook"
        server.shutdown()
        thread.join()

# the store
@pytest.fixture
def stored_events(bodies):
    return lambda: list({records})
"""
SENTENCE = "the vendor's own success status"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cases of findings are left in no folder of ours."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def shop(project: pytest.Pytester) -> pytest.Pytester:
    """A project with an application of each kind."""
    project.makepyfile(apps=APPS)
    return project


def run(project: pytest.Pytester, *args: str) -> pytest.RunResult:
    words = ("-p", "emulators.pytest_plugin", "-W", "error", "--strict-markers", *args)
    return project.runpytest_subprocess(*words)


def test_contract_makes_a_test_of_each_check_for_every_kind_of_application(shop: pytest.Pytester) -> None:
    shop.makepyfile(
        """
        from apps import aio, asgi, wsgi
        from emulators.check import contract

        test_wsgi = contract("esputnik", app=wsgi(), only="C07,C10")
        test_asgi = contract("esputnik", app=asgi(), only="C07,C10")
        test_aiohttp = contract("esputnik", app=aio(), only="C07,C10")
        test_bad_wsgi = contract("esputnik", app=wsgi("202 Accepted"), only="C07,C10")
        test_bad_asgi = contract("esputnik", app=asgi(202), only="C07,C10")
        test_bad_aiohttp = contract("esputnik", app=aio(202), only="C07,C10")
        test_blind = contract("esputnik", app=wsgi(), only="C16")
        """
    )
    result = run(shop, "-v", "-rs")
    result.assert_outcomes(passed=16, failed=3, skipped=1)
    for kind in ("wsgi", "asgi", "aiohttp"):
        result.stdout.fnmatch_lines([f"*::test_{kind}?C07 {SENTENCE}? PASSED*"])
        result.stdout.fnmatch_lines([f"*::test_bad_{kind}?C07 {SENTENCE}? FAILED*"])
    result.stdout.fnmatch_lines(["*the receiver answered 202; eSputnik takes only 200*"])
    # Our frames would only bury it.
    result.stdout.no_fnmatch_line("*contracts.py*")
    result.stdout.fnmatch_lines(["*SKIPPED*what was stored is not known: give --oracle-url*"])
    assert list((shop.path / "check-cases").glob("case-*.json"))


def test_the_marker_checks_what_a_fixture_provides(shop: pytest.Pytester) -> None:
    shop.makepyfile(
        """
        import pytest
        from apps import wsgi
        from tests.check.receivers.mutants import Mutant

        @pytest.fixture(scope="module")
        def url():
            with Mutant("C10") as receiver:
                yield receiver.url

        @pytest.fixture(scope="module")
        def app():
            return wsgi()

        @pytest.mark.webhook_contract("esputnik", only="C07,C10")
        def test_at_a_url(webhook_check, url):
            webhook_check(url)

        @pytest.mark.webhook_contract("esputnik", only="C07,C10")
        def test_in_process(webhook_check, app):
            webhook_check(app=app)
        """
    )
    result = run(shop)
    result.assert_outcomes(passed=5, failed=1)
    result.stdout.fnmatch_lines(["*FAILED *::test_at_a_url?C10 *"])


def test_what_proves_nothing_is_skipped_with_the_reason(shop: pytest.Pytester) -> None:
    shop.makepyfile(
        """
        from datetime import date
        from apps import wsgi
        from emulators.check import contract

        accept = [{"check": "C07", "reason": "until the new proxy", "until": date(2999, 1, 31)}]
        test_accepted = contract("esputnik", app=wsgi("202 Accepted"), only="C07", accept=accept)
        test_expired = contract(
            "esputnik", app=wsgi("202 Accepted"), only="C07", accept=[{**accept[0], "until": date(2020, 1, 31)}]
        )
        test_cut = contract("esputnik", app=wsgi(), only="C07,C10", requests=5)
        """
    )
    result = run(shop, "-v", "-rs")
    result.assert_outcomes(passed=3, skipped=3, failed=1)
    result.stdout.fnmatch_lines([f"*::test_accepted?C07 {SENTENCE}? SKIPPED*"])
    result.stdout.fnmatch_lines([f"*::test_expired?C07 {SENTENCE}? FAILED*"])
    result.stdout.fnmatch_lines(["*SKIPPED*accepted until 2999-01-31: until the new proxy*"])
    result.stdout.fnmatch_lines(["*SKIPPED*the budget of 5 requests is spent*"])


def test_a_receiver_that_is_not_there_fails_each_check_in_a_line_and_is_asked_once(
    shop: pytest.Pytester,
) -> None:
    shop.makepyfile(
        """
        import socket
        from emulators.check import contract

        refusing = socket.create_server(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{refusing.getsockname()[1]}/hook"
        asked = []

        def stored():
            asked.append(1)
            raise RuntimeError("no database")

        test_down = contract("esputnik", url=url, oracle=stored, only="C07,C10")

        def test_asked_once():
            refusing.close()
            assert len(asked) == 1
        """
    )
    result = run(shop)
    result.assert_outcomes(failed=3, passed=1)
    result.stdout.fnmatch_lines(["the oracle function stored: RuntimeError: no database"])
    result.stdout.no_fnmatch_line("*pytest_plugin.py*")


@pytest.mark.parametrize(
    ("mark", "says"),
    [
        ('"esputnik", onyl="C07"', "unknown setting of check 'onyl'; did you mean 'only'?"),
        ('"esputnik", only="C077"', "unknown check 'C077'; did you mean 'C07'?"),
        ('"esputnk"', "unknown provider 'esputnk'; did you mean 'esputnik'?"),
        ('"esputnik", seed="7"', "seed: expected int, got '7'"),
        ("", "expected one provider, got (); the rest goes by name"),
    ],
)
def test_settings_of_a_marker_that_do_not_fit_are_said_in_one_line(
    shop: pytest.Pytester, mark: str, says: str
) -> None:
    shop.makepyfile(
        f"""
        import pytest

        @pytest.mark.webhook_contract({mark})
        def test_shop(webhook_check):
            webhook_check("http://127.0.0.1:1/hook")
        """
    )
    result = run(shop)
    result.assert_outcomes(errors=1)
    told = [line for line in result.outlines if says.split(";")[0] in line]
    assert f"webhook_contract: {says}" in told[0]
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*pytest_plugin.py*")


def test_the_line_of_a_finding_in_process_names_the_settings_and_leaves_the_address_open(
    shop: pytest.Pytester,
) -> None:
    shop.makepyfile(
        """
        from emulators.check import contract

        bodies = []

        def app(environ, start):
            bodies.append(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"] or 0)).decode())
            start("202 Accepted", [])
            return []

        def stored():
            return bodies

        test_bad = contract("esputnik", app=app, only="C07", oracle=stored, timeout=3)
        """
    )
    result = run(shop)
    result.stdout.fnmatch_lines(
        [
            '*emulators check --replay check-cases/case-*.json --url "$TARGET" --timeout 3 '
            "--oracle-py *in_process*:stored"
        ]
    )


def test_a_file_of_settings_is_read_where_it_is_named_and_the_call_stands_over_it(
    shop: pytest.Pytester,
) -> None:
    (shop.path / "emulators.toml").write_text(SETTINGS)
    shop.makepyfile(
        """
        from apps import wsgi
        from emulators.check import contract

        bad = wsgi("202 Accepted")
        test_file = contract("esputnik", app=bad, config="emulators.toml")
        test_call = contract("esputnik", app=bad, config="emulators.toml", only="C07,C10", accept=[])
        test_unread = contract("esputnik", app=bad, only="C07")
        """
    )
    result = run(shop, "-v", "-rs")
    result.assert_outcomes(passed=4, skipped=1, failed=2)
    result.stdout.fnmatch_lines([f"*::test_file?C07 {SENTENCE}? SKIPPED*"])
    result.stdout.fnmatch_lines([f"*::test_call?C07 {SENTENCE}? FAILED*"])
    result.stdout.fnmatch_lines([f"*::test_unread?C07 {SENTENCE}? FAILED*"])
    result.stdout.fnmatch_lines(["*emulators check --replay * --config emulators.toml*"])


@pytest.mark.thorough
def test_the_test_of_a_finding_in_the_store_asks_for_the_fixture_that_reads_it(shop: pytest.Pytester) -> None:
    shop.makepyfile(
        """
        from emulators.check import contract

        bodies = []

        def app(environ, start):
            bodies.append(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"] or 0)).decode())
            start("200 OK", [])
            return []

        test_bad = contract("sendpulse", app=app, only="C04", oracle=lambda: bodies)
        """
    )
    told = run(shop)
    told.assert_outcomes(passed=1, failed=1)
    start = told.outlines.index("  or paste into a test:") + 1
    end = next(n for n, line in enumerate(told.outlines) if n > start and not line.startswith("    "))
    (shop.path / "pasted").mkdir()
    test = "\n".join(line[4:] for line in told.outlines[start:end])
    (shop.path / "pasted" / "test_pasted.py").write_text(test)
    (shop.path / "pasted" / "conftest.py").write_text(STORING.format(records="bodies"))
    (shop.path / "right").mkdir()
    (shop.path / "right" / "test_right.py").write_text(test)
    (shop.path / "right" / "conftest.py").write_text(STORING.format(records="set(bodies)"))
    (shop.path / "bare").mkdir()
    (shop.path / "bare" / "test_bare.py").write_text(test)
    (shop.path / "bare" / "conftest.py").write_text(
        STORING.format(records="bodies").partition("# the store")[0]
    )
    for folder, outcome in (("pasted", "failed"), ("right", "passed")):
        run(shop, folder).assert_outcomes(**{outcome: 1})
    missing = run(shop, "bare")
    missing.assert_outcomes(errors=1)
    missing.stdout.fnmatch_lines(["*fixture 'stored_events' not found*"])


# -- without pytest around


def test_a_url_may_stand_in_the_file_and_the_vendor_of_the_call_wins(tmp_path: Path) -> None:
    path = tmp_path / "emulators.toml"
    path.write_text('[check]\nprovider = "sendpulse"\nfeed = "smtp"\nurl = "http://127.0.0.1:1/hook"\n')
    contract = Contract({"provider": "esputnik", "feed": "activity", "only": "C07", "config": path})
    with pytest.raises(TargetUnusable, match=r"http://127\.0\.0\.1:1/hook cannot be checked"):
        contract.result("C07")
    settings = contract.settings("http://127.0.0.1:2/hook")
    assert (settings.provider, settings.feed, settings.url) == ("esputnik", "activity", "http://127.0.0.1:2/hook")  # fmt: skip


def test_chance_is_left_out_unless_it_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "emulators.toml"
    path.write_text("[check]\nfuzz = true\n")
    for given, chance in (({}, set()), ({"fuzz": True}, {"F01", "M01"}), ({"config": path}, {"F01", "M01"})):
        assert {"F01", "M01"} & set(Contract({"provider": "esputnik", **given}).ids()) == chance


@pytest.mark.parametrize(("config", "says"), [("none.toml", "cannot be read"), (7, "config: expected a path, got 7")])  # fmt: skip
def test_a_file_of_settings_that_is_none_is_said(config: Any, says: str) -> None:
    with pytest.raises(InvalidValue, match=says):
        Contract({"provider": "esputnik", "config": config}).ids()


def test_a_setting_that_does_not_exist_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="'onyl'; did you mean 'only'"):
        Contract({"provider": "esputnik", "onyl": "C07"}).ids()


def test_a_contract_with_nobody_to_check_says_what_it_lacks() -> None:
    with pytest.raises(InvalidValue, match="expected a url or an app"):
        Contract({"provider": "esputnik"}).result("C07")


def test_a_target_is_examined_once_for_all_its_checks() -> None:
    posts: list[str] = []

    def app(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        posts.append(environ["REQUEST_METHOD"])
        start("200 OK", [])
        return []

    contract = Contract({"provider": "esputnik", "only": "C07,C10"})
    run, first = contract.result("C07", app=app)
    count = len(posts)
    again, second = contract.result("C10", app=app)
    assert again is run
    assert len(posts) == count > 0
    assert (first.check_id, second.check_id) == ("C07", "C10")


def test_an_error_of_ours_is_told_by_each_check_and_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    async def broken(self: Wire, *given: Any) -> Heard:
        made.append(given)
        raise KeyError("a slip of ours")

    monkeypatch.setattr(Wire, "send", broken)
    contract = Contract({"provider": "esputnik", "only": "C07,C10", "url": "http://127.0.0.1:1/hook"})
    for check in ("C07", "C10"):
        with pytest.raises(RuntimeError, match=r"an error of ours.*KeyError") as raised:
            contract.result(check)
        assert isinstance(raised.value.__cause__, KeyError)
    assert len(made) == 1


def test_what_the_whole_run_has_shown_is_seen_again_by_the_same_checks_without_chance() -> None:
    records: list[Any] = []

    def app(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        events = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        records.extend({**event, "messageName": "another"} for event in events)
        start("200 OK", [])
        return []

    contract = Contract({"provider": "esputnik", "only": "C07,L01", "oracle": lambda: records})
    _, result = contract.result("L01", app=app)
    [found] = result.findings
    assert found.key == "altered"
    assert '"$TARGET" --only C07,L01 --no-fuzz' in found.replay


def test_an_application_that_is_gone_does_not_lend_its_result_to_the_next() -> None:
    def app_of(status: str) -> Callable[..., Any]:
        def app(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
            start(status, [])
            return []

        return app

    contract = Contract({"provider": "esputnik", "only": "C07"})
    verdicts = [contract.result("C07", app=app_of(s))[1].verdict for s in ("200 OK", "202 Accepted") * 3]
    assert [str(verdict) for verdict in verdicts] == ["PASS", "FAIL"] * 3


def test_what_is_no_application_is_refused() -> None:
    with pytest.raises(InvalidValue, match="expected an ASGI, WSGI or aiohttp application, got 'shop'"), served(_Text()):  # fmt: skip
        pass


class _Text:
    def __repr__(self) -> str:
        return "'shop'"


def ask(base: str, method: str = "POST", path: str = "/hook?a=b%20c", body: bytes = b"[]") -> tuple[int, bytes]:  # fmt: skip
    connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=30)
    try:
        connection.request(method, path, body, {"X-Shop": "kyiv", "Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_a_wsgi_application_is_told_all_of_a_request_and_its_answer_is_closed() -> None:
    seen: dict[str, Any] = {}

    class Parts:
        def __iter__(self) -> Iterator[bytes]:
            return iter((b"one ", b"two"))

        def close(self) -> None:
            seen["closed"] = True

    def app(environ: dict[str, Any], start: Callable[..., Any]) -> Parts:
        seen.update(environ, body=environ["wsgi.input"].read())
        start("201 Created", [("Content-Length", "7")])
        return Parts()

    with served(app) as base:
        assert ask(base, path="/%D1%94?a=b%20c") == (201, b"one two")
    assert seen["closed"]
    assert seen["body"] == b"[]"
    assert (seen["PATH_INFO"], seen["QUERY_STRING"]) == ("/" + "є".encode().decode("latin-1"), "a=b%20c")
    assert (seen["HTTP_X_SHOP"], seen["CONTENT_TYPE"]) == ("kyiv", "application/json")


def test_an_asgi_application_lives_from_startup_to_shutdown() -> None:
    heard: list[str] = []

    async def app(scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        if scope["type"] == "lifespan":
            for word in ("startup", "shutdown"):
                heard.append((await receive())["type"])
                await send({"type": f"lifespan.{word}.complete"})
            return
        heard.append(scope["path"])
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body"})

    with served(app) as base:
        assert ask(base) == (200, b"")
    assert heard == ["lifespan.startup", "/hook", "lifespan.shutdown"]


def test_an_asgi_application_that_refuses_to_start_is_said_so() -> None:
    async def app(scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed"})
        await receive()

    with pytest.raises(InvalidValue, match="refused to start"), served(app):
        pass


def test_an_asgi_application_hears_of_no_disconnect_while_it_answers() -> None:
    async def app(scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        if scope["type"] == "lifespan":
            raise RuntimeError("none")
        await receive()
        # As frameworks do that stream: whichever comes first, the end of the answer or of the client.
        gone = asyncio.create_task(receive())
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(3):
            await asyncio.sleep(0)
            if gone.done():
                return
            await send({"type": "http.response.body", "body": b"part ", "more_body": True})
        await send({"type": "http.response.body", "body": b"end"})
        assert (await gone)["type"] == "http.disconnect"

    with served(app) as base:
        assert ask(base) == (200, b"part part part end")


def test_an_application_that_fails_answers_500() -> None:
    async def asgi(scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        raise RuntimeError("broken")

    def wsgi(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        raise RuntimeError("broken")

    for app in (asgi, wsgi):
        with served(app) as base:
            assert ask(base)[0] == 500
