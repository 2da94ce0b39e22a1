"""What the receiver's owner lets a check do to it: reset its store, restart it. Commands of his, run as they are."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence

from emulators.check.spawning import Ran, ran, words
from emulators.engine.egress import Egress
from emulators.errors import TargetUnusable, unknown

SHORTEST_PAUSE, LONGEST_PAUSE = 0.005, 0.25
LONGEST_ANSWER = 5.0
"""Seconds until it is asked again: whoever is about to stop may still take a connection and never answer."""


class HookFailed(TargetUnusable):
    """A hook could not be run, failed or took too long, or nobody answered after it: says which, with the last of what it
    said (no credentials)."""


class Hooks:
    """The commands, lists of words, empty where there is none; `timeout` seconds for each, and again for the receiver to answer.

    After a reset and a restart `ready_url` must answer with a status below 500; without one, `target` with any.
    `ran`: what was run, for the report.
    """

    def __init__(
        self,
        reset: Sequence[str] = (),
        restart: Sequence[str] = (),
        ready_url: str = "",
        *,
        target: str = "",
        allow: Iterable[str] = (),
        timeout: float = 30,
    ) -> None:
        given = {"reset": reset, "restart": restart}
        self._commands = {name: words(f"{name} command", command) for name, command in given.items()}
        self._ready_url = ready_url
        self._target = target
        self._timeout = timeout
        self._egress = Egress(allow)
        for url in (ready_url, target):
            if url:
                self._egress.check_url(url)
        self.ran: list[Ran] = []

    def has(self, need: str) -> bool:
        """Whether there is such a hook: `reset`, `restart`."""
        if need not in self._commands:
            raise unknown("hook", need, self._commands)
        return bool(self._commands[need])

    async def reset(self) -> None:
        """Lets the receiver forget all that it stored; where there is no such hook, nothing."""
        await self._run("reset")

    async def restart(self) -> None:
        """Stops and starts the receiver; `HookFailed` if there is no such hook."""
        if not self.has("restart"):
            raise HookFailed("there is no restart hook")
        await self._run("restart")

    async def ready(self) -> None:
        """Comes back as soon as the receiver answers."""
        # Loaded here: without a hook nobody waits, and `--list` sends nothing at all.
        from emulators.check.wire import Wire

        url = self._ready_url or self._target
        if not url:
            return
        wire, pause, until, why = Wire(self._egress), SHORTEST_PAUSE, time.monotonic() + self._timeout, ""
        try:
            while (left := until - time.monotonic()) > 0:
                heard = await wire.send("GET", url, (), None, min(left, LONGEST_ANSWER))
                if heard.status is not None and (heard.status < 500 or not self._ready_url):
                    return
                why = heard.reason or f"it answers {heard.status}"
                await asyncio.sleep(min(pause, left))
                pause = min(2 * pause, LONGEST_PAUSE)
        finally:
            await wire.close()
        raise HookFailed(f"{url.partition('?')[0]} is not ready within {self._timeout:g} s: {why}")

    async def _run(self, name: str) -> None:
        command = self._commands[name]
        if not command:
            return
        done = await ran(command, self._timeout)
        self.ran.append(done)
        if done.trouble:
            raise HookFailed(f"the {name} hook failed: {done}")
        await self.ready()
