"""An app that calls Pushwoosh's API with nothing but the standard library."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any


class App:
    """Calls with what `env` says, with the token where each of the vendor's three interfaces has it."""

    def __init__(self, env: dict[str, str]) -> None:
        self.base = env["PUSHWOOSH_URL"].removesuffix("/json/1.3")
        self.token = env["PUSHWOOSH_TOKEN"]
        self.device_token = env["PUSHWOOSH_DEVICE_TOKEN"]
        self.application = env["PUSHWOOSH_APPLICATION"]

    def server(self, method: str, **request: Any) -> Any:
        """A method of the remote API as a server calls it; returns the whole envelope."""
        return self.post(f"/json/1.3/{method}", {"request": {"auth": self.token, **request}})[1]

    def device(self, method: str, **request: Any) -> Any:
        """A method of the remote API as an app on a device calls it."""
        body = {"request": {"application": self.application, **request}}
        return self.post(f"/json/1.3/{method}", body, Authorization=f"Token {self.device_token}")[1]

    def messaging(self, method: str, body: Any) -> tuple[int, Any]:
        """A call of messaging v2."""
        return self.post(f"/messaging/v2/{method}", body, Authorization=f"Token {self.token}")

    def listed(self, **body: Any) -> tuple[int, Any]:
        """messages:list."""
        filters = {"application": self.application, **body.pop("filters", {})}
        return self.post("/api/v2/messages:list", {"filters": filters, **body}, Authorization=self.token)

    def mail(self, *addresses: str, **more: Any) -> Any:
        """createEmailMessage of one e-mail to addresses that are registered by it."""
        one = {"send_date": "now", "preset": "ERDWE-32AFB", "subject": "Hello", "use_auto_registration": True}
        if addresses:
            one["devices"] = list(addresses)
        return self.server(
            "createEmailMessage", application=self.application, notifications=[{**one, **more}]
        )

    def post(self, path: str, body: Any, **headers: str) -> tuple[int, Any]:
        """Status and JSON of the answer, None for an empty one; `body` is bytes, or what JSON is made of."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
        request = urllib.request.Request(self.base + path, data, sent, method="POST")
        try:
            with urllib.request.urlopen(request) as response:
                return response.status, self._read(response.read())
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, self._read(refused.read())

    @staticmethod
    def _read(body: bytes) -> Any:
        return json.loads(body) if body else None
