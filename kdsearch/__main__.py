"""`python -m kdsearch` is the command line."""

from kdsearch.cli import main

if __name__ == "__main__":
    main()
