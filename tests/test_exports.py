"""What the package offers by name is there."""

from types import ModuleType

import kdsearch


def test_public_names_can_be_imported_and_are_listed_in_order() -> None:
    import kdsearch.running  # importing a module must not hide the function of a public name

    for name in kdsearch.__all__:
        assert not isinstance(getattr(kdsearch, name), ModuleType), name
    upper = [name for name in kdsearch.__all__ if name.isupper()]
    classes = [name for name in kdsearch.__all__ if name[0].isupper() and not name.isupper()]
    functions = [name for name in kdsearch.__all__ if name[0].islower()]
    assert kdsearch.__all__ == [*sorted(upper), *sorted(classes), *sorted(functions)]


def test_the_version_is_that_of_the_distribution() -> None:
    from importlib.metadata import version

    assert kdsearch.__version__ == version("kdsearch")
