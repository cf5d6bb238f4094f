"""`python -m kdsearch` is the command line."""

from kdsearch.cli.app import main

if __name__ == "__main__":
    main()
