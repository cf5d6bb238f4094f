"""What the package offers by name is there."""

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
