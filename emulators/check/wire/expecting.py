"""A client that asks before it sends a body, and does not wait for ever to be told to."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp


class Expectant(aiohttp.ClientResponse):
    """The answer to a request. Of one with `Expect: 100-continue` the body leaves after `patience` seconds, too, if nothing was said
    until then: RFC 9110 10.1.1 forbids to wait without an end, as many servers never say it.

    `held`: the seconds that this cost the request.
    """

    patience = 1.0
    """As many as curl waits."""
    held = 0.0

    def __init__(self, *request: Any, continue100: asyncio.Future[bool] | None, **more: Any) -> None:
        super().__init__(*request, continue100=continue100, **more)
        if continue100 is not None:
            timer = asyncio.get_running_loop().call_later(self.patience, self._go_on, continue100)
            # An answer in place of it cancels the future.
            continue100.add_done_callback(lambda _: timer.cancel())

    def _go_on(self, told: asyncio.Future[bool]) -> None:
        if not told.done():
            self.held = self.patience
            told.set_result(False)


def patient(seconds: float) -> type[Expectant]:
    """The same with another patience."""

    class Patient(Expectant):
        patience = seconds

    return Patient
