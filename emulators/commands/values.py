"""Words of the command line as values: `field=value` pairs and option settings."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from typing import Any

from emulators.errors import InvalidValue


def pairs(words: Iterable[str], option: str) -> dict[str, str]:
    """`["sms=380", ...]` by name, values still text; `InvalidValue` for a word without `=`."""
    found = {}
    for word in words:
        name, sign, value = word.partition("=")
        if not name or not sign:
            raise InvalidValue(f"{option}: expected NAME=VALUE, got {word!r}")
        found[name] = value
    return found


def value_of(text: str) -> Any:
    """JSON where the text is JSON (`true`, `12`, `{"a": 1}`), else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _allowable(text: str) -> str:
    from emulators.engine.egress import allowable

    try:
        return allowable(text)
    except InvalidValue as error:
        raise argparse.ArgumentTypeError(str(error).removeprefix("allow: ")) from None


def allow_argument(parser: argparse.ArgumentParser) -> None:
    """`--allow`, which every command that sends something takes."""
    parser.add_argument(
        "--allow",
        metavar="HOST[:PORT]",
        type=_allowable,
        action="append",
        default=[],
        help="a host beyond this machine that may be sent to (repeatable)",
    )
