"""Writes a revision as OpenAPI 3.1 (its calls, its webhooks) or AsyncAPI 3 (its webhooks), as JSON.

Everything comes from the data that the emulator itself goes by; x-basis says of each rule how well it is known.

    emulators export sendpulse --output sendpulse.json
    emulators export esputnik@2023-09 --format asyncapi
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from emulators.commands.exits import Exit, Unusable

FORMATS = ("openapi", "asyncapi")


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `emulators export` takes."""
    parser.add_argument("provider", metavar="PROVIDER[@REVISION]", help="such as esputnik")
    parser.add_argument(
        "--format", choices=FORMATS, default=FORMATS[0], help="openapi, unless you say otherwise"
    )
    parser.add_argument("--output", metavar="FILE", type=Path, help="instead of standard output")


def run(args: argparse.Namespace) -> int:
    """Writes the document."""
    from emulators.exports import asyncapi, openapi
    from emulators.exports.material import gather

    written = {"openapi": openapi, "asyncapi": asyncapi}[args.format].document(gather(args.provider))
    if args.output is None:
        print(json.dumps(written, indent=2))
        return Exit.GOOD
    text = json.dumps(written, indent=2, ensure_ascii=False) + "\n"
    try:
        # What UTF-8 cannot carry is a surrogate, and `\\udxxx` is its escape in JSON as well.
        args.output.write_bytes(text.encode("utf-8", errors="backslashreplace"))
    except OSError as error:
        raise Unusable(f"{args.output} cannot be written: {error.strerror}") from None
    return Exit.GOOD
