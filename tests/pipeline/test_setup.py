"""Checks and preparations before the first trial."""

import pytest

from kdsearch.data.protocol_table import ProtocolTable
from kdsearch.data.protocols import PROTOCOLS, SplitSeries, split_series
from kdsearch.pipeline.fitting import fitting_families, fitting_teachers
from kdsearch.pipeline.spaces import check_space
from kdsearch.study.space.files import load_space, space_names
from kdsearch.study.space.parameters import Fixed
from kdsearch.testing import ring_road
from kdsearch.trial.config import TrialConfig
from kdsearch.trial.network import new_network
from kdsearch.trial.teacher_settings import teacher_config


@pytest.mark.parametrize("name", [name for name in space_names() if name != "demo"])
def test_every_shipped_space_is_understood_by_trials_and_its_teacher_can_teach(
    name: str, series: SplitSeries, grid_series: SplitSeries
) -> None:
    """This covers every value, every point, and every loss of each family."""
    space = load_space(name)
    data = grid_series if space.protocol == "stresnet" else series
    space = fitting_families(fitting_teachers(space, data, "best"), data)[0]
    for settings in space.teachers:
        check_space(space, data, teacher_config(data, "best", settings))
    fixed = {one.name: one.value for one in space.parameters if isinstance(one, Fixed) and not one.when}
    for point in space.points:
        params = {"route": "student"} | fixed | point.params
        network = new_network(data, TrialConfig.of(params | {"width": 4}), 0)
        assert network.outputs in {1, data.protocol.horizon}


@pytest.mark.parametrize("name", [name for name in space_names() if name not in {"demo", "st-resnet"}])
def test_tomorrow_can_be_asked_of_every_space_of_roads(name: str) -> None:
    """A day of hours in, and one out: teachers, students and their losses."""
    source = ring_road(days=24, interval_minutes=60)
    tomorrow = ProtocolTable(history="1 day", horizon="1 day").changing(PROTOCOLS["six-two-two"], 60)
    data, space = split_series(source, tomorrow), load_space(name)
    space = fitting_families(fitting_teachers(space, data, "best"), data)[0]
    for settings in space.teachers:
        check_space(space, data, teacher_config(data, "best", settings))
