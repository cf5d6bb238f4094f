"""Rows of the tables of Izadi et al. as settings, the rows of each table, and the paper's claims.

Where the paper leaves a choice, ours is the same for all rows:

* Losses are means over batch and nodes, Eq 6 as well as Eq 8 and 10. As printed, Eq 6 is a sum of thousands of terms,
  beside which the feature terms, with weights below one, would do nothing.
* The ablation rows L_TCD and L_SCD are L_ORD with one feature term (Table 3 gives them a share of attention to the
  teacher); their weights are not published and are those of L_STCD.
* Optimiser, epochs and split are not stated: RMSProp, staircase and split are those of STGCN's original code.
* Pruned networks train on for as many epochs as new ones train, in three pruning events; shares are of parameters.
* Tables 2, 4 and 5 show the response losses with SKD, the ablation, and the whole loss.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from kdsearch.errors import StudyError
from kdsearch.report.published.izadi import TABLE_6, TABLE_9, Settings
from kdsearch.study.space.parameters import Scalar
from kdsearch.trial.presets import PRESETS

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
TEACHER_SHARE = 97
"""Per cent of the teacher's parameters that Tables 7 and 9 prune."""
SETTINGS = ("batch", "learning_rate", "alpha1", "alpha2", "alpha3", "alpha", "beta")
"""What a search of the paper found, in the order of the columns of Table 6."""


@dataclass(frozen=True)
class Fidelity:
    """Amount of training.

    Attributes:
        epochs: Epochs of every network.
        segment: Consecutive windows that share a pass in training.
        words: Description for a table's head.
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
    """Network that a table shows.

    Attributes:
        name: Name by which the rows of `TABLES` refer to it.
        cite: Source of its settings.
        params: Settings in the space `izadi`.
    """

    name: str
    cite: str
    params: Mapping[str, Scalar]


@dataclass(frozen=True)
class Row:
    """Row of a table.

    Attributes:
        title: Title for people.
        source: Name of an arm, or of a baseline ("teacher", "base").
        published: Name of the paper's row.
        kind: Trainings of the arm: "own" are its own, "twin" those of the same epochs without a teacher in the loss.
    """

    title: str
    source: str
    published: str
    kind: Literal["own", "twin"] = "own"


_TEACHER, _BASE = Row("teacher", "teacher", "teacher"), Row("base", "base", "base")
_PRUNED_TEACHER = Row("the teacher pruned by 97 %, L_STCD", "pruned-97", "pruned student, 3 %")
_PLAINLY_PRUNED = Row("the teacher pruned by 97 %, no distillation", "pruned-97", "", "twin")
_LIKE_PRUNED = (
    Row("student, L_STCD, settings of the pruned one", "stcd like pruned-97", ""),
    Row("student, no distillation, settings of the pruned one", "student like pruned-97", ""),
)
_SKD_LIKE_STCD = Row("student, SKD (our approximation), batch and rate of L_STCD", "skd like stcd", "")
LOSSES = {
    "rd-l2": "L_RD(L2)",
    "rd-kl": "L_RD(KL)",
    "skd": "L_SKD",
    "ord": "L_ORD",
    "tcd": "L_TCD",
    "scd": "L_SCD",
    "stcd": "L_STCD",
}
"""The paper's names of losses."""

_TITLES = LOSSES | {"skd": "SKD (our approximation)", "tcd": "L_ORD and L_TCD", "scd": "L_ORD and L_SCD"}
_STUDENTS = {"student": Row("student, no distillation", "student", "student without distillation")} | {
    loss: Row(_TITLES[loss], loss, f"student, {printed}") for loss, printed in LOSSES.items()
}


def _pruned_rows() -> tuple[Row, ...]:
    rows = []
    kinds: dict[str, Literal["own", "twin"]] = {"no distillation": "twin", "L_STCD": "own"}
    for share in SHARES:
        for taught, kind in kinds.items():
            words = f"{share} % pruned, {taught}"
            rows.append(Row(f"base, {words}", f"pruned-{share}", f"base, {words}", kind))
    return tuple(rows)


TABLES: dict[str, tuple[Row, ...]] = {
    "table2": (_TEACHER, *(_STUDENTS[name] for name in ("student", "rd-l2", "rd-kl", "skd", "ord"))),
    "table3": tuple(_STUDENTS[name] for name in ("ord", "scd", "tcd", "stcd")),
    "table4": (_TEACHER, *(_STUDENTS[name] for name in ("student", "ord", "tcd", "scd", "stcd"))),
    "table5": (_TEACHER, *(_STUDENTS[name] for name in ("student", "skd", "stcd")), _SKD_LIKE_STCD),
    "table7": (_TEACHER, _STUDENTS["stcd"], _PRUNED_TEACHER, _PLAINLY_PRUNED, *_LIKE_PRUNED),
    "table8": (_BASE, *_pruned_rows()),
}


@dataclass(frozen=True)
class Claim:
    """Claim of the paper, stated or implied by its tables.

    Attributes:
        words: The claim.
        better: Arms that should err less; their mean counts.
        worse: Arms that should err more; where empty, the twins of `better` without a teacher take their place. Both
            sides of a claim have the same batch, rate and schedule.
        kind: Trainings of `better`: their own, or their twins without a teacher.
    """

    words: str
    better: tuple[str, ...]
    worse: tuple[str, ...] = field(default=())
    kind: Literal["own", "twin"] = "own"


CLAIMS: tuple[Claim, ...] = (
    Claim("L_STCD beats no distillation", ("stcd",)),
    *(
        Claim(f"{_TITLES[name]} beats no distillation", (name,))
        for name in ("rd-l2", "rd-kl", "skd", "ord", "tcd", "scd")
    ),
    Claim("feature losses beat response losses", FEATURE, RESPONSE),
    Claim("L_STCD beats SKD (our approximation)", ("stcd",), ("skd like stcd",)),
    Claim("the pruned student beats the fixed student at 3 %", ("pruned-97",), ("stcd like pruned-97",)),
    Claim(
        "the pruned student beats the fixed one at 3 %, both without distillation",
        ("pruned-97",),
        ("student like pruned-97",),
        "twin",
    ),
    Claim("distilled pruning beats plain pruning, 97 %", ("pruned-97",)),
    *(Claim(f"distilled pruning beats plain pruning, {share} %", (f"pruned-{share}",)) for share in SHARES),
)


def source_of_settings(dataset: str) -> str:
    """Choose the dataset whose published settings another one takes: PeMSD8 its own, all others those of PeMSD7."""
    return "pemsd8" if dataset == "pemsd8" else "pemsd7m"


def arms_of(dataset: str, fidelity: Fidelity) -> dict[str, Arm]:
    """Make all arms, by name, with the settings that the paper found (Tables 6 and 9).

    Args:
        dataset: As in `source_of_settings`.
        fidelity: Amount of training.
    """
    source = source_of_settings(dataset)
    common: dict[str, Scalar] = {"epochs": fidelity.epochs}
    student = common | {"route": "student", "width": STUDENT_WIDTH}
    found = {one.loss: _weights(one) for one in TABLE_6 if one.dataset == source}
    stcd = found["L_STCD"]
    plainly = {name: stcd[name] for name in ("batch", "learning_rate")}
    arms = [Arm("student", "ours: the student of Table 1, plainly", student | plainly | {"loss": "none"})]
    one_feature = {name: value for name, value in stcd.items() if name != "alpha2"}
    for loss, printed in LOSSES.items():
        table = "Table 6" if printed in found else "Table 4, with the weights that Table 6 has of L_STCD"
        weights = found.get(printed, one_feature)
        arms.append(Arm(loss, f"Izadi et al., {table}, {source}, {printed}", student | {"loss": loss} | weights))
    for one in TABLE_9:
        if one.dataset == source:
            share = one.pruned_percent
            cut = {"source": "teacher" if share == TEACHER_SHARE else "base", "keep": round(1 - share / 100, 2)}
            cite = f"Izadi et al., Table 9, {source}, {share} % pruned"
            arms.append(Arm(f"pruned-{share}", cite, common | {"route": "prune", "loss": "stcd"} | cut | _weights(one)))
    made = {arm.name: arm for arm in arms}
    return made | {arm.name: arm for arm in _alike(made, student)}


def _alike(arms: Mapping[str, Arm], student: Mapping[str, Scalar]) -> list[Arm]:
    """Give students the batch and rate of the arm that a claim sets against them: other settings decide otherwise."""
    pruned = {name: value for name, value in arms["pruned-97"].params.items() if name in SETTINGS}
    stcd = {name: arms["stcd"].params[name] for name in ("batch", "learning_rate")}
    plain = {name: pruned[name] for name in ("batch", "learning_rate")}
    return [
        Arm("stcd like pruned-97", "ours: settings of Table 9, 97 % pruned", {**student, "loss": "stcd", **pruned}),
        Arm("student like pruned-97", "ours: settings of Table 9, 97 % pruned", {**student, "loss": "none", **plain}),
        Arm("skd like stcd", "ours: batch and rate of L_STCD in Table 6", {**arms["skd"].params, **stcd}),
    ]


def _weights(found: Settings) -> dict[str, Scalar]:
    """List the settings that a search of the paper found, by the names of parameters."""
    return {name: value for name in SETTINGS if (value := getattr(found, name)) is not None}


def chosen_fidelity(name: str) -> Fidelity:
    """Find one of `FIDELITIES` by its name.

    Raises:
        StudyError: Where there is none of that name.
    """
    if name not in FIDELITIES:
        raise StudyError(f"there is no fidelity {name!r}; choose one of {', '.join(FIDELITIES)}")
    return FIDELITIES[name]


def fixed_settings(fidelity: Fidelity) -> dict[str, Scalar]:
    """List the settings of every row: the preset "paper", with means for sums and the fidelity's batches."""
    own = {"learning_rate", "batch", "epochs"}
    preset = {name: value for name, value in PRESETS["paper"].items() if name not in own}
    return preset | {"reduction": "mean", "segment": fidelity.segment}
