"""The fewest of many that a failure needs, found with few tries. Pure: the tries are somebody else's.

Not ddmin: of one poisonous event in a thousand ddmin needs some twenty tries and of two far apart some sixty; a binary search
for the shortest beginning that fails, whose last element is needed then, takes eleven for each element that is needed. It
takes for granted that more of the same does not heal; whatever it ends at was tried, and failed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

Fails = Callable[[Sequence[int]], Awaitable[bool]]
"""Whether what is left fails still, by the places of what is left, in order."""

LONG = 8
"""Of more than these it is worth to ask first whether it is the number that counts."""
PROBED = 3
CLEANED = 6


async def fewest(size: int, fails: Fails, *, none: bool = False) -> list[int]:
    """The places of those that are needed. All of them together are known to fail; `none`: nothing at all may be tried.

    Where it is the number that counts (a body too large, a batch too long), the shortest beginning that fails.
    """
    held: list[int] = []
    rest = list(range(size))
    in_a_row = 0
    while rest:
        if (held or none) and await fails(sorted(held)):
            return await _cleaned(sorted(held), fails, none)
        low, high = 0, len(rest)
        if not held and not none and high > 1 and await fails(rest[:1]):
            return rest[:1]
        if held and high > LONG and not await fails(sorted([*held, *rest[:-1]])):
            in_a_row += 1
            if in_a_row == PROBED:
                if not await fails(sorted([*held, *rest[1:]])):
                    return sorted([*held, *rest])
                in_a_row = -size
            low = high - 1
        else:
            in_a_row = 0
        while high - low > 1:
            middle = (low + high) // 2
            if await fails(sorted([*held, *rest[:middle]])):
                high = middle
            else:
                low = middle
        held.append(rest[high - 1])
        rest = rest[: high - 1]
    return await _cleaned(sorted(held), fails, none)


async def _cleaned(held: list[int], fails: Fails, none: bool) -> list[int]:
    """Without those that are needed only as long as others are there."""
    if not 1 < len(held) <= CLEANED:
        return held
    for place in list(held):
        fewer = [other for other in held if other != place]
        if (fewer or none) and await fails(fewer):
            held = fewer
    return held


async def nearest(steps: int, fails: Callable[[int], Awaitable[bool]]) -> int:
    """Of a row that leads from what passes (before 0) to what fails (its last) the first that fails."""
    low, high = -1, steps - 1
    while high - low > 1:
        middle = (low + high) // 2
        if await fails(middle):
            high = middle
        else:
            low = middle
    return high
