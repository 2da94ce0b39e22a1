"""The command `emulators`: finds the command that was named, runs it, and turns its end into an exit code.

Each command is a module of its own and imports what it needs when it runs; asking for help costs nothing.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from emulators import __version__
from emulators.commands.exits import Exit, code_of
from emulators.errors import EmulatorError, InvalidValue, unknown

COMMANDS = {
    "demo": "play the main job of the four vendors, on a virtual clock, in a second",
    "serve": "run the emulators until they are stopped",
    "exec": "run a command with the emulators beside it, and with the settings that its app needs",
    "trigger": "send one event to a receiver, now",
    "replay": "send a payload that the vendor's documents print",
    "resend": "send recorded traffic again, with fresh ids",
    "run": "play a scenario from a file and report what held",
    "check": "play the vendor against a receiver, and say what it would have lost",
    "compare": "two reports of check: what got worse",
    "explain": "every fact an emulator goes by, with its basis and source",
    "diff": "what changed between two revisions of a vendor's documents, and whom it can break",
    "export": "a vendor as OpenAPI or AsyncAPI",
    "drift": "captured traffic against what the documents say, and a patch for what they do not",
}


class Parser(argparse.ArgumentParser):
    """argparse, but what is wrong is one line, and an unknown option is offered the nearest known one."""

    def error(self, message: str) -> NoReturn:
        raise InvalidValue(f"{message} (see: {self.prog} --help)")

    def parse(self, words: Sequence[str]) -> argparse.Namespace:
        """The arguments; `UnknownName` or `InvalidValue` for those that do not fit."""
        for word in words:
            name = word.partition("=")[0]
            if name.startswith("--") and name not in self._option_string_actions:
                raise unknown("option", name, self._option_string_actions)
        return self.parse_args(words)


def main(words: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit code; never raises but for `--help` and `--version`."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # The vendors' pages are in Cyrillic and Devanagari, which not every terminal can show.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        return _run(list(sys.argv[1:] if words is None else words))
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output, `head` for one, has gone; the interpreter would trip over it at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.INTERRUPTED
    except EmulatorError as error:
        code = code_of(error)
        if code == Exit.OURS:
            traceback.print_exc()
        print(f"emulators: {error}", file=sys.stderr)
        return code
    except Exception as error:  # noqa: BLE001 - the outermost frame: Python's own exit code would say "findings"
        traceback.print_exc()
        print(f"emulators: an error of ours, please report it: {error!r}", file=sys.stderr)
        return Exit.OURS


def _run(words: list[str]) -> int:
    command = words[0] if words else ""
    if not command or command.startswith("-"):
        overview = _overview()
        overview.parse(words)
        overview.print_help(sys.stderr)
        return Exit.USAGE
    if command not in COMMANDS:
        raise unknown("command", command, COMMANDS)
    module = import_module(f"emulators.commands.{command}")
    parser = Parser(
        prog=f"emulators {command}",
        description=module.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.arguments(parser)
    given, rest = words[1:], list[str]()
    if getattr(module, "TAKES_A_COMMAND", False) and "--" in given:
        # What stands behind is somebody else's.
        place = given.index("--")
        given, rest = given[:place], given[place + 1 :]
    args = parser.parse(given)
    args.command = rest
    code: int = module.run(args)
    sys.stdout.flush()
    return code


def _overview() -> Parser:
    wide = max(map(len, COMMANDS))
    listed = "\n".join(f"  {name:<{wide}}  {summary}" for name, summary in COMMANDS.items())
    parser = Parser(
        prog="emulators",
        usage="emulators COMMAND ... | --help | --version",
        description="Emulators of messaging vendors: they answer as the vendor would and send its webhooks.",
        epilog=f"commands:\n{listed}\n\n"
        "emulators COMMAND --help says more, and starts nothing.\n\n"
        "exit codes: 0 good, 1 findings, 2 usage, 3 target unusable, 4 our error, 5 inconclusive, 130 interrupted",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"emulators {__version__}")
    return parser
