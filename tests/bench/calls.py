"""Calls that an app makes: with routing, credentials, validation and journal, against servers that do none of it."""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from tests.bench.measure import Aim, Result, alternate, stopwatch

EMAIL = {
    "email": {
        "html": "PHA+SGk8L3A+",
        "text": "Hi",
        "subject": "Hello",
        "from": {"name": "Ann", "email": "ann@shop.example.com"},
        "to": [{"name": "Bob", "email": "bob@example.com"}],
    }
}
EVENT = {
    "email": "test1@test1.com",
    "phone": "+123456789",
    "product_name": "product_name value",
    "product_id": 123,
    "event_date": "2021-05-28",
}
CALLS = {
    "/smtp/emails": EMAIL,
    "/events/id/eb561baa181247d1cd378c4ead632877/7043663": EVENT,
}
CONNECTIONS = 8


def run(quick: bool) -> list[Result]:
    """Two rows for each call: against a bare aiohttp echo and against pytest-httpserver."""
    number, rounds = (400, 2) if quick else (2000, 7)
    results = []
    with (
        server("emulator") as (ours, key),
        server("echo") as (echo, _),
        server("httpserver") as (httpserver, _),
    ):
        for path, body in CALLS.items():
            short = "/".join(path.split("/")[:3])
            for theirs, name, aim in (
                (echo, "bare aiohttp echo", 0.6),
                (httpserver, "pytest-httpserver", 2.5),
            ):
                count = number if theirs is echo else number // 4
                pair = alternate(
                    rounds,
                    lambda path=path, body=body, n=number: rate(ours, path, body, key, n),  # type: ignore[misc]
                    lambda url=theirs, path=path, body=body, n=count: rate(url, path, body, key, n),  # type: ignore[misc]
                )
                results.append(
                    Result(f"POST {short}", "calls/s", pair[0], name, pair[1], Aim("ratio", ">=", aim))
                )
    return results


def rate(url: str, path: str, body: object, key: str, number: int) -> float:
    """Calls per second over a few kept connections."""
    data = json.dumps(body).encode()
    host, port = urlsplit(url).hostname or "", urlsplit(url).port or 0
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
    )

    async def drive() -> float:
        with stopwatch() as watch:
            share = number // CONNECTIONS
            await asyncio.gather(*(ask(host, port, head.encode() + data, share) for _ in range(CONNECTIONS)))
        return number / watch.seconds

    return asyncio.run(drive())


async def ask(host: str, port: int, request: bytes, times: int) -> None:
    """The same request again and again; on a new connection where the last was closed."""
    reader, writer = await asyncio.open_connection(host, port)
    for _ in range(times):
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if b" 200 " not in head.split(b"\r\n", 1)[0]:
            raise RuntimeError(f"refused: {head!r} {await reader.read(300)!r}")
        length = int(head.split(b"content-length:")[1].split(b"\r\n", 1)[0])
        await reader.readexactly(length)
        if head.startswith(b"http/1.0") or b"connection: close" in head:
            writer.close()
            reader, writer = await asyncio.open_connection(host, port)
    writer.close()


@contextmanager
def server(name: str) -> Iterator[tuple[str, str]]:
    """A server in a process of its own: its URL and the key that it takes."""
    command = [sys.executable, "-m", "tests.bench.calls", name]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, text=True, **pipes) as process:
        try:
            url, _, key = (process.stdout.readline() if process.stdout else "").strip().partition(" ")
            yield url, key
        finally:
            process.terminate()


async def emulator() -> None:
    """SendPulse, here."""
    from emulators import in_loop

    async with in_loop("sendpulse") as sendpulse:
        say(sendpulse.url, sendpulse.credentials["api_key"])
        await asyncio.Event().wait()


async def echo() -> None:
    """aiohttp with a handler that decodes JSON and answers some."""
    from aiohttp import web

    async def answer(request: web.Request) -> web.Response:
        await request.json()
        return web.json_response({"result": True})

    app = web.Application()
    app.router.add_post("/{anything:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    say(f"http://{host}:{port}", "")
    await asyncio.Event().wait()


def httpserver() -> None:
    """pytest-httpserver with one answer to everything."""
    import re

    from pytest_httpserver import HTTPServer

    with HTTPServer() as served:
        served.expect_request(re.compile(".*")).respond_with_json({"result": True})
        say(served.url_for("").rstrip("/"), "")
        sys.stdin.read()


def say(url: str, key: str) -> None:
    """The line that the other process waits for. What is loaded by now is frozen in every server, as `serve` does."""
    gc.collect()
    gc.freeze()
    print(url, key, flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "httpserver":
        httpserver()
    else:
        asyncio.run({"emulator": emulator, "echo": echo}[sys.argv[1]]())
