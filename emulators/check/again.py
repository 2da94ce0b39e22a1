"""The command that shows a finding again: its case played again, or, where there is no single case, its check done again. Pure."""

from __future__ import annotations

import json
import shlex
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from emulators.check.cases import WHOLE, bare
from emulators.redaction import Veil

TARGET = '"$TARGET"'
"""The receiver, for a shell, where its address may not be told or will be another one."""
REPLAYED = (
    *("config", "headers", "basic", "timeout", "count_pointer", "allow", "restart_cmd", "ready_url"),
    *(
        "oracle_url",
        "oracle_cmd",
        "oracle_file",
        "oracle_py",
        "oracle_key",
        "oracle_status",
        "oracle_headers",
    ),
)
"""The settings with which a case is played again; vendor, feed and numbers stand in its file."""
REPEATED = ("feed", "policy", "seed", "idle", *REPLAYED, "reset_cmd", "fail_on", "cases")
"""The settings with which a check is done again."""
COMMANDS = ("oracle_cmd", "reset_cmd", "restart_cmd")
REPEATABLE = {"headers": "header", "oracle_headers": "oracle-header"}
"""Settings whose option has another name."""


@dataclass(frozen=True, slots=True)
class Again:
    """`given` are settings as people gave them, by name, secrets as references; `address` is the target without secrets.
    `passing`: the target is gone when the run is over."""

    provider: str
    url: str
    address: str
    given: Mapping[str, Any]
    veil: Veil
    passing: bool = False

    def case(self, command: str) -> str:
        """The command that plays a case again, with all that it needs. The file keeps the target, but no query."""
        kept = not self.passing and bare(self.address) == self.url
        words = [command, *([] if kept else [f"--url {self.target}"])]
        return " ".join([*words, *options(self.given, REPLAYED, self.veil)])

    def check(self, check: str) -> str:
        """The command that does a check again, and it alone, unless it looks at the whole run."""
        words = ["emulators check", shlex.quote(self.provider), self.target]
        words += self._chosen() if check in WHOLE else ["--only", check]
        return " ".join([*words, *options(self.given, REPEATED, self.veil)])

    def _chosen(self) -> Iterator[str]:
        """Which checks were asked for."""
        for name in ("only", "skip"):
            if said := self.given.get(name):
                yield f"--{name} {shlex.quote(said if isinstance(said, str) else ','.join(said))}"
        if self.given.get("fuzz") is False:
            yield "--no-fuzz"

    @property
    def target(self) -> str:
        """The receiver as a word for a shell."""
        return TARGET if self.passing or self.address != self.url else shlex.quote(self.url)


def options(given: Mapping[str, Any], names: Collection[str], veil: Veil) -> Iterator[str]:
    """The options of the command line that say these settings, as words for a shell. Where a secret stands in an address or a
    command, all of it is a variable of the shell; other credentials are references as it is."""
    for name in names:
        value = given.get(name)
        option = "--" + REPEATABLE.get(name, name).replace("_", "-")
        for said in _texts(name, value):
            hidden = name.endswith(("_url", "_cmd", "_file")) and veil.url(veil.text(said)) != said
            yield f"{option} " + (f'"${name.upper()}"' if hidden else shlex.quote(said))


def _texts(name: str, value: Any) -> list[str]:
    """A value as the command line takes it, once for each time that the option is given."""
    if isinstance(value, Mapping):
        # Numbers of a policy are read as JSON, headers as they are.
        return [f"{key}={inner if name in REPEATABLE else json.dumps(inner)}" for key, inner in value.items()]
    if isinstance(value, list | tuple):
        return ([shlex.join(value)] if value else []) if name in COMMANDS else [str(each) for each in value]
    return [] if value is None or value == "" else [str(value)]
