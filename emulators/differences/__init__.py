"""What changed between two states of a vendor's documents, and whom it can break. Values in, values out."""

from emulators.differences.change import EFFECTS, Change, Documents
from emulators.differences.profiles import between

__all__ = ["EFFECTS", "Change", "Documents", "between"]
