"""Damaged studies and exported files: each is one sentence with the database or file, and the remedy."""

import os
import shutil
import sqlite3
import warnings
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdsearch.api import load_study, search
from kdsearch.testing import ring_road
from tests.commands import here
from tests.mistakes import nothing_is_trained, sentence
from tests.restored import tables_restored
from tests.spaces import TINY_SPACE

__all__ = ["nothing_is_trained"]

SPACE = TINY_SPACE + '[parameters.family]\nvalue = "stid"\n[parameters.width]\nvalue = 2\n'
DAMAGED = "cannot be read (damaged, or changed by another program); put back a copy of the database, or begin a study"
UNUSABLE = "cannot be used: "
SHOW = ("show", "ring")
EXPORT = ("export", "ring", "--output", "out")
AGAIN = ("run", "--dataset", "./roads", "--space", "tiny.toml", "--study", "ring", "--trials", "1")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a study of one trial on five sensors, its data, and its exported network."""
    folder = tmp_path_factory.mktemp("made")
    source = ring_road()
    (folder / "tiny.toml").write_text(SPACE)
    (folder / "roads").mkdir()
    frame = pd.DataFrame(source.values[:, :, 0], columns=list("abcde"), index=source.times)
    frame.index.name = "time"
    frame.to_csv(folder / "roads/speeds.csv")
    frame.iloc[:3].to_csv(folder / "short.csv")
    frame.rename(columns=str.upper).to_csv(folder / "strangers.csv")
    frame.iloc[::4].to_csv(folder / "hourly.csv")
    (folder / "roads/dataset.toml").write_text(
        'interval_minutes = 15\nunit = "km/h"\nchannels = ["speed"]\n[series]\nfile = "speeds.csv"\n'
        '[graph]\nkind = "none"\n'
    )
    with tables_restored():
        search(
            str(folder / "roads"), "mae,params", space=str(folder / "tiny.toml"), trials=1, executor="local",
            studies=folder / "studies", study="ring", protocol="stgcn", files=False,
        )  # fmt: skip
        load_study("ring", studies=folder / "studies").export(folder / "out")
    return folder


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    """A copy of it, to be spoilt."""
    shutil.copytree(made, tmp_path / "home", ignore=shutil.ignore_patterns("pipe.csv"))
    return tmp_path / "home"


def changed(home: Path, *statements: str) -> None:
    """Change the rows of the study."""
    connection = sqlite3.connect(home / "studies/ring/study.db")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def in_json(table: str, column: str, path: str, value: str) -> str:
    """Set a value of a row's JSON."""
    return f"UPDATE {table} SET {column} = json_set({column}, '$.{path}', json('{value}'))"


RECORD, META = ("kdsearch_trials", "record"), ("kdsearch_studies", "meta")
BASELINE, CONFIRMED = ("kdsearch_references", "reference"), ("kdsearch_confirmations", "confirmation")

ROWS: list[tuple[str, tuple[str, ...], str]] = [
    ("UPDATE kdsearch_trials SET record = '{'", SHOW, "a trial of study 'ring' in sqlite:///"),
    ("UPDATE kdsearch_trials SET record = ''", SHOW, DAMAGED),
    ("UPDATE kdsearch_trials SET record = '{}'", SHOW, DAMAGED),
    ("UPDATE kdsearch_trials SET record = '[]'", SHOW, DAMAGED),
    ("UPDATE kdsearch_trials SET record = x'ff00'", SHOW, DAMAGED),
    ("UPDATE kdsearch_trials SET record = '{'", ("report", "ring"), DAMAGED),
    ("UPDATE kdsearch_trials SET record = '{'", ("compare", "ring", "ring"), DAMAGED),
    ("UPDATE kdsearch_trials SET record = '{'", EXPORT, DAMAGED),
    ("UPDATE kdsearch_trials SET record = '{'", AGAIN, DAMAGED),
    (in_json(*RECORD, "metrics.val.mae.all", "null"), SHOW, DAMAGED),
    (in_json(*RECORD, "metrics.val.mae.all", '"x"'), SHOW, DAMAGED),
    (in_json(*RECORD, "metrics.val.mae.x", "3"), SHOW, DAMAGED),
    (in_json(*RECORD, "metrics.val", "[]"), SHOW, DAMAGED),
    (in_json(*RECORD, "state", '"DONE"'), SHOW, DAMAGED),
    (in_json(*RECORD, "cost.latency_ms", "{}"), SHOW, DAMAGED),
    ("UPDATE kdsearch_trials SET weights = x'00'", EXPORT, "the network of 0 in study 'ring'"),
    ("UPDATE kdsearch_trials SET weights = substr(weights, 1, 1000)", EXPORT, DAMAGED),
    ("UPDATE kdsearch_trials SET weights = 'x'", EXPORT, DAMAGED),
    ("UPDATE kdsearch_trials SET weights = NULL", EXPORT, "keeps no network 'knee'"),
    ("UPDATE kdsearch_trials SET weights = (SELECT windows FROM kdsearch_examples)", EXPORT, DAMAGED),
    ("UPDATE kdsearch_networks SET network = x'00'", AGAIN, "the network 'STID' of study 'ring'"),
    ("UPDATE kdsearch_networks SET network = substr(network, 1, 1000)", AGAIN, DAMAGED),
    ("UPDATE kdsearch_networks SET network = 'x' || x'ff'", AGAIN, "Could not decode to UTF-8"),
    ("UPDATE kdsearch_examples SET windows = x'00'", EXPORT, DAMAGED),
    ("UPDATE kdsearch_references SET reference = '{'", SHOW, "a baseline of study 'ring' in sqlite:///"),
    ("UPDATE kdsearch_references SET reference = '{}'", SHOW, DAMAGED),
    (in_json(*BASELINE, "role", '"x"'), SHOW, DAMAGED),
    ("UPDATE kdsearch_confirmations SET confirmation = '{'", SHOW, DAMAGED),
    ("UPDATE kdsearch_confirmations SET confirmation = '{}'", SHOW, DAMAGED),
    (in_json(*CONFIRMED, "trainings", "[]"), SHOW, DAMAGED),
    ("UPDATE kdsearch_studies SET meta = '{'", SHOW, "study 'ring' in sqlite:///"),
    ("UPDATE kdsearch_studies SET meta = '{'", ("studies",), DAMAGED),
    ("UPDATE kdsearch_studies SET meta = '{'", AGAIN, DAMAGED),
    ("UPDATE kdsearch_studies SET meta = '{}'", SHOW, DAMAGED),
    (in_json(*META, "study", '"../../x"'), SHOW, DAMAGED),
    (in_json(*META, "study", '"x"'), AGAIN, DAMAGED),
    (in_json(*META, "objectives", "[]"), SHOW, DAMAGED),
    (in_json(*META, "objectives", '["x", "y"]'), SHOW, "uses the objective 'x' of the user's own; give --import"),
    (in_json(*META, "constraints", '["x"]'), SHOW, "uses the objective 'x' of the user's own"),
    (in_json(*META, "reference_point", "[1]"), SHOW, DAMAGED),
    (in_json(*META, "target.sensors", "[]"), SHOW, DAMAGED),
    (in_json(*META, "target.interval_minutes", "-5"), EXPORT, DAMAGED),
    ("UPDATE trials SET state = 'XX'", SHOW, DAMAGED),
    ("UPDATE trials SET state = 'XX'", ("studies",), "study 'ring' in sqlite:///"),
    ("UPDATE trials SET number = NULL", SHOW, DAMAGED),
    ("UPDATE trials SET datetime_start = 'x'", SHOW, DAMAGED),
    ("UPDATE trial_values SET value = NULL", SHOW, DAMAGED),
    ("UPDATE trial_values SET value_type = 'ZZ'", SHOW, DAMAGED),
    ("UPDATE trial_user_attributes SET value_json = '{'", SHOW, DAMAGED),
    ("UPDATE study_directions SET direction = 'UP'", SHOW, DAMAGED),
    ("DELETE FROM studies", SHOW, "was left half made; run its command again"),
    ("DROP TABLE trials", SHOW, f"{UNUSABLE}no such table: trials"),
    ("ALTER TABLE kdsearch_studies RENAME COLUMN meta TO m", SHOW, f"{UNUSABLE}no such column"),
    ("UPDATE kdsearch_schema SET version = 99", SHOW, "has schema 99 and this kdsearch reads up to"),
    ("UPDATE kdsearch_schema SET version = 99", AGAIN, "install the kdsearch that wrote it, or a newer one"),
    ("UPDATE kdsearch_schema SET version = -1", SHOW, "has schema -1, which no kdsearch wrote; put back a copy of it"),
    ("UPDATE kdsearch_schema SET version = 0", ("studies",), "has schema 0, which no kdsearch wrote"),
    ("INSERT INTO kdsearch_schema VALUES (1)", SHOW, UNUSABLE),
    ("UPDATE alembic_version SET version_num = 'v99.0.0'", SHOW, UNUSABLE),
    ("DELETE FROM version_info", SHOW, UNUSABLE),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "command", "words"), ROWS, ids=lambda one: str(one)[:50])
def test_a_row_that_was_changed(statement: str, command: tuple[str, ...], words: str, home: Path) -> None:
    changed(home, statement)
    extra = ("--executor", "local", "--no-files", "--objective", "mae,params", "--protocol", "stgcn")
    assert words in sentence(home, *command, *(extra if command == AGAIN else ()))


def emptied(path: Path) -> None:
    path.unlink()
    path.parent.joinpath("study.db.lock").unlink(missing_ok=True)


def of_another_program(path: Path) -> None:
    emptied(path)
    sqlite3.connect(path).execute("CREATE TABLE notes (note TEXT)").connection.close()


def a_pipe(path: Path) -> None:
    emptied(path)
    os.mkfifo(path)


def a_circle(path: Path) -> None:
    emptied(path)
    path.symlink_to("study.db")


def a_broken_link(path: Path) -> None:
    emptied(path)
    path.symlink_to("/nowhere/x")


def a_folder(path: Path) -> None:
    emptied(path)
    path.mkdir()


def a_lock_that_is_a_folder(path: Path) -> None:
    emptied(path)
    (path.parent / "study.db.lock").mkdir()


FILES: list[tuple[Callable[[Path], object], str, str]] = [
    (lambda path: path.write_text("hello" * 1000), "file is not a database", "file is not a database"),
    (lambda path: path.write_bytes(path.read_bytes()[:20000]), "malformed", "malformed"),
    (lambda path: path.write_bytes(path.read_bytes()[:4096] + bytes(100_000)), "malformed", "malformed"),
    (a_pipe, "is a pipe, not a file", "is a pipe, not a file"),
    (a_circle, "leads in a circle", "leads in a circle"),
    (a_broken_link, "there is no study database /nowhere/x", ""),
    (a_folder, "there is no study 'ring' in studies", "is a folder, not a file"),
    (of_another_program, "there is no study 'ring'", "is the database of another program, with the table notes"),
    (a_lock_that_is_a_folder, "there is no study", "Is a directory"),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "shown", "run"), FILES, ids=[words for _, words, _ in FILES])
def test_a_file_that_is_no_study(spoil: Callable[[Path], object], shown: str, run: str, home: Path) -> None:
    spoil(home / "studies/ring/study.db")
    assert shown in sentence(home, *SHOW)
    if run:
        extra = ("--executor", "local", "--no-files", "--objective", "mae,params", "--protocol", "stgcn")
        assert run in sentence(home, *AGAIN, *extra)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("show", "nobody"), "there is no study 'nobody' in studies; it holds: ring"),
        (("show", "../ring"), "there is no study '../ring' in studies"),
        (("show", "\x1b[31m"), "there is no study '\\x1b[31m' in studies"),
        (("show", "ring", "--studies", "tiny.toml"), "tiny.toml is a file, not a folder; give the folder of studies"),
        (("studies", "--studies", "tiny.toml"), "tiny.toml is a file, not a folder"),
        (("studies", "--studies", "x" * 300), "File name too long; give a shorter one"),
        (("studies", "--storage", "sqlite:///no.db"), "there is no study database no.db; check the name"),
        (("show", "ring", "--format", "x"), "'x'"),
        (("show", "ring", "--prefer", "x=1"), "--prefer 'x=1' weighs 'x'"),
        (("show", "ring", "--constraint", "x"), "--constraint 'x' is not NAME<=NUMBER"),
        (("report", "ring", "--output", "roads"), "roads is a folder, not a file; give the name of an HTML file"),
        (("report", "ring", "--output", "/dev/null/x.html"), "the folder /dev/null of the page cannot be made"),
        (("report", "ring", "--output", "/proc/x.html"), "the page"),
        (("compare", "ring", "nobody"), "there is no study 'nobody' in studies"),
        (("compare", "ring"), "a comparison takes 2 to 26 studies, not 1"),
        (("compare", "ring", "ring", "--html", "roads"), "roads is a folder, not a file"),
        (("export", "ring", "--pick", "99"), "99"),
        (("export", "ring", "--pick", ""), "keeps no network ''"),
        (("export", "ring", "--format", "x"), "there is no format 'x'; choose one of onnx"),
        (("export", "ring", "--quantize", "int4"), "--quantize 'int4' is no kind of numbers"),
        (("export", "ring", "--fine-tune", "1"), "--fine-tune is for weights of 8 bits; add --quantize int8"),
        (("export", "ring", "--output", "tiny.toml"), "the folder tiny.toml of the exported network cannot be made"),
        (("export", "ring", "--output", "full"), "full/model.onnx is there and is no file to be replaced; remove it"),
        (("predict", "out/model.onnx", "--input", "short.csv"), "has readings of 3 steps, and a forecast looks at 12"),
        (("predict", "out/model.onnx", "--input", "strangers.csv"), "has none of the network's 5 sensors, such as 'a'"),
        (("predict", "out/model.onnx", "--input", "hourly.csv"), "60 minutes"),
        (("predict", "out/model.onnx", "--input", "gone.csv"), "gone.csv is not there"),
        (("predict", "out/model.onnx", "--input", "out/model.onnx"), "model.onnx"),
        (("predict", "out/model.onnx", "--input", "out/pipe.csv"), "pipe"),
        (("predict", "out/model.onnx", "--input", "roads", "--output", "x.txt"), "--output x.txt ends in '.txt'"),
        (("predict", "out/model.onnx", "--input", "roads", "--output", "full.csv"), "full.csv is a folder, not a file"),
        (("predict", "out/model.onnx", "--input", "roads", "--plot", "x.txt"), "--plot x.txt ends in '.txt'"),
        (("predict", "out/model.onnx", "--input", "roads", "--sensor", "zz", "--plot", "x.html"), "zz"),
        (("predict", "out/card.json", "--input", "roads"), "card.json is no ONNX file, or is damaged; write it anew"),
        (("predict", "out/cut.onnx", "--input", "roads"), "cut.onnx is no ONNX file, or is damaged"),
        (("predict", "out/empty.onnx", "--input", "roads"), "empty.onnx"),
        (("predict", "out/other.onnx", "--input", "roads"), "other.onnx does not say what it forecasts"),
        (("predict", "out/history.onnx", "--input", "roads"), "says that it looks at 13 steps of 5 sensors"),
        (("predict", "out/sensors.onnx", "--input", "roads"), "says that it looks at 12 steps of 1 sensors"),
        (("predict", "out/interval.onnx", "--input", "roads"), "interval.onnx does not say what it forecasts"),
        (("predict", "out", "--input", "roads"), "out is a folder, not a file"),
        (("predict", "out/pipe.csv", "--input", "roads"), "pipe.csv is a pipe, not a file"),
        (("predict", "gone.onnx", "--input", "roads"), "there is no file gone.onnx; write one with `kdsearch export"),
        (("measure", "gone.onnx"), "there is no file gone.onnx"),
        (("measure", "out/model.onnx", "--split", "x"), "there is no part 'x' to score; choose test or val"),
        (("measure", "out/model.onnx", "--dataset", "nope"), "there is no dataset 'nope'"),
        (("measure", "out/model.onnx", "--dataset", "demo"), "demo"),
    ],
    ids=lambda one: ascii(one)[:60],
)  # fmt: skip
def test_a_study_or_a_file_in_use(arguments: tuple[str, ...], words: str, spoilt: Path) -> None:
    assert words in sentence(spoilt, *arguments)


@pytest.fixture(scope="module")
def spoilt(made: Path) -> Path:
    """The folder of the study, with files beside it that are not what they are called."""
    import onnx

    (made / "full/model.onnx").mkdir(parents=True)
    (made / "full.csv").mkdir()
    out = made / "out"
    content = (out / "model.onnx").read_bytes()
    (out / "cut.onnx").write_bytes(content[: len(content) // 2])
    (out / "empty.onnx").write_bytes(b"")
    os.mkfifo(out / "pipe.csv")
    changes = {"other": None, "history": ("history", "13"), "sensors": ("sensors", '["a"]')}
    for name, change in (changes | {"interval": ("interval_minutes", "0")}).items():
        model = onnx.load(out / "model.onnx")
        kept = {one.key: one.value for one in model.metadata_props}
        del model.metadata_props[:]
        for key, value in {} if change is None else (kept | dict([change])).items():
            model.metadata_props.add(key=key, value=value)
        onnx.save(model, out / f"{name}.onnx")
    return made


def cells(path: Path) -> list[tuple[str, str]]:
    """Tables and columns of the study."""
    connection = sqlite3.connect(path)
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    found = [(table, row[1]) for table in tables for row in connection.execute(f"PRAGMA table_info({table})")]
    connection.close()
    return sorted(found)


VALUES = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.text(max_size=20),
    st.binary(max_size=20),
    st.sampled_from(["{}", "[]", "null", '"x"', "1e999", "NaN", '{"a": {}}', "COMPLETE", "FAIL", "RUNNING"]),
)


@settings(max_examples=50, deadline=None, derandomize=True, database=None)
@given(data=st.data())
def test_any_cell_of_a_study_may_hold_anything(data: st.DataObject, made: Path) -> None:
    """It is read, or refused in one sentence; no cell ends in the last net."""
    path = made / "studies/ring/study.db"
    whole = path.read_bytes()
    table, column = data.draw(st.sampled_from(cells(path)))
    value = data.draw(VALUES)
    command = data.draw(st.sampled_from([SHOW, ("studies",), (*SHOW, "--json")]))
    try:
        connection = sqlite3.connect(path)
        try:
            connection.execute(f"UPDATE {table} SET {column} = ?", (value,))
            connection.commit()
        except sqlite3.Error:
            return  # the table itself refuses it
        finally:
            connection.close()
        _read_or_refused(made, *command)
    finally:
        path.write_bytes(whole)


@settings(max_examples=20, deadline=None, derandomize=True, database=None)
@given(place=st.floats(0, 1), length=st.integers(1, 200), fill=st.integers(0, 255), cut=st.booleans())
def test_any_bytes_of_a_study_may_be_lost(place: float, length: int, fill: int, cut: bool, made: Path) -> None:
    path = made / "studies/ring/study.db"
    whole = path.read_bytes()
    first = int(place * len(whole))
    rest = b"" if cut else whole[first + length :]
    try:
        path.write_bytes(whole[:first] + (b"" if cut else bytes([fill]) * length) + rest)
        _read_or_refused(made, *SHOW)
    finally:
        path.write_bytes(whole)


def _read_or_refused(folder: Path, *command: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of numpy, at numbers that no study has
        try:
            here(folder, *command)
        except AssertionError:
            sentence(folder, *command)


def test_a_name_is_found_however_it_is_typed(home: Path) -> None:
    """An é is one letter or two; a study in another script is listed by its name."""
    for name in ("é", "東京", "किताब"):
        shutil.copytree(home / "studies/ring", home / f"studies/{name}")
        connection = sqlite3.connect(home / f"studies/{name}/study.db")
        for table, column in (("studies", "study_name"), *((one, "study") for one in _OURS)):
            connection.execute(f"UPDATE {table} SET {column} = ?", (name,))
        connection.execute("UPDATE kdsearch_studies SET meta = json_set(meta, '$.study', ?)", (name,))
        connection.commit()
        connection.close()
    listed = here(home, "studies").stdout
    assert all(name in listed for name in ("東京", "किताब"))
    for typed in ("e\u0301", "\u00e9", "東京", "किताब"):
        assert "front and baselines" in here(home, "show", typed).stdout


_OURS = ("kdsearch_studies", "kdsearch_trials", "kdsearch_references", "kdsearch_networks", "kdsearch_examples",
         "kdsearch_confirmations", "kdsearch_trainings", "kdsearch_ends")  # fmt: skip
