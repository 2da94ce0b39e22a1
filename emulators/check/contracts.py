"""A check in pytest: one test for each check, all of them out of one run."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emulators.check.cases import write_all
from emulators.check.checks import ALL
from emulators.check.examining import Examination, chosen
from emulators.check.inprocess import served
from emulators.check.reports import words
from emulators.check.reports.model import Result, Run
from emulators.check.reports.terminal import Block, Style
from emulators.check.sender import Sender
from emulators.check.settings import Settings, made, read
from emulators.check.vocabulary import Verdict
from emulators.errors import InvalidValue, TargetUnusable

OWN = ("app", "path", "oracle")


@dataclass(slots=True)
class Contract:
    """What a receiver must keep to. Runs once for each target, when the first of its checks is asked for.

    `given`: `provider`, and `url`, or `app` (ASGI, WSGI or aiohttp) and `path`; `oracle`, a function that returns what is
    stored; `config`, a file with settings (emulators.toml, pyproject.toml), which is read only if it is named here; and the
    settings of `emulators check`, by their names, over those of the file. Chance (F01, M01) is left out unless `fuzz=True`.
    """

    given: Mapping[str, Any]
    runs: dict[object, tuple[Any, Run | Exception]] = field(default_factory=dict)
    """By the URL, or by the identity of an application, which is kept with it: another might get the same."""

    def settings(self, url: str) -> Settings:
        """The settings for a target."""
        own = {name: value for name, value in self.given.items() if name not in (*OWN, "config")}
        return made({"fuzz": False, **self._file(), **own, "url": url})

    def _file(self) -> dict[str, Any]:
        """What the file says that was named."""
        config = self.given.get("config")
        if config is None:
            return {}
        if not isinstance(config, str | Path):
            raise InvalidValue(f"config: expected a path, got {config!r}")
        # As in `made`: there a name may have dashes.
        return {name.replace("-", "_"): value for name, value in read(Path(config)).items()}

    def ids(self) -> list[str]:
        """The checks that are chosen, in their order. Raises `InvalidValue` and `UnknownName` for settings that do not fit, before
        anything is sent."""
        settings = self.settings("http://127.0.0.1/")
        Sender(settings.provider, settings.feed, settings.policy)
        return [check.id for check in chosen(settings)]

    def result(self, check: str, url: str = "", app: Any = None) -> tuple[Run, Result]:
        """What a check came to at this target (default: the one that was given). Raises `TargetUnusable`, for each of its checks,
        where nothing can be told of a target."""
        target = app or self.given.get("app") or url or self.given.get("url") or self._file().get("url")
        if not target:
            raise InvalidValue("contract: expected a url or an app")
        key = target if isinstance(target, str) else id(target)
        if key not in self.runs:
            self.runs[key] = (target, self._run(target))
        _, run = self.runs[key]
        # A new one: each raise adds to an exception's traceback.
        if isinstance(run, TargetUnusable):
            raise TargetUnusable(str(run))
        if isinstance(run, Exception):
            raise RuntimeError(f"an error of ours, please report it: {run!r}") from run
        return run, next(result for result in run.results if result.check_id == check)

    def _run(self, target: Any) -> Run | Exception:
        oracle: Callable[..., Any] | None = self.given.get("oracle")
        with nullcontext(target) if isinstance(target, str) else served(target) as base:
            url = base if isinstance(target, str) else base + str(self.given.get("path", "/hook"))
            examination = Examination(
                self.settings(url), os.environ, oracle=oracle, given=self._again(), passing=url != target
            )
            try:
                return asyncio.run(examination.run())
            except Exception as error:  # noqa: BLE001 - kept, and raised by each of the checks that wanted the run
                return error
            finally:
                # However it ended: also where somebody has interrupted it.
                folder = Path(examination.settings.cases)
                write_all(folder, examination.runner.results, examination.session)

    def _again(self) -> dict[str, Any]:
        """The settings as the command line can say them, for a function by its name."""
        again = {"fuzz": False, **self._file(), **self.given}
        again = {name: again[name] for name in ("fuzz", *self.given) if name not in OWN}
        name = getattr(self.given.get("oracle"), "__qualname__", "")
        if name.replace(".", "").isidentifier():
            again["oracle_py"] = f"{self.given['oracle'].__module__}:{name}"
        return again


def told(run: Run, result: Result) -> str:
    """Why a check fails, in full; empty: it does not."""
    counting = [found for found in result.findings if run.counts(found)]
    return "\n\n".join(Block(run, found, Style()).text() for found in counting)


def reason(result: Result) -> str:
    """Why a check proves nothing here: it was not done, or all that it found is put up with. Empty: it does."""
    if result.verdict is Verdict.ACCEPTED:
        return "; ".join(dict.fromkeys(words.accepted(found) for found in result.findings))
    return result.reason if result.verdict is Verdict.NOT_CHECKED else ""


def names() -> dict[str, str]:
    """Every check by its id."""
    return {check.id: check.name for check in ALL}
