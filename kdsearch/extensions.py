"""Python files and modules of the user's that add rows to kdsearch's tables, in this process and in every worker.

An extension travels as its text: a worker on another machine needs neither the file nor the folder.
"""

import importlib
import importlib.util
import sys
import traceback
from collections.abc import Iterable
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from kdsearch.cache import source_hash
from kdsearch.errors import SpaceError, failure

__all__ = ["Extension", "load_extensions", "loaded_extensions"]

_loaded: dict[str, "Extension"] = {}


@dataclass(frozen=True)
class Extension:
    """A file or module that was imported for its rows; where it is unpickled, it is imported too.

    Attributes:
        name: "my_parts.py" or "package.module".
        module: Name under which Python knows it: "my_parts" or "package.module".
        text: Its source.
        given: As the user gave it, such as "../parts/my_parts.py", for messages.
    """

    name: str
    module: str
    text: str
    given: str = field(compare=False)

    @property
    def hash(self) -> str:
        """Hash of its syntax tree without docstrings: comments and layout change nothing."""
        return source_hash(self.text)

    def __reduce__(self) -> tuple[Any, ...]:
        return _imported, (self.name, self.module, self.text, self.given)


def load_extensions(names: Iterable[str], folder: Path | None = None) -> tuple[Extension, ...]:
    """Import users' files and modules, in order; one that is imported already with the same text is left alone.

    Args:
        names: Files ("my_parts.py", also with a path), or importable modules ("package.module").
        folder: Where relative paths start; the working folder where None.

    Raises:
        SpaceError: Where there is no such file or module, or importing it fails; with the line that failed.
    """
    return tuple(_file(name, folder) if name.endswith(".py") else _module(name) for name in names)


def loaded_extensions() -> tuple[Extension, ...]:
    """List what was imported in this process, in order."""
    return tuple(_loaded.values())


def _file(name: str, folder: Path | None) -> Extension:
    try:
        path = (folder or Path()) / Path(name).expanduser()
        if path.exists() and not path.is_file():  # a pipe would wait for its other end
            raise SpaceError(f"the import {name!r} is no file; give the path of a Python file")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, RuntimeError, ValueError) as error:  # also a home that nobody has, a zero byte
        raise SpaceError(f"the import {name!r} cannot be read: {error}; give the path of a Python file") from error
    if not path.stem.isidentifier():
        raise SpaceError(f"the import {name!r} has a name that Python cannot import; rename it, such as my_parts.py")
    return _imported(path.name, path.stem, text, str(path))


def _module(name: str) -> Extension:
    spec = _spec(name)
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        raise SpaceError(
            f"there is no module {name!r} to import; install it, or give the path of a file that ends in .py"
        )
    return _imported(name, name, Path(spec.origin).read_text(encoding="utf-8"), name)


def _imported(name: str, module: str, text: str, given: str) -> Extension:
    """Run an extension, unless this very text ran already; import it where it is installed with this text."""
    extension = Extension(name, module, text, given)
    known = _loaded.get(module)
    if known == extension:
        return known
    if known is None and name.endswith(".py") and (module in sys.modules or _installed(module) not in (None, text)):
        raise SpaceError(f"the import {name!r} is named like the module {module!r}, which is there already; rename it")
    try:
        with redirect_stdout(sys.stderr):  # what it prints is not to mix with what a command prints, such as JSON
            if not name.endswith(".py") and _installed(module) == text:
                importlib.import_module(module)
            else:
                _run(extension)
    except (Exception, SystemExit) as error:
        words = f"{type(error).__name__}: {error}"
        if isinstance(error, OSError | ImportError):
            words += "; its text alone travels to workers: install what it needs beside it, or import that file first"
        raise SpaceError(f"the import {name!r} fails{_where(error, name)}: {words}") from error
    _loaded[module] = extension
    return extension


def _installed(module: str) -> str | None:
    """Read the source of a module that Python finds; "" where it has none, None where there is no such module."""
    spec = _spec(module)
    if spec is None:
        return None
    return Path(spec.origin).read_text(encoding="utf-8") if spec.origin and spec.origin.endswith(".py") else ""


def _spec(name: str) -> ModuleSpec | None:
    """Find a module; None where there is none."""
    try:
        return importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None
    except Exception as error:  # of the package that holds the module, which is run for this
        raise SpaceError(f"the import {name!r} fails: {failure(error)}") from error


def _run(extension: Extension) -> None:
    """Execute the text as a module that other extensions and pickles can name."""
    before = sys.modules.get(extension.module)
    made = ModuleType(extension.module)
    made.__file__ = extension.name
    sys.modules[extension.module] = made
    try:
        exec(compile(extension.text, extension.name, "exec"), made.__dict__)
    except BaseException:
        del sys.modules[extension.module]
        if before is not None:
            sys.modules[extension.module] = before
        raise


def _where(error: BaseException, name: str) -> str:
    """Say in which line of the extension an error arose."""
    if isinstance(error, SyntaxError) and error.lineno is not None:
        return f" in line {error.lineno}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == name]
    return f" in line {lines[-1]}" if lines else ""
