"""Published numbers are well formed, and agree only with studies of the same data, channel and protocol."""

import re
from dataclasses import replace

import pytest

from kdsearch.data.catalog import CARDS
from kdsearch.data.protocols import PROTOCOLS
from kdsearch.report.published.catalog import PUBLISHED, comparable_with
from kdsearch.report.published.izadi import BASE_PRUNED, STUDENTS, TABLE_3, TABLE_6, TABLE_9
from kdsearch.report.published.others import STRESNET
from kdsearch.report.published.point import PublishedPoint
from tests.report.conftest import whole_meta


def named(points: tuple[PublishedPoint, ...], dataset: str, name: str) -> PublishedPoint:
    """The only point of this name."""
    (found,) = (point for point in points if (point.dataset, point.name) == (dataset, name))
    return found


@pytest.mark.parametrize("point", PUBLISHED, ids=lambda point: f"{point.dataset} {point.name}")
def test_names_are_those_of_kdsearch(point: PublishedPoint) -> None:
    """Dataset, protocol and channel exist, and horizons are those that the protocol reports."""
    card, protocol = CARDS[point.dataset], PROTOCOLS[point.protocol]
    assert (protocol.channel is None) == (point.channel is None)
    assert point.channel is None or point.channel in card.channels
    minutes = {str(value) for value in protocol.reported_minutes(card.interval_minutes).values()}
    for metric, values in point.metrics.items():
        assert metric in {"mae", "rmse", "mape"}
        assert set(values) <= minutes | {"all"}
        assert all(value > 0 for value in values.values())
    assert re.fullmatch(r"\w+ et al\. 20\d\d", point.paper)
    assert point.source.startswith(f"{point.paper}, ")


def test_every_name_is_the_only_one_of_its_data_and_protocol() -> None:
    assert len({(point.dataset, point.protocol, point.name) for point in PUBLISHED}) == len(PUBLISHED)


@pytest.mark.parametrize("point", [*STUDENTS, *BASE_PRUNED], ids=lambda point: f"{point.dataset} {point.name}")
def test_izadi_errors_are_whole_rows_in_the_right_order(point: PublishedPoint) -> None:
    """RMSE is above MAE, and everything grows with the horizon: columns are not mixed up."""
    for values in point.metrics.values():
        assert list(values) == ["15", "30", "45"]
        assert list(values.values()) == sorted(values.values())
    assert all(point.metrics["rmse"][minutes] > point.metrics["mae"][minutes] for minutes in ("15", "30", "45"))


def test_contradictions_of_izadi_are_in_the_data() -> None:
    """What the docstring says of the tables."""

    def error(points: tuple[PublishedPoint, ...], dataset: str, name: str, metric: str = "mae") -> float:
        return named(points, dataset, name).metrics[metric]["15"]

    assert error(BASE_PRUNED, "pemsd8", "base") < error(STUDENTS, "pemsd8", "teacher")
    worse = error(BASE_PRUNED, "pemsd8", "base, 25 % pruned, L_STCD", "rmse")
    assert worse > error(BASE_PRUNED, "pemsd8", "base, 25 % pruned, no distillation", "rmse")
    for loss in ("L_RD(L2)", "L_RD(KL)", "L_ORD"):
        alone = error(STUDENTS, "pemsd7m", "student without distillation")
        assert alone < error(STUDENTS, "pemsd7m", f"student, {loss}")
    ends = {
        named(STUDENTS, "pemsd7m", name).metrics["mae"]["45"] for name in ("student, L_STCD", "pruned student, 3 %")
    }
    assert ends == {4.754}


def test_settings_are_there_for_both_datasets() -> None:
    for table, rows in ((TABLE_3, 4), (TABLE_6, 5), (TABLE_9, 4)):
        assert [row.dataset for row in table] == ["pemsd7m"] * rows + ["pemsd8"] * rows
    assert [row.pruned_percent for row in TABLE_9] == 2 * [97, 75, 50, 25]


def test_bikenyc_says_what_its_numbers_are_over_all_cells() -> None:
    assert "over all cells, as ours, 5.04" in named(STRESNET, "bikenyc", "ST-ResNet, 4 units").note


@pytest.mark.parametrize(
    ("dataset", "protocol", "channel", "names"),
    [
        ("pemsd8", "six-two-two", 0, {"LightST", "STGCN", "STKD", "KD-Pruning", "D2STGNN"}),
        ("pemsd4", "six-two-two", 0, {"LightST", "STGCN", "STKD", "KD-Pruning", "D2STGNN"}),
        ("metr-la", "seven-one-two", 0, {"D2STGNN"}),
        ("pemsd8", "stgcn", 0, set()),
        ("pemsd8", "six-two-two", 2, set()),
        ("demo", "stgcn", 0, set()),
    ],
)
def test_only_the_same_data_channel_and_protocol_agree(
    dataset: str, protocol: str, channel: int, names: set[str]
) -> None:
    assert {point.name for point in comparable_with(whole_meta(dataset, protocol, channel))} == names


def test_speed_of_pemsd8_has_no_line_in_a_figure() -> None:
    """Its split is not published, which only the table can say."""
    points = comparable_with(whole_meta("pemsd8", "stgcn", channel=2))
    assert len(points) == 17
    assert not any(point.drawn for point in points)
    assert all("does not say how it split" in point.note for point in points)
    assert sum(point.drawn for point in comparable_with(whole_meta("pemsd7m", "stgcn", channel=0))) == 3


def test_a_history_in_days_agrees_in_steps_of_the_data() -> None:
    """As `split_series` leaves the protocol that a study keeps."""
    meta = whole_meta("taxibj", "stresnet-taxibj", channel=None)
    in_steps = replace(PROTOCOLS["stresnet-taxibj"].published, history=7 * 48).hash
    assert comparable_with(meta) == []
    assert len(comparable_with(meta.model_copy(update={"protocol_hash": in_steps}))) == 13


def test_a_part_of_the_data_agrees_with_nothing() -> None:
    meta = whole_meta("pemsd8", "six-two-two", channel=0)
    assert comparable_with(meta.model_copy(update={"data_note": "a part of the public file: 9 of 17,856 steps"})) == []
    assert comparable_with(meta.model_copy(update={"data_note": "the user's own files"})) == []
