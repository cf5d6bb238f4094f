"""The losses: a row for each says all that kdsearch knows of it, and everything else reads the row."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Literal, get_args

import torch
from torch import Tensor

from kdsearch.distill.lightst import LiveTeacher
from kdsearch.distill.loss import Features, Outputs, bounded_responses, correlations, divergences, responses, task
from kdsearch.distill.loss_config import LossConfig
from kdsearch.distill.skd import skd_terms
from kdsearch.errors import SpaceError
from kdsearch.table import Table, check_row

__all__ = ["LOSSES", "SYMBOLS", "Loss", "TeacherNeed"]

TeacherNeed = Literal["nothing", "outputs", "features", "embeddings"]

SYMBOLS = (
    *("circle", "square", "diamond", "triangle-up", "triangle-left", "triangle-right", "hexagon", "pentagon", "bowtie"),
    *("star", "triangle-down", "hourglass", "octagon", "hexagon2", "diamond-tall", "diamond-wide", "star-diamond"),
    *("star-square", "star-triangle-up", "star-triangle-down", "hexagram", "x"),
)
"""Of plotly's markers, those that are filled; a cross marks a loss of which only its name is known."""

COMMON = ("loss", "error", "reduction")
"""What every loss reads of its `LossConfig`."""


@dataclass(frozen=True, kw_only=True)
class Loss:
    """A loss of a batch, and all that trainings, checks, help texts and figures know of it.

    A loss of your own is one function and one row, in a file that a space or the command line imports::

        def huber(config, outputs, features, generator):
            errors = torch.nn.functional.huber_loss(
                outputs.student, outputs.target, reduction="none", delta=config.temperature
            )
            return (errors * outputs.measured).sum() / outputs.measured.sum().clamp(min=1)

        LOSSES.add(
            Loss(
                name="huber",
                sentence="Huber's loss of the measured readings, linear beyond `temperature`",
                symbol="star",
                judge=huber,
                weights=("temperature",),
            )
        )

    Attributes:
        name: As written after `loss`.
        sentence: What the student learns from, for help texts.
        symbol: Its marker in figures, one of `SYMBOLS` that no other loss has.
        judge: Takes the `LossConfig`, the batch's `Outputs`, its `Features` (None where the row asks for none, or gives
            them no weight) and a generator for what is drawn. Gives a scalar, or several that are added.
        weights: Fields of `LossConfig` that it reads beside `error` and `reduction`.
        teacher: What it asks of the teacher: "nothing"; its "outputs"; beside them its "features" at the taps that
            `spatial` and `temporal` name; or beside them its "embeddings", for which it runs in every step.
        spatial: Gives the weight of the spatial taps by the `LossConfig`; None, or zero, asks for none of them.
        temporal: The same of the temporal taps.
        revised: Whether `judge` gives several scalars, the task first, and the gradients of the others lose what
            points against the task's (`kdsearch.distill.skd`).
        beside: Makes what compares embeddings and trains beside the student: a `LiveTeacher`, or a subclass of it.
    """

    name: str
    sentence: str
    symbol: str
    judge: Callable[[LossConfig, Outputs, Features | None, torch.Generator], Tensor | tuple[Tensor, ...]]
    weights: tuple[str, ...] = ()
    teacher: TeacherNeed = "nothing"
    spatial: Callable[[LossConfig], float] | None = None
    temporal: Callable[[LossConfig], float] | None = None
    revised: bool = False
    beside: Callable[..., LiveTeacher] | None = None

    def __post_init__(self) -> None:
        check_row("loss", self.name, self.sentence, self.judge, ("config", "outputs", "features", "generator"))
        if mistake := self._mistake():
            raise SpaceError(f"the loss {self.name!r} {mistake}")

    def _mistake(self) -> str | None:
        """Say what does not go together in the row."""
        weights = [field.name for field in fields(LossConfig) if field.name not in COMMON]
        if self.symbol not in SYMBOLS:
            return f"has the symbol {self.symbol!r}; choose one of {', '.join(SYMBOLS)}"
        if unknown := [name for name in self.weights if name not in weights]:
            return f"reads {unknown[0]!r}, which no trial has; choose among {', '.join(weights)}"
        if self.teacher not in get_args(TeacherNeed):
            return f"asks for the teacher's {self.teacher!r}; choose one of {', '.join(get_args(TeacherNeed))}"
        if (self.teacher == "features") != (self.spatial is not None or self.temporal is not None):
            return "has teacher='features', or a weight of spatial or temporal taps, but not both"
        if (self.teacher == "embeddings") != (self.beside is not None):
            return "has teacher='embeddings', or what compares them in beside, but not both"
        return None

    @property
    def needs_teacher(self) -> bool:
        """Whether it asks for a teacher at all."""
        return self.teacher != "nothing"

    @property
    def fits_every_pair(self) -> bool:
        """Whether any teacher can teach any student by it: it looks into neither."""
        return self.teacher in {"nothing", "outputs"}

    @property
    def reads(self) -> frozenset[str]:
        """Fields of a `LossConfig` that decide what it gives; the others change nothing."""
        return frozenset({*COMMON, *self.weights})

    def spatial_weight(self, config: LossConfig) -> float:
        """Weigh the spatial taps; zero asks for none of them."""
        return 0.0 if self.spatial is None else self.spatial(config)

    def temporal_weight(self, config: LossConfig) -> float:
        """Weigh the temporal taps; zero asks for none of them."""
        return 0.0 if self.temporal is None else self.temporal(config)

    def needs_features(self, config: LossConfig) -> bool:
        """Tell whether it compares features by such weights."""
        return self.spatial_weight(config) > 0 or self.temporal_weight(config) > 0


class _Losses(Table[Loss]):
    """Losses by name, each with a symbol of its own."""

    def add(self, row: Loss) -> Loss:
        """Add a loss as `Table.add` does; refuse a symbol that another one has."""
        taken = {other.symbol: other.name for other in self.values() if other.name != row.name}
        if row.symbol in taken:
            free = ", ".join(symbol for symbol in SYMBOLS if symbol not in taken)
            raise SpaceError(
                f"the loss {row.name!r} has the symbol {row.symbol!r} of {taken[row.symbol]!r}; choose one of {free}"
            )
        return super().add(row)


LOSSES = _Losses(
    "loss",
    [
        Loss(name="none", sentence="the measured readings, without a teacher", symbol="circle", judge=task),
        Loss(
            name="rd-l2",
            sentence="the teacher's forecasts and the readings, in shares of beta (Eq 3)",
            symbol="square",
            judge=responses,
            weights=("beta",),
            teacher="outputs",
        ),
        Loss(
            name="rd-kl",
            sentence="the same, with a divergence in place of a distance (Eq 1 and 2)",
            symbol="diamond",
            judge=divergences,
            weights=("beta", "temperature", "divergence"),
            teacher="outputs",
        ),
        Loss(
            name="ord",
            sentence="the teacher's forecast where its error is above alpha1, the reading elsewhere (Eq 6)",
            symbol="triangle-up",
            judge=bounded_responses,
            weights=("alpha1",),
            teacher="outputs",
        ),
        Loss(
            name="tcd",
            sentence="as ord, and how features correlate over time (Eq 8)",
            symbol="triangle-left",
            judge=correlations,
            weights=("alpha1", "alpha3", "feature_error"),
            teacher="features",
            temporal=lambda config: config.alpha3,
        ),
        Loss(
            name="scd",
            sentence="as ord, and how features correlate over sensors (Eq 10)",
            symbol="triangle-right",
            judge=correlations,
            weights=("alpha1", "alpha3", "feature_error", "slice_share"),
            teacher="features",
            spatial=lambda config: config.alpha3,
        ),
        Loss(
            name="stcd",
            sentence="as ord, and how features correlate over time and over sensors (Eq 11)",
            symbol="hexagon",
            judge=correlations,
            weights=("alpha1", "alpha2", "alpha3", "feature_error", "slice_share"),
            teacher="features",
            spatial=lambda config: config.alpha3 * config.alpha2,
            temporal=lambda config: config.alpha3 * (1 - config.alpha2),
        ),
        Loss(
            name="skd",
            sentence="the teacher's forecasts and the relations of its features: our approximation of SKD",
            symbol="bowtie",
            judge=skd_terms,
            weights=("alpha", "slice_share"),
            teacher="features",
            spatial=lambda _config: 1.0,
            revised=True,
        ),
        Loss(
            name="lightst",
            sentence="the readings and the teacher's embeddings (Eq 6 to 8 of LightST)",
            symbol="pentagon",
            judge=task,
            weights=("lambda1", "lambda2", "tau1", "tau2", "tau3", "slice_share", "joint"),
            teacher="embeddings",
            beside=LiveTeacher,
        ),
    ],
    mistake=SpaceError,
)
"""Izadi et al. (2024, arXiv 2401.11798) where no paper is named; "tcd" and "scd" are rows of its ablation, L_ORD with
one feature term. ST-MLP's distillation is "rd-l2" of absolute errors."""
