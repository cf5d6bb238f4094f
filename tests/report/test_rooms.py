"""The imports inside the report: no module and no room needs itself, not even for its types."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import kdsearch

PACKAGE = Path(kdsearch.__file__).parent
Graph = dict[str, set[str]]


def name_of(module: Path, root: Path) -> str:
    """Dotted name of a module; that of a package is its folder's."""
    parts = module.relative_to(root.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def import_graph(root: Path) -> Graph:
    """Module -> modules below the root that it imports anywhere: at the top, in functions, for types alone."""
    modules = {name_of(path, root): path for path in root.rglob("*.py")}
    graph: Graph = {}
    for name, path in modules.items():
        wanted: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                wanted |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                source = absolute(node, name, is_package=path.stem == "__init__")
                inner = {f"{source}.{alias.name}" for alias in node.names}
                wanted |= inner & modules.keys() or {source}
        graph[name] = wanted & modules.keys()
    return graph


def absolute(node: ast.ImportFrom, name: str, *, is_package: bool) -> str:
    """Name of the module that `from ... import` reads, relative ones included."""
    if not node.level:
        return node.module or ""
    above = name.split(".")[: len(name.split(".")) + is_package - node.level]
    return ".".join([*above, *([node.module] if node.module else [])])


def inside(graph: Graph, package: str) -> Graph:
    """The part of a graph below a package."""
    kept = {name for name in graph if name.startswith(f"{package}.")}
    return {name: graph[name] & kept for name in kept}


def rooms(graph: Graph, package: str) -> Graph:
    """The same between rooms: folders, and modules that are in none."""

    def room(name: str) -> str:
        return name.removeprefix(f"{package}.").split(".")[0]

    between: Graph = {}
    for name, wanted in graph.items():
        between.setdefault(room(name), set()).update({room(other) for other in wanted} - {room(name)})
    return between


def circle(graph: Graph) -> list[str]:
    """Names along a circle of imports; none where there is no circle."""
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_module_of_the_report_needs_itself() -> None:
    """Imports for types count as well."""
    assert circle(inside(import_graph(PACKAGE), "kdsearch.report")) == []


def test_no_room_of_the_report_needs_itself() -> None:
    assert circle(rooms(inside(import_graph(PACKAGE), "kdsearch.report"), "kdsearch.report")) == []


@pytest.mark.parametrize(
    "line",
    [
        "from thing.report.b import x",
        "from thing.report import b",
        "import thing.report.b",
        "from .b import x",
        "from . import b",
        "if TYPE_CHECKING:\n    from thing.report.b import X",
        "def late():\n    from thing.report.b import x",
    ],
)
def test_a_circle_is_found_however_it_is_written(tmp_path: Path, line: str) -> None:
    root = tmp_path / "thing"
    (root / "report").mkdir(parents=True)
    for name, text in (("__init__", ""), ("a", line), ("b", "from thing.report.c import y"), ("c", "")):
        (root / "report" / f"{name}.py").write_text(text, encoding="utf-8")
    graph = inside(import_graph(root), "thing.report")
    assert graph == {
        "thing.report.a": {"thing.report.b"},
        "thing.report.b": {"thing.report.c"},
        "thing.report.c": set(),
    }
    (root / "report" / "c.py").write_text("from thing.report import a", encoding="utf-8")
    found = circle(inside(import_graph(root), "thing.report"))
    assert set(found) == {"thing.report.a", "thing.report.b", "thing.report.c"}


def test_a_circle_of_rooms_is_found() -> None:
    """Its modules need not be in a circle."""
    graph = {"p.text.a": {"p.page.b"}, "p.page.c": {"p.text.d"}, "p.page.b": set[str](), "p.text.d": set[str]()}
    assert circle(graph) == []
    assert set(circle(rooms(graph, "p"))) == {"text", "page"}
