"""`python -m symnum` is the command `symnum`."""

import sys

# Python has put the current directory first, where somebody's numpy.py would stand for NumPy.
if __name__ == "__main__" and not sys.flags.safe_path:
    del sys.path[0]

from symnum.cli import main

if __name__ == "__main__":
    main()
