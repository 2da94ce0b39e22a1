"""Where a check tells what it finds: the terminal while it goes, and the files that were asked for."""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from emulators.check.examining import Examination
from emulators.check.reports import har, html, json_, junit, ndjson, terminal
from emulators.check.reports.model import PhaseResult, Run
from emulators.check.running import Result
from emulators.check.vocabulary import Exchange, Finding

TICK = 1.0


class Output:
    """`files` are open, by the kind of report."""

    def __init__(self, files: Mapping[str, BinaryIO], as_json: bool) -> None:
        self._files = files
        self._as_json = as_json
        self._out = sys.stderr if as_json else sys.stdout
        encoding = (self._out.encoding or "").lower().replace("-", "")
        live = self._out.isatty()
        self._style = terminal.Style(shutil.get_terminal_size().columns, live, encoding.startswith("utf"))
        self._progress = terminal.Progress(self._out, live, self._style)
        self._phase = ""
        self._requests = 0
        self._since = 0.0
        self._examination: Examination | None = None
        self._har: har.Log | None = None
        self._stream: ndjson.Stream | None = None

    def begin(self, examination: Examination) -> None:
        """Knows from now on whom is checked."""
        self._examination = examination
        sender = examination.sender
        about = (sender.vendor.name, sender.vendor.profile.revision, sender.feed.name)
        if "har" in self._files:
            self._har = har.Log(self._files["har"], examination.veil, *about)
        if "ndjson" in self._files:
            self._stream = ndjson.Stream(self._files["ndjson"], examination.veil)
            self._stream.start(
                provider=about[0], revision=about[1], feed=about[2], target=examination.teller.address
            )

    def tell(self, kind: str, data: object) -> None:
        """Of a phase that begins, a finding, a check that is over."""
        if kind == "phase":
            self._close_phase()
            self._phase, self._requests, self._since = str(data), 0, time.monotonic()
            if self._har:
                self._har.phase = self._phase
        elif isinstance(data, Finding) and self._examination:
            names = {check.id: check.name for check in self._examination.checks}
            found = self._examination.found(data, names.get(data.check, ""))
            self._progress.found(found)
            if self._stream:
                self._stream.tell("finding", **json_.found(found))
        elif isinstance(data, Result) and self._stream:
            self._stream.tell("result", check=data.check.id, verdict=data.verdict, reason=data.reason)
        if self._stream and kind == "phase":
            self._stream.tell("phase", name=self._phase)

    def note(self, exchange: Exchange) -> None:
        """Of a request that has ended."""
        self._requests += 1
        self._step()
        if self._har:
            self._har.note(exchange)

    async def follow(self, running: Coroutine[Any, Any, Run]) -> Run:
        """A run to its end; that it goes on is seen also while a hook, an oracle or an answer is waited for."""
        ticking = asyncio.create_task(self._tick())
        try:
            return await running
        finally:
            ticking.cancel()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            if self._phase:
                self._step()

    def _step(self) -> None:
        passed = time.monotonic() - self._since
        self._progress.step(self._phase, self._requests, f"{passed:.0f} s" if passed > TICK else "")

    def _close_phase(self) -> None:
        if self._phase and self._examination:
            done = [phase for phase in self._examination.phases() if phase.name == self._phase]
            self._progress.done(done[0] if done else PhaseResult(self._phase, self._requests))

    def end(self, result: Run, cases: list[Path]) -> None:
        """All that is known, everywhere it was asked for."""
        self._close_phase()
        self._progress.close()
        self._out.write(terminal.report(result, self._style))
        if cases:
            print(terminal.case_files(cases, self._style), file=self._out)
        self.files(result)

    def files(self, result: Run) -> None:
        """All that is known, into the files that were asked for, and where JSON is wanted."""
        self._progress.close()
        if self._as_json:
            sys.stdout.write(json_.written(result).decode() + "\n")
        written = {"junit": junit.junit, "html": html.page, "report": json_.written}
        for kind, write in written.items():
            if kind in self._files:
                self._files[kind].write(write(result))
        if self._stream:
            self._stream.tell(
                "end", ok=result.ok, interrupted=result.interrupted, inconclusive=result.inconclusive
            )
