"""A receiver without a known defect: plain Python, no package. What an honest app must do, and how little it takes.

    python tests/check/receivers/clean.py --port 0 --store events.db [--vendor esputnik] [--basic login:password]

`POST /hook` takes events, `GET /oracle` says what is stored (`?q=text` only what holds it), `POST /reset` forgets it all,
`POST /restart` is a kill and a start. `python clean.py --post URL` sends an empty POST: a hook for the command line.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import http.client
import json
import sys
import tempfile
from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

if not __package__:  # as a script it finds its neighbours by itself
    sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from tests.check.receivers.receiving import Receiver, Settings
from tests.check.receivers.served import Server, Threaded


class Clean(Threaded):
    """`with Clean() as receiver:` the receiver in a thread, its store in a file (a temporary one unless named)."""

    def __init__(
        self,
        *,
        store: Path | None = None,
        vendor: str = "",
        basic: tuple[str, str] | None = None,
        application: type[Receiver] = Receiver,
        **options: float,
    ) -> None:
        self._settings = Settings(store or Path(), vendor, basic, options)
        self._application = application

    def make(self) -> Receiver:
        return self._application(self._settings)

    def __enter__(self) -> Clean:
        self._folder = tempfile.TemporaryDirectory() if self._settings.store == Path() else None
        if self._folder:
            self._settings = replace(self._settings, store=Path(self._folder.name) / "events.db")
        return super().__enter__()

    def __exit__(self, *why: Any) -> None:
        super().__exit__(*why)
        if self._folder:
            self._folder.cleanup()

    @property
    def oracle_url(self) -> str:
        return self.base("/oracle")

    @property
    def restart_command(self) -> list[str]:
        """What a hook of the command line runs."""
        return [sys.executable, __file__, "--post", self.base("/restart")]

    @property
    def reset_command(self) -> list[str]:
        return [sys.executable, __file__, "--post", self.base("/reset")]

    @property
    def authorization(self) -> str:
        """The header of a sender who knows the password."""
        return "Basic " + b64encode(":".join(self._settings.basic or ("", "")).encode()).decode()

    def records(self) -> list[dict[str, Any]]:
        """What the oracle says."""
        parts = urlsplit(self.oracle_url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
        connection.request("GET", parts.path)
        try:
            return json.loads(connection.getresponse().read())["records"]
        finally:
            connection.close()


def post(url: str) -> int:
    """An empty POST; 0 if it was taken."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    connection.request("POST", parts.path, headers={"Content-Length": "0"})
    status = connection.getresponse().status
    connection.close()
    return int(status != 200)


async def serve(application: type[Receiver], settings: Settings, port: int) -> None:
    """Serves until the process ends; says its URL when it is ready."""
    server = Server(lambda: application(settings))
    await server.start(port)
    print(f"http://127.0.0.1:{server.port}/hook", flush=True)
    await asyncio.Event().wait()


def main(application: type[Receiver] = Receiver, parser: argparse.ArgumentParser | None = None) -> int:
    parser = parser or argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--store", type=Path, default=Path("events.db"))
    parser.add_argument("--vendor", default="")
    parser.add_argument("--basic", type=lambda words: tuple(words.split(":", 1)))
    parser.add_argument("--post", metavar="URL")
    known = parser.parse_args()
    if known.post:
        return post(known.post)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(application, Settings(known.store, known.vendor, known.basic), known.port))
    return 0


if __name__ == "__main__":
    sys.exit(main())
