"""Copies of finished studies, small enough to keep with the code: without weights and facts of the machine.

The copies lie in `studies/reproductions`, where `kdsearch studies`, `show` and `report` find them, and its page lists
them; the command that each study names makes the networks again.

    python -m benchmarks.keep_studies STUDIES
"""

import argparse
import json
import re
import sqlite3
from pathlib import Path

from kdsearch.study.storage.listing import StudyListing, list_studies

KEPT = Path("studies/reproductions")
PAGE = """# Kept studies

Written by `python -m benchmarks.keep_studies STUDIES`: studies without their networks' weights. `kdsearch show NAME`
and `kdsearch report NAME` read them; the command makes them again, networks included. What follows from them is in
[docs/reproductions.md](../../docs/reproductions.md).

| study | data | protocol | trials | made by | on |
| --- | --- | --- | --- | --- | --- |
"""


def keep(database: Path) -> Path:
    """Copy one study; an earlier copy is replaced."""
    copy = KEPT / f"{database.parent.name}.db"
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.unlink(missing_ok=True)
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as whole:
        whole.execute("VACUUM INTO ?", (str(copy),))
    whole.close()
    with sqlite3.connect(copy) as small:
        small.execute("UPDATE kdsearch_trials SET weights = NULL")
        small.execute("DELETE FROM kdsearch_networks")
        small.execute("DELETE FROM trial_user_attributes WHERE key = 'owner'")
        for study, text in small.execute("SELECT study, meta FROM kdsearch_studies").fetchall():
            meta = json.loads(text)
            meta["command"] = re.sub(r" --(studies|data-dir) \S+", "", meta["command"])
            small.execute("UPDATE kdsearch_studies SET meta = ? WHERE study = ?", (json.dumps(meta), study))
    small.execute("VACUUM")
    small.close()
    return copy


def line(listing: StudyListing) -> str:
    """Write a study's line of the page."""
    meta, states = listing.meta, ", ".join(f"{count} {state}" for state, count in sorted(listing.states.items()))
    data = meta.data_note.partition(";")[0]
    cells = (f"`{meta.study}`", data, meta.protocol, states, f"`{meta.command}`", meta.created[:10])
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Copy every study of a folder, and list all kept ones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("studies", type=Path)
    for database in sorted(parser.parse_args().studies.glob("*/study.db")):
        copy = keep(database)
        print(f"{copy}: {copy.stat().st_size / 1024:.0f} KiB")
    (KEPT / "README.md").write_text(PAGE + "\n".join(line(listing) for listing in list_studies(KEPT)) + "\n")


if __name__ == "__main__":
    main()
