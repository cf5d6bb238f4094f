"""Protocols of users' own: what is written becomes rules with one hash, or one sentence."""

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdsearch.data.catalog import read_card
from kdsearch.data.protocol import Protocol
from kdsearch.data.protocol_table import ProtocolTable
from kdsearch.data.protocols import PROTOCOLS, resolved, split_series
from kdsearch.errors import ProtocolError
from kdsearch.study.space.files import read_space
from kdsearch.study.space.overrides import overridden
from kdsearch.testing import ring_road
from tests.pages import ROOT, table_rows


def own(text: str, interval_minutes: int = 60) -> Protocol:
    """The protocol of a table in TOML."""
    table = ProtocolTable.read(tomllib.loads(text), "mine")
    return table.changing(PROTOCOLS[table.base], interval_minutes)


@pytest.mark.parametrize(
    ("text", "history", "horizon", "minutes", "name"),
    [
        ("", 12, 12, [180, 360, 720], "six-two-two"),
        ("history = 24\nhorizon = 24", 24, 24, [480, 960, 1440], "six-two-two, 24 steps in, 24 out"),
        ('horizon = "1 day"', 12, 24, [480, 960, 1440], "six-two-two, 24 steps out"),
        ('history = "48h"\nhorizon = "180m"', 48, 3, [60, 120, 180], "six-two-two, 48 steps in, 3 out"),
        ("horizon = 1", 12, 1, [60], "six-two-two, 1 step out"),
        ("horizon = 2", 12, 2, [60, 120], "six-two-two, 2 steps out"),
        ("report_at = [120, 60]", 12, 12, [60, 120], "six-two-two, reported at steps 1, 2"),
        (
            "horizon = 24\nreport_at = [60]",
            12,
            24,
            [60],
            "six-two-two, 24 steps out, reported at steps 1",
        ),
        ('base = "stgcn"', 12, 9, [180, 360, 540], "stgcn"),
        (
            'base = "stgcn"\nwithin_day = false',
            12,
            9,
            [180, 360, 540],
            "stgcn, windows across midnight",
        ),
        ('base = "stresnet"\nhistory = "7 days"', 0, 1, [60], "stresnet"),
        ('base = "stresnet"\nhistory = 48', 48, 1, [60], "stresnet, 48 steps in"),
        ('name = "tomorrow"\nhorizon = 24', 12, 24, [480, 960, 1440], "tomorrow"),
        ('name = "mine"\nhorizon = 12', 12, 12, [180, 360, 720], "six-two-two"),
        ('scaler = "min-max"', 12, 12, [180, 360, 720], "six-two-two, scaled by min-max"),
    ],
)
def test_what_is_written_becomes_steps_and_a_name(
    text: str, history: int, horizon: int, minutes: list[int], name: str
) -> None:
    """A protocol with the rules of one of kdsearch's is that one."""
    protocol = own(text)
    assert (protocol.history, protocol.horizon, protocol.name) == (history, horizon, name)
    assert list(protocol.reported_minutes(60).values()) == minutes
    assert (protocol.name in PROTOCOLS) == (not protocol.own)


@pytest.mark.parametrize(
    ("text", "borders"),
    [
        ("split = [0.5, 0.25, 0.25]", [0, 144, 216, 288]),
        ('split = [0.5, 0.25, 0.25]\nsplit_by = "days"', [0, 144, 216, 288]),
        ('split = [0.7, 0.15, 0.15]\nsplit_by = "days"', [0, 192, 240, 288]),
        ("validation_from = 2024-03-08\ntest_from = 2024-03-10", [0, 168, 216, 288]),
        ('validation_from = "2024-03-08T06:00"\ntest_from = 2024-03-10T12:30:00', [0, 174, 229, 288]),
        ('base = "stresnet"\nsplit = [0.5, 0.25, 0.25]\nhistory = 12', [0, 144, 216, 288]),
    ],
)
def test_a_split_is_by_shares_of_rows_or_days_or_by_dates(text: str, borders: list[int]) -> None:
    source = ring_road(days=12, interval_minutes=60)
    series = split_series(source, own(text))
    assert [part.first for part in series.splits.values()] == borders[:3]
    assert [part.last for part in series.splits.values()] == borders[1:]
    assert series.protocol.split_words in series.protocol.describe(source)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("horizont = 24", 'mine has no key "horizont"; did you mean horizon?'),
        ("horizon = 0", "mine has horizon = 0; write a number of steps such as 24, or a time"),
        ("horizon = -3", "mine has horizon = -3; write"),
        ("horizon = 1.5", "mine has horizon = 1.5; write"),
        ("horizon = true", "mine has horizon = true; write"),
        ('horizon = "tomorrow"', 'mine has horizon = "tomorrow"; write'),
        (f"horizon = {10**30}", "mine has horizon = 1000000"),
        ('horizon = "90 minutes"', "a horizon of 90 minutes is no whole number of 60-minute steps; take 60 or 120"),
        ('history = "30m"', "a history of 30m is no whole number of 60-minute steps; take 60 minutes"),
        ("report_at = []", "mine has report_at = \\[\\]; write minutes ahead"),
        ("report_at = [0]", "mine has report_at = \\[0\\]; write minutes ahead"),
        ("report_at = [[60]]", "mine has report_at"),
        ("report_at = ['60']", "mine has report_at"),
        (f"horizon = 0x{'f' * 5000}", "mine has horizon = a value of thousands of digits"),
        ("report_at = [60.5]", "mine has report_at"),
        ("report_at = [90]", "a report at 90 minutes is no whole number of 60-minute steps; take 60 or 120 minutes"),
        ("report_at = [780]", r"at 780 minutes is beyond the horizon of 720 minutes \(12 steps\); report earlier"),
        ("split = [0.7, 0.3]", "mine has split = .*; write three shares"),
        ("split = [60, 20, 20]", "mine has split = .*; write three shares"),
        ("split = [0.6, 0.2, 0.3]", "mine has split = .*; write three shares"),
        ("split = [0.8, 0.2, 0.0]", "mine has split = .*; write three shares"),
        ("split = [nan, 0.5, 0.5]", "mine has split = .*; write three shares"),
        ('split_by = "weeks"', 'mine has split_by = "weeks"; write "days" or "rows"'),
        ('base = "stresnet"\nsplit_by = "rows"', "protocol stresnet has no share for test"),
        ("test_from = 2024-06-01", "mine has one of validation_from and test_from; write both, or split"),
        ("validation_from = 2024-06-01\ntest_from = 2024-05-01", "test_from = 2024-05-01, not after validation_from"),
        (
            "validation_from = 2024-05-01T00:00:00Z\ntest_from = 2024-06-01",
            "mine has validation_from = .*; write a local",
        ),
        ("validation_from = 20240501\ntest_from = 2024-06-01", "mine has validation_from = 20240501; write a local"),
        ("validation_from = 2024-05-01\ntest_from = 2024-06-01\nsplit = [0.6, 0.2, 0.2]", "both split and dates"),
        ("within_day = 1", "mine has within_day = 1; write true or false"),
        ('scaler = "robust"', 'mine has scaler = "robust"; write'),
        ('base = "stgnc"', "there is no protocol 'stgnc'; did you mean 'stgcn'"),
        ('name = "stgcn"', "the name 'stgcn' is that of a protocol with other rules"),
        ('name = "Seven-One-Two"\nhorizon = 3', "the name 'Seven-One-Two' is that of a protocol with other rules"),
        ('name = ""', 'mine has name = ""; write one line'),
        ('name = "a\\nb"', "mine has name = .*; write one line"),
    ],
)
def test_a_mistake_is_one_sentence(text: str, words: str) -> None:
    with pytest.raises(ProtocolError, match=words) as mistake:
        own(text)
    assert "\n" not in str(mistake.value)
    assert "pydantic" not in str(mistake.value)


def test_dates_outside_of_the_series_are_refused_with_its_dates() -> None:
    source = ring_road(days=12, interval_minutes=60)
    protocol = own("validation_from = 2024-03-08\ntest_from = 2024-04-01")
    with pytest.raises(ProtocolError, match=r"has rows from 2024-03-01T00:00 to .* leaves 168, 120 and 0 of them"):
        split_series(source, protocol)


PLAIN = [name for name, one in PROTOCOLS.items() if one.history_days is None]


@given(st.sampled_from(PLAIN), st.sampled_from(PLAIN), st.sampled_from([5, 15, 60]), st.none() | st.just("mine"))
def test_rules_of_a_named_protocol_have_its_hash_whatever_the_base(
    base: str, target: str, interval: int, name: str | None
) -> None:
    """Its name too; only what `--fill published` would put into gaps stays the base's."""
    wanted = PROTOCOLS[target]
    written: dict[str, Any] = {
        "base": base,
        "history": wanted.history,
        "horizon": f"{wanted.horizon * interval} minutes",
        "report_at": [step * interval for step in wanted.reported_steps],
        "split": list(wanted.split),
        "split_by": wanted.split_by,
        "within_day": wanted.within_day,
        "scaler": wanted.scaler,
    }
    table = ProtocolTable.read(written | ({} if name is None else {"name": name}), "mine")
    protocol = table.changing(PROTOCOLS[base], interval)
    assert (protocol.hash, protocol.name) == (wanted.hash, target)


changes = st.fixed_dictionaries(
    {},
    optional={
        "history": st.integers(1, 30),
        "horizon": st.integers(6, 30),
        "report_at": st.lists(st.integers(1, 6).map(lambda steps: 5 * steps), min_size=1),
        "split": st.sampled_from([[0.6, 0.2, 0.2], [0.7, 0.1, 0.2], [0.601, 0.199, 0.2]]),
        "split_by": st.sampled_from(["days", "rows"]),
        "within_day": st.booleans(),
        "scaler": st.sampled_from(["windows", "rows", "min-max"]),
    },
)


@given(st.sampled_from(PLAIN), st.sampled_from(PLAIN), changes, changes, st.none() | st.just("her own"))
def test_two_protocols_share_a_hash_where_they_share_their_rules_and_a_name_says_what_differs(
    base: str, other_base: str, first: dict[str, Any], second: dict[str, Any], name: str | None
) -> None:
    one = ProtocolTable.read(first, "a").changing(PROTOCOLS[base], 5)
    named = ProtocolTable.read(second | ({} if name is None else {"name": name}), "b")
    other = named.changing(PROTOCOLS[other_base], 5)
    fields = ("split", "split_by", "history", "horizon", "reported_steps", "within_day", "scaler")
    alike = all(getattr(one, field) == getattr(other, field) for field in fields)
    assert (one.hash == other.hash) == alike
    for protocol in (one, other):
        assert (protocol.name in PROTOCOLS) == (not protocol.own)
        if not protocol.own:
            assert protocol.hash == PROTOCOLS[protocol.name].hash
    if base == other_base and name is None:
        assert (one.name == other.name) == alike
    assert ProtocolTable().changing(one, 5) == one


@pytest.mark.parametrize("name", sorted(PROTOCOLS))
def test_a_table_without_changes_is_its_base(name: str) -> None:
    """As it is kept in a study: with the history in steps, under every fill."""
    for protocol in (PROTOCOLS[name], PROTOCOLS[name].published, replace(PROTOCOLS[name], channel=1)):
        changed = ProtocolTable(base=name).changing(protocol, 60)
        assert resolved(changed, 60) == resolved(protocol, 60)


def test_dates_are_part_of_the_hash() -> None:
    dated = [own(f"validation_from = 2024-05-01\ntest_from = {day}") for day in ("2024-06-01", "2024-06-02")]
    assert len({one.hash for one in (*dated, PROTOCOLS["six-two-two"])}) == 3
    assert dated[0].name == "six-two-two, validation from 2024-05-01, test from 2024-06-01"
    again = own('base = "seven-one-two"\nvalidation_from = "2024-05-01T00:00"\ntest_from = 2024-06-01T00:00:00')
    assert again.hash == dated[0].hash


def test_a_dataset_and_a_space_may_hold_a_table(tmp_path: Path) -> None:
    place = tmp_path / "city"
    place.mkdir()
    head = 'interval_minutes = 60\nunit = "km/h"\nchannels = ["speed"]\n'
    files = '[series]\nfile = "r.csv"\n[graph]\nfile = "g.csv"\nkind = "edges"\n[protocol]\n'
    (place / "dataset.toml").write_text(f"{head}{files}horizon = 24\n")
    card = read_card(place)
    assert card.protocol is not None
    assert card.protocol.changing(PROTOCOLS["six-two-two"], 60).horizon == 24
    (place / "dataset.toml").write_text(f"{head}{files}horizon = 'x'\n")
    with pytest.raises(ProtocolError, match=r"the table \[protocol\] in dataset.toml of city has horizon = .x.;"):
        read_card(place)
    (place / "dataset.toml").write_text(f'protocol = "stgcn"\n{head}{files.partition("[protocol]")[0]}')
    with pytest.raises(ProtocolError, match=r"city is .stgcn.; write a table \[protocol\] with base or horizon"):
        read_card(place)
    body = "[parameters.width]\nlow = 1\nhigh = 2\nkind = 'int'\n"
    text = f'name = "mine"\ndataset = "demo"\n[protocol]\nname = "tomorrow"\nhorizon = "1 day"\n{body}'
    space = read_space(text, "mine.toml")
    assert str(space.protocol) == "tomorrow"
    written = overridden(space, ["width=1..3"], [])
    assert read_space(written.text, "again").protocol == space.protocol
    with pytest.raises(ProtocolError, match=r"the table \[protocol\] in mine.toml has no key \"horizont\""):
        read_space(text.replace("horizon", "horizont"), "mine.toml")


def test_every_key_is_explained() -> None:
    rows = {cells[0].strip("` ") for cells in table_rows(ROOT / "docs" / "protocols.md", "A protocol of your own")}
    assert rows == set(ProtocolTable.model_fields)


def test_tomorrow_can_be_cut_from_hours_and_from_five_minutes() -> None:
    for interval in (60, 5):
        source = ring_road(days=14, nodes=2, interval_minutes=interval)
        series = split_series(source, own('history = "1 day"\nhorizon = "1 day"', interval))
        day = 1440 // interval
        assert (series.protocol.history, series.protocol.horizon) == (day, day)
        assert series.protocol.reported_minutes(interval)[day] == 1440
        rows = series.splits["test"].starts[:, None] + np.arange(2 * day)
        assert rows.max() == len(source.times) - 1
