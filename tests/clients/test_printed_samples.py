"""The programs that SendPulse's page on events prints, run as they are printed.

Only the vendor's host is another; where the page leaves room for the reader's own id and secret, these stand.
"""

from __future__ import annotations

import json
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pysendpulse.pysendpulse import PySendPulse

from tests.clients.proof import routes_proven_with

PRINTED = Path(__file__).parents[1] / "documents" / "sendpulse"
HOST = "https://events.sendpulse.com"
FIELDS = {
    "phone": "+123456789",
    "product_name": "product_name value",
    "product_id": 123,
    "product_link": "product_link value",
    "product_price": "product_price value",
    "product_img_url": "product_img_url value",
    "event_date": "2021-05-28",
}


def copy(name: str, to: Path, words: dict[str, str]) -> Path:
    """A printed program in which some words are others; each of them stands there once."""
    text = (PRINTED / name).read_text("utf-8")
    for printed, other in words.items():
        assert text.count(printed) == 1, printed
        text = text.replace(printed, other)
    path = to / name.removesuffix(".txt")
    path.write_text(text, "utf-8")
    return path


def output(*command: str | Path) -> str:
    """What a program prints."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def php_with_curl() -> str:
    """PHP, which tells of its own age beside what a program prints."""
    php = shutil.which("php")
    asked = [php or "", "-r", "exit((int) !extension_loaded('curl'));"]
    if php is None or subprocess.run(asked, capture_output=True, check=False).returncode:
        pytest.skip("needs PHP with cURL (Debian and Ubuntu: apt-get install php-cli php-curl)")
    return php


def test_the_php_sample_starts_an_event_without_a_token(sendpulse, tmp_path: Path) -> None:
    php = php_with_curl()
    script = copy("event.curl.php", tmp_path, {HOST: sendpulse.url})
    assert json.loads(output(php, "-d", "display_errors=stderr", script)) == {"result": True}
    # The page prints a blank before this address.
    call = sendpulse.assert_called("event-by-id", email=" test1@test1.com", **FIELDS)
    assert call.path == "/events/id/eb561baa181247d1cd378c4ead632877/7043663"
    assert "authorization" not in call.headers
    assert not call.problems
    assert routes_proven_with("PHP cURL sample of the page", sendpulse) == {"event-by-id"}


def test_the_requests_sample_starts_an_event_without_a_token(sendpulse, tmp_path: Path) -> None:
    script = copy("event.requests.py.txt", tmp_path, {HOST: sendpulse.url})
    assert json.loads(output(sys.executable, script)) == {"result": True}
    call = sendpulse.assert_called("event-by-id", email="test1@test1.com", **FIELDS)
    assert call.headers["user-agent"].startswith("python-requests/")
    assert not call.problems
    assert routes_proven_with("requests sample of the page", sendpulse) == {"event-by-id"}


# The library's memcache client leaves its sockets to the garbage collector.
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_the_sample_of_the_library_starts_an_event_with_a_token_that_memcached_keeps(
    sendpulse, tmp_path: Path, memcached: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = {
        "REST_API_ID = ''": f"REST_API_ID = {sendpulse.env['SENDPULSE_CLIENT_ID']!r}",
        "REST_API_SECRET = ''": f"REST_API_SECRET = {sendpulse.env['SENDPULSE_CLIENT_SECRET']!r}",
        "127.0.0.1:11211": memcached,
    }
    script = copy("event.pysendpulse.py.txt", tmp_path, words)
    monkeypatch.setattr(PySendPulse, "_PySendPulse__api_url", sendpulse.url)
    for _ in range(2):
        runpy.run_path(str(script), run_name="__main__")
    given = {"email": "test1@test1.com", "phone": "+123456789", "var_1": "var_1_value"}
    sendpulse.assert_called("event-by-name", **given)
    assert [call.route for call in sendpulse.calls()] == ["oauth-token", "event-by-name", "event-by-name"]
    assert all(call.taken for call in sendpulse.calls())
