"""`python -m nodeloom.cli`."""

import sys

from nodeloom.cli import main

if __name__ == "__main__":
    sys.exit(main())
