"""What the trials of a study share; it runs one configuration, and scores and measures networks."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from kdsearch.breakdown import Breakdown
from kdsearch.checkpoint import Checkpoint
from kdsearch.costs import Cost
from kdsearch.data.answers import Answers
from kdsearch.data.profile import Scaler
from kdsearch.data.protocols import SplitSeries
from kdsearch.data.windows import WindowedSeries
from kdsearch.distill.compatibility import incompatibility
from kdsearch.distill.loss_table import LOSSES
from kdsearch.distill.teacher import Teacher
from kdsearch.distill.teacher_features import TeacherTables
from kdsearch.errors import SpaceError
from kdsearch.extensions import Extension
from kdsearch.measure.accuracy import SplitScores, network_scores
from kdsearch.measure.bounds import calibrated
from kdsearch.measure.breakdown import breakdown_of
from kdsearch.measure.cost import measured_costs
from kdsearch.measure.files import Files
from kdsearch.measure.kept import scored_and_kept
from kdsearch.measure.latency import fixed_threads
from kdsearch.measure.subject import Subject
from kdsearch.models import Forecaster
from kdsearch.record import ShouldContinue, TrialRecord, never_stop
from kdsearch.trial.config import TrialConfig
from kdsearch.trial.stages import OneTrial, Stopped
from kdsearch.trial.teachers import TrainedNetwork

__all__ = ["TrialRunner"]

LATENCY_REPEATS = 100


@dataclass(frozen=True, eq=False)
class TrialRunner:
    """All that the trials of a study share; numpy arrays and plain values, so that workers get it without copies.

    Attributes:
        series: Series cut by the protocol.
        teacher: What students learn from and, by default, what is pruned; latency is paired with it.
        base: What is pruned where a trial's source is "base".
        baselines: Networks trained plainly that reports show beside the teacher, by name.
        threads: Threads inside an operator, in training and timing.
        device: Where tensors live.
        extensions: What the user's modules added to kdsearch's tables; a worker that gets this object imports them.
        files: Measures exported files in every trial; None where nobody asks for them there.
        answers: Forecasts from a file, from which students learn in place of the teacher's; None without.
        runtime: Of what latency is the time, as in `RunOptions`; "onnx" needs `files`.
    """

    series: SplitSeries
    teacher: TrainedNetwork
    base: TrainedNetwork | None = None
    baselines: dict[str, TrainedNetwork] = field(default_factory=dict)
    threads: int = 1
    device: str = "cpu"
    extensions: tuple[Extension, ...] = ()
    files: Files | None = None
    runtime: str = "torch"
    answers: Answers | None = None

    @property
    def lessons_hash(self) -> str:
        """Hash of what students learn from: of the file of answers, or of the teacher."""
        return self.teacher.hash if self.answers is None else self.answers.hash

    def evaluate(
        self, params: dict[str, Any], seed: int, should_continue: ShouldContinue = never_stop
    ) -> tuple[TrialRecord, bytes | None]:
        """Run one trial.

        Args:
            params: As a search space gave them.
            seed: Of weights, batches and slice draws.
            should_continue: Asked as soon as the cost is known, and at every validation before the last.

        Returns:
            The record, with the validation metrics and a first latency reading, and the small network's `Checkpoint`;
            of a trial that was told to stop, the record as it was then, PRUNED, and no network.
        """
        config = TrialConfig.of(params)
        with fixed_threads(self.threads):
            try:
                return OneTrial(self, config, params, seed, should_continue).complete()
            except Stopped as stopped:
                return stopped.record, None

    def checkpoint_scores(self, checkpoint: Checkpoint, split: str) -> SplitScores:
        """Score a packed network over a whole split."""
        device = torch.device(self.device)
        data = WindowedSeries(self.series, checkpoint.scaler, device)
        with fixed_threads(self.threads):
            return network_scores(checkpoint.network(device), data, self.series, split)

    def test_scores(self, checkpoint: Checkpoint) -> tuple[SplitScores, Breakdown]:
        """Score a packed network over the test split, and break errors and coverage down.

        A network of an older study, which kept no bounds, is given those that it would have had.
        """
        series, device = self.series, torch.device(self.device)
        data, network = WindowedSeries(series, checkpoint.scaler, device), checkpoint.network(device)
        with fixed_threads(self.threads):
            bounds = checkpoint.bounds or calibrated(scored_and_kept(network, data, series, "val")[1])
            found, kept = scored_and_kept(network, data, series, "test")
            minutes = series.protocol.reported_minutes(series.source.interval_minutes)
            return found, breakdown_of(kept, bounds, minutes)

    def cost(self, network: Forecaster, data: WindowedSeries, scaler: Scaler) -> Cost:
        """Parameters, operations and latency at batch 1, paired with the teacher.

        The milliseconds are those that the network would take at the pace at which the teacher was timed alone:
        readings beside other trials are scaled by the teacher's, taken in alternation.
        """
        first = torch.as_tensor(self.series.splits["val"].starts[:1], device=data.device)
        teacher = self.teacher.checkpoint.network(data.device)
        windows = [data.inputs(first, with_clock=one.clock) for one in (teacher, network)]
        subjects = [
            self.subject(teacher, windows[0], self.teacher.checkpoint.scaler),
            self.subject(network, windows[1], scaler),
        ]
        horizon, quiet = self.series.protocol.horizon, self.teacher.latency
        return measured_costs(
            subjects, horizon, repeats=LATENCY_REPEATS, threads=self.threads, max_seconds=3, quiet=quiet
        )[1]

    def subject(self, network: Forecaster, window: Tensor, scaler: Scaler, batch: Tensor | None = None) -> Subject:
        """Make a network one whose cost is measured, with its file as far as the study asks for files.

        Args:
            network: The network.
            window: One window, ``(1, history, node, channel)``.
            scaler: Its scaler.
            batch: Windows of a second timing, ``(batch, history, node, channel)``.
        """
        size, file, files = None, None, self.files
        if files is not None:
            timed = self.runtime == "onnx"  # its very file is made then
            size = (files.exact_bytes if timed else files.foreseen_bytes)(network, scaler)
            file = files.forecast(network, scaler, 1, self.threads) if timed else None
        return Subject(network, window, scaler.stored_numbers, size, file, batch)

    def source(self, config: TrialConfig) -> TrainedNetwork:
        """Choose the trained network that the route "prune" cuts (`TrainedNetwork.inside`)."""
        if config.source == "teacher":
            return self.teacher
        if self.base is None:
            raise SpaceError("source = 'base' needs a trained base network; run with a space whose `source` offers it")
        return self.base

    def teacher_for(self, config: TrialConfig, data: WindowedSeries, student: Forecaster) -> Teacher | None:
        """Gather what this trial's loss asks of the teacher; None where it asks for nothing.

        Raises:
            SpaceError: Where the teacher cannot teach the student by this loss.
        """
        loss, loss_config = LOSSES[config.loss], config.loss_config()
        if not loss.needs_teacher:
            return None
        if self.answers is not None:
            if not loss.fits_every_pair:
                raise SpaceError(
                    f"loss {loss.name} looks inside a teacher, and {self.answers.name} has forecasts alone"
                )
            return Teacher(self.answers.forecasts["train"], self.series.splits["train"].starts, data)
        if not loss.fits_every_pair and (
            mistake := incompatibility(loss_config, self.teacher.inside.network(data.device), student)
        ):
            raise SpaceError(mistake)
        tables = self.tables() if loss.needs_features(loss_config) else None
        network = self.teacher.seen(self.series, data.device) if loss.teacher == "embeddings" else None
        return Teacher(self.teacher.forecasts, self.series.splits["train"].starts, data, tables, network)

    def tables(self) -> TeacherTables:
        """Give the teacher's features, computed once for all trials."""
        return self.teacher.tables(self.series, torch.device(self.device))
