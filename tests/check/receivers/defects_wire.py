"""Receivers that are wrong about HTTP: statuses, sizes, paths, framing, connections, credentials, error pages."""

from __future__ import annotations

import os
import time
import traceback
from collections import deque
from dataclasses import replace
from typing import Any

from tests.check.receivers.defects import defect
from tests.check.receivers.receiving import Receiver, Row, Settings
from tests.check.receivers.served import Answer, Head, Refused, unpacked


@defect("C07", "acknowledges with 202", vendors=("esputnik",))
class Accepted(Receiver):
    status = 202

    def acknowledge(self, count: int) -> Answer:
        return replace(super().acknowledge(count), status=self.status)


@defect("C07b", "acknowledges with 204", vendors=("esputnik",))
class NoContent(Accepted):
    status = 204


@defect("C07c", "acknowledges with 201", vendors=("esputnik",))
class Created(Accepted):
    status = 201


@defect("C09", "takes no body above 100 kB (413)", vendors=("sendpulse", "esputnik"))
class SmallBodies(Receiver):
    limit = 100_000


@defect("C10", "does not know GET and HEAD (405)", vendors=("esputnik",))
class PostOnly(Receiver):
    def verification(self, head: Head) -> Answer:
        raise Refused(405, "POST, please")


@defect("C10b", "stores something for a GET", oracle=True, vendors=("esputnik",))
class GetStores(Receiver):
    def verification(self, head: Head) -> Answer:
        self.insert([Row(None, None, None, "GET", None, "", '{"method":"GET"}')])
        return super().verification(head)


@defect("C11", "redirects /hook to /hook/")
class AddsSlash(Receiver):
    redirected, to = "/hook", "/hook/"

    async def hook(self, head: Head, body: bytes) -> Answer:
        if head.path == self.redirected:
            return Answer(301, headers=(("Location", self.to),))
        return await super().hook(head, body)


@defect("C11b", "redirects /hook/ to /hook", "RISK")
class TakesSlash(AddsSlash):
    redirected, to = "/hook/", "/hook"


@defect("C23", "wants `Content-Type: application/json` to the letter (415)", "RISK")
class FussyType(Receiver):
    async def take(self, head: Head, body: bytes) -> Answer:
        if head.header("content-type") != "application/json":
            raise Refused(415, "application/json, please")
        return await super().take(head, body)


@defect("C24", "wants a length: chunked bodies are refused (411)", "RISK")
class NeedsLength(Receiver):
    def early(self, head: Head) -> Answer | None:
        return Answer(411, b"Length Required", close=True) if head.chunked else super().early(head)


@defect("C24b", "does not know gzip (400)", "RISK")
class NoGzip(Receiver):
    async def take(self, head: Head, body: bytes) -> Answer:
        self.decode(body)
        return await super().take(head, body)


@defect("C24c", "refuses `Expect: 100-continue` (417)", "RISK")
class FulfilsNoExpectation(Receiver):
    def early(self, head: Head) -> Answer | None:
        if head.header("expect"):
            return Answer(417, b"Expectation Failed", close=True)
        return super().early(head)


@defect("C24d", "makes a text of each piece of a body, as `body += chunk` does in Node", oracle=True)
class PieceByPiece(Receiver):
    def piece(self, arrived: bytes) -> bytes:
        return arrived.decode("utf-8", "replace").encode()


@defect("C25", "closes each connection after its answer, and does not say so", "RISK")
class ClosesSilently(Receiver):
    lingers = False


@defect("C25b", "refuses by the head alone and takes the unread body for the next request", "RISK")
class Desynchronised(Receiver):
    def early(self, head: Head) -> Answer | None:
        try:
            if head.path not in ("/hook", "/hook/", "/oracle", "/reset", "/restart"):
                raise Refused(404, "no such path")
            if head.method == "POST" and head.path.startswith("/hook"):
                self.authorize(head)
        except Refused as refusal:
            return self.refusal(refusal)
        refused = super().early(head)
        return refused and replace(refused, close=False)


@defect("C25c", "acknowledges a large body when it has seen the head, and reads it afterwards", "RISK")
class AnswersEarly(Receiver):
    def early(self, head: Head) -> Answer | None:
        refused = super().early(head)
        if (
            refused is None
            and head.path.startswith("/hook")
            and int(head.header("content-length") or 0) > 100_000
        ):
            return Answer(200, close=True)
        return refused


@defect("C26", "finds the content type only under the name `Content-Type` (415)")
class CaseSensitive(Receiver):
    async def take(self, head: Head, body: bytes) -> Answer:
        if "Content-Type" not in dict(head.pairs):
            raise Refused(415, "Content-Type, please")
        return await super().take(head, body)


@defect("C27", "has a password and takes requests without it", basic=True)
class NoPassword(Receiver):
    def authorize(self, head: Head) -> None:
        pass


@defect("C27b", "answers 401 without WWW-Authenticate", "RISK", basic=True)
class NoChallenge(Receiver):
    def refusal(self, refusal: Refused) -> Answer:
        return replace(super().refusal(refusal), headers=())


@defect("C27c", "answers 200 to a wrong password and says in the body that it is wrong", basic=True)
class WrongIsOk(Receiver):
    def refusal(self, refusal: Refused) -> Answer:
        if refusal.status == 401:
            return self.said(200, {"status": "error", "reason": "unauthorized"})
        return super().refusal(refusal)


@defect("C27d", "answers 401 to a wrong password, and has stored the events", oracle=True, basic=True)
class StoresThenAsks(Receiver):
    def authorize(self, head: Head) -> None:
        pass

    async def take(self, head: Head, body: bytes) -> Answer:
        answer = await super().take(head, body)
        super().authorize(head)
        return answer


@defect("C28", "wants a token against forged forms: every POST is answered 403")
class WantsToken(Receiver):
    status = 403

    async def take(self, head: Head, body: bytes) -> Answer:
        if head.header("cookie") is None:
            raise Refused(self.status, "CSRF verification failed")
        return await super().take(head, body)


@defect("C28b", "wants a session: every POST is answered 419")
class WantsSession(WantsToken):
    def refusal(self, refusal: Refused) -> Answer:
        return replace(super().refusal(refusal), status=419 if refusal.status == 403 else refusal.status)


@defect("C29", "answers 429 to more than so many requests in a second (option `most`: 60)", "RISK")
class RateLimited(Receiver):
    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._last: deque[float] = deque()

    async def take(self, head: Head, body: bytes) -> Answer:
        now = time.monotonic()
        while self._last and now - self._last[0] > 1:
            self._last.popleft()
        if len(self._last) >= self.option("most", 60):
            raise Refused(429, "slower, please")
        self._last.append(now)
        return await super().take(head, body)


@defect("C33", "answers a refusal with a page that holds what it refused")
class Reflects(Receiver):
    async def take(self, head: Head, body: bytes) -> Answer:
        plain = unpacked(body, (head.header("content-encoding") or "").lower())
        page = b"<html><body>received: " + plain[:4096] + b"</body></html>"
        try:
            await super().take(head, body)
        except Refused as refusal:
            return Answer(refusal.status, page, (("Content-Type", "text/html; charset=utf-8"),))
        return Answer(200, page, (("Content-Type", "text/html; charset=utf-8"),))


@defect("C35", "shows its stack and its environment in the page of an error", "RISK")
class Leaky(Receiver):
    def decode(self, body: bytes) -> Any:
        try:
            return super().decode(body)
        except Refused:
            self._trace = traceback.format_exc()
            raise

    def refusal(self, refusal: Refused) -> Answer:
        trace = getattr(self, "_trace", traceback.format_exc())
        secrets = f"DATABASE_URL=postgres://app:hunter2@db/app HOME={os.environ.get('HOME')}"
        return Answer(refusal.status, f"{trace}\n{secrets}".encode(), (("Content-Type", "text/plain"),))
