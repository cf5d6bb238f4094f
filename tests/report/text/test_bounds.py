"""The sentence on bounds."""

from kdsearch.report.summarise import summarise
from kdsearch.report.text.bounds import bounds_hold
from kdsearch.study.storage.store import StudyStore


def test_the_worst_week_and_sensor_are_named_with_shares_and_widths(confirmed: StudyStore) -> None:
    """A sensor without a reading is no worst one."""
    chosen = summarise(confirmed).chosen
    assert chosen is not None
    assert bounds_hold(chosen, ["north", "south", "east"], "km/h") == (
        f"Bounds: those at 90 % of trial {chosen.number}, from the validation split, hold 85 % of the test readings "
        "at a mean width of 50.00 km/h, 79 % in the worst week, from 2016-08-29, 79 % at the worst sensor, south. "
        "Scaled by the readings known when a forecast is made, they hold 89 % of the test readings at a mean width of "
        "50.00 km/h, 88 % in the worst week, from 2016-08-29, 88 % at the worst sensor, south."
    )


def test_an_older_study_names_nodes_by_number_and_has_no_target(confirmed: StudyStore) -> None:
    assert "79 % at the worst sensor, node 1." in str(bounds_hold(summarise(confirmed).chosen, []))
    assert any(note.startswith("Bounds: ") for note in summarise(confirmed).notes)


def test_nothing_is_said_where_nothing_is_known(searched: StudyStore) -> None:
    assert bounds_hold(None, []) is None
    assert bounds_hold(summarise(searched).chosen, []) is None
