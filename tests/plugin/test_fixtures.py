"""The fixtures, in pytest runs of their own: a project that is not ours, with nothing but a test file."""

from __future__ import annotations

import importlib.util
import textwrap

import pytest

RECEIVER = """
import pytest
from tests.support.receiver import Receiver

@pytest.fixture
def app():
    with Receiver() as receiver:
        yield receiver
"""


@pytest.fixture(autouse=True)
def conftest(project: pytest.Pytester) -> None:
    project.makeconftest(RECEIVER)


def run(project: pytest.Pytester, *args: str) -> pytest.RunResult:
    return project.runpytest_subprocess("-p", "emulators.pytest_plugin", "-W", "error", *args)


def test_a_plain_sync_test_reads_as_in_the_readme(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        def test_bounces_are_stored(esputnik, app):
            esputnik.subscribe(app.url)
            esputnik.emit("UNDELIVERED", email="ann@example.com", hardBounce=True)
            esputnik.advance("1m")
            assert esputnik.deliveries()[-1].status == 200
            [event] = app.posts[0].json
            assert (event["activityStatus"], event["hardBounce"]) == ("UNDELIVERED", True)
        """
    )
    run(project).assert_outcomes(passed=1)


ASYNC = """
    {mark}
    async def test_async(sendpulse):
        async with Receiver() as receiver:
            await sendpulse.aio.subscribe(receiver.url)
            sendpulse.emit("opened")
            await sendpulse.aio.advance("1m")
            assert receiver.posts[0].json[0]["event"] == "opened"
"""


@pytest.mark.parametrize(
    ("mark", "plugin", "args"),
    [
        ("", None, ()),
        ("@pytest.mark.asyncio", "pytest_asyncio", ("-p", "pytest_asyncio.plugin")),
        ("", "pytest_asyncio", ("-p", "pytest_asyncio.plugin", "--asyncio-mode=auto")),
        ("", "pytest_asyncio", ("-p", "pytest_asyncio.plugin")),
        ("@pytest.mark.anyio", "anyio", ("-p", "anyio.pytest_plugin")),
    ],
    ids=["no plugin", "asyncio", "asyncio in auto mode", "asyncio, unmarked", "anyio"],
)
def test_an_async_test_receives_on_its_own_loop(
    project: pytest.Pytester, mark: str, plugin: str | None, args: tuple[str, ...]
) -> None:
    if plugin and importlib.util.find_spec(plugin) is None:
        pytest.skip(f"{plugin} is not installed")
    header = "import pytest\nfrom tests.support.receiver import Receiver\n"
    anyio_backend = "\n@pytest.fixture\ndef anyio_backend():\n    return 'asyncio'\n"
    project.makepyfile(header + anyio_backend + textwrap.dedent(ASYNC.format(mark=mark)))
    if plugin == "pytest_asyncio":
        project.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    run(project, *args).assert_outcomes(passed=1)


def test_the_emulators_of_one_test_share_a_clock_and_a_fresh_one_starts_anew(
    project: pytest.Pytester,
) -> None:
    project.makepyfile(
        """
        from datetime import UTC, datetime

        def test_one_clock(esputnik, sendpulse):
            esputnik.advance("2m")
            assert sendpulse.now == esputnik.now == datetime(2026, 1, 1, 0, 2, tzinfo=UTC)
            assert sendpulse.url != esputnik.url

        def test_anew(esputnik):
            assert esputnik.now == datetime(2026, 1, 1, tzinfo=UTC)
            assert esputnik.subscriptions() == []
        """
    )
    run(project).assert_outcomes(passed=2)


def test_the_marker_sets_revision_seed_and_options(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import pytest

        @pytest.mark.emulator("hellotext@2023-01", seed=3, options={"events.unknown_action": 400})
        def test_marked(hellotext, app):
            assert (hellotext.revision, hellotext.world.seed) == ("2023-01", 3)
            assert hellotext.options["events.unknown_action"] == 400
        """
    )
    run(project, "--strict-markers").assert_outcomes(passed=1)


def test_a_failing_test_tells_the_story_and_the_seed(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        def test_fails(esputnik, app):
            app.then = 503
            esputnik.subscribe(app.url)
            esputnik.emit("READ")
            esputnik.advance("1m")
            esputnik.assert_delivered("READ")
        """
    )
    result = run(project)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*expected an acknowledged 'READ' event*",
            "*emulators, seed 0*",
            "*POST READ*503*again at*only 200*",
        ]
    )


def test_a_call_that_is_not_imitated_fails_the_test_at_its_end(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import urllib.request, urllib.error, pytest

        def call(url):
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(url)
            with caught.value as error:
                assert (error.code, "x-emulator-error" in error.headers) == (501, True)

        def test_unseen(esputnik):
            call(esputnik.url + "/api/v9/unheard")

        def test_waived(esputnik):
            esputnik.tolerate()
            call(esputnik.url + "/api/v9/unheard")

        def test_unseen_by_a_fresh_one(emulate):
            with emulate.fresh("esputnik") as esputnik:
                call(esputnik.url + "/api/v9/unheard")
        """
    )
    result = run(project)
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["*has no GET /api/v9/unheard*", "*tolerate()*"])


def test_fresh_emulators_are_allowed_under_given(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        from hypothesis import given, settings, strategies as st

        seen = set()

        @settings(max_examples=20, deadline=None)
        @given(count=st.integers(1, 5))
        def test_any_plan(emulate, app, count):
            with emulate.fresh("sendpulse") as sendpulse:
                seen.add((sendpulse.url, sendpulse.env["SENDPULSE_CLIENT_SECRET"]))
                assert sendpulse.deliveries() == []
                sendpulse.subscribe(app.url)
                sendpulse.emit("opened", count=count + 1)
                sendpulse.advance("1m")
                assert len(sendpulse.deliveries()[0].events) == count + 1
            assert len(seen) == 1
        """
    )
    run(project).assert_outcomes(passed=1)


def test_two_workers_need_no_setting(project: pytest.Pytester) -> None:
    if importlib.util.find_spec("xdist") is None:
        pytest.skip("pytest-xdist is not installed")
    project.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("number", range(20))
        def test_in_parallel(number, pushwoosh, app):
            pushwoosh.subscribe(app.url)
            pushwoosh.emit("Email Sent")
            pushwoosh.advance(0)
            assert len(app.posts) == 1
        """
    )
    run(project, "-p", "xdist.plugin", "-n", "2").assert_outcomes(passed=20)


def test_the_plugin_imports_nothing_heavy(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import sys

        def test_light():
            heavy = {"aiohttp", "jsonschema", "jsonschema_rs", "msgspec", "hypothesis", "faker", "sqlite3"}
            assert not heavy & set(sys.modules)
        """
    )
    project.makeconftest("")
    run(project).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("mark", "told"),
    [
        ('"esputnic", seed=3', "did you mean 'esputnik'"),
        ('"esputnik", sed=3', "did you mean 'seed'"),
        ('"esputnik", "sendpulse"', "takes one provider"),
        ('"esputnik", start="2030-01-01"', "start: expected"),
    ],
)
def test_a_marker_that_is_wrong_is_refused(project: pytest.Pytester, mark: str, told: str) -> None:
    project.makepyfile(
        f"""
        import pytest

        @pytest.mark.emulator({mark})
        def test_marked(esputnik):
            pass
        """
    )
    result = run(project)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"*{told}*"])


def test_a_failing_verb_points_at_the_test_and_not_into_our_threads(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        def test_refused(esputnik, app):
            app.get = 403
            esputnik.subscribe(app.url)
        """
    )
    result = run(project)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*VerificationFailed*and needs 2xx*answered 403*"])
    result.stdout.no_fnmatch_line("*During handling*")
    result.stdout.no_fnmatch_line("*concurrent*futures*")


def test_no_complaint_goes_unseen_whoever_made_the_emulator(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import urllib.request, urllib.error, pytest

        def call(url):
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(url + "/unheard")
            caught.value.close()

        @pytest.fixture
        def mine(emulate):
            with emulate.in_thread("esputnik") as esputnik:
                call(esputnik.url)
                yield esputnik

        @pytest.fixture
        def late(hellotext):
            yield
            call(hellotext.url)

        def test_of_two(emulate):
            with emulate.in_thread("esputnik") as first, emulate.in_thread("hellotext"):
                call(first.url)

        def test_of_a_fixture(mine):
            pass

        def test_by_name(request):
            with request.getfixturevalue("emulate").in_thread("esputnik") as esputnik:
                call(esputnik.url)

        def test_while_fixtures_end(late):
            pass

        def test_clean(emulate):
            with emulate.in_thread("esputnik"):
                pass
        """
    )
    run(project).assert_outcomes(failed=3, passed=2, errors=1)


def test_a_long_story_is_cut_and_keeps_its_times(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        def test_long(sendpulse, app):
            sendpulse.subscribe(app.url)
            for _ in range(300):
                sendpulse.emit("opened")
            assert False
        """
    )
    result = run(project)
    result.stdout.fnmatch_lines(["*... 102 earlier lines*", "*+00:00:00  sendpulse  happened: opened*"])
