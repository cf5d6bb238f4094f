"""The command line as a newcomer meets it: exit codes, stdout, stderr and files.

The first run, interruption and passwords are tested in separate processes. All other tests call the main function in
this process, which has loaded everything: the code is the same, and seconds faster.
"""

import importlib
import inspect
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import numpy as np
import optuna
import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import URL

from kdsearch.cli import app as cli
from tests.commands import Here, here, process

RUN = ["run", "--dataset", "demo", "--space", "quick.toml", "--no-files", "--trials", "3", "--executor", "local"]

QUICK_SPACE = """
name = "quick"
dataset = "demo"
protocol = "stgcn"
[teacher]
width = 4
epochs = 1
[stid]
epochs = 1
[parameters.route]
choices = ["student", "prune"]
[parameters.loss]
choices = ["none", "rd-l2"]
[parameters.width]
low = 1
high = 3
kind = "int"
when = { route = ["student"] }
[parameters.keep]
low = 0.3
high = 0.6
when = { route = ["prune"] }
[parameters.epochs]
value = 1
"""

PAIR_OF_POINTS = """
[[points]]
route = "student"
loss = "none"
width = 1
[[points]]
route = "student"
loss = "none"
width = 3
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with a finished study of three trials."""
    place = tmp_path_factory.mktemp("home")
    (place / "quick.toml").write_text(QUICK_SPACE)
    finished = here(place, *RUN)
    assert "report: studies/demo-quick/report.html" in finished.stdout
    return place


def test_a_run_leaves_a_study_that_optuna_opens_and_a_report(folder: Path) -> None:
    url = f"sqlite:///{folder / 'studies/demo-quick/study.db'}"
    study = optuna.load_study(study_name="demo-quick", storage=url)
    assert [trial.state.name for trial in study.trials] == ["COMPLETE"] * 3
    assert len(study.directions) == 2
    assert (folder / "studies/demo-quick/report.html").stat().st_size > 1e6


def test_the_same_command_again_trains_nothing_more(kdsearch: Here, folder: Path) -> None:
    again = kdsearch(folder, *RUN)
    assert "3 of 3 trials are done" in again.stderr
    protocol = next(line for line in again.stderr.splitlines() if line.startswith("protocol "))
    assert protocol == "protocol stgcn: speed, 12 steps in, 9 out, reported at 15, 30, 45 minutes"
    assert len(json.loads(kdsearch(folder, "show", "demo-quick", "--json").stdout)["trials"]) == 3


def test_a_run_ends_with_the_answer_one_table_the_report_and_how_to_export(kdsearch: Here, folder: Path) -> None:
    """With --verbose every finding stands there, and the whole protocol at the beginning."""
    summary = json.loads(kdsearch(folder, "show", "demo-quick", "--json").stdout)
    end = kdsearch(folder, *RUN).stdout.splitlines()
    assert end[0] == summary["answer"]
    assert len([line for line in end if "test mean" in line]) == 1
    report, export = end[-2:]
    assert report == "report: studies/demo-quick/report.html"
    assert export.startswith("export: kdsearch export demo-quick")
    kdsearch(folder, *export.split()[2:], "--output", "home")
    assert (folder / "home/model.onnx").exists()
    whole = kdsearch(folder, *RUN, "--verbose")
    assert summary["protocol_text"] in whole.stderr
    assert set(summary["notes"]) <= set(whole.stdout.splitlines())
    assert set(summary["notes"]) - set(summary["warnings"]) - set(end)


def test_show_prints_the_object_of_the_design(kdsearch: Here, folder: Path) -> None:
    shown = json.loads(kdsearch(folder, "show", "demo-quick", "--json").stdout)
    assert {"study", "dataset", "protocol", "objectives", "trials", "front", "knee", "references"} <= set(shown)
    assert shown["knee"] in shown["front"]
    assert {line["name"] for line in shown["references"]} == {"last value", "calendar profile", "STID", "teacher"}
    for trial in shown["trials"]:
        assert {"15", "30", "45", "all"} <= set(trial["metrics"]["val"]["mae"])
        assert trial["on_front"] == (trial["number"] in shown["front"])
        assert ("test" in trial["metrics"]) == (trial["confirmed"] is not None)
        assert {"p50", "p95"} <= set(trial["cost"]["latency_ms"])
    confirmed = [trial for trial in shown["trials"] if trial["on_front"]]
    assert all(trial["cost"]["latency_batch_ms"]["batch"] == 1140 for trial in confirmed)
    assert {"objectives", "params", "cost", "twin_of", "feasible", "state", "reason", "route"} <= set(
        shown["trials"][0]
    )


def test_studies_and_report_find_the_study_by_name(kdsearch: Here, folder: Path) -> None:
    listed = json.loads(kdsearch(folder, "studies", "--json").stdout)
    assert listed == [{"study": "demo-quick", "dataset": "demo", "protocol": "stgcn", "trials": {"COMPLETE": 3}}]
    written = kdsearch(folder, "report", "demo-quick", "--output", "page.html").stdout
    assert written == "report: page.html\n"
    assert (folder / "page.html").read_text().startswith("<!")


def test_a_report_writes_its_figures_too(kdsearch: Here, folder: Path) -> None:
    """In every format that was asked for; what is wrong is said before anything is written."""
    written = kdsearch(
        folder, "report", "demo-quick", "--output", "a.html", "--figures", "paper", "--format", "svg,pdf"
    )
    page, *figures = written.stdout.splitlines()
    assert page == "report: a.html"
    assert figures[:2] == ["figure: paper/demo-quick-flops.svg", "figure: paper/demo-quick-flops.pdf"]
    names = [figure.removeprefix("figure: paper/") for figure in figures]
    assert sorted(names) == sorted(path.name for path in (folder / "paper").iterdir())
    for arguments, sentence in (
        (["--figures", "other", "--format", "eps"], "there is no format of figures 'eps'; choose one of pdf, svg, png"),
        (["--format", "pdf"], "--format pdf is that of --figures; name a folder with --figures, or leave it out"),
        (["--figures", "a.html"], "the folder a.html of the figures cannot be made: File exists"),
    ):
        refused = kdsearch(folder, "report", "demo-quick", "--output", "b.html", *arguments, check=2)
        assert sentence in refused.stderr
        assert not (folder / "b.html").exists()
    assert not (folder / "other").exists()


def test_a_run_with_limits_and_weights_says_which_trials_keep_them_and_what_chose(kdsearch: Here, folder: Path) -> None:
    """A teacher of width 4, students of width 1 and 3, and a limit between them."""
    (folder / "pair.toml").write_text(QUICK_SPACE.replace('"quick"', '"pair"') + PAIR_OF_POINTS)
    command = ["run", "--space", "pair.toml", "--trials", "2", "--executor", "local", "--prefer", "latency=2"]
    limited = [*command, "--constraint", "params<=60%", "--constraint", "flops<=100G"]
    finished = kdsearch(folder, *limited)
    assert "limit: params at most" in finished.stderr
    assert "(60 % of the teacher's)" in finished.stderr
    assert "By your weights mae 1, latency 2 the choice from the front" in finished.stdout
    shown = json.loads(kdsearch(folder, "show", "demo-pair", "--json").stdout)
    assert {trial["params"]["width"]: trial["feasible"] for trial in shown["trials"]} == {1: True, 3: False}
    assert [trial["number"] for trial in shown["trials"] if trial["feasible"]] == shown["front"]
    assert shown["rule"] == "the knee"
    assert shown["hypervolume"] == shown["hypervolume_history"][-1]["hypervolume"]
    lines = {line["name"]: line for line in shown["references"]}
    errors = [lines[name]["metrics"]["val"]["mae"]["all"] for name in ("last value", "calendar profile")]
    latency = lines["teacher"]["cost"]["latency_ms"]["p50"]
    assert shown["reference_point"] == pytest.approx([min(errors), latency])
    study = optuna.load_study(study_name="demo-pair", storage=f"sqlite:///{folder / 'studies/demo-pair/study.db'}")
    assert [set(trial.constraints) for trial in study.trials] == [{"0", "flops", "params"}] * 2
    refused = kdsearch(folder, *command, "--constraint", "params<=50%", check=2)
    assert "other settings: constraints ['flops<=100000000000', 'params<=60%'] (now ['params<=50%'])" in refused.stderr
    unknown = kdsearch(folder, "show", "demo-pair", "--prefer", "params=2", check=2)
    assert "the study's objectives are mae, latency" in unknown.stderr
    later = kdsearch(folder, "show", "demo-pair", "--constraint", "params<=1", "--json").stdout
    assert json.loads(later)["front"] == []
    page = kdsearch(folder, "report", "demo-pair", "--constraint", "params<=1", "--output", "pair.html").stdout
    assert page == "report: pair.html\n"
    assert "params at most 1 parameters (given afterwards)" in (folder / "pair.html").read_text()
    report = kdsearch(folder, "report", "demo-pair", "--prefer", "mae=9", "--output", "pair.html").stdout
    assert report == "report: pair.html\n"
    assert "your weights mae 9, latency 1" in (folder / "pair.html").read_text()


def test_another_protocol_does_not_enter_the_same_study(kdsearch: Here, folder: Path) -> None:
    refused = kdsearch(folder, *RUN, "--protocol", "six-two-two", check=2)
    assert "protocol 'stgcn' (now 'six-two-two')" in refused.stderr


def test_a_users_own_folder_runs_like_a_built_in_dataset(kdsearch: Here, folder: Path) -> None:
    """CSV readings with a column of times, a matrix of distances, 15-minute steps and a dataset.toml."""
    city = folder / "my-city"
    city.mkdir()
    generator = np.random.default_rng(0)
    times = np.datetime64("2024-03-01T00:00", "m") + np.arange(10 * 96) * np.timedelta64(15, "m")
    wave = 40 + 10 * np.sin(2 * np.pi * np.arange(len(times))[:, None] / 96 + np.arange(6) / 3)
    readings = wave + generator.normal(size=wave.shape)
    rows = [
        f"{str(time).replace('T', ' ')},"
        + ",".join("" if generator.random() < 0.01 else f"{value:.2f}" for value in row)
        for time, row in zip(times, readings, strict=True)
    ]
    sensors = [f"s{node}" for node in range(6)]
    (city / "readings.csv").write_text("\n".join(["time," + ",".join(sensors), *rows]))
    distances = np.abs(np.subtract.outer(np.arange(6), np.arange(6))) * 800.0
    np.savetxt(city / "distances.csv", distances, delimiter=",", fmt="%.1f")
    (city / "dataset.toml").write_text(
        'name = "my-city"\nstart = "2024-03-01T00:00"\ninterval_minutes = 15\nunit = "km/h"\nchannels = ["speed"]\n'
        '[series]\nfile = "readings.csv"\n[graph]\nfile = "distances.csv"\nkind = "distances"\n'
    )
    command = [*RUN[:1], "--dataset", "my-city", *RUN[3:-4], "--trials", "2", "--executor", "local"]
    finished = kdsearch(folder, *command, "--data-dir", ".")
    assert "reported at 45, 90, 135 minutes" in finished.stderr
    assert "report: studies/my-city-quick/report.html" in finished.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run", "--dataset", "pemsd9", "--trials", "1"], "pemsd"),
        (["run", "--dataset", "demo", "--budget", "soon"], "write 90s, 15m or 2h"),
        (
            ["run", "--dataset", "demo", "--trials", "1", "--objective", "speed"],
            "there is no objective 'speed'; choose one of mae",
        ),
        (["run", "--dataset", "demo", "--trials", "1", "--constraint", "size<=3%"], "--constraint 'size<=3%' is not"),
        (
            ["run", "--dataset", "demo", "--trials", "1", "--prefer", "params=2"],
            "the study's objectives are mae, latency",
        ),
        (["run", "--dataset", "demo", "--trials", "1", "--protocol", "dcrnn"], "there is no protocol 'dcrnn'"),
        (["run", "--dataset", "demo", "--trials", "1", "--recipe", "worst"], "there is no preset 'worst'"),
        (["run", "--dataset", "demo", "--trials", "1", "--space", "nowhere"], "there is no search space 'nowhere'"),
        (["run", "--dataset", "demo", "--trials", "1", "--executor", "slurm"], "there is no executor 'slurm'"),
        (["run", "--dataset", "demo", "--trials", "1", "--device", "tpu"], "there is no device 'tpu'"),
        (["run", "--dataset", "demo", "--trials", "1", "--channel", "flow"], "has no channel 'flow'"),
        (["run", "--dataset", "demo", "--trials", "1", "--seed", "-1"], "equal to 0"),
        (["run", "--nonsense"], "--nonsense"),
        (["run", "--objective", ",mae"], "--objective ',mae' is not one or more different ones of mae"),
        (["run", "--objective", "maee"], "there is no objective 'maee'; did you mean 'mae'?"),
        (["run", "--sampler", "grid"], "there is no sampler 'grid'"),
        (["run", "--preset", "worst"], "there is no preset 'worst'"),
        (["run", "--trials", "1", "--study", ".."], "--study '..' is no name of a folder"),
        (["run", "--trials", "1", "--study", "a/../../x"], "--study 'a/../../x' is no name of a folder"),
        (
            ["run", "--trials", "1", "--studies", "/proc/none"],
            "the folder /proc/none/demo-auto of the study cannot be made",
        ),
        (["run", "--trials", "1", "--set", "learning_rate=0.1..inf"], "has the bounds 0.1 and inf"),
        (["run", "--trials", "1", "--set", "width=1..9999999999999999"], "has the bounds 1 and 9999999999999999"),
        (["run", "--trials", "1", "--set", "width=1..999999999999"], "width 999999999999 cannot be made"),
        (["run", "--trials", "1", "--fix", "teacher.width=99999999999"], "width 99999999999 cannot be made"),
        (
            ["run", "--trials", "1", "--fix", "stid.width=0"],
            "parameter width = 0 is out of range; write a number that is at least 1",
        ),
        (["run", "--trials", "1", "--fix", f"epochs={'9' * 5000}"], 'parameter epochs = "999'),
        (["run", "--trials", "1", "--fix", "teacher.learning_rate=inf"], "parameter learning_rate = inf is not finite"),
        (["run", "--trials", "1", "--seed", "1" * 26], "--seed is a number of more than 20 digits"),
        (["run", "--trials", "1", "--budget", ""], "--budget '' is no time; write 90s, 15m or 2h"),
        (["run", "--trials", "1", "--budget", f"{'9' * 5000}s"], "is no time; write 90s, 15m or 2h"),
        (["run", "--trials", "1", "--budget", "9000h"], "--budget is 3.24e+07 s, and may be above 0 and up to a year"),
        (["run", "--trials", "1", "--dataset", ""], "--dataset is empty"),
        (["run", "--trials", "1", "--dataset", "x" * 300], "x" * 50),
        (["run", "--trials", "1", "--space", "x" * 300], "x" * 50),
        (["run", "--trials", "1", "--study", "x" * 300], "is longer than 200 bytes"),
        (["run", "--trials", "1", "--study=-x"], "--study '-x' begins with -"),
        (["run", "--trials", "1", "--confirm-seeds", "1" * 26], "--confirm-seeds is a number of more than 20 digits"),
        (["teacher", "--dataset", "demo", "--seed", "1" * 26], "--seed is a number of more than 20 digits"),
        (["teacher", "--dataset", ""], "--dataset is empty"),
        (["teacher", "--dataset", "demo", "--epochs", "1" * 26], "--epochs is a number of more than 20 digits"),
        (["teacher", "--dataset", "demo", "--horizon", "0"], '--horizon is "0"'),
        (["reproduce", "table4", "--dataset", "demo", "--seeds", "1" * 26], "--seeds is a number of more than 20"),
        (["teacher", "--dataset", "demo", "--device", "tpu"], "there is no device 'tpu'"),
        (["show", "nothing"], "there is no study 'nothing'"),
        (["reproduce", "table99"], "there is no reproduction of 'table99'"),
        (["reproduce", "table4", "--dataset", "demo", "--fidelity", "exact"], "there is no fidelity 'exact'"),
        (["reproduce", "room", "--dataset", "demo", "--fidelity", "exact"], "there is no fidelity 'exact'"),
        (["reproduce", "table4", "--dataset", "nowhere"], "nowhere"),
        (["data", "check", "pemsd7m", "--data-dir", "."], "V_228.csv"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(
    kdsearch: Here, tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    if arguments[0] == "run" and "--dataset" not in arguments:
        arguments = [*arguments, "--dataset", "demo"]
    refused = kdsearch(tmp_path, *arguments, check=2)
    assert sentence in refused.stderr
    assert "teacher: training" not in refused.stderr
    assert refused.stdout == ""


def test_a_search_needs_an_end(tmp_path: Path) -> None:
    """A process of its own exits as the function does that other mistakes are tested with."""
    refused = process(tmp_path, "run", "--dataset", "demo", check=2)
    assert refused.stderr == "Error: a search needs an end; give --trials 40, --budget 30m or both\n"
    assert refused.stdout == ""


def test_five_failures_in_a_row_end_a_run_with_exit_code_1(kdsearch: Here, folder: Path) -> None:
    """A learning rate that no network survives: every row says why it failed, and the run gives up."""
    (folder / "hopeless.toml").write_text(QUICK_SPACE + "[parameters.learning_rate]\nvalue = 1e30\n")
    command = [*RUN[:3], "--space", "hopeless.toml", "--study", "hopeless", *RUN[-4:]]
    ended = kdsearch(folder, *command, check=1)
    assert "Error: 5 trials failed in a row, the last one with: " in ended.stderr
    assert "give the same command again" in ended.stderr
    trials = json.loads(kdsearch(folder, "show", "hopeless", "--json").stdout)["trials"]
    assert [trial["state"] for trial in trials] == ["FAIL"] * 5
    assert all("not finite" in trial["reason"] for trial in trials)


def test_ctrl_c_keeps_what_is_done_and_exits_with_130(tmp_path: Path) -> None:
    """No row is left running, and the same command goes on."""
    (tmp_path / "quick.toml").write_text(QUICK_SPACE)
    command = [sys.executable, "-m", "kdsearch", *RUN[:-4], "--trials", "40", "--executor", "local"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("trial 1 "):
                process.send_signal(signal.SIGINT)
                break
        said = process.stderr.read()
    assert process.returncode == 130
    assert "Traceback" not in said
    assert "the same command goes on from there" in said
    study = optuna.load_study(study_name="demo-quick", storage=f"sqlite:///{tmp_path / 'studies/demo-quick/study.db'}")
    states = [trial.state.name for trial in study.trials]
    assert states.count("COMPLETE") >= 2
    assert "RUNNING" not in states


def test_table_1_needs_no_data(kdsearch: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The batch is 2: on the paper's batch a teacher takes seconds."""
    monkeypatch.setattr("kdsearch.reproduce.table1.PAPER_BATCH", 2)
    rows = json.loads(kdsearch(tmp_path, "reproduce", "table1", "--json").stdout)
    counts = [333_604, 48_628, 10_144, 296_426, 39_290, 7_766]
    assert [row["parameters"] for row in rows] == [row["published_parameters"] for row in rows] == counts
    assert all(row["paper_flops"] == row["published_flops"] for row in rows)
    assert all(row["uncounted_operators"] == [] for row in rows)
    for ratio in ("latency_ratio", "latency_batch_ratio"):
        assert rows[0][ratio] == rows[3][ratio] == 1.0
    assert {row["latency_batch_ms"]["batch"] for row in rows} == {2}
    assert rows[2]["flops"] < 0.04 * rows[0]["flops"]


def test_help_names_every_command_with_an_example(kdsearch: Here, tmp_path: Path) -> None:
    commands = ["run", "studies", "show", "report", "reproduce", "teacher", "doctor"]
    commands += ["data list", "data fetch", "data check"]
    for command in commands:
        assert "Example: kdsearch" in kdsearch(tmp_path, *command.split(), "--help").stdout, command


def test_help_imports_nothing_heavy() -> None:
    """It answers at once because neither torch nor any other slow library is loaded for it."""
    code = (
        "import sys, kdsearch.cli.app; print(sorted({'torch', 'ray', 'optuna', 'pandas', 'plotly'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_doctor_says_what_is_here(kdsearch: Here, tmp_path: Path) -> None:
    found = json.loads(kdsearch(tmp_path, "doctor", "--json").stdout)
    assert found["packages"]["torch"]
    assert found["cache_dir"] == os.environ["KDSEARCH_CACHE"]


def test_data_list_shows_built_in_datasets(kdsearch: Here, tmp_path: Path) -> None:
    listed = json.loads(kdsearch(tmp_path, "data", "list", "--data-dir", ".", "--json").stdout)
    present = {one["name"]: one["present"] for one in listed}
    assert present["demo"]
    assert {"pemsd8", "pemsd4", "pemsd7m", "metr-la", "pems-bay", "los-loop"} <= set(present)
    assert not present["pemsd8"]


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """Make a temporary folder with a short path, because Ray's sockets lie below it."""
    with tempfile.TemporaryDirectory(prefix="kd-") as folder:
        yield Path(folder)


def test_a_study_on_a_server_leaves_its_password_nowhere(short_folder: Path, postgresql: URL) -> None:
    """Not in output, study, report, cache, Tune's and Ray's folders, or the database."""
    home, temporary, url = short_folder / "h", short_folder / "t", postgresql.render_as_string(hide_password=False)
    temporary.mkdir()
    home.mkdir()
    (home / "quick.toml").write_text(QUICK_SPACE)
    cache = str(home / "cache")
    places = {"TMPDIR": str(temporary), "RAY_TMPDIR": str(temporary), "KDSEARCH_CACHE": cache}
    command = [*RUN[:-4], "--trials", "1", "--executor", "ray", "--workers", "1"]
    said = [
        process(home, *command, f"--storage={url}", variables=places),
        process(home, "show", "demo-quick", "--json", variables={"KDSEARCH_STORAGE": url}),
        process(home, "studies", "--storage", url),
    ]
    assert len(json.loads(said[1].stdout)["trials"]) == 1
    assert "".join(f"Studies in {postgresql.render_as_string()}".split()) in "".join(said[2].stdout.split())
    assert "1 COMPLETE" in said[2].stdout
    assert not list(home.rglob("*.db"))

    written = [(process.stdout + process.stderr).encode() for process in said]
    files = [path for path in short_folder.rglob("*") if path.is_file()]
    assert any(path.name == "gcs_server.out" for path in files)
    assert home / "studies/demo-quick/report.html" in files
    written += [path.read_bytes() for path in files]
    written += contents(postgresql)
    password = str(postgresql.password)
    spellings = {password, quote(password, safe=""), quote(password), quote_plus(password, safe=" +"), password[:6]}
    for spelling in spellings:
        assert not [text for text in written if spelling.encode() in text], spelling


@pytest.mark.parametrize("typed", [["--storage", "{}"], ["--storage={}"]])
def test_a_typed_address_leaves_the_command_line_at_once(typed: list[str]) -> None:
    """Anybody on the machine can list command lines, and Ray keeps that of its driver."""
    url = "postgresql+psycopg://me:s%40cret@db/x"
    code = (
        "import os, sys; from kdsearch.cli import app as cli;"
        "cli.app = lambda **_: print(sys.argv, os.environ['KDSEARCH_STORAGE']); cli.main()"
    )
    command = [sys.executable, "-c", code, "show", *(part.format(url) for part in typed), "--json"]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert said.stdout == f"['-c', 'show', '--json'] {url}\n", said.stderr


def contents(database: URL) -> list[bytes]:
    """Read all rows of all tables."""
    address = database.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address) as connection:
        named = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        tables = [str(name) for (name,) in named]
        assert {"trials", "kdsearch_trials"} <= set(tables)
        return [
            str(connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table))).fetchall()).encode()
            for table in tables
        ]


@pytest.mark.parametrize(
    ("arguments", "mistake", "sentence"),
    [
        ([*RUN[:-4], "--trials", "1"], {"password": "wr0ng"}, 'password authentication failed for user "kdsearch"'),
        (["studies"], {"port": 9}, "check that a PostgreSQL server runs there"),
        (["show", "demo-quick"], {"database": "nowhere"}, "make the database with `createdb`"),
    ],
)
def test_a_server_that_refuses_is_one_sentence(
    kdsearch: Here,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    postgresql: URL,
    arguments: list[str],
    mistake: dict[str, Any],
    sentence: str,
) -> None:
    """Said before a teacher is trained, and without the password."""
    (tmp_path / "quick.toml").write_text(QUICK_SPACE)
    monkeypatch.setenv("KDSEARCH_STORAGE", postgresql.set(**mistake).render_as_string(hide_password=False))
    refused = kdsearch(tmp_path, *arguments, check=2)
    assert sentence in refused.stderr
    assert "kdsearch:***@127.0.0.1" in refused.stderr
    assert "teacher" not in refused.stderr
    assert "wr0ng" not in refused.stderr
    assert "s3cr3t" not in refused.stderr


def test_a_warm_start_tries_the_front_of_another_study_first(kdsearch: Here, folder: Path) -> None:
    """The networks come by their parameters; a study that is not there is named before anything is trained."""
    front = json.loads(kdsearch(folder, "show", "demo-quick", "--json").stdout)
    best = next(trial for trial in front["trials"] if trial["number"] == front["front"][0])
    kdsearch(folder, *RUN, "--study", "warm", "--warm-start", "demo-quick", "--trials", "1")
    study = optuna.load_study(study_name="warm", storage=f"sqlite:///{folder / 'studies/warm/study.db'}")
    assert study.trials[0].user_attrs["cite"] == f"study demo-quick, trial {best['number']}"
    assert study.trials[0].params.items() <= best["params"].items()
    refused = kdsearch(folder, *RUN, "--study", "cold", "--warm-start", "nobody", check=2)
    assert "there is no study 'nobody'" in refused.stderr
    assert "teacher" not in refused.stderr


def test_every_command_that_was_written_is_on_the_command_line() -> None:
    """A command is a function whose docstring ends in an example."""
    apps = [cli.app, *(group.typer_instance for group in cli.app.registered_groups)]
    wired = {command.callback for one in apps if one is not None for command in one.registered_commands}
    written = {
        function
        for path in Path(cli.__file__).parent.glob("*.py")
        for module in [importlib.import_module(f"kdsearch.cli.{path.stem}")]
        for _, function in inspect.getmembers(module, inspect.isfunction)
        if "Example: kdsearch" in (function.__doc__ or "")
    }
    assert len(written) > 8
    assert written == wired
