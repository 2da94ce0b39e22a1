"""Asks the control API as any client would, and holds each answer against what the process says of itself."""

from __future__ import annotations

import http.client
import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from jsonschema import Draft202012Validator


@dataclass(frozen=True)
class Told:
    """An answer, header names in lower case."""

    status: int
    json: Any
    headers: dict[str, str]

    @property
    def error(self) -> tuple[int, str, str]:
        """Status, type and message of a refusal."""
        return self.status, self.json["error"]["type"], self.json["error"]["message"]


class Asking:
    """One process, one tenant."""

    def __init__(self, ready: dict[str, Any], tenant: str = "") -> None:
        self.ready = ready
        self.netloc = urlsplit(ready["control"]).netloc
        self.port = urlsplit(ready["control"]).port
        self._tenant = {"x-emulator-tenant": tenant} if tenant else {}

    def as_tenant(self, tenant: str) -> Asking:
        """The same process, asked about another world."""
        return Asking(self.ready, tenant)

    def __call__(self, method: str, path: str, fields: Any = None, **query: Any) -> Told:
        """Asks under `/v1`; what comes back must be as documented."""
        body = None if fields is None and method not in ("POST", "PUT") else json.dumps(fields or {})
        return self.raw(method, path, None if body is None else body.encode(), **query)

    def raw(self, method: str, path: str, body: bytes | None, **query: Any) -> Told:
        """The same with bytes of any kind."""
        headers = {"Authorization": f"Bearer {self.ready['token']}", **self._tenant}
        if body is not None:
            headers["Content-Type"] = "application/json"
        target = "/v1" + quote(path, safe="/%") + (f"?{urlencode(query, doseq=True)}" if query else "")
        connection = http.client.HTTPConnection(self.netloc, timeout=30)
        try:
            connection.request(method, target, body, headers)
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        told = Told(answer.status, json.loads(data), {n.lower(): v for n, v in answer.getheaders()})
        self.check(method, f"/v1{path}", told)
        return told

    def get(self, path: str, **query: Any) -> Any:
        """What a good answer holds."""
        return self._good(self("GET", path, **query))

    def post(self, path: str, **fields: Any) -> Any:
        """The same of something that is done."""
        return self._good(self("POST", path, fields))

    def _good(self, told: Told) -> Any:
        assert told.status < 400, told.json
        return told.json

    @cached_property
    def document(self) -> dict[str, Any]:
        """What the process says that it can be asked."""
        connection = http.client.HTTPConnection(self.netloc, timeout=30)
        try:
            headers = {"Authorization": f"Bearer {self.ready['token']}"}
            connection.request("GET", "/v1/openapi.json", headers=headers)
            document: dict[str, Any] = json.load(connection.getresponse())
        finally:
            connection.close()
        return document

    def check(self, method: str, path: str, told: Told) -> None:
        """The status is documented, and the answer is as its schema says."""
        assert told.status < 500, told.json
        operation = self._operation(method, path)
        if operation is None:
            assert told.status in (403, 404, 405), told.json
            return
        documented = operation["responses"]
        if told.status < 400:
            assert str(told.status) in documented, (method, path, told.status)
        answer = documented.get(str(told.status), documented["default"])
        schema = answer["content"]["application/json"]["schema"]
        whole = {**schema, "components": self.document["components"]}
        Draft202012Validator(whole).validate(told.json)

    def _operation(self, method: str, path: str) -> dict[str, Any] | None:
        found = [
            methods[method.lower()]
            for template, methods in self.document["paths"].items()
            if method.lower() in methods and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path)
        ]
        # A path of its own comes before one with a vendor's name in its place.
        return found[0] if found else None
