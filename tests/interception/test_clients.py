"""Programs whose host is fixed, as processes of their own, with no change to their code."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from emulators.interception import Interception
from emulators.interception.environment import REPLACING
from tests.interception.support import PROGRAMS, SENDPULSE, Intercepting, interception, place

IPS = f"https://{SENDPULSE}/smtp/ips"


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"needs {name}")
    return found


def test_pysendpulse_sends_a_mail(intercepted: Intercepting, sendpulse: Any, tmp_path: Path) -> None:
    app = intercepted.run(sys.executable, PROGRAMS / "sends.py", cwd=tmp_path, **sendpulse.env)
    assert app.stdout == "True\n", app.stderr
    call = sendpulse.assert_called("send-email")
    assert call.headers["host"] == SENDPULSE
    assert call.headers["user-agent"].startswith("python-requests/")


def test_curl_asks_the_real_host_and_gets_the_emulators_answer(
    intercepted: Intercepting, sendpulse: Any
) -> None:
    asked = intercepted.run(tool("curl"), "-sS", "-w", " %{http_code}", IPS)
    assert (asked.stdout, asked.stderr) == ('{"message":"Unauthorized!","error_code":401} 401', "")
    assert [(call.path, call.status) for call in sendpulse.calls()] == [("/smtp/ips", 401)]


def test_curl_asks_in_the_clear_as_well(intercepted: Intercepting, sendpulse: Any) -> None:
    asked = intercepted.run(tool("curl"), "-sS", "-w", " %{http_code}", IPS.replace("https", "http"))
    assert asked.stdout.endswith(" 401")
    [call] = sendpulse.calls()
    assert (call.path, call.headers["host"]) == ("/smtp/ips", SENDPULSE)


def test_a_body_of_megabytes_comes_through_whole(
    intercepted: Intercepting, sendpulse: Any, tmp_path: Path
) -> None:
    large = b'{"email": "ann@example.com", "text": "%s"}' % (b"0123456789abcdef" * 2**17)
    (tmp_path / "large.json").write_bytes(large)
    words = ["-sS", "-o", tmp_path / "answer", "-d", f"@{tmp_path / 'large.json'}"]
    url = f"https://{SENDPULSE}/events/name/registration"
    assert intercepted.run(tool("curl"), *words, url).returncode == 0
    assert sendpulse.calls()[0].call.body == large


def test_a_node_client_on_fetch(intercepted: Intercepting, sendpulse: Any) -> None:
    app = intercepted.run(tool("node"), PROGRAMS / "fetches.mjs", **sendpulse.env)
    assert (app.stdout, app.stderr) == ('200 200 {"result":true}\nheld by 0\n', "")
    call = sendpulse.assert_called("event-by-name", email="ann@example.com")
    assert (call.headers["host"], call.headers["user-agent"]) == (SENDPULSE, "node")


def test_a_node_client_on_https_request_with_and_without_an_agent_of_its_own(
    intercepted: Intercepting, sendpulse: Any
) -> None:
    app = intercepted.run(tool("node"), PROGRAMS / "requests.cjs", **sendpulse.env)
    assert (app.stdout, app.stderr) == ("200\n200\n200\nheld by 0\n", "")
    assert len(sendpulse.calls("event-by-name")) == 3


def test_node_reaches_no_host_that_nobody_answers_for_and_is_told_why(intercepted: Intercepting) -> None:
    app = intercepted.run(tool("node"), PROGRAMS / "abroad.mjs")
    refused = "partner.example:{} is refused: no emulator here answers for it; "
    ports = [("fetch", 443), ("fetch", 80), ("fetch", 8443)]
    ports += [("request", 443), ("request", 8443), ("request", 8080), ("connect", 443)]
    said = app.stdout.splitlines()
    assert len(said) == len(ports), app.stderr
    for line, (way, port) in zip(said, ports, strict=True):
        assert line.startswith(f"{way} {refused.format(port)}")


def test_node_options_of_the_user_are_kept(intercepted: Intercepting) -> None:
    app = intercepted.run(
        tool("node"), "-p", "process.execArgv.length, process.title", NODE_OPTIONS="--title=mine"
    )
    assert app.stdout == "mine\n"


def test_a_folder_with_a_blank_and_a_quote_in_its_name_can_be_preloaded_from(
    intercepted: Intercepting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from emulators.interception import environment

    odd = tmp_path / 'a "b" c'
    odd.mkdir()
    monkeypatch.setattr(environment, "PRELOAD", Path(shutil.copy(environment.PRELOAD, odd / "preload.cjs")))
    app = intercepted.run(tool("node"), "-p", "String(require('tls').connect).includes('isAbroad')")
    assert (app.stdout, app.stderr) == ("true\n", "")


def test_ruby_asks_the_real_host(intercepted: Intercepting, sendpulse: Any) -> None:
    asked = intercepted.run(tool("ruby"), PROGRAMS / "asks.rb")
    assert (asked.stdout, asked.stderr) == ("401\n", "")
    assert sendpulse.calls()[0].headers["user-agent"] == "Ruby"


def test_php_asks_the_real_host_with_curl(intercepted: Intercepting, sendpulse: Any) -> None:
    if "curl" not in intercepted.run(tool("php"), "-m").stdout.split():
        pytest.skip("needs cURL in PHP")
    asked = intercepted.run(tool("php"), PROGRAMS / "asks.php")
    assert asked.stdout == "401\n", asked.stderr
    assert len(sendpulse.calls()) == 1


URLLIB = """
import urllib.error, urllib.request
try:
    urllib.request.urlopen(URL)
except urllib.error.HTTPError as answer:
    print(answer.code)
"""
REQUESTS = "import requests; print(requests.get(URL).status_code)"
AIOHTTP = """
import asyncio, aiohttp
async def main():
    async with aiohttp.ClientSession(trust_env=True) as session, session.get(URL) as answer:
        print(answer.status)
asyncio.run(main())
"""


@pytest.mark.parametrize("code", [URLLIB, REQUESTS, AIOHTTP], ids=["urllib", "requests", "aiohttp"])
def test_python_asks_the_real_host(code: str, intercepted: Intercepting, sendpulse: Any) -> None:
    asked = intercepted.run(sys.executable, "-c", f"URL = {IPS!r}\n{code}")
    assert asked.stdout == "401\n", asked.stderr
    assert len(sendpulse.calls()) == 1


@pytest.mark.parametrize("code", [URLLIB, REQUESTS, AIOHTTP], ids=["urllib", "requests", "aiohttp"])
def test_this_machine_is_asked_without_a_detour(code: str, sendpulse: Any) -> None:
    with interception({SENDPULSE: place(sendpulse.url)}) as ended:
        environment = {**ended.environment(), **dict.fromkeys(REPLACING, "")}
    url = f"{sendpulse.url}/smtp/ips"
    command = [sys.executable, "-c", f"URL = {url!r}\n{code}"]
    asked = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", timeout=60)
    assert asked.stdout == "401\n", asked.stderr


def test_a_client_that_does_not_trust_the_authority_is_told_of(
    intercepted: Intercepting, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Interception.environment
    monkeypatch.setattr(
        Interception,
        "environment",
        lambda self, base: {**plain(self, base), "CURL_CA_BUNDLE": "", "SSL_CERT_FILE": ""},
    )
    asked = intercepted.run(tool("curl"), "-sS", IPS)
    assert asked.returncode == 60
    [told] = intercepted.told
    assert told.startswith(f"{SENDPULSE}: the client refused our certificate: TLSV1_ALERT_UNKNOWN_CA")
