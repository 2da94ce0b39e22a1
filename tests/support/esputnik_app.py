"""An app that calls eSputnik's API with nothing but the standard library."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode


class Answer(NamedTuple):
    """What came back; `body` is JSON where the header says so, else text."""

    status: int
    body: Any


class App:
    """Calls with what `env` says, under any user name; `headers` are those of the last answer."""

    def __init__(self, env: Mapping[str, str], user: str = "any") -> None:
        self.url = env["ESPUTNIK_URL"]
        self.key = env["ESPUTNIK_API_KEY"]
        self.user = user
        self.headers: Any = None

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        query: Any = None,
    ) -> Answer:
        """Sends JSON, or bytes as they are, with the key; a header given as "" is left out."""
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        basic = b64encode(f"{self.user}:{self.key}".encode()).decode()
        sent = {"Authorization": f"Basic {basic}", "Content-Type": "application/json", **(headers or {})}
        kept = {name: value for name, value in sent.items() if value}
        url = self.url + path + (f"?{urlencode(query, doseq=True)}" if query else "")
        request = urllib.request.Request(url, data, kept, method=method)
        try:
            with urllib.request.urlopen(request) as response:
                return self._answer(response.status, response)
        except urllib.error.HTTPError as refused:
            with refused:
                return self._answer(refused.code, refused)

    def get(self, path: str, query: Any = None, /, **more: Any) -> Answer:
        """A GET with a query of pairs, a mapping or names."""
        return self.call("GET", path, query=more if query is None else query)

    def post(self, path: str, body: Any = None) -> Answer:
        return self.call("POST", path, body)

    def put(self, path: str, body: Any = None) -> Answer:
        return self.call("PUT", path, body)

    def delete(self, path: str, body: Any = None) -> Answer:
        return self.call("DELETE", path, body)

    def _answer(self, status: int, response: Any) -> Answer:
        raw, self.headers = response.read(), response.headers
        is_json = (response.headers.get("content-type") or "").startswith("application/json")
        return Answer(status, json.loads(raw) if raw and is_json else raw.decode())
