"""Several runs on one study at once."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from subprocess import PIPE

import pytest

from kdsearch.study.space.space import SearchSpace
from kdsearch.study.storage.store import StudyStore

SCRIPT = """
import random, sys, time
from conftest import make_evaluator
from kdsearch.study.executors.local import LocalExecutor
from kdsearch.measure.objectives import OBJECTIVES
from kdsearch.study.run_search import run_search
from kdsearch.study.space.files import load_space
from kdsearch.study.storage.store import StudyStore

def act(params):
    time.sleep(random.uniform(0, 0.1))
    return 1.0

known = StudyStore.open(sys.argv[1], "city")
known.close()
store = StudyStore.create(sys.argv[1], known.meta)
print("ready", flush=True)
sys.stdin.readline()
run_search(store, load_space(sys.argv[2]), [OBJECTIVES["mae"], OBJECTIVES["latency"]], make_evaluator(act),
    LocalExecutor(), trials=12, budget_seconds=None, seed=1, sampler="random",
    on_event=lambda event: print(event.message) if event.kind == "ending" else None)
store.close()
"""


@pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)
def test_two_drivers_share_one_budget_exactly(store: StudyStore, url: str, space: SearchSpace, tmp_path: Path) -> None:
    """Twelve trials in all; the same seed in both gives no configuration twice, and each point is queued once."""
    command = [sys.executable, "-W", "error", "-c", SCRIPT, url, str(tmp_path / "small.toml")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])}
    runs = [
        subprocess.Popen(command, stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True, env=environment) for _ in range(2)
    ]
    for run in runs:
        assert run.stdout is not None
        assert run.stdout.readline() == "ready\n", run.communicate()
    for run in runs:
        assert run.stdin is not None
        run.stdin.write("go\n")
        run.stdin.flush()
    said = [run.communicate() for run in runs]
    assert [errors for _, errors in said] == ["", ""]
    first, last = sorted(message for message, _ in said)
    assert last == "12 of 12 trials are done\n"
    assert first in {last, "11 of 12 trials are done, and 1 run elsewhere\n"}
    rows = store.optuna_study.trials
    assert [row.state.name for row in rows] == ["COMPLETE"] * 12
    assert min(Counter(row.user_attrs["owner"] for row in rows).values()) >= 3
    assert [row.user_attrs.get("cite") for row in rows] == [point.cite for point in space.points] + [None] * 10
    kept = [row.params["keep"] for row in rows if "keep" in row.params]
    assert len(kept) == len(set(kept))
