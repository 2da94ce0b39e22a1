"""A shop: a server of its own with one page, and the browser of somebody who visits it."""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.support.hellotext_app import App

PAGE = (Path(__file__).parent / "page.html").read_bytes()
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --no-proxy-server "
    "--disable-background-networking --disable-component-update --disable-sync --disable-extensions"
).split()


class Shop:
    """Serves the page from `localhost`, which is another site than the vendor's 127.0.0.1.

    Its server hands what it does for a checkout to the vendor's private API, by the session in the cookie.
    """

    def __init__(self, env: dict[str, str], minted: bool = False) -> None:
        self.backend = App(env)
        self.settings: dict[str, Any] = {
            "api": env["HELLOTEXT_URL"],
            "business": env["HELLOTEXT_BUSINESS_ID"],
            "minted": minted,
        }
        self.reports: queue.Queue[dict[str, Any]] = queue.Queue()

    def checkout(self, session: str) -> dict[str, Any]:
        """What the server knows by now: who it is, whose session that was, and what was bought."""
        ana = self.backend.create("/profiles", first_name="Ana", email="ana@example.com")
        attached = self.backend.call("PATCH", f"/sessions/{session}", {"profile": ana["id"]})
        order = {"reference": "2041", "source": "our_shop"}
        tracked = self.backend.track("order.placed", profile=None, session=session, object_parameters=order)
        return {"profile": ana["id"], "session": session, "attached": attached, "tracked": tracked}

    @contextmanager
    def open(self) -> Iterator[str]:
        """Its address while it is open."""
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                page = self.path.partition("?")[0] == "/"
                self.answer(
                    PAGE if page else json.dumps(shop.settings).encode(),
                    "text/html" if page else "application/json",
                )

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                said: dict[str, Any] = {}
                if self.path == "/checkout":
                    said = shop.checkout(SimpleCookie(self.headers["cookie"])["hello_session"].value)
                else:
                    shop.reports.put(json.loads(body))
                self.answer(json.dumps(said).encode(), "application/json")

            def answer(self, body: bytes, kind: str) -> None:
                self.send_response(200)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            try:
                yield f"http://localhost:{server.server_port}/"
            finally:
                server.shutdown()
                thread.join()


def chromium() -> str | None:
    """A Chromium or Chrome of this machine."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def visiting(program: str, url: str, home: Path) -> Iterator[None]:
    """A browser without a window and without a past, at `url`."""
    command = [program, *FLAGS, f"--user-data-dir={home / 'profile'}", url]
    with open(home / "browser.log", "wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={**os.environ, "HOME": str(home)},
        )
        try:
            yield
        finally:
            # With all the processes that it has for its pages.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def visit(shop: Shop, program: str, home: Path, visits: int) -> list[dict[str, Any]]:
    """What the page reports, each time that it is loaded: once, or again by a visitor who comes back and buys."""
    shop.settings["visits"] = visits
    with shop.open() as url, visiting(program, url, home):
        return [shop.reports.get(timeout=120) for _ in range(visits)]
