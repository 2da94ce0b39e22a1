"""Everything that can be asked. The first that fits a path counts, so the world's come first."""

from emulators.control.vendor_operations import VENDOR
from emulators.control.world_operations import WORLD

OPERATIONS = (*WORLD, *VENDOR)
