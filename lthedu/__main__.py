"""`python -m lthedu`: the `lthedu` command."""

from lthedu.cli import main

if __name__ == "__main__":
    main()
