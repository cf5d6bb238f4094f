"""Checks and preparations before the first trial."""

import pytest

from kdsearch.data.protocols import SplitSeries
from kdsearch.pipeline.spaces import check_space
from kdsearch.study.space.files import load_space, space_names
from kdsearch.study.space.parameters import Fixed
from kdsearch.trial.config import TrialConfig
from kdsearch.trial.network import new_network
from kdsearch.trial.teachers import teacher_config


@pytest.mark.parametrize("name", [name for name in space_names() if name != "demo"])
def test_every_shipped_space_is_understood_by_trials_and_its_teacher_can_teach(
    name: str, series: SplitSeries, grid_series: SplitSeries
) -> None:
    """This covers every value, every point, and every loss of each family."""
    space = load_space(name)
    data = grid_series if space.protocol == "stresnet" else series
    check_space(space, data, teacher_config(data, "best", space.teacher))
    fixed = {one.name: one.value for one in space.parameters if isinstance(one, Fixed) and not one.when}
    for point in space.points:
        params = {"route": "student"} | fixed | point.params
        network = new_network(data, TrialConfig.of(params | {"width": 4}), 0)
        assert network.outputs in {1, data.protocol.horizon}
