"""Ray Tune as an executor: it runs the trials, and knows nothing of the study.

Tune's own searchers and `Tuner.restore` keep a second state that drifts from the study's after a crash; here Tune asks
a `Searcher` of ours, which asks the driver, and nothing of a run outlives it but the study.
"""

import logging
import os
import tempfile
from pathlib import Path
from typing import Any

_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",  # relative paths mean the same in a worker
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # the study is the log; starts in half the time
    "TUNE_DISABLE_STRICT_METRIC_CHECKING": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Tune would take Ctrl-C for a success, after ten seconds
}
for _name, _value in _SETTINGS.items():  # Ray reads them when it is imported
    os.environ.setdefault(_name, _value)

import ray  # noqa: E402
from ray import tune  # noqa: E402
from ray.tune.experiment import Trial  # noqa: E402
from ray.tune.progress_reporter import TrialProgressCallback  # noqa: E402
from ray.tune.search import Searcher  # noqa: E402

from kdsearch.errors import RunError  # noqa: E402
from kdsearch.study.driver import Bench, Driver, attempt, failure  # noqa: E402

__all__ = ["run_ray"]

OBJECT_STORE_BYTES = 300_000_000
"""Readings, graph and teacher of the datasets at hand take a sixth of it."""


def run_ray(driver: Driver, bench: Bench, workers: int) -> None:
    """Run the trials as Ray actors that live for the whole run, each with one CPU.

    A cluster is used where the caller connected to it (`ray.init(address=...)`); otherwise Ray is started on this
    machine and stopped at the end. A worker that dies is replaced, and its trial tried once more.

    Args:
        driver: The run.
        bench: Sent once; every worker maps its numpy arrays from shared memory.
        workers: Trials at a time.

    Raises:
        RunError: Where Ray itself fails.
    """
    for name in ("ray", "ray.tune", "ray.air", "ray.train"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    started_here = not ray.is_initialized()
    if started_here:
        ray.init(
            address="local",
            num_cpus=workers,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            object_store_memory=OBJECT_STORE_BYTES,
        )
    with tempfile.TemporaryDirectory(prefix="kdsearch-ray-") as scratch:
        try:
            _tuner(driver, bench, workers, scratch).fit()
        except Exception as error:
            reason = str(error).strip().splitlines() or [""]
            raise RunError(
                f"Ray Tune gave up ({type(error).__name__}: {reason[-1]}); look for free memory and disk space in "
                f"{tempfile.gettempdir()}, or run with --executor local"
            ) from error
        finally:
            if started_here:
                ray.shutdown()


def _tuner(driver: Driver, bench: Bench, workers: int, scratch: str) -> tune.Tuner:
    return tune.Tuner(
        tune.with_resources(tune.with_parameters(_run, bench=bench), {"cpu": 1}),
        tune_config=tune.TuneConfig(
            search_alg=_Bridge(driver), num_samples=-1, max_concurrent_trials=workers, reuse_actors=True
        ),
        run_config=tune.RunConfig(
            storage_path=scratch,
            verbose=0,
            callbacks=[_Returns(driver)],
            failure_config=tune.FailureConfig(max_failures=1),
        ),
    )


def _run(config: dict[str, Any], bench: Bench) -> None:
    """In the worker: one trial. What its bench raises comes back as a record: Tune repeats dead workers alone."""
    record, weights = attempt(bench, config["params"], config["seed"])
    tune.report({"record": record, "weights": weights})


class _Bridge(Searcher):
    """Tune's question for the next trial, handed on to the driver."""

    def __init__(self, driver: Driver) -> None:
        super().__init__()
        self.driver = driver

    def suggest(self, trial_id: str) -> Any:  # noqa: ARG002 - Tune's signature, here and below
        asked = None
        with self.driver.errors_kept():
            asked = self.driver.next()
        if asked is None:
            return Searcher.FINISHED if self.driver.over else None
        return {"number": asked.number, "params": asked.params, "seed": asked.seed}

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Nothing: `_Returns` sees the trial itself, and with it the reason of an error."""

    def save(self, checkpoint_path: str) -> None:
        """Nothing: the study is the state."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing: a run is resumed from the study."""

    def __getstate__(self) -> dict[str, Any]:
        """Tune pickles searchers to disk; no connection, address or password may go there."""
        return {}


class _Returns(TrialProgressCallback):
    """What comes back from Tune, handed on to the driver; being Tune's progress printer too, it keeps that silent."""

    def __init__(self, driver: Driver) -> None:
        super().__init__()
        self.driver = driver

    def on_trial_result(
        self,
        iteration: int,  # noqa: ARG002
        trials: list[Trial],  # noqa: ARG002
        trial: Trial,
        result: dict[str, Any],
        **info: Any,  # noqa: ARG002
    ) -> None:
        # Taken out of Tune's own result, which it would write to disk again and again.
        record, weights = result.pop("record"), result.pop("weights")
        with self.driver.errors_kept():
            self.driver.finish(trial.config["number"], record, weights)

    def on_trial_error(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:  # noqa: ARG002
        number, params, seed = (trial.config[key] for key in ("number", "params", "seed"))
        reason = f"the worker failed, and again at a second attempt: {_cause(trial)}"
        with self.driver.errors_kept():
            self.driver.finish(number, failure(params, seed, reason), None)

    def on_trial_complete(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Nothing: the trial's one report was its end."""

    def __getstate__(self) -> dict[str, Any]:
        return {}


def _cause(trial: Trial) -> str:
    """What Ray knows of a worker's failure: the first line of a death, the last one of a traceback."""
    if trial.pickled_error_file is None:
        return str(Path(trial.error_file).read_text().strip().splitlines()[-1])
    error = ray.cloudpickle.loads(Path(trial.pickled_error_file).read_bytes())
    lines = str(error).strip().splitlines()
    return lines[-1 if isinstance(error, ray.exceptions.RayTaskError) else 0].strip()
