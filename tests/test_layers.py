"""The rooms of the house and the one direction of its imports."""

import ast
import re
from pathlib import Path

import kdsearch

PACKAGE = Path(kdsearch.__file__).parent
HOUSE = re.search(r"```house\n(.*?)```", (PACKAGE.parent / "CONTRIBUTING.md").read_text(), re.DOTALL)
assert HOUSE is not None
ARROW = [line.split()[0] for line in reversed(HOUSE[1].splitlines())]
"""The rooms from the ground up, as CONTRIBUTING draws them."""
TORCH_FREE = [
    "errors.py",
    "record.py",
    "costs.py",
    "origin.py",
    "report",
    "study/storage",
    "measure/metrics.py",
    "measure/objectives.py",
    "study/search",
    "study/space",
    "pipeline/options.py",
]
TORCH_FREE += ["cli/app.py", "cli/compare.py", "cli/data.py", "cli/studies.py", "cli/options.py"]


def imported_rooms(module: Path, *, top_level_only: bool = False) -> set[str]:
    """Names below `kdsearch`, or of other packages, that a module imports; a bare `kdsearch` too."""
    tree = ast.parse(module.read_text())
    rooms: set[str] = set()
    for node in tree.body if top_level_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            rooms |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            rooms |= {
                f"{node.module}.{alias.name}" if node.module == "kdsearch" else node.module for alias in node.names
            }
    return rooms


def test_imports_point_one_way() -> None:
    """A module imports from its own room or from one below it; the package itself, which imports all, from nowhere."""
    wrong = []
    for module in PACKAGE.rglob("*.py"):
        room = module.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if room in {"__init__", "__main__"}:
            continue
        for name in imported_rooms(module):
            first, *rest = name.split(".")
            up = first == "kdsearch" and (not rest or rest[0] not in ARROW or ARROW.index(rest[0]) > ARROW.index(room))
            if up:
                wrong.append(f"{module.relative_to(PACKAGE)} imports {name}")
    assert not wrong


def test_contributing_draws_every_room() -> None:
    """A new room needs a place in the drawing, and the drawing has no room that is not there."""
    rooms = {path.name.removesuffix(".py") for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert sorted(rooms - {"__init__", "__main__", "__pycache__", "search_spaces"}) == sorted(ARROW)


def test_reading_a_study_needs_no_torch() -> None:
    """Report, store and command line load neither torch nor ray when they are imported."""
    for place in TORCH_FREE:
        path = PACKAGE / place
        for module in [path] if path.is_file() else path.rglob("*.py"):
            heavy = {name.split(".")[0] for name in imported_rooms(module, top_level_only=True)} & {"torch", "ray"}
            assert not heavy, f"{module.relative_to(PACKAGE)} imports {heavy}"
