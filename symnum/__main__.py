"""`python -m symnum` is the command `symnum`."""

from symnum.cli import main

if __name__ == "__main__":
    main()
