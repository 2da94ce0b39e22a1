"""The page of a run: what a parser reads in it, and what a real browser makes of it."""

from __future__ import annotations

import base64
import hashlib
import json
import queue
import threading
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from emulators.check.reports import html
from emulators.check.reports.drawing import MOST_MARKS, lanes
from emulators.check.reports.model import Moment
from emulators.check.vocabulary import Verdict
from tests.browser.shop import chromium, visiting
from tests.check.reported import HOSTILE, found, result, whole_run

# A page that looks at the report in a frame of each width, high enough to need no bar: the report itself may run nothing.
WATCHER = """<!doctype html><title>watcher</title><script>
async function look(width) {
  const frame = document.createElement("iframe");
  frame.style.cssText = `border:0;width:${width}px;height:30000px`;
  const loaded = new Promise(done => frame.onload = done);
  frame.src = "/report";
  document.body.append(frame);
  await loaded;
  const page = frame.contentDocument, root = page.documentElement;
  for (const details of page.querySelectorAll("details")) details.open = true;
  const marks = [...page.querySelectorAll(".plot use")].map(mark => mark.getBoundingClientRect());
  return {
    width: root.clientWidth, needs: root.scrollWidth, title: page.title, scripts: page.scripts.length,
    images: page.images.length, columns: frame.contentWindow.getComputedStyle(page.querySelector("main")).maxWidth,
    marks: marks.filter(box => box.width > 3 && box.height > 3 && box.left >= 0 && box.right <= width).length,
    wide: [...page.querySelectorAll("main *")].filter(e => e.getBoundingClientRect().right > width + 1).length,
  };
}
addEventListener("load", async () => {
  const seen = [await look(400), await look(1280)];
  await fetch("/seen", {method: "POST", body: JSON.stringify(seen)});
});
</script><body></body>"""


class Elements(HTMLParser):
    """All elements, attributes and texts, as a browser would take them."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.fixture(scope="module")
def page() -> bytes:
    return html.page(whole_run())


def test_hostile_text_is_text_and_nothing_else(page: bytes) -> None:
    read = Elements(page)
    assert not set(read.tags) & {"script", "img", "iframe", "link", "object", "form", "base"}
    assert not [name for name, _ in read.attributes if name.startswith("on") or name == "style"]
    shown = (
        HOSTILE.replace("\x00", r"\x00")
        .replace("\x1b", r"\x1b")
        .replace("\u202e", r"\u202e")
        .replace("\ud800", r"\ud800")
    )
    assert "".join(read.texts).count(shown) >= 5


def test_every_check_with_findings_leads_to_the_first_of_them(page: bytes) -> None:
    attributes = Elements(page).attributes
    places = [value for name, value in attributes if name == "id" and value and value[0] == "C"]
    assert len(places) == len(set(places)) == 7
    leads = [value for name, value in attributes if name == "href" and value and value.startswith("#C")]
    assert {f"#{place}" for place in places} == set(leads)


def test_findings_without_a_case_have_places_of_their_own() -> None:
    lost = tuple(replace(found(key=key), case="") for key in ("lost", "twice"))
    read = Elements(html.page(replace(whole_run(), results=(result(3, Verdict.FAIL, lost),))))
    assert len({value for name, value in read.attributes if name == "id" and value and value[0] == "C"}) == 2


def test_nothing_comes_from_elsewhere(page: bytes) -> None:
    links = [
        value for name, value in Elements(page).attributes if name in ("href", "src", "xlink:href", "action")
    ]
    assert links
    assert all(value and value.startswith("#") for value in links)
    assert b"url(" not in page
    assert b"@import" not in page


def test_the_policy_allows_the_page_its_own_style_alone(page: bytes) -> None:
    policy = next(
        value
        for name, value in Elements(page).attributes
        if name == "content" and "default-src" in (value or "")
    )
    style = page.split(b"<style>")[1].split(b"</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_it_tells_every_check_and_every_reason(page: bytes) -> None:
    text = " ".join("".join(Elements(page).texts).split())
    for number in range(1, 36):
        assert f"C{number:02} " in text
    assert "needs --restart-cmd" in text
    assert "ASSUMED: eSputnik's documents say nothing here" in text
    assert "accepted until 2027-01-01: legacy proxy" in text
    assert text.count("emulators check --replay case-") == 7
    assert "the vendor gives up: 5 s" in text


def test_the_verdict_and_the_counts_stand_on_top(page: bytes) -> None:
    text = "".join(Elements(page.split(b"<h2>")[0].split(b"</style>")[1]).texts)
    assert text.lstrip().startswith("4 FAIL (1 critical")
    assert text.rstrip().endswith("FAIL4RISK2ACCEPTED1NOT CHECKED8PASS20")


def test_a_mark_says_what_it_is_by_its_form_too_and_in_words() -> None:
    told = lanes(whole_run())
    read = Elements(told.encode("utf-8", "backslashreplace"))
    uses = [(name, value) for name, value in read.attributes if name in ("href", "class")]
    forms = {value.removeprefix("#s-") for name, value in uses if name == "href" and value}
    assert forms == {"ack", "other", "moved", "refused", "broken", "silent"}
    assert read.tags["title"] == read.tags["use"] == 480
    assert "C02 POST 2 events, 312 bytes at 87 ms: 200 after" in "".join(read.texts)


def test_a_long_run_draws_all_that_went_wrong_and_some_of_the_rest() -> None:
    run = whole_run()
    many = tuple(
        Moment(n / 100, 0.01, "fuzz", "POST", 500 if n % 100 == 0 else 200, n % 100 != 0)
        for n in range(6_000)
    )
    told = lanes(
        type(run)(**{**{name: getattr(run, name) for name in run.__slots__}, "timeline": many, "phases": ()})
    )
    assert told.count("#s-broken") == 60
    assert 1_000 < told.count("#s-ack") <= MOST_MARKS


@pytest.fixture(scope="module")
def looked(page: bytes, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What a browser says of the page, 400 and 1280 pixels wide."""
    program = chromium()
    if program is None:
        pytest.skip("needs Chromium (Debian: apt-get install chromium)")
    seen: queue.Queue[list[dict[str, Any]]] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(page if self.path == "/report" else WATCHER.encode())

        def do_POST(self) -> None:
            seen.put(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.answer(b"")

        def answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    home: Path = tmp_path_factory.mktemp("browser")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            with visiting(program, f"http://127.0.0.1:{server.server_port}/", home):
                return seen.get(timeout=120)
        finally:
            server.shutdown()
            thread.join()


def test_in_a_browser_it_needs_no_scrolling_sideways(looked: list[dict[str, Any]]) -> None:
    assert [(one["width"], one["needs"], one["wide"]) for one in looked] == [(400, 400, 0), (1280, 1280, 0)]


def test_in_a_browser_no_payload_runs(looked: list[dict[str, Any]]) -> None:
    for one in looked:
        assert one["title"].startswith("eSputnik activity against http://127.0.0.1:8000/hook")
        assert (one["scripts"], one["images"]) == (0, 0)


def test_in_a_browser_its_style_and_every_mark_of_the_timeline_are_there(
    looked: list[dict[str, Any]],
) -> None:
    assert [(one["columns"], one["marks"]) for one in looked] == [("1080px", 480), ("1080px", 480)]
