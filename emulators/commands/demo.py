"""Plays the main job of the four vendors against a small receiver, on a virtual clock and over real HTTP.

Exit code 0 only if everything that is promised really happened.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulators.commands.exits import Exit

if TYPE_CHECKING:
    from emulators.commands.scenes import Played


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `emulators demo` takes."""
    parser.add_argument("--json", action="store_true", help="print the steps and facts as JSON")


def run(args: argparse.Namespace) -> int:
    """Plays it."""
    began = time.perf_counter()
    from emulators.commands.scenes import play

    played = asyncio.run(play())
    outcome = Outcome(played, time.perf_counter() - began)
    print(json.dumps(outcome.plain(), indent=2) if args.json else outcome.told())
    return Exit.FINDINGS if outcome.failed else Exit.GOOD


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was played, and how many real seconds it took."""

    played: Played
    seconds: float

    @property
    def failed(self) -> list[str]:
        """The expectations that did not come true."""
        return [fact for scene in self.played.scenes for fact, held in scene.facts.items() if not held]

    def plain(self) -> dict[str, Any]:
        """For programs."""
        return {
            "ok": not self.failed,
            "failed": self.failed,
            "vendor_seconds": self.played.vendor_seconds,
            "real_seconds": round(self.seconds, 3),
            "steps": [
                {
                    "title": scene.title,
                    "timeline": [row._asdict() for row in scene.rows],
                    "facts": [{"fact": fact, "held": held} for fact, held in scene.facts.items()],
                }
                for scene in self.played.scenes
            ],
        }

    def told(self) -> str:
        """For people."""
        from emulators.engine.timeline import aligned

        wide = max(len(row.what) for scene in self.played.scenes for row in scene.rows if row.answer)
        lines = [
            "Four vendors and a receiver on this machine. The clock is the vendors' and stands still until",
            "it is turned; every request goes over a real socket.",
        ]
        for number, scene in enumerate(self.played.scenes, 1):
            lines += ["", f"{number}. {scene.title}"]
            # Why a 500 is no success needs no words here, and the lines stay short.
            short = [row._replace(why="") for row in scene.rows]
            lines += [f"   {line}" for line in aligned(short, named=False, wide=wide).splitlines()]
            lines += [f"   {'ok' if held else 'NO':<9}  {fact}" for fact, held in scene.facts.items()]
        return "\n".join([*lines, "", self._summary()])

    def _summary(self) -> str:
        total = sum(len(scene.facts) for scene in self.played.scenes)
        spent = f"{self.played.vendor_seconds / 60:g} minutes of vendor time in {self.seconds:.2f} s"
        if not self.failed:
            return f"{spent}. All {total} expectations hold."
        missed = "\n".join(f"  {fact}" for fact in self.failed)
        return f"{spent}. {len(self.failed)} of {total} expectations did not come true:\n{missed}"
