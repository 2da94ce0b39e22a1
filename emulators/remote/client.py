"""Asks the control API: JSON out, JSON in, and errors as the exceptions that they are here."""

from __future__ import annotations

import http.client
from typing import Any
from urllib.parse import urlencode, urlsplit

from emulators import errors
from emulators.engine import codec
from emulators.errors import Closed, EmulatorError

PATIENCE = 600.0
"""Real seconds for one answer: an advance may wait for many receivers that hang."""


class Client:
    """One process, one tenant. Blocks; safe from any thread, for each request has a connection of its own."""

    def __init__(self, url: str, token: str) -> None:
        self._netloc = urlsplit(url).netloc
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def get(self, path: str, **query: Any) -> Any:
        """What is there."""
        given = {name: value for name, value in query.items() if value is not None}
        return self.ask("GET", f"{path}?{urlencode(given)}" if given else path)

    def post(self, path: str, **fields: Any) -> Any:
        """Lets something be done."""
        return self.ask("POST", path, fields)

    def ask(self, method: str, path: str, fields: dict[str, Any] | None = None) -> Any:
        """One request; raises the error of `emulators.errors` that the answer tells of."""
        connection = http.client.HTTPConnection(self._netloc, timeout=PATIENCE)
        try:
            body = None if fields is None else codec.encode_strictly(fields)
            connection.request(method, f"/v1{path}", body, self._headers)
            answer = connection.getresponse()
            value = codec.decode(answer.read())
        except (OSError, http.client.HTTPException) as error:
            raise Closed(f"the process of this emulator does not answer any more: {error!r}") from None
        finally:
            connection.close()
        if answer.status >= 400:
            raise _error(value)
        return value


def _error(answer: Any) -> Exception:
    told = answer.get("error", {}) if isinstance(answer, dict) else {}
    kind, message = told.get("type", ""), told.get("message", str(answer))
    if kind == "NotCalled":
        return AssertionError(message)
    found = getattr(errors, kind, EmulatorError)
    if found is errors.NobodyListens:
        # In the words of whoever asks here.
        said, _, path = message.partition("; subscribe first: POST /v1/")
        return errors.NobodyListens(said, path.partition("/")[0])
    if found is errors.VerificationFailed:
        return errors.VerificationFailed(message, told.get("status"))
    return (
        found(message)
        if isinstance(found, type) and issubclass(found, EmulatorError)
        else EmulatorError(message)
    )
