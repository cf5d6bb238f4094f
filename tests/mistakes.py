"""A command with a mistake: what it says, that it ends with exit code 2, and that it trained nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.commands import here

__all__ = ["FOREIGN", "nothing_is_trained", "sentence"]

FOREIGN = ("pydantic", "validation error", "Input should", "sqlalche.me", "Traceback", "errno")
"""Words of libraries, which no sentence has."""

TRAINS = ("kdsearch.trial.stages.fit", "kdsearch.deploy.fine_tune.fit", "kdsearch.pipeline.run.shared_networks",
          "kdsearch.pipeline.election.elect")  # fmt: skip
"""What trains, or lets others train."""


@pytest.fixture(autouse=True)
def nothing_is_trained() -> Iterator[None]:
    """Let a command that goes as far as training fail: as it is no mistake, it ends with another exit code."""

    def trains(*_: Any, **__: Any) -> NoReturn:
        raise AssertionError("a mistake was found too late")

    with pytest.MonkeyPatch.context() as patch:
        for name in TRAINS:
            patch.setattr(name, trains)
        yield


def sentence(folder: Path, *arguments: str) -> str:
    """Run a command that has a mistake; give the one sentence that it ends with."""
    said = here(folder, *arguments, check=2).stderr
    *_, last = said.splitlines()
    assert last.startswith("Error: "), said
    assert sum(line.startswith("Error: ") for line in said.splitlines()) == 1
    assert not [word for word in FOREIGN if word in said]
    assert len(last) < 1500
    return last.removeprefix("Error: ")
