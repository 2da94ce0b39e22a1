"""An app that calls SendPulse's API with nothing but the standard library."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlencode

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


class App:
    """Calls with what `env` says; `token` goes along where there is one."""

    def __init__(self, env: dict[str, str], token: str | None = None) -> None:
        self.env = env
        self.token = token

    def call(
        self, method: str, path: str, body: Any = None, content_type: str = JSON, **headers: str
    ) -> tuple[int, Any]:
        """Status and JSON of the answer; `body` is bytes, or what JSON is made of."""
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        sent = {"Content-Type": content_type, **headers}
        if self.token is not None:
            sent["Authorization"] = f"Bearer {self.token}"
        request = urllib.request.Request(self.env["SENDPULSE_URL"] + path, data, sent, method=method)
        try:
            with urllib.request.urlopen(request) as response:
                return response.status, json.loads(response.read())
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.loads(refused.read())

    def form(self, method: str, path: str, pairs: list[tuple[str, str]]) -> tuple[int, Any]:
        """The same with an urlencoded form."""
        return self.call(method, path, urlencode(pairs).encode(), FORM)

    def multipart(self, method: str, path: str, pairs: list[tuple[str, str]]) -> tuple[int, Any]:
        """The same with a form in parts."""
        parts = "".join(
            f'--cut\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in pairs
        )
        return self.call(method, path, f"{parts}--cut--\r\n".encode(), "multipart/form-data; boundary=cut")

    def credentials(self, **other: str) -> dict[str, str]:
        """What a token is asked for with."""
        return {
            "grant_type": "client_credentials",
            "client_id": self.env["SENDPULSE_CLIENT_ID"],
            "client_secret": self.env["SENDPULSE_CLIENT_SECRET"],
            **other,
        }

    def authorise(self) -> str:
        """Asks for a token and sends it from now on."""
        status, answer = App(self.env).call("POST", "/oauth/access_token", self.credentials())
        if status != 200:
            raise RuntimeError(f"no token: {status} {answer}")
        self.token = str(answer["access_token"])
        return self.token
