"""`python -m ldk_tui` is the same program as the `ldk-tui` command."""

import sys

from ldk_tui.cli import main

if __name__ == "__main__":
    sys.exit(main())
