"""Starts `emulators serve` and ends it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from emulators import registry
from emulators.errors import EmulatorError, InvalidValue
from emulators.hosting import Setting, setting_of
from emulators.remote.client import Client
from emulators.remote.emulator import RemoteEmulator
from emulators.remote.mirror import RemoteWorld


@contextmanager
def in_process(spec: str, **setting: Any) -> Iterator[RemoteEmulator]:
    """An emulator in a process of its own, as `emulators serve` runs it: for apps that must not share ours.

    Settings as for `in_loop`; with `world=` of another one it lives in that process, which must imitate the same
    revision.
    """
    world = setting.pop("world", None)
    asked = setting_of(spec, setting)
    if asked.port:
        raise InvalidValue(
            f"port: a process takes a free one, which .url tells; expected 0, got {asked.port}"
        )
    if world is not None:
        if not isinstance(world, RemoteWorld):
            raise InvalidValue(
                "world: expected that of an emulator in a process; another world cannot reach it"
            )
        given = [
            name for name in ("seed", "start", "clock", "allow", "options", "outcomes") if name in setting
        ]
        if given:
            raise InvalidValue(f"{given[0]}: belongs to the process, and that was started already")
        yield _met(asked, world)
        return
    with _started(asked) as world:
        yield _met(asked, world)


def _met(asked: Setting, world: RemoteWorld) -> RemoteEmulator:
    imitation = registry.load(asked.spec)
    name = imitation.provider.name
    told = world.client.get("/providers")["providers"]
    if name not in told or told[name]["revision"] != imitation.profile.revision:
        raise InvalidValue(
            f"{asked.spec}: the process imitates {told.get(name, {}).get('revision', 'no such vendor')}"
        )
    emulator = RemoteEmulator(imitation, world, told[name], asked.choices(), asked.strictness)
    # Lets it come to life, so that its story begins now.
    world.client.get(f"/{name}/subscriptions")
    return emulator


@contextmanager
def _started(asked: Setting) -> Iterator[RemoteWorld]:
    name = asked.spec.partition("@")[0]
    others = [other for other in registry.SHIPPED if other != name]
    words = [asked.spec, *others, "--host", asked.host, "--port", "0", "--seed", str(asked.seed), "--quiet"]
    words += _clock(asked)
    words += ["--strictness", asked.strictness]
    for host in asked.allow:
        words += ["--allow", host]
    for option, value in asked.choices().items():
        words += ["--option", f"{name}:{option}={json.dumps(value)}"]
    command = [sys.executable, "-m", "emulators", "serve", *words]
    process = subprocess.Popen(
        command,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        if process.stdout is None or process.stderr is None:
            raise TypeError("its output is ours")
        line = process.stdout.readline()
        if not line:
            raise EmulatorError(f"the process did not start: {process.stderr.read().strip()}")
        ready: Mapping[str, Any] = json.loads(line)
        world = RemoteWorld(Client(ready["control"], ready["token"]), asked.seed)
        try:
            world.inhabitants = 1
            yield world
        finally:
            world.inhabitants = 0
            if process.poll() is None:
                world.close()
    finally:
        process.terminate()
        process.communicate()


def _clock(asked: Setting) -> list[str]:
    words = [] if asked.start is None else ["--start", asked.start.isoformat()]
    if asked.clock in ("virtual", "wall"):
        return [*words, "--clock", str(asked.clock)]
    if isinstance(asked.clock, int | float):
        return [*words, "--speed", str(asked.clock)]
    raise InvalidValue(f"clock: a process has 'virtual', 'wall' or a speed, got {asked.clock!r}")


def _environment() -> dict[str, str]:
    """Lets the process find the very package that this one imported."""
    from pathlib import Path

    import emulators

    place = str(Path(emulators.__file__).parents[1])
    paths = [place, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONIOENCODING": "utf-8"}
