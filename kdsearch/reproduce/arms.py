"""The rows of the tables of Izadi et al. as settings, which of them each table shows, and what the paper claims.

Where the paper leaves a choice, this is ours, for all rows alike:

* Losses are means over batch and nodes, Eq 6 as well as Eq 8 and 10. As printed, Eq 6 is a sum of thousands of terms,
  beside which the feature terms, with weights below one, would do nothing.
* The ablation rows L_TCD and L_SCD are L_ORD with one feature term (Table 3 gives them a share of attention to the
  teacher); their weights are not published and are those of L_STCD.
* Optimiser, epochs and split are not stated: RMSProp, staircase and split are those of STGCN's original code.
* Pruned networks train on for as many epochs as fresh ones train, in three pruning events; shares are of parameters.
* Which rows stand in which of Tables 2, 4 and 5: the response losses and SKD, the ablation, the whole loss.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from kdsearch.errors import StudyError
from kdsearch.report.published import found_settings
from kdsearch.study.parameters import Scalar
from kdsearch.trial_config import RECIPES

__all__ = [
    "CLAIMS",
    "FIDELITIES",
    "TABLES",
    "Arm",
    "Claim",
    "Fidelity",
    "Row",
    "arms_of",
    "chosen_fidelity",
    "fixed_settings",
    "source_of_settings",
]

STUDENT_WIDTH = 2
RESPONSE = ("rd-l2", "rd-kl", "ord")
FEATURE = ("tcd", "scd", "stcd")
SHARES = (25, 50, 75)
"""Per cent of the base's parameters that Table 8 prunes."""


@dataclass(frozen=True)
class Fidelity:
    """How much is trained.

    Attributes:
        epochs: Of every network.
        segment: Consecutive windows that share a pass in training.
        words: What it is, for a table's head.
    """

    epochs: int
    segment: int
    words: str


FIDELITIES = {
    "quick": Fidelity(30, 10, "30 epochs, batches of neighbouring windows"),
    "paper": Fidelity(50, 1, "50 epochs, batches of random windows"),
}


@dataclass(frozen=True)
class Arm:
    """A network that a table shows.

    Attributes:
        name: As the rows of `TABLES` call it.
        cite: Where its settings come from.
        params: Settings in the space `izadi`.
    """

    name: str
    cite: str
    params: Mapping[str, Scalar]


@dataclass(frozen=True)
class Row:
    """A line of a table.

    Attributes:
        title: As people read it.
        source: Name of an arm, or of a reference line ("teacher", "base").
        published: Name of the paper's row.
        kind: Which trainings of the arm: those with the teacher in the loss or its twins, of the same epochs, without.
    """

    title: str
    source: str
    published: str
    kind: Literal["own", "twin"] = "own"


_TEACHER, _BASE = Row("teacher", "teacher", "teacher"), Row("base", "base", "base")
_LOSSES = {
    "student": Row("student, no distillation", "student", "student"),
    "rd-l2": Row("L_RD(L2)", "rd-l2", "rd-l2"),
    "rd-kl": Row("L_RD(KL)", "rd-kl", "rd-kl"),
    "skd": Row("SKD (our approximation)", "skd", "skd"),
    "ord": Row("L_ORD", "ord", "ord"),
    "tcd": Row("L_ORD and L_TCD", "tcd", "tcd"),
    "scd": Row("L_ORD and L_SCD", "scd", "scd"),
    "stcd": Row("L_STCD", "stcd", "stcd"),
}


def _pruned_rows() -> tuple[Row, ...]:
    rows = []
    for share in SHARES:
        rows.append(Row(f"{share} % pruned, no distillation", f"pruned-{share}", f"pruned-{share}-plain", "twin"))
        rows.append(Row(f"{share} % pruned, L_STCD", f"pruned-{share}", f"pruned-{share}"))
    return tuple(rows)


TABLES: dict[str, tuple[Row, ...]] = {
    "table2": (_TEACHER, *(_LOSSES[name] for name in ("student", "rd-l2", "rd-kl", "skd", "ord"))),
    "table3": tuple(_LOSSES[name] for name in ("ord", "scd", "tcd", "stcd")),
    "table4": (_TEACHER, *(_LOSSES[name] for name in ("student", "ord", "tcd", "scd", "stcd"))),
    "table5": (_TEACHER, *(_LOSSES[name] for name in ("student", "skd", "stcd"))),
    "table7": (_TEACHER, _LOSSES["stcd"], Row("the teacher pruned by 97 %, L_STCD", "pruned-97", "pruned-97")),
    "table8": (_BASE, *_pruned_rows()),
}


@dataclass(frozen=True)
class Claim:
    """Something that the paper says, or its tables imply.

    Attributes:
        words: The claim.
        better: Arms that are to err less; their mean counts.
        worse: Arms that are to err more; empty for the better ones' own twins without a teacher.
    """

    words: str
    better: tuple[str, ...]
    worse: tuple[str, ...] = field(default=())


CLAIMS: tuple[Claim, ...] = (
    Claim("L_STCD beats no distillation", ("stcd",)),
    *(
        Claim(f"{_LOSSES[name].title} beats no distillation", (name,))
        for name in ("rd-l2", "rd-kl", "skd", "ord", "tcd", "scd")
    ),
    Claim("feature losses beat response losses", FEATURE, RESPONSE),
    Claim("L_STCD beats SKD (our approximation)", ("stcd",), ("skd",)),
    Claim("the pruned student beats the fixed student at 3 %", ("pruned-97",), ("stcd",)),
    *(Claim(f"distilled pruning beats plain pruning, {share} %", (f"pruned-{share}",)) for share in SHARES),
)


def source_of_settings(dataset: str) -> str:
    """Whose found settings a dataset takes: PeMSD8's its own, every other one PeMSD7's, the paper's other dataset."""
    return "pemsd8" if dataset == "pemsd8" else "pemsd7m"


def arms_of(dataset: str, fidelity: Fidelity) -> dict[str, Arm]:
    """All arms by name, with the settings that the paper found (Tables 6 and 9).

    Args:
        dataset: As in `source_of_settings`.
        fidelity: How long they train.
    """
    source = source_of_settings(dataset)
    common: dict[str, Scalar] = {"epochs": fidelity.epochs}
    student = common | {"route": "student", "width": STUDENT_WIDTH, "learning_rate": 1e-3, "batch": 50}
    arms = [Arm("student", "ours: the student of Table 1, plainly", student | {"loss": "none"})]
    found = found_settings(source, "table6")
    for loss in ("rd-l2", "rd-kl", "skd", "ord", "stcd"):
        cite = f"Izadi et al., Table 6, {source}, {loss}"
        arms.append(Arm(loss, cite, student | {"loss": loss} | found[loss]))
    stcd = found["stcd"]
    ablation = {name: value for name, value in stcd.items() if name != "alpha2"}
    for loss in ("tcd", "scd"):
        cite = f"Izadi et al., Table 4, with the weights of Table 6, {source}, stcd"
        arms.append(Arm(loss, cite, student | {"loss": loss} | ablation))
    pruned = common | {"route": "prune", "loss": "stcd", "learning_rate": 1e-3}
    for share, settings in found_settings(source, "table9").items():
        where = {"source": "teacher" if share == "97" else "base", "keep": round(1 - int(share) / 100, 2)}
        cite = f"Izadi et al., Table 9, {source}, {share} % pruned"
        arms.append(Arm(f"pruned-{share}", cite, pruned | where | settings))
    return {arm.name: arm for arm in arms}


def chosen_fidelity(name: str) -> Fidelity:
    """One of `FIDELITIES`.

    Raises:
        StudyError: Where there is none of that name.
    """
    if name not in FIDELITIES:
        raise StudyError(f"there is no fidelity {name!r}; choose one of {', '.join(FIDELITIES)}")
    return FIDELITIES[name]


def fixed_settings(fidelity: Fidelity) -> dict[str, Scalar]:
    """What every row has in common: the recipe "paper" with means for sums, in the fidelity's batches."""
    own = {"learning_rate", "batch", "epochs"}
    recipe = {name: value for name, value in RECIPES["paper"].items() if name not in own}
    return recipe | {"reduction": "mean", "segment": fidelity.segment}
