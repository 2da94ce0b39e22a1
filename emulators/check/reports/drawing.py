"""The delivery timeline as pictures: a lane for each phase, a mark for each request, where it began and how long it took."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from emulators.check.reports.model import Moment, PhaseResult, Run
from emulators.check.reports.words import duration, line, plural

MOST_MARKS = 1_500
"""Of a lane; beyond them only some of those that were acknowledged are drawn."""
HEIGHT = 96
_TOP, _BOTTOM = 10, 12
_FASTEST = 0.001


@dataclass(frozen=True, slots=True)
class Shape:
    """How a kind of answer looks: by its colour (of the class `name`) and by its form."""

    name: str
    says: str
    path: str


SHAPES = (
    Shape("ack", "acknowledged", "M-4,0A4,4 0 1 0 4,0A4,4 0 1 0 -4,0Z"),
    Shape("other", "2xx that the vendor does not take", "M-4,0A4,4 0 1 0 4,0A4,4 0 1 0 -4,0Z"),
    Shape("moved", "redirected (3xx)", "M0,-5L5,0L0,5L-5,0Z"),
    Shape("refused", "refused (4xx)", "M-4,-4H4V4H-4Z"),
    Shape("broken", "server error (5xx)", "M0,-5L5,4H-5Z"),
    Shape("silent", "no answer", "M-4,-4L4,4M4,-4L-4,4"),
)


def kind(moment: Moment) -> str:
    """The name of its shape."""
    if moment.acknowledged:
        return "ack"
    if moment.status is None:
        return "silent"
    return {3: "moved", 4: "refused", 5: "broken"}.get(moment.status // 100, "other")


def symbols() -> str:
    """The shapes, once for the page; lanes and legend refer to them."""
    shapes = "".join(f'<path id="s-{shape.name}" d="{shape.path}"/>' for shape in SHAPES)
    return f'<svg class="defs" aria-hidden="true" width="0" height="0"><defs>{shapes}</defs></svg>'


def legend(run: Run) -> str:
    """What the shapes mean, and how many there are of each."""
    counts = Counter(kind(moment) for moment in run.timeline)
    rows = [
        f'<li><svg class="mark" width="14" height="14" aria-hidden="true">'
        f'<use href="#s-{shape.name}" class="{shape.name}" x="7" y="7"/></svg>'
        f"{counts[shape.name]} {escape(shape.says)}</li>"
        for shape in SHAPES
        if counts[shape.name]
    ]
    return f'<ul class="legend">{"".join(rows)}</ul>'


def lanes(run: Run) -> str:
    """All phases in which something was sent."""
    slowest = max([moment.seconds for moment in run.timeline] + [run.timeout or 0, 0.1])
    phases = {phase.name: phase for phase in run.phases}
    for moment in run.timeline:
        phases.setdefault(moment.phase, PhaseResult(moment.phase))
    drawn = []
    for name, phase in phases.items():
        moments = [moment for moment in run.timeline if moment.phase == name]
        if moments:
            drawn.append(_lane(phase, moments, Scale(slowest), run.timeout))
    return "".join(drawn)


@dataclass(frozen=True, slots=True)
class Scale:
    """Seconds of an answer as a height, logarithmic: below are the fast ones."""

    slowest: float

    def y(self, seconds: float) -> float:
        """Pixels from the top."""
        span = math.log10(self.slowest / _FASTEST)
        share = math.log10(min(max(seconds, _FASTEST), self.slowest) / _FASTEST) / span
        return round(HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM), 1)

    def ticks(self) -> list[float]:
        """Heights that are marked."""
        return [seconds for seconds in (0.001, 0.01, 0.1, 1, 10, 100) if seconds <= self.slowest]


def _lane(phase: PhaseResult, moments: Sequence[Moment], scale: Scale, timeout: float | None) -> str:
    start = min(moment.at for moment in moments)
    span = max(max(moment.at for moment in moments) - start, 1e-6)
    parts = [_lines(scale, timeout)]
    for moment in _thinned(moments):
        # Marks keep their form in any width, for only their place is a share of it.
        x = round(1.5 + 97 * (moment.at - start) / span, 3)
        shape = kind(moment)
        parts.append(
            f'<use href="#s-{shape}" class="{shape}" x="{x}%" y="{scale.y(moment.seconds)}">'
            f"<title>{escape(_tip(moment))}</title></use>"
        )
    name = escape(line(phase.name) or "before the first phase")
    failed = sum(kind(moment) != "ack" for moment in moments)
    told = plural(phase.requests or len(moments), "request")
    took = f" in {duration(phase.seconds)}" if phase.seconds else ""
    rest = f", {failed} not acknowledged" if failed else ""
    cut = f", cut: {escape(line(phase.cut))}" if phase.cut else ""
    return (
        f'<figure class="lane"><figcaption><b>{name}</b> {told}{took}{rest}{cut}</figcaption>'
        f'<div class="lane-body"><svg width="46" height="{HEIGHT}" aria-hidden="true">{_labels(scale)}</svg>'
        f'<svg class="plot" width="100%" height="{HEIGHT}" role="img" aria-label="{name}: {told}{rest}">{"".join(parts)}</svg>'
        "</div>"
        f'<div class="axis"><span>{duration(start)}</span><span>{duration(start + span)}</span></div></figure>'
    )


def _labels(scale: Scale) -> str:
    return "".join(
        f'<text class="scale" x="40" y="{scale.y(seconds) + 3}" text-anchor="end">{duration(seconds)}</text>'
        for seconds in scale.ticks()
    )


def _lines(scale: Scale, timeout: float | None) -> str:
    heights = map(scale.y, scale.ticks())
    told = [f'<line class="tick" x1="0" x2="100%" y1="{y}" y2="{y}"/>' for y in heights]
    if timeout:
        y = scale.y(timeout)
        told.append(f'<line class="limit" x1="0" x2="100%" y1="{y}" y2="{y}"/>')
        told.append(
            f'<text class="scale limit" x="99%" y="{y + 11}" text-anchor="end">'
            f"the vendor gives up: {duration(timeout)}</text>"
        )
    return "".join(told)


def _thinned(moments: Sequence[Moment]) -> list[Moment]:
    """All that went wrong, and so many of the rest that a browser can draw them."""
    if len(moments) <= MOST_MARKS:
        return list(moments)
    every = math.ceil(len(moments) / MOST_MARKS)
    return [moment for n, moment in enumerate(moments) if n % every == 0 or not moment.acknowledged]


def _tip(moment: Moment) -> str:
    said = (
        str(moment.status)
        if moment.status is not None
        else f"no answer: {moment.reason or 'nobody knows why'}"
    )
    kept = next(shape.says for shape in SHAPES if shape.name == kind(moment))
    return line(f"{moment.what} at {duration(moment.at)}: {said} after {duration(moment.seconds)} ({kept})")
