"""`python -m symnum` is the command `symnum`."""

import os
import sys
from contextlib import suppress

# Python has put the current directory first, where somebody's numpy.py would stand for NumPy. One
# that is gone it leaves out: then what comes first is somebody else's.
if __name__ == "__main__" and not sys.flags.safe_path:
    with suppress(OSError):
        if sys.path[:1] == [os.getcwd()]:
            del sys.path[0]

from symnum.cli import main

if __name__ == "__main__":
    main()
