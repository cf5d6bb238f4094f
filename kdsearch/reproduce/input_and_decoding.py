"""Beyond the paper: with the best known input and decoding, is there still room for a teacher?

The arms combine raw readings or deviations from the calendar, iterated or direct decoding, and plain or distilled
training, for networks of the teacher's, the base's and the student's width. All distilled ones have one teacher, the
best known: it sees deviations and decodes directly.
"""

from itertools import product

from kdsearch.data.profile import profile_kind
from kdsearch.data.protocols import SplitSeries
from kdsearch.reproduce.arms import Arm, Claim, Row
from kdsearch.study.space.parameters import Scalar

__all__ = ["ROOM_CLAIMS", "ROOM_ROWS", "room_arms", "room_settings", "room_training"]

INPUTS = {"raw": "raw", "deviation": "deviations"}
DECODINGS = ("iterated", "direct")
SIZES: dict[str, dict[str, Scalar]] = {
    "teacher": {"width": 32, "learning_rate": 2e-3, "batch": 50},
    "base": {"width": 8, "learning_rate": 3e-3, "batch": 50},
    "student": {"width": 2, "learning_rate": 5e-3, "batch": 25},
}
EPOCHS = {
    "quick": {"teacher": 12, "base": 24, "student": 60},
    "paper": {"teacher": 40, "base": 60, "student": 130},
}
TAUGHT = ("base", "student")


def room_settings(series: SplitSeries) -> dict[str, Scalar]:
    """List the settings that all arms share, beside the preset "best", which is the default."""
    return {"error": "absolute", "profile": profile_kind(series)}


def room_training(fidelity: str) -> str:
    """Describe the amount of training, for a table's head."""
    return f"{' / '.join(map(str, EPOCHS[fidelity].values()))} epochs for {' / '.join(EPOCHS[fidelity])}"


def room_arms(fidelity: str) -> dict[str, Arm]:
    """Make the arms: distilled bases and students, with plain twins, and plain networks of the teacher's width."""
    arms = {}
    for size, given, decoding in product(SIZES, INPUTS, DECODINGS):
        params: dict[str, Scalar] = {"route": "student", "input": given, "decoding": decoding}
        params |= SIZES[size] | {"epochs": EPOCHS[fidelity][size]}
        params |= {"loss": "rd-l2", "beta": 0.5} if size in TAUGHT else {"loss": "none"}
        name = _name(size, given, decoding)
        arms[name] = Arm(name, f"ours: {name}", params)
    return arms


def _name(size: str, given: str, decoding: str) -> str:
    return f"{size}, {INPUTS[given]}, {decoding}"


def _rows() -> tuple[Row, ...]:
    rows = []
    for given, decoding, size in product(INPUTS, DECODINGS, SIZES):
        name = _name(size, given, decoding)
        rows.append(Row(f"{name}, plain", name, "", "twin" if size in TAUGHT else "own"))
        if size in TAUGHT:
            rows.append(Row(f"{name}, distilled", name, ""))
    return tuple(rows)


def _claims() -> tuple[Claim, ...]:
    cells = list(product(INPUTS, DECODINGS))
    taught = [_name(size, given, decoding) for size, (given, decoding) in product(TAUGHT, cells)]
    calendar = [
        Claim(
            f"deviations beat raw readings: {size}, {decoding}",
            (_name(size, "deviation", decoding),),
            (_name(size, "raw", decoding),),
        )
        for size, decoding in product(SIZES, DECODINGS)
    ]
    direct = [
        Claim(
            f"direct beats iterated decoding: {size}, {INPUTS[given]}",
            (_name(size, given, "direct"),),
            (_name(size, given, "iterated"),),
        )
        for size, given in product(SIZES, INPUTS)
    ]
    return (*(Claim(f"the teacher's answers help: {name}", (name,)) for name in taught), *calendar, *direct)


ROOM_ROWS, ROOM_CLAIMS = _rows(), _claims()
