"""`python -m emulators` is the command `emulators`."""

import sys

from emulators.cli import main

if __name__ == "__main__":
    sys.exit(main())
