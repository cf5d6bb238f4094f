"""The version of the code that makes what is cached: a change of it is another folder of the cache."""

import ast
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

__all__ = ["PACKAGE", "code_version", "source_hash"]

PACKAGE = Path(__file__).parents[1]


@cache
def code_version(module: str, package: Path = PACKAGE) -> str:
    """Hash the code that a module runs: its own and that of every module of the package that it imports.

    The hash is of syntax trees without docstrings, so that comments, docstrings and layout do not change it. The
    package's own `__init__.py` is left out: it lists the public names, which change no number.

    Args:
        module: Dotted name, such as "kdsearch.trial.network".
        package: Folder of the package.

    Returns:
        16 hexadecimal digits.
    """
    found: dict[str, ast.Module] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = _source(name, package)
        if path is None or name in found:
            continue
        found[name] = ast.parse(path.read_bytes())
        waiting += _imported(found[name])
    return _digest(f"{name}\n{_statements(found[name])}\n" for name in sorted(found))


def source_hash(text: str) -> str:
    """Hash one module's source as `code_version` does: 16 hexadecimal digits.

    Raises:
        SyntaxError: Where it is no Python.
    """
    return _digest([_statements(ast.parse(text))])


def _digest(texts: Iterable[str]) -> str:
    return hashlib.sha256("".join(texts).encode()).hexdigest()[:16]


def _statements(tree: ast.Module) -> str:
    """Write a module without docstrings, comments and layout."""
    return ast.unparse(_Undocumented().visit(tree))


def _source(name: str, package: Path) -> Path | None:
    """Find the file of a dotted name below the package; None for other packages, the package itself and plain names."""
    first, *rest = name.split(".")
    if first != package.name or not rest:
        return None
    path = package.joinpath(*rest)
    return next((file for file in (path / "__init__.py", path.with_suffix(".py")) if file.is_file()), None)


def _imported(tree: ast.AST) -> Iterator[str]:
    """Name the modules that a module imports, at once or later in one of its functions, and their parents."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            continue
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            parts = name.split(".")
            yield from (".".join(parts[: end + 1]) for end in range(len(parts)))
        yield from _imported(node)


class _Undocumented(ast.NodeTransformer):
    """Transformer that removes strings that stand as statements: docstrings, and those below constants."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        documents = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if documents else self.generic_visit(node)

    def generic_visit(self, node: ast.AST) -> ast.AST:
        visited = super().generic_visit(node)
        if isinstance(visited, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            visited.body = visited.body or [ast.Pass()]  # nothing but its docstring
        return visited
