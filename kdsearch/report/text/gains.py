"""Sentences on what distillation, pruning and the calendar gave."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from kdsearch.report.numbers import between, count, error, interval_words, listed, mae, share, spread
from kdsearch.report.verdicts import Days, interval_over_days

if TYPE_CHECKING:
    from kdsearch.record import Baseline
    from kdsearch.report.confirmed import Confirmed, Twin
    from kdsearch.report.summary import TrialSummary

__all__ = ["calendar_gave", "complete", "distillation_gave", "inside_limits", "parameters", "pruning_gave", "share_of"]

COMPARABLE = 1.5
"""Networks whose parameters differ by no more than this factor are of comparable size."""


@dataclass(frozen=True)
class _Compared:
    """Networks beside their twins of one kind.

    Attributes:
        pairs: The networks with their twins.
        gains: MAE without the teacher minus MAE with it, for each pair of runs.
        fresh: Whether the runs are of other seeds than the one that brought the network onto the front.
        split: Whose errors they are.
        days: Of each pair of runs the errors of the network and of its twin by day of the test split.
    """

    pairs: list[tuple[Confirmed, Twin]]
    gains: list[float]
    fresh: bool
    split: str
    days: list[tuple[Days, Days]]

    def over_days(self, unit: str) -> str:
        """Write what the days of the test split say of the mean difference; nothing where they are not known."""
        interval, number = interval_over_days(self.days)
        if interval is None:
            return ""
        return f"; over its {number} days the mean difference is {interval_words(interval, unit)} (95 %)"

    def more(self, unit: str = "") -> str:
        """Write how much more a network errs without a teacher."""
        median = statistics.median(self.gains)
        return f"{spread(abs(median))}{unit} {'more' if median >= 0 else 'less'}"

    @property
    def runs(self) -> str:
        """The runs whose median it is; one network that collapses without a teacher would decide a mean."""
        fresh = " with fresh seeds" if self.fresh else ""
        if len(self.gains) == 1:
            return "one pair with a fresh seed" if self.fresh else "one pair"
        return f"median of {len(self.gains)} paired runs{fresh}, worse in {sum(gain > 0 for gain in self.gains)}"


def distillation_gave(trials: list[TrialSummary], unit: str = "") -> str | None:
    """Compare the confirmed distilled networks with their twins without a teacher, seed by seed.

    A network is on the front for how it did with the trial's own seed, its twin is not, so the own seed favours the
    network: where there are further seeds, only these are compared.
    """
    epochs, seconds = _compared(trials, "twin"), _compared(trials, "cpu_twin")
    if epochs is None:
        return None
    # a pruned network has its weights from a trained one, so that its twin is not free of every teacher
    pruned = any("prune" in trial.route for trial in trials if trial.confirmed and trial.confirmed.twin)
    several = len(epochs.pairs) > 1
    networks = f"{len(epochs.pairs)} confirmed networks err" if several else "the confirmed network errs"
    more = epochs.more(f" {unit or 'MAE'}")
    found = (
        f"Distillation: with the same seed{'s' if epochs.fresh else ''} and epochs but no "
        f"teacher{' in the loss' if pruned else ''}, {networks} by {more} on the "
        f"{'validation' if epochs.split == 'val' else epochs.split} split ({epochs.runs}{epochs.over_days(unit)})"
    )
    if seconds is not None:
        found += f"; without it for the same CPU seconds, by {seconds.more()} ({seconds.runs}; {_length(seconds)})"
    if epochs.fresh:
        return f"{found}.{_spread_of_seeds(epochs, seconds)}"
    chosen, them = ("networks", "them") if several else ("network", "it")
    return f"{found}. The seed is the one that chose the {chosen}, so the comparison favours {them}."


def _compared(trials: list[TrialSummary], kind: Literal["twin", "cpu_twin"]) -> _Compared | None:
    confirmed = [trial.confirmed for trial in trials if trial.confirmed is not None]
    pairs = [(one, twin) for one in confirmed if (twin := getattr(one, kind)) is not None]
    fresh = [(one, twin) for one, twin in pairs if any(seed != one.seeds[0] for seed in twin.seeds)]
    kept = fresh or pairs
    if not kept:
        return None
    split = "test" if all("test" in twin.differences for _, twin in kept) else "val"
    gains: list[float] = []
    days: list[tuple[Days, Days]] = []
    for one, twin in kept:
        counted = [number for number, seed in enumerate(twin.seeds) if not fresh or seed != one.seeds[0]]
        gains += [twin.differences[split][number] for number in counted]
        days += [twin.days[number] for number in counted if split == "test" and twin.days]
    return _Compared(kept, gains, bool(fresh), split, days)


def _length(seconds: _Compared) -> str:
    """Write how much longer the twins trained, and how well their CPU seconds were met."""
    factors = [twin.epochs / one.epochs for one, twin in seconds.pairs if twin.epochs and one.epochs]
    shares = [twin.cpu_share for _, twin in seconds.pairs if twin.cpu_share]
    longer = f"{between(factors)} times the epochs, " if factors else ""
    met = f"{between(shares)} times the seconds, " if shares else ""
    return f"{longer}{met}the teacher's own training not counted"


def _spread_of_seeds(epochs: _Compared, seconds: _Compared | None) -> str:
    """Write the mean standard deviation between the seeds of a network, with a teacher and without."""
    sides = {
        "with": [one.standard_deviation for one, _ in epochs.pairs],
        "without": [twin.standard_deviation for _, twin in epochs.pairs],
        "without for the same CPU seconds": [twin.standard_deviation for _, twin in seconds.pairs] if seconds else [],
    }
    words = []
    for name, spreads in sides.items():
        stds = [mae(metrics, split=epochs.split) for metrics in spreads]
        if known := [std for std in stds if not math.isnan(std)]:
            words.append(f"{spread(statistics.fmean(known))} {name}")
    return f" The spread between all seeds is {listed(words)}." if words else ""


def pruning_gave(trials: list[TrialSummary], teacher: Baseline | None, unit: str = "") -> str | None:
    """Set the best pruned network beside the best fresh student of comparable size."""
    finished = complete(trials)
    pruned = [trial for trial in finished if "prune" in trial.route]
    fresh = [trial for trial in finished if "prune" not in trial.route]
    names = (f"the best pruned network{inside_limits(trials)}", "the best fresh student")
    return _side_by_side("Pruning", names, pruned, fresh, teacher, unit)


def calendar_gave(trials: list[TrialSummary], teacher: Baseline | None, unit: str = "") -> str | None:
    """Set the best network that sees deviations from the calendar beside the best that sees raw readings."""
    finished = complete(trials)
    deviation, raw = ([one for one in finished if one.params.get("input") == name] for name in ("deviation", "raw"))
    best = f"the best network{inside_limits(trials)} that sees"
    names = (f"{best} deviations from the calendar profile", "the best that sees raw readings")
    return _side_by_side("Calendar", names, deviation, raw, teacher, unit)


def _side_by_side(
    part: str,
    names: tuple[str, str],
    having: list[TrialSummary],
    lacking: list[TrialSummary],
    teacher: Baseline | None,
    unit: str,
) -> str | None:
    """Set the best network with a part beside the best without it of comparable size, where there are such.

    A larger network errs less whatever made it, so that the best of each kind alone would say little.
    """
    if not having or not lacking:
        return None
    for one in sorted(having, key=lambda trial: mae(trial.metrics)):
        near = [other for other in lacking if 1 / COMPARABLE <= parameters(other) / parameters(one) <= COMPARABLE]
        if near:
            both = (one, min(near, key=lambda trial: mae(trial.metrics)))
            sides = [
                f"{name} has validation MAE {error(mae(trial.metrics), unit)} with "
                f"{share_of(parameters(trial), teacher)} (trial {trial.number})"
                for name, trial in zip(names, both, strict=True)
            ]
            return f"{part}: at comparable size, {' and '.join(sides)}."
    return f"{part}: no network with it and none without it are of comparable size, so that nothing says what it gave."


def complete(trials: list[TrialSummary]) -> list[TrialSummary]:
    """Choose the finished trials inside the limits of the search."""
    finished = [trial for trial in trials if trial.state == "COMPLETE" and trial.feasible]
    return [trial for trial in finished if trial.cost is not None and not math.isnan(mae(trial.metrics))]


def inside_limits(trials: list[TrialSummary]) -> str:
    """Write the addition to a sentence on the best where a better network may have been outside the limits."""
    return "" if all(trial.feasible for trial in trials) else " inside the limits"


def parameters(trial: TrialSummary) -> int:
    """Read the number of trained parameters of a network that was measured."""
    if trial.cost is None:
        raise ValueError(f"trial {trial.number} has no cost")
    return trial.cost.parameters


def share_of(own: int, teacher: Baseline | None) -> str:
    """Write a network's number of parameters beside the teacher's."""
    if teacher is None or teacher.cost is None:
        return f"{count(own)} parameters"
    return f"{share(own / teacher.cost.parameters)} of the teacher's parameters"
