"""All exchanges of a run as an HTTP Archive, written while it happens; the file is whole after each of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

from emulators.check.vocabulary import Exchange
from emulators.engine import codec
from emulators.recording import har
from emulators.recording.traffic import Traffic, content_type
from emulators.redaction import Veil


def _real_time() -> datetime:
    return datetime.now(UTC)


class Log:
    """Writes into `out`, which it has to itself and which can be sought; `note` is a session's listener. `check` and `phase`
    may be set at any time, and stand in the entries from then on."""

    def __init__(
        self,
        out: BinaryIO,
        veil: Veil,
        provider: str,
        revision: str,
        feed: str,
        now: Callable[[], datetime] = _real_time,
    ) -> None:
        self._out = out
        self._veil = veil
        self._about = (provider, revision, feed)
        self._now = now
        self._between = b""
        self.phase = ""
        self.check = ""
        self._end = self._out.write(har.head())
        self._out.write(har.TAIL)
        self._out.flush()

    def note(self, exchange: Exchange) -> None:
        """One more, which has just ended. Raises `OSError` if it cannot be written."""
        self._out.seek(self._end)
        self._end += self._out.write(self._between + self._entry(exchange))
        self._out.write(har.TAIL)
        self._out.flush()
        self._between = b",\n"

    def _entry(self, exchange: Exchange) -> bytes:
        told = codec.decode(har.entry(self._told(exchange)))
        # Traffic on the world's clock takes no time; this does.
        took = round(exchange.heard.seconds * 1000, 2)
        told |= {"time": took, "timings": {"send": 0, "wait": took, "receive": 0}}
        told |= {f"_{name}": value for name, value in (("phase", self.phase), ("check", self.check)) if value}
        return codec.encode(told)

    def _told(self, exchange: Exchange) -> Traffic:
        heard, veil = exchange.heard, self._veil
        provider, revision, feed = self._about
        started = self._now() - timedelta(seconds=heard.seconds)
        return Traffic(
            started.isoformat(timespec="milliseconds"),
            "",
            provider,
            revision,
            False,
            exchange.shot.method,
            veil.url(exchange.url),
            veil.headers(exchange.headers),
            veil.body(exchange.body, content_type(exchange.headers)) or None,
            heard.status,
            feed=feed,
            # A client's names of headers may be a kind of text that the encoder does not know.
            answer_headers=veil.headers((str(name), str(value)) for name, value in heard.headers),
            answer_body=None if heard.status is None else veil.body(heard.body, content_type(heard.headers)),
            outcome="acknowledged" if exchange.acknowledged else "not acknowledged",
            reason=veil.text(heard.reason),
        )
