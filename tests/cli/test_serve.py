"""`emulators serve` says when it is ready, answers, and ends when it is told to."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import ssl
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from emulators import catalog, registry
from emulators.remote.client import Client
from tests.cli.running import Serving, environment, run
from tests.support.receiver import Receiver, free_port_url

CERTIFICATE = str(Path(__file__).with_name("localhost.pem"))
posix = pytest.mark.skipif(sys.platform == "win32", reason="a process cannot be asked to end there")


def post(url: str, body: bytes, token: str) -> tuple[int, object]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(url, body, headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.status, json.load(refusal)


def test_the_ready_line_and_the_file_say_where_each_vendor_is(tmp_path):
    file = tmp_path / "ready.json"
    file.write_text("left by an earlier process")
    with Serving("--port", "0", "--ready-file", str(file)) as serving:
        assert file.read_text("utf-8") == serving.line
        assert [path.name for path in tmp_path.iterdir()] == ["ready.json"]
        ready = serving.ready
    assert ready.keys() == {"ready", "id", "control", "token", "providers"}
    assert ready["ready"] is True
    assert list(ready["providers"]) == list(registry.SHIPPED)
    for name, told in ready["providers"].items():
        assert told.keys() == {"url", "revision", "env"}
        assert told["revision"] == catalog.default().default_revision(name)
        assert told["env"][f"{name.upper()}_URL"].startswith(told["url"])
    assert len({told["url"] for told in ready["providers"].values()}) == 4


def test_a_call_is_answered_as_the_vendor_would_and_told_on_stderr():
    sample = catalog.samples("hellotext")["track-event.request.profile"].body
    with Serving("hellotext", "--port", "0") as serving:
        env = serving.ready["providers"]["hellotext"]["env"]
        url = f"{env['HELLOTEXT_URL']}/attribution/events"
        assert post(url, sample, env["HELLOTEXT_TOKEN"]) == (201, {"state": "ok"})
        assert post(url, sample, "stolen")[0] == 401
        line = serving.said("the app calls POST /v1/attribution/events")
    assert "hellotext" in line
    assert '201  {"state":"ok"}' in line


def test_a_revision_may_be_named_and_only_who_is_named_is_served():
    with Serving("pushwoosh@2024-08", "--port", "0") as serving:
        assert list(serving.ready["providers"]) == ["pushwoosh"]
        assert serving.ready["providers"]["pushwoosh"]["revision"] == "2024-08"


def test_providers_follow_the_given_port_by_their_place():
    # Of a port that is free and the one two above it, the latter may be taken; another pair is not.
    for _ in range(20):
        base = int(free_port_url().rsplit(":", 1)[1].partition("/")[0]) - 2
        done = Serving("esputnik", "--port", str(base))
        try:
            with done as serving:
                assert serving.ready["providers"]["esputnik"]["url"] == f"http://127.0.0.1:{base + 2}"
                return
        except AssertionError as error:
            if "cannot listen" not in str(error):
                raise
    raise AssertionError("no free port in twenty tries")


def test_an_option_is_handed_to_its_provider():
    with Serving("hellotext", "--port", "0", "--option", "hellotext:events.missing_token=403") as serving:
        env = serving.ready["providers"]["hellotext"]["env"]
        assert post(f"{env['HELLOTEXT_URL']}/attribution/events", b"{}", "none")[0] == 403


@posix
def test_sigterm_is_a_good_end_and_ctrl_c_an_interruption():
    for number, code in ((signal.SIGTERM, 0), (signal.SIGINT, 130)):
        with Serving("--port", "0") as serving:
            assert serving.stop(number) == code
            assert serving.rest == ("", "")


@posix
def test_it_ends_even_while_a_receiver_hangs():
    """The receiver never answers, and never hangs up before the process has ended."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/hook"
        with Serving("--port", "0", "--subscribe", f"esputnik={url}") as serving:
            connection, _ = silent.accept()
            with connection:
                assert connection.recv(3) == b"GET"
                assert serving.stop() == 0
    [told] = serving.rest[1].splitlines()
    assert "starts as esputnik" in told


@posix
def test_a_delivery_that_the_end_breaks_off_is_told():
    with socket.create_server(("127.0.0.1", 0)) as silent, Serving("sendpulse", "--port", "0") as serving:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/hook"
        client = Client(serving.ready["control"], serving.ready["token"])
        client.post("/sendpulse/subscriptions", url=url, policy={"batch_size": 1})
        client.post("/sendpulse/events", kind="opened")
        connection, _ = silent.accept()
        with connection:
            assert connection.recv(4) == b"POST"
            assert serving.stop() == 0
    *_, last = serving.rest[1].splitlines()
    assert "the attempt was broken off on our side" in last


@posix
def test_an_app_in_the_middle_of_a_call_does_not_keep_it_alive():
    with Serving("hellotext", "--port", "0") as serving:
        port = int(serving.ready["providers"]["hellotext"]["url"].rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port)) as app:
            app.sendall(b"POST /v1/attribution/events HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{")
            assert serving.stop() == 0


def test_the_verification_is_repeated_until_the_receiver_is_up():
    with (
        Receiver(get=503) as receiver,
        Serving("--port", "0", "--subscribe", f"esputnik={receiver.url}") as serving,
    ):
        serving.said(f"esputnik asks {receiver.url} until it answers well: answered 503")
        receiver.get = 200
        assert "200  accepted" in serving.said("GET -> ")
        serving.said("subscription ")
        assert {request.method for request in receiver.received} == {"GET"}


def test_a_vendor_that_verifies_nothing_is_subscribed_at_once():
    with Serving("--port", "0", "--subscribe", f"sendpulse={free_port_url()}") as serving:
        assert "smtp" in serving.said("subscription 1")


def test_a_host_elsewhere_is_refused_before_anything_is_served():
    done = run("serve", "--port", "0", "--subscribe", "esputnik=http://192.0.2.1/")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--allow 192.0.2.1" in done.stderr


def test_a_port_in_use_is_named_with_a_way_out():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("serve", "sendpulse", "--port", str(port - 1))
    assert (done.returncode, done.stdout) == (3, "")
    assert f"sendpulse cannot listen on 127.0.0.1:{port}: {os.strerror(errno.EADDRINUSE)}" in done.stderr
    assert "--port 0 takes free ones" in done.stderr


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["sendpuls"], "did you mean 'sendpulse'?"),
        (["esputnik", "esputnik@2023-09"], "named twice"),
        (["esputnik", "--subscribe", "esputnk=http://127.0.0.1:1/"], "did you mean 'esputnik'?"),
        (["esputnik", "--subscribe", "http://127.0.0.1:1/?a=b"], "unknown provider for --subscribe"),
        (["esputnik", "--port", "0", "--option", "esputnik:activity.widget=true"], "'activity.widgets'?"),
        (["--speed", "0", "--port", "0"], "speed: expected a number above 0"),
        (["--port", "99999"], "--port: expected 0 to 65500"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_served(words, wanted):
    done = run("serve", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert wanted in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.fixture
def secure_url():
    """A receiver with a certificate of its own making; answers every request with 200."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as pool:

        def answer() -> None:
            asked = True
            while asked:
                connection, _ = server.accept()
                with suppress(ssl.SSLError, ConnectionError), context.wrap_socket(connection, True) as app:
                    asked = bool(app.recv(65536))
                    app.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

        pool.submit(answer)
        port = server.getsockname()[1]
        yield f"https://localhost:{port}/hook"
        trusting = ssl.create_default_context(cafile=CERTIFICATE)
        with (
            socket.create_connection(("127.0.0.1", port)) as last,
            trusting.wrap_socket(last, server_hostname="localhost"),
        ):
            pass  # a connection without a request ends the receiver


def test_a_receiver_with_a_trusted_certificate_is_reached(secure_url):
    words = ("--port", "0", "--subscribe", f"esputnik={secure_url}")
    with Serving(*words, SSL_CERT_FILE=CERTIFICATE) as serving:
        assert "200  accepted" in serving.said("GET -> ")


def test_a_receiver_that_nobody_vouches_for_is_not_trusted(secure_url):
    with Serving("--port", "0", "--subscribe", f"esputnik={secure_url}") as serving:
        assert "certificate verify failed" in serving.said(" until it answers well: ").lower()


def test_a_ready_file_in_no_folder_is_refused(tmp_path):
    done = run("serve", "--port", "0", "--ready-file", str(tmp_path / "nowhere" / "ready.json"))
    assert done.returncode == 2
    assert "there is no folder" in done.stderr


def customised(folder: Path, code: str) -> dict[str, str]:
    """The environment in which this code runs before anything else does."""
    (folder / "sitecustomize.py").write_text(code)
    return {"PYTHONPATH": os.pathsep.join([str(folder), environment()["PYTHONPATH"]])}


@posix
@pytest.mark.parametrize("number", ["SIGTERM", "SIGINT"])
def test_whoever_asks_for_the_end_twice_gets_it_once(tmp_path, number):
    """The second signal comes when the interpreter is about to go."""
    late = f"import atexit, os, signal; atexit.register(os.kill, os.getpid(), signal.{number})"
    with Serving("--port", "0", **customised(tmp_path, late)) as serving:
        assert serving.stop() == 0
        assert serving.rest == ("", "")


@posix
def test_a_ready_file_that_cannot_be_written_is_told_in_words(tmp_path):
    # There is room for the name, and none for that under which it is written first.
    name = "r" * 255
    done = run("serve", "--port", "0", "--ready-file", str(tmp_path / name))
    assert (done.returncode, done.stdout) == (3, "")
    assert f"--ready-file: {tmp_path / name} cannot be written: " in done.stderr
    assert done.stderr.count("\n") == 1


BROKEN = """
import sys
class Missing:
    def find_spec(self, name, *_):
        if name == "emulators.commands.staging":
            raise ImportError("it is not there")
sys.meta_path.insert(0, Missing())
"""


@pytest.mark.parametrize("kept", [False, True])
def test_an_error_of_ours_while_it_is_loaded_ends_the_process(tmp_path, kept):
    words = ("--state", str(tmp_path / "state.db")) if kept else ()
    done = run("serve", "hellotext", "--port", "0", *words, **customised(tmp_path, BROKEN))
    assert done.returncode == 4
    assert "an error of ours, please report it: ImportError('it is not there')" in done.stderr
    assert done.stderr.count("Traceback") == 1
    assert "never retrieved" not in done.stderr


@posix
def test_what_is_not_needed_is_not_loaded():
    with Serving("--port", "0", python=("-X", "importtime")) as serving:
        assert serving.stop() == 0
        loaded = {line.rpartition("|")[2].strip() for line in serving.rest[1].splitlines()}
    assert "aiohttp.web" in loaded
    assert not {"jsonschema", "jsonschema_rs", "hypothesis", "faker", "sqlite3"} & loaded


def test_all_vendors_answer_side_by_side():
    sample = catalog.samples("hellotext")["track-event.request.session"].body
    with Serving("--port", "0") as serving, ThreadPoolExecutor(8) as pool:
        env = serving.ready["providers"]["hellotext"]["env"]
        url, token = f"{env['HELLOTEXT_URL']}/attribution/events", env["HELLOTEXT_TOKEN"]
        answers = list(pool.map(lambda _: post(url, sample, token), range(40)))
    assert answers == [(201, {"state": "ok"})] * 40


@posix
def test_nobody_need_read_the_log_for_calls_to_be_answered_and_the_process_to_end():
    """More is written than a pipe holds, and nobody reads it."""
    with Serving("hellotext", "--port", "0") as serving:
        url = serving.ready["providers"]["hellotext"]["env"]["HELLOTEXT_URL"]
        for _ in range(1500):
            assert post(url + "/attribution/events", b"{}", "wrong")[0] == 401
        serving.process.send_signal(signal.SIGTERM)
        assert serving.process.wait(20) == 0
