"""All claims on speed, one a line: name, ratio to the plain form, goal. Ends with 1 where one is under half its goal.

python -m benchmarks.claims
"""

import sys

from benchmarks import exported, pair_losses, processes, training_steps

GROUPS = (pair_losses, training_steps, exported, processes)


def main() -> None:
    """Measure and print."""
    missed = []
    for group in GROUPS:
        for claim in group.claims():
            print(claim, flush=True)
            missed += [claim.name] if claim.ratio < claim.goal / 2 else []
    for name in missed:
        print(f"under half its goal: {name}", file=sys.stderr)
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
