"""An app that sends mails over SendPulse's SMTP API, with a key of `env`."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlsplit


class App:
    """Calls with the Bearer key; what is given as bytes travels as it is."""

    def __init__(self, env: dict[str, str]) -> None:
        self.base = urlsplit(env["SENDPULSE_URL"])
        self.headers = {
            "Authorization": f"Bearer {env['SENDPULSE_API_KEY']}",
            "Content-Type": "application/json",
        }

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """The status and the JSON of an answer, or its text."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        sent = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        connection = http.client.HTTPConnection(self.base.hostname, self.base.port)
        connection.request(method, path, data, sent)
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        kind = response.getheader("content-type", "")
        return response.status, json.loads(text) if kind.startswith("application/json") else text

    def get(self, path: str, body: Any = None) -> Any:
        """The JSON of an answer 200."""
        status, answer = self.call("GET", path, body)
        assert status == 200, answer
        return answer

    def send(self, *to: str, **fields: Any) -> tuple[int, Any]:
        """POST /smtp/emails; a field given as None is left out."""
        mail = {
            "subject": "Your order",
            "from": {"name": "Shop", "email": "news@shop.example.com"},
            "to": [{"email": email} for email in to or ("ann@example.com",)],
            "text": "Hello",
            **fields,
        }
        return self.call(
            "POST",
            "/smtp/emails",
            {"email": {name: value for name, value in mail.items() if value is not None}},
        )

    def sent(self, *to: str, **fields: Any) -> str:
        """The id of a mail that was accepted."""
        status, answer = self.send(*to, **fields)
        assert (status, answer["result"]) == (200, True), answer
        return str(answer["id"])

    def error(self, *to: str, **fields: Any) -> tuple[int, str, int]:
        """How a mail is refused."""
        status, answer = self.send(*to, **fields)
        return status, answer["message"], answer["error_code"]
