"""What networks forecast."""

from dataclasses import replace

from kdsearch.data.split import SplitSeries
from kdsearch.data.target import Target


def test_nodes_are_named_by_sensor_and_by_channel_where_there_are_several(
    series: SplitSeries, grid_series: SplitSeries
) -> None:
    """In the order of the columns of the values."""
    assert Target.of(series).nodes == list(series.source.sensor_ids)
    names = Target.of(replace(grid_series, source=replace(grid_series.source, sensor_ids=tuple("abcdef")))).nodes
    assert names == [f"{sensor}, {flow}" for flow in ("in", "out") for sensor in "abcdef"]
    assert len(names) == grid_series.values.shape[1]
