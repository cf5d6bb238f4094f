"""Ray Tune as an executor: it runs the trials, and knows nothing of the study.

Tune's own searchers and `Tuner.restore` keep a second state, which drifts from the study's after a crash. Here Tune
asks a `Searcher` of ours, which asks the driver; nothing of a run outlives it but the study.
"""

import logging
import math
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from itertools import islice
from typing import TYPE_CHECKING, Any, Self, TypeVar

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
from ray.tune.execution import class_cache  # noqa: E402
from ray.tune.experiment import Trial  # noqa: E402
from ray.tune.progress_reporter import TrialProgressCallback  # noqa: E402
from ray.tune.schedulers import FIFOScheduler, TrialScheduler  # noqa: E402
from ray.tune.search import Searcher  # noqa: E402

from kdsearch.errors import RunError, StudyError  # noqa: E402
from kdsearch.record import TrialRecord  # noqa: E402
from kdsearch.study.executors.ray_cluster import check_cluster, why_not  # noqa: E402
from kdsearch.study.executors.ray_faults import cause, own_sigterm, repeat_after_out_of_memory  # noqa: E402
from kdsearch.study.executors.worker import Evaluator, attempt, failure  # noqa: E402

if TYPE_CHECKING:  # workers load this module, and need no SQL
    from kdsearch.study.search.driver import Driver

__all__ = ["RayExecutor"]

OBJECT_STORE_BYTES = 300_000_000
"""Readings, graph and teacher of the datasets at hand take a sixth of it."""

EvaluatorT = TypeVar("EvaluatorT")
Job = TypeVar("Job")
Result = TypeVar("Result")


class RayExecutor:
    """Executor on Ray: for the length of a `with` block it starts Ray on this machine, or joins a running cluster.

    A cluster is used where `address` names one, or where the caller has joined one (`ray.init(address=...)`).
    Workers need the same versions of Python, Ray and kdsearch, and nothing else: no database, no shared disk. Data and
    teacher reach each node once; its workers map them from shared memory.

    Args:
        workers: Trials at a time, each with one CPU; as many as the cluster has where None.
        address: `host:port` of a running cluster; None starts Ray here.
        on_gpu: Whether trials run on GPUs; where there are fewer of these than workers, some share one.
        verbose: Whether Ray may write to the terminal.
        preload: Modules that take seconds to load; workers that are started here load them at once, while the caller
            prepares what trials need.

    Raises:
        StudyError: Where the cluster cannot be joined; on entry also where a GPU is asked for and there is none.
    """

    def __init__(
        self,
        workers: int | None,
        *,
        address: str | None = None,
        on_gpu: bool = False,
        verbose: bool = False,
        preload: Sequence[str] = (),
    ) -> None:
        if address is not None and not ray.is_initialized():
            check_cluster(address)
        self._workers, self._address, self._on_gpu, self._verbose = workers, address, on_gpu, verbose
        self._preload = preload
        self._bench: tuple[Any, Any] | None = None

    def __enter__(self) -> Self:
        for name in () if self._verbose else ("ray", "ray.tune", "ray.air", "ray.train"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        # `log_to_driver=False` leaves out what workers write, but not what Ray tells of them, such as their deaths.
        self._talks = ray._private.worker._worker_logs_enabled
        ray._private.worker._worker_logs_enabled = self._verbose
        repeat_after_out_of_memory()
        self._started_here = not ray.is_initialized()
        if self._started_here:
            self._start()
        try:
            self.resources = self._resources()
        except StudyError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._bench = None
        if self._started_here:
            ray.shutdown()
        ray._private.worker._worker_logs_enabled = self._talks

    def _start(self) -> None:
        settings: dict[str, Any] = {"address": self._address}
        if self._address is None:
            settings = {"address": "local", "num_cpus": self._workers, "object_store_memory": OBJECT_STORE_BYTES}
            settings["_system_config"] = {"preload_python_modules": [__name__, *self._preload]}
        level = logging.INFO if self._verbose else logging.CRITICAL
        try:
            with own_sigterm():
                ray.init(**settings, include_dashboard=False, log_to_driver=self._verbose, logging_level=level)
        except Exception as error:
            where = f"joined at {self._address}" if self._address else "started here; run with --executor local"
            raise StudyError(f"Ray cannot be {where}: {why_not(error)}") from error

    def _resources(self) -> dict[str, float]:
        """Give the resources of one trial, and settle how many trials run at a time."""
        cluster: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
        self.workers = self._workers or int(cluster.get("CPU", 0))
        if not self.workers:
            raise StudyError("the Ray cluster has no CPU; give --workers where it gets nodes as they are asked for")
        if not self._on_gpu:
            return {"cpu": 1}
        if not cluster.get("GPU"):
            raise StudyError("Ray knows of no GPU; leave --device at cpu, or join a cluster that has one")
        on_each = math.ceil(self.workers / cluster["GPU"])  # a share is of one GPU, and two halves make no whole one
        return {"cpu": 1, "gpu": math.floor(1e4 / on_each) / 1e4}  # Ray counts in ten-thousandths

    def _shared(self, evaluator: Any) -> Any:
        """Put the evaluator into Ray's shared memory, once for all trials and jobs, and give the reference to it."""
        if self._bench is None or self._bench[0] is not evaluator:
            self._bench = evaluator, ray.put(evaluator)
        return self._bench[1]

    def search(self, driver: "Driver", evaluator: Evaluator) -> None:
        """Run trials in actors that live for the whole search, each with one CPU.

        A worker that dies is replaced, and its trial is tried once more.

        Args:
            driver: Gives configurations and takes records.
            evaluator: Is sent once; every worker maps its numpy arrays from shared memory.

        Raises:
            RunError: Where Ray itself fails.
        """
        preloaded = _preloaded_workers() if self._started_here and self._address is None else nullcontext()
        with tempfile.TemporaryDirectory(prefix="kdsearch-ray-") as scratch, preloaded:
            try:
                self._tuner(driver, evaluator, scratch).fit()
            except Exception as error:
                raise RunError(
                    f"Ray Tune gave up ({type(error).__name__}: {why_not(error)}); look for free memory and disk space "
                    f"in {tempfile.gettempdir()}, or run with --executor local"
                ) from error

    def _tuner(self, driver: "Driver", evaluator: Evaluator, scratch: str) -> tune.Tuner:
        return tune.Tuner(
            # In a tuple: Tune would call `ray.put` on the bare reference, which Ray refuses.
            tune.with_resources(tune.with_parameters(_run, shared=(self._shared(evaluator),)), self.resources),
            tune_config=tune.TuneConfig(
                search_alg=_Bridge(driver),
                scheduler=_Stops(driver),
                num_samples=-1,
                max_concurrent_trials=self.workers,
                reuse_actors=True,
            ),
            run_config=tune.RunConfig(
                storage_path=scratch,
                verbose=0,
                callbacks=[_Returns(driver)],
                failure_config=tune.FailureConfig(max_failures=1),
            ),
        )

    def map(
        self, function: Callable[[EvaluatorT, Job], Result], evaluator: EvaluatorT, jobs: Iterable[Job]
    ) -> Iterator[tuple[Job, Result | None, str]]:
        """Call a function with the evaluator and each job, as many at a time as there are workers."""
        shared = self._shared(evaluator)
        task = ray.remote(num_cpus=1, num_gpus=self.resources.get("gpu", 0), max_retries=1)(function)
        waiting, running = iter(jobs), dict[Any, Job]()
        while True:
            for job in islice(waiting, self.workers - len(running)):
                running[task.remote(shared, job)] = job
            if not running:
                return
            (ready,), _ = ray.wait(list(running), num_returns=1)
            job = running.pop(ready)
            try:
                yield job, ray.get(ready), ""
            except ray.exceptions.RayTaskError:
                raise
            except ray.exceptions.RayError as error:  # the process is gone, and its successor too
                yield job, None, str(error).strip().splitlines()[0]


@contextmanager
def _preloaded_workers() -> Iterator[None]:
    """Let Tune use the processes that Ray started first, which have loaded the modules of trials.

    Tune would start others for environment variables of its own; on one machine these are inherited anyway.
    """
    defaults, propagated = class_cache.DEFAULT_ENV_VARS, class_cache.ENV_VARS_TO_PROPAGATE
    class_cache.DEFAULT_ENV_VARS, class_cache.ENV_VARS_TO_PROPAGATE = {}, set()
    try:
        yield
    finally:
        class_cache.DEFAULT_ENV_VARS, class_cache.ENV_VARS_TO_PROPAGATE = defaults, propagated


def _run(config: dict[str, Any], shared: tuple[Any]) -> None:
    """Run one trial in the worker; an evaluator's error becomes a record, since Tune repeats only dead workers."""

    def should_continue(record: TrialRecord, share: float) -> bool:
        """Report a running trial to the driver; where the driver stops it, Tune ends this thread inside the report."""
        tune.report({"record": record, "share": share, "weights": None})
        return True

    record, weights = attempt(ray.get(shared[0]), config["params"], config["seed"], should_continue)
    tune.report({"record": record, "share": None, "weights": weights})


class _Bridge(Searcher):
    """Searcher of Tune that asks the driver for the next trial."""

    def __init__(self, driver: "Driver") -> None:
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
        """Do nothing: `_Returns` sees the trial itself, and with it the reason of an error."""

    def save(self, checkpoint_path: str) -> None:
        """Do nothing: the study is the state."""

    def restore(self, checkpoint_path: str) -> None:
        """Do nothing: a run is resumed from the study."""

    def __getstate__(self) -> dict[str, Any]:
        """Leave everything out: Tune pickles searchers to disk, where no connection, address or password may go."""
        return {}


class _Stops(FIFOScheduler):
    """Scheduler of Tune that asks the driver whether a trial goes on."""

    def __init__(self, driver: "Driver") -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.driver = driver

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> str:  # noqa: ARG002
        should_continue, share = True, result.get("share")  # None: the trial has ended, by itself
        if share is not None:
            with self.driver.errors_kept():
                should_continue = self.driver.should_continue(trial.config["number"], result["record"], share)
        return TrialScheduler.CONTINUE if should_continue else TrialScheduler.STOP

    def __getstate__(self) -> dict[str, Any]:
        return {}


class _Returns(TrialProgressCallback):
    """Callback of Tune that gives results to the driver; in place of Tune's progress printer, it prints nothing."""

    def __init__(self, driver: "Driver") -> None:
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
        record, share, weights = result.pop("record"), result.pop("share"), result.pop("weights")
        if share is None:
            with self.driver.errors_kept():
                self.driver.finish(trial.config["number"], record, weights)

    def on_trial_error(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:  # noqa: ARG002
        number, params, seed = (trial.config[key] for key in ("number", "params", "seed"))
        reason = f"the worker failed, and again at a second attempt: {cause(trial)}"
        with self.driver.errors_kept():
            self.driver.finish(number, failure(params, seed, reason), None)

    def on_trial_complete(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Do nothing: `on_trial_result` has taken the trial's last report."""

    def __getstate__(self) -> dict[str, Any]:
        return {}
