"""Mistakes in what is typed: each is one sentence with the option, its value, and the remedy."""

import os
from pathlib import Path

import numpy as np
import pytest

from tests.mistakes import nothing_is_trained, sentence
from tests.spaces import TINY_SPACE

__all__ = ["nothing_is_trained"]

RUN = ("run", "--space", "s.toml", "--executor", "local", "--no-files")
NINES, HUGE = "9" * 5000, "0x" + "f" * 5000
FOLDER = "is no name of a folder; write letters, digits, - and _"
UNSEEN = "holds a letter that cannot be seen; write it without"
STEPS = "write a number of steps such as 24, or a time such as"
WEIGHT = "has no weight above 0 for mae; write mae=2"
LIMIT = "is not NAME<=NUMBER with a NAME of mae"
ABOVE = "needs a number above 0, and below infinity"
BUDGET = "is no time; write 90s, 15m or 2h"
WHOLE = "is no whole number"
SMALL = "is out of range; write a number that is at least 1"

ROWS: list[tuple[str, str, str]] = [
    ("--objective", "", "--objective '' is not one or more different ones of mae"),
    ("--objective", ",", "is not one or more different ones of mae"),
    ("--objective", "mae,mae", "--objective 'mae,mae' is not one or more different ones of"),
    ("--objective", "mae;latency", "there is no objective 'mae;latency'; did you mean 'latency'?"),
    ("--objective", "MAE", "there is no objective 'MAE'; choose one of mae"),
    ("--objective", "\0", "there is no objective '\\x00'"),
    ("--objective", "東京", "there is no objective '東京'"),
    ("--objective", "a" * 3000, "there is no objective 'aaa"),
    ("--constraint", "", f"--constraint '' {LIMIT}"),
    ("--constraint", "params", LIMIT),
    ("--constraint", "params<3", LIMIT),
    ("--constraint", "params>=3", LIMIT),
    ("--constraint", "params<=-1", LIMIT),
    ("--constraint", "params<=nan", LIMIT),
    ("--constraint", "nope<=3", LIMIT),
    ("--constraint", "params<=0", f"--constraint 'params<=0' {ABOVE}"),
    ("--constraint", "params<=1e400", ABOVE),
    ("--constraint", "params<=1e-400", ABOVE),
    ("--constraint", "params<=1e308k", ABOVE),
    ("--constraint", f"params<={NINES}", ABOVE),
    ("--constraint", "params<=3%%", "has the unit '%%'; after the number of params comes"),
    ("--constraint", "latency<=2s", "has the unit 's'; after the number of latency comes ms, or %"),
    ("--constraint", "mape<=3%", "could mean a mape in per cent or a share of the teacher's"),
    ("--prefer", "", "--prefer '' weighs '', and the study's objectives are mae, latency"),
    ("--prefer", "x=1", "weighs 'x', and the study's objectives are mae, latency"),
    ("--prefer", "mae", WEIGHT),
    ("--prefer", "mae=x", WEIGHT),
    ("--prefer", "mae=0", WEIGHT),
    ("--prefer", "mae=-1", WEIGHT),
    ("--prefer", "mae=nan", WEIGHT),
    ("--prefer", "mae=inf", WEIGHT),
    ("--prefer", f"mae={NINES}", WEIGHT),
    ("--prefer", "mae=1,mae=2", "weighs mae twice; give it one weight"),
    ("--fix", "", "--fix '' is not NAME=VALUE; write --fix beta=0.5"),
    ("--fix", "width", "--fix 'width' is not NAME=VALUE"),
    ("--fix", "width=", "is not NAME=VALUE"),
    ("--fix", "=1", "is not NAME=VALUE"),
    ("--fix", "x=1", "space tiny: there is no parameter 'x'; choose one of route"),
    ("--fix", "a\nb=1", "there is no parameter 'a\\nb'"),
    ("--fix", "width=0", f"space tiny: parameter width = 0 {SMALL}"),
    ("--fix", "width=-1", f"parameter width = -1 {SMALL}"),
    ("--fix", "width=1.5", f"parameter width = 1.5 {WHOLE}"),
    ("--fix", "width=2.0", f"parameter width = 2.0 {WHOLE}"),
    ("--fix", "width=true", f"parameter width = true {WHOLE}"),
    ("--fix", "width='2'", f'parameter width = "2" {WHOLE}'),
    ("--fix", "width=nan", f"parameter width = nan {WHOLE}"),
    ("--fix", "width=[1]", f'parameter width = "[1]" {WHOLE}'),
    ("--fix", "width=1\nb=2", f"{WHOLE}; write width = 5"),
    ("--fix", f"width={NINES}", f"{WHOLE}; write width = 5"),
    ("--fix", f"width={HUGE}", f"{WHOLE}; write width = 5"),
    ("--fix", "width=99999999999999999999", f"{WHOLE}; write width = 5"),
    ("--fix", "width=" + "[" * 3000, f"{WHOLE}; write width = 5"),
    ("--fix", "beta=2", "parameter beta = 2 is out of range; write a number that is at most 1"),
    ("--fix", f"beta={HUGE}", "is no number; write one without quotes"),
    ("--fix", "loss=x", "space tiny: there is no loss 'x'; choose one of none"),
    ("--fix", "family=x", "there is no family 'x'; choose one of stgcn"),
    ("--fix", "route=x", "parameter route = \"x\" is not known; write one of 'student'"),
    ("--fix", "learning_rate=0", "parameter learning_rate = 0 is out of range"),
    ("--fix", "learning_rate=inf", "parameter learning_rate = inf is not finite"),
    ("--fix", "batch=99999999999", "parameter batch = 99999999999 is out of range"),
    ("--fix", "depth=100000000", "no other depth than its own; leave depth = 100000000 out"),
    ("--fix", "width=99999999999", "width 99999999999 cannot be made"),
    ("--fix", "teacher=1", "there is no parameter 'teacher'"),
    ("--fix", "teacher.=1", "there is no parameter ''"),
    ("--fix", "teacher.width=0", f"parameter width = 0 {SMALL}"),
    ("--fix", "teacher.ensemble=0", "--fix teacher.ensemble=0 is no number of networks from 1 to 64"),
    ("--fix", "teacher.ensemble=nan", "is no number of networks from 1 to 64"),
    ("--fix", f"teacher.ensemble={HUGE}", "is no number of networks from 1 to 64"),
    ("--fix", "stid.x=1", "there is no parameter 'x'"),
    ("--set", "", "--set '' is not NAME=VALUE; write --set width=1..4 or loss=none,rd-l2"),
    ("--set", "width=3..1", "has low 3 above high 1; swap them"),
    ("--set", "width=1..", f'parameter width = "1.." {WHOLE}'),
    ("--set", "width=1..x", "--set width=1..x is no range of numbers; write width=LOW..HIGH"),
    ("--set", "width=1..4:lg", "is no range of numbers"),
    ("--set", f"width=1..{HUGE}", "is no range of numbers"),
    ("--set", "width=nan..3", "has the bounds nan and 3"),
    ("--set", "width=1..inf", "has the bounds 1 and inf; give numbers of at most 9.0072e+15"),
    ("--set", "width=0..4:log", "is logarithmic and starts at 0; give a low above 0"),
    ("--set", "width=1.5..3.5", f"parameter width = 1.5 {WHOLE}"),
    ("--set", "width=1,1", "has the choice 1 twice; leave one out"),
    ("--set", "width=1,,2", f'parameter width = "" {WHOLE}'),
    ("--set", "x=1..2", "there is no parameter 'x'"),
    ("--set", "loss=1..3", "parameter loss = 1 is no text"),
    ("--set", "teacher.width=1..3", "there is no parameter 'teacher.width'"),
    ("--budget", "", f"--budget '' {BUDGET}"),
    ("--budget", "0s", f"--budget '0s' {BUDGET}"),
    ("--budget", "-1s", BUDGET),
    ("--budget", "15", BUDGET),
    ("--budget", "1d", BUDGET),
    ("--budget", "nan", BUDGET),
    ("--budget", "1h30m", BUDGET),
    ("--budget", "1e3s", BUDGET),
    ("--budget", f"{NINES}s", BUDGET),
    ("--budget", "8761h", "may be above 0 and up to a year (8760h)"),
    ("--seed", "-1", "Invalid value for '--seed': it must be greater than or equal to 0; see `kdsearch run --help`"),
    ("--seed", "x", "Invalid value for '--seed'"),
    ("--seed", NINES, "Invalid value for '--seed'"),
    ("--seed", "9007199254740993", "--seed is 9,007,199,254,740,993; give a number from 0 to 9,007,199,254,740,992"),
    ("--seed", str(2**63), "--seed is 9,223,372,036,854,775,808; give a number from 0"),
    ("--seed", "1" * 26, "--seed is a number of more than 20 digits"),
    ("--trials", "0", "Invalid value for '--trials'"),
    ("--trials", "1.5", "Invalid value for '--trials'"),
    ("--trials", "1" * 30, "--trials is a number of more than 20 digits; give a number from 1 to 1,000,000,000"),
    ("--workers", "1" * 30, "--workers is a number of more than 20 digits; give a number from 1 to 100,000"),
    ("--confirm-seeds", "1001", "--confirm-seeds is 1,001; give a number from 1 to 1,000"),
    ("--confirm-best", "1" * 30, "--confirm-best is a number of more than 20 digits"),
    ("--device", "", "there is no device '' here; choose one of cpu"),
    ("--device", "gpu", "there is no device 'gpu' here"),
    ("--device", "cuda:99", "there is no device 'cuda:99' here"),
    ("--device", "meta", "there is no device 'meta' here"),
    ("--address", "x", "--address names a Ray cluster and --executor local uses none; leave one of them out"),
    ("--executor", "x", "there is no executor 'x'; choose ray or local"),
    ("--sampler", "magic", "there is no sampler 'magic'; choose one of tpe"),
    ("--stopping-rule", "x", "there is no stopping rule 'x'; choose one of dominated"),
    ("--preset", "x", "there is no preset 'x'; choose one of best"),
    ("--runtime", "x", "there is no runtime 'x'; choose torch or onnx"),
    ("--protocol", "x", "there is no protocol 'x'; choose one of stgcn"),
    ("--channel", "x", "demo has no channel 'x'; choose one of speed"),
    ("--fill", "x", "there is no fill 'x'; choose causal or published"),
    ("--readings", "x", "there are no readings 'x'; choose measured or published"),
    ("--history", "0", f'--history is "0"; {STEPS}'),
    ("--history", "-1", f'--history is "-1"; {STEPS}'),
    ("--history", NINES, STEPS),
    ("--history", "10000", "keeps each window of 10009 steps (10000 in, 9 out) inside one day"),
    ("--horizon", "nan", f'--horizon is "nan"; {STEPS}'),
    ("--horizon", f"{'9' * 30}d", STEPS),
    ("--report-at", "0", '--report-at is "0"; write minutes ahead, above 0'),
    ("--report-at", "15,x", '--report-at is "15,x"; write minutes ahead'),
    ("--report-at", "7", "a report at 7 minutes is no whole number of 5-minute steps; take 5 or 10 minutes"),
    ("--dataset", "", "--dataset is empty; give a name or folder"),
    ("--dataset", "x", "there is no dataset 'x'; the nearest are"),
    ("--dataset", "\0", "there is no dataset '\\x00'"),
    ("--dataset", "~nobody_here", "begins with a home folder that nobody has here; write the whole path"),
    ("--data-dir", "s.toml", "the data folder s.toml is a file, not a folder; name another with --data-dir"),
    ("--teacher", "x.npz", "there is no file x.npz of answers; give an .npz file with the arrays time"),
    ("--teacher", "pipe.npz", "there is no file pipe.npz of answers"),
    ("--teacher", "s.toml", "answers are not read from s.toml; give an .npz file"),
    ("--teacher", "text.npz", "text.npz cannot be read as answers"),
    ("--teacher", "other.npz", "other.npz: there is no array 'time'; choose one of a"),
    ("--teacher", "objects.npz", "objects.npz cannot be read as answers"),
    ("--import", "x", "there is no module 'x' to import; install it, or give the path of a file that ends in .py"),
    ("--import", "x.py", "the import 'x.py' cannot be read: "),
    ("--import", ".", "there is no module '.' to import"),
    ("--import", "~nobody_here/x.py", "the import '~nobody_here/x.py' cannot be read: "),
    ("--import", "raises.py", "the import 'raises.py' fails in line 2: ZeroDivisionError: division by zero"),
    ("--import", "ends.py", "the import 'ends.py' fails in line 1: SystemExit"),
    ("--warm-start", "x", "there is no study 'x' in studies; it holds: none"),
    ("--warm-start", "../x", "there is no study '../x' in studies"),
    ("--space", "", "there is no search space ''"),
    ("--space", "x", "there is no search space 'x'; give the path of a .toml file or one of auto"),
    ("--space", "\0", "there is no search space '\\x00'"),
    ("--study", "", f"--study '' {FOLDER}"),
    ("--study", ".", FOLDER),
    ("--study", "..", f"--study '..' {FOLDER}"),
    ("--study", "../x", FOLDER),
    ("--study", "a/b", f"--study 'a/b' {FOLDER}"),
    ("--study", "/abs", FOLDER),
    ("--study", "a\\b", FOLDER),
    ("--study", ".hidden", FOLDER),
    ("--study", "x ", FOLDER),
    ("--study", "x.", FOLDER),
    ("--study", "a:b", FOLDER),
    ("--study", "<b>", FOLDER),
    ("--study", "\u200d", FOLDER),
    ("--study", "-x", "--study '-x' begins with -, as options of commands do; begin with a letter or digit"),
    ("--study", "a\nb", f"--study 'a\\nb' {UNSEEN}"),
    ("--study", "a\0b", UNSEEN),
    ("--study", "\x1b[31m", UNSEEN),
    ("--study", "\u202eevil", UNSEEN),
    ("--study", "a\u200bb", UNSEEN),
    ("--study", "\udcff", UNSEEN),
    ("--study", "x" * 201, "is longer than 200 bytes; give a shorter one"),
    ("--study", "京" * 67, "is longer than 200 bytes; give a shorter one"),
    ("--studies", "s.toml", "the folder s.toml/demo-tiny of the study cannot be made: Not a directory"),
    ("--studies", "/proc/none", "the folder /proc/none/demo-tiny of the study cannot be made"),
    ("--studies", "/dev/null", "the folder /dev/null/demo-tiny of the study cannot be made: Not a directory"),
    ("--studies", "\udcff", "is no name that an address can hold; rename its folder"),
    ("--storage", "x", "'x' is no database address; write sqlite:///FILE or postgresql+psycopg://"),
    ("--storage", "sqlite://", "sqlite:// names no file; write sqlite:///FILE"),
    ("--storage", "sqlite:///:memory:", "names no file; write sqlite:///FILE"),
    ("--storage", "sqlite:///.", "the study database . is a folder, not a file"),
    ("--storage", "sqlite:////dev/null", "the study database /dev/null is a device, not a file"),
    ("--storage", "sqlite:///pipe.npz", "the study database pipe.npz is a pipe, not a file"),
    ("--storage", "sqlite:///s.toml", "the study database sqlite:///s.toml cannot be used: file is not a database"),
    ("--storage", "sqlite:////proc/x/y.db", "the folder /proc/x of the study cannot be made"),
    ("--storage", "sqlite:///x\0y", "sqlite:///x%00y cannot be used: embedded null byte"),
    ("--storage", "sqlite:///x.db?timeout=abc", "the study database sqlite:///x.db?timeout=abc cannot be used"),
    ("--storage", "sqlite+foo:///x", "Can't load plugin"),
    ("--storage", "mysql://u:secret@h/d", "'mysql://u:***@h/d' is no address of SQLite or PostgreSQL"),
    ("--storage", "http://a", "'http://a' is no address of SQLite or PostgreSQL"),
    ("--storage", "postgresql+psycopg://u:secret@127.0.0.1:1/d", "check that a PostgreSQL server runs there"),
    ("--storage", "postgresql+psycopg://u:se@cret@h/d", "has an @ in its password; write it as %40"),
    ("--storage", "postgresql+psycopg://u:secret@[::1/d", "is no database address"),
    ("--storage", "postgresql+psycopg2://u:secret@h/d", "install one: pip install 'kdsearch[postgres]'"),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a space, and files that are none of answers."""
    folder = tmp_path_factory.mktemp("options")
    (folder / "s.toml").write_text(TINY_SPACE + "[parameters.width]\nlow = 1\nhigh = 2\nkind = 'int'\n")
    os.mkfifo(folder / "pipe.npz")
    (folder / "text.npz").write_text("text")
    np.savez(folder / "other.npz", a=np.ones(3))
    np.savez(folder / "objects.npz", time=np.array([{}]), sensor=np.ones(1), forecast=np.ones((1, 1, 1)))
    (folder / "raises.py").write_text("\n1 / 0\n")
    (folder / "ends.py").write_text("raise SystemExit(0)\n")
    return folder


@pytest.mark.parametrize(("option", "value", "words"), ROWS, ids=lambda text: ascii(text[:30]))
def test_a_mistake_in_an_option(option: str, value: str, words: str, home: Path) -> None:
    end = () if option in {"--trials", "--budget"} else ("--trials", "1")
    said = sentence(home, *RUN, *end, f"{option}={value}")
    assert words in said
    assert "cret" not in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (RUN, "a search needs an end; give --trials 40, --budget 30m or both"),
        (("run", "--nope"), "No such option: --nope"),
        (("nope",), "No such command 'nope'; see `kdsearch --help`"),
        (("show",), "Missing argument 'study'; see `kdsearch show --help`"),
        (("space", "show"), "Missing argument 'name'; see `kdsearch space show --help`"),
        ((*RUN, "--trials", "1", "--set", "width=1..3", "--fix", "width=2"), "width is both set and fixed"),
        ((*RUN, "--trials=1", "--constraint=params<=3%", "--constraint=params<=4%"), "more than once"),
        (("teacher", "--space", "s.toml", "--epochs", "1" * 30), "--epochs is a number of more than 20 digits"),
        (("teacher", "--space", "s.toml", "--device", "x"), "there is no device 'x' here"),
        (("teacher", "--space", "x"), "there is no search space 'x'"),
        (("teacher", "--dataset", ""), "--dataset is empty"),
        (("teacher", "--space", "s.toml", "--seed", str(2**63)), "--seed is 9,223,372,036,854,775,808"),
        (("reproduce", "table99"), "table99"),
        (("reproduce", "table4", "--seeds", "1" * 30), "--seeds is a number of more than 20 digits"),
        (("data", "check", "nope"), "there is no dataset 'nope'"),
        (("data", "check", "demo", "--html", "."), ". is a folder, not a file; give the name of an HTML file"),
        (("data", "fetch", "nope"), "there is no dataset 'nope'"),
        (("data", "describe", "nope.csv"), "nope.csv is not there"),
    ],
    ids=lambda one: ascii(one)[:40],
)
def test_a_mistake_in_a_command(arguments: tuple[str, ...], words: str, home: Path) -> None:
    assert words in sentence(home, *arguments)
