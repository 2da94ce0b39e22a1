"""A random source that is cheap to make, as every contact, fault and id has one of its own."""

from __future__ import annotations

from hashlib import blake2b
from random import Random


class Dice(Random):
    """All that `Random` can draw, out of hashes of a key.

    Setting up the 624 words of a `Random` costs more than the few values that are drawn from one.
    """

    def __init__(self, key: bytes) -> None:
        # Not Random's own: that is the set-up to be saved.
        self._block = blake2b(key).digest()
        self._bits = int.from_bytes(self._block, "big")
        self._left = 512
        self.gauss_next = None

    def getrandbits(self, k: int, /) -> int:
        """A number of `k` bits."""
        while self._left < k:
            self._block = blake2b(self._block).digest()
            self._bits |= int.from_bytes(self._block, "big") << self._left
            self._left += 512
        bits = self._bits
        self._bits = bits >> k
        self._left -= k
        return bits & ((1 << k) - 1)

    def random(self) -> float:
        """From 0.0 up to, not including, 1.0."""
        return self.getrandbits(53) / (1 << 53)
