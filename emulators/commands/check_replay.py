"""`emulators check --replay`: whether a receiver still does what a case file says."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emulators.check.cases import Loaded, read
from emulators.check.checks import ALL
from emulators.check.examining import Examination
from emulators.check.replaying import Replay, Replayed, replay
from emulators.check.settings import made
from emulators.check.settings import read as settings_of
from emulators.commands.exits import Exit
from emulators.errors import InvalidValue


def replay_case(path: Path, words: Mapping[str, Any], config: Path | None) -> int:
    """Plays a case against its target, or another; `words` are settings of the command line. The exit code."""
    try:
        loaded = read(path, ALL)
    except OSError as error:
        raise InvalidValue(f"--replay: {path} cannot be read: {error.strerror}") from None
    of_case = {
        "provider": loaded.spec,
        "feed": loaded.feed,
        "policy": dict(loaded.policy),
        "url": loaded.target,
    }
    own = {name: value for name, value in settings_of(config).items() if name not in of_case}
    _same_vendor(path, loaded, words.get("provider", ""))
    given = {name: value for name, value in words.items() if name != "provider"}
    examination = Examination(made({**own, **of_case, **given}), os.environ)
    played = asyncio.run(_played(examination, loaded))
    print(f"{played.verdict}  {loaded.check.id} {loaded.check.name}: {loaded.case.title}")
    for number, said in enumerate(played.tries, 1):
        print(f"  {number}: {said or 'nothing wrong'}")
    if played.reason:
        print(f"  {played.reason}", file=sys.stderr)
    return {Replay.FIXED: Exit.GOOD, Replay.FAILED: Exit.FINDINGS}.get(played.verdict, Exit.UNUSABLE)


async def _played(examination: Examination, loaded: Loaded) -> Replayed:
    try:
        return await replay(examination.session, loaded)
    finally:
        await examination.session.wire.close()


def _same_vendor(path: Path, loaded: Loaded, given: str) -> None:
    """A case is of one vendor, and of one revision of his documents."""
    name, _, revision = given.partition("@")
    own, _, dated = loaded.spec.partition("@")
    if given and (name != own or revision not in ("", dated)):
        raise InvalidValue(f"--replay: {path} is a case of {loaded.spec}, got {given}")
