"""What the package offers by name is there."""

import doctest
import inspect
import os
import subprocess
import sys
from types import ModuleType

import pytest

import kdsearch


def test_public_names_can_be_imported_and_are_listed_in_order() -> None:
    import kdsearch.pipeline.run  # importing a module must not hide the function of a public name

    for name in kdsearch.__all__:
        assert not isinstance(getattr(kdsearch, name), ModuleType), name
    upper = [name for name in kdsearch.__all__ if name.isupper()]
    classes = [name for name in kdsearch.__all__ if name[0].isupper() and not name.isupper()]
    functions = [name for name in kdsearch.__all__ if name[0].islower()]
    assert kdsearch.__all__ == [*sorted(upper), *sorted(classes), *sorted(functions)]


def test_the_version_is_that_of_the_distribution() -> None:
    from importlib.metadata import version

    assert kdsearch.__version__ == version("kdsearch")


@pytest.mark.parametrize(("chosen", "found"), [({}, "0"), ({"NVIDIA_TF32_OVERRIDE": "1"}, "1")])
def test_float32_is_float32_on_a_gpu_unless_the_user_says_otherwise(chosen: dict[str, str], found: str) -> None:
    """Set by the import, before any library of a GPU begins."""
    others = {name: value for name, value in os.environ.items() if name != "NVIDIA_TF32_OVERRIDE"}
    look = "import os, kdsearch; print(os.environ['NVIDIA_TF32_OVERRIDE'])"
    seen = subprocess.run([sys.executable, "-c", look], env=others | chosen, capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == found


NEED_A_STUDY = {"summarise", "write_page"}
FUNCTIONS = [name for name in kdsearch.__all__ if name.islower() and name not in NEED_A_STUDY]


@pytest.mark.parametrize("name", [*FUNCTIONS, "RunOptions", "Table", "TrialConfig"])
def test_a_public_name_has_an_example_that_runs(name: str) -> None:
    """In its docstring, as a reader would type it."""
    public = getattr(kdsearch, name)
    module = inspect.getmodule(public)
    assert module is not None
    (example,) = doctest.DocTestFinder(recurse=False).find(public, name, module=module)
    assert example.examples, f"{name} has no example"
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE, verbose=False)
    assert runner.run(example).failed == 0
