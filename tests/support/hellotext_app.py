"""An app of Hellotext's: its backend with the private token, and what its pages call with the public id."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlsplit


class App:
    """Calls under HELLOTEXT_URL; what is given as bytes travels as it is."""

    def __init__(self, env: dict[str, str], credential: str = "HELLOTEXT_TOKEN") -> None:
        self.base = urlsplit(env["HELLOTEXT_URL"])
        self.headers = {"Authorization": f"Bearer {env[credential]}", "Content-Type": "application/json"}

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """The status of an answer and its JSON; None: it has no body."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        sent = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        connection = http.client.HTTPConnection(self.base.hostname or "", self.base.port)
        connection.request(method, self.base.path + path, data, sent)
        response = connection.getresponse()
        text = response.read()
        connection.close()
        return response.status, json.loads(text) if text else None

    def get(self, path: str) -> Any:
        """The JSON of an answer 200."""
        status, answer = self.call("GET", path)
        assert status == 200, answer
        return answer

    def post(self, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        return self.call("POST", path, body, **headers)

    def create(self, path: str, **fields: Any) -> Any:
        """What was created."""
        status, answer = self.post(path, fields)
        assert status == 201, answer
        return answer

    def track(self, action: str, **fields: Any) -> tuple[int, Any]:
        """An event of the documented profile, unless somebody else is given; None leaves a field out."""
        body = {"action": action, "profile": "PROFILE_ID", **fields}
        sent = {name: value for name, value in body.items() if value is not None}
        return self.post("/attribution/events", sent)


def page_of(env: dict[str, str]) -> App:
    """The same app's pages."""
    return App(env, "HELLOTEXT_BUSINESS_ID")


def wrong(answer: tuple[int, Any]) -> tuple[int, str, str | None]:
    """Status, type and parameter of a refusal for one reason."""
    status, body = answer
    [error] = body["errors"]
    return status, error["type"], error.get("parameter")
