"""Mistakes in a space's file: each is one sentence with the file or the space, the key, and the remedy."""

import os
from pathlib import Path

import pytest

from tests.mistakes import nothing_is_trained, sentence

__all__ = ["nothing_is_trained"]

HEAD = 'name = "mine"\ndataset = "demo"\nprotocol = "stgcn"\n'
WIDTH = "[parameters.width]\nvalue = 1\n"
GOOD = HEAD + WIDTH
HUGE = "0x" + "f" * 5000
BITS = "is a whole number of more than 63 bits; write a smaller one"
QUOTES = "is no text; write it in quotes"
FLAG = "is neither true nor false"
SINGLE = 'is no single value; write a number, a word in "quotes", true or false'
NUMBER = "is no number; write one without quotes"
FOLDER = "is no name of a folder; write letters, digits, - and _"
WHOLE = "is no whole number"
KINDS = "parameter width of s.toml needs either choices, or low and high, or value"


def parameter(body: str, name: str = "width") -> str:
    """A space with one parameter of this body."""
    return f"{HEAD}[parameters.{name}]\n{body}\n"


def named(name: str) -> str:
    """A space of this name, as TOML."""
    return GOOD.replace('"mine"', name)


def under(table: str, line: str) -> str:
    """A space with a line in this table."""
    return f"{HEAD}[{table}]\n{line}\n{WIDTH}"


def above(line: str) -> str:
    """A space with a line above its tables."""
    return f"{line}\n{GOOD}"


ROWS: list[tuple[str | bytes, str]] = [
    # the file
    (GOOD.encode("utf-16"), "s.toml is written in UTF-16; save it as UTF-8"),
    (GOOD.encode("utf-32"), "s.toml is written in UTF-16; save it as UTF-8"),
    (above('title = "é"').encode("latin-1"), "s.toml, line 1: there is a byte that is no UTF-8"),
    (bytes(range(256)), "there is a byte that is no UTF-8; save the file as text in UTF-8"),
    (GOOD + "\0", "s.toml is no text file; save it as text in UTF-8"),
    (b"PK\x03\x04" + bytes(100), "s.toml is no text file; save it as text in UTF-8"),
    ("", "s.toml has no parameters; write a [parameters.NAME] table for each"),
    ("#" * 1_100_000, "s.toml has 1.1 MB, a file of keys has some kB; name the right file"),
    (HEAD + "x = " + "[" * 3000 + "]" * 3000, "s.toml nests lists or tables too deeply; write them flat"),
    (HEAD + "[parameters.width", "s.toml, at its end: this is not valid TOML; write key = value"),
    (GOOD + "value = 2", "s.toml, at its end: a key or a table is there twice; remove one"),
    (GOOD + WIDTH, "a key or a table is there twice; remove one"),
    (GOOD + 'title = "\\ud800"', "this is not valid TOML"),
    (above("title = " + "9" * 5000), "s.toml holds a number or a date that cannot be read; correct it"),
    (above("foo = 1"), "the key foo at the top of the file is not known"),
    (above("ensemble = 2"), "s.toml: ensemble belongs under [teacher], not at the top of the file; move it there"),
    (above("candidates = []"), "s.toml: candidates belongs under [teacher]"),
    (above("text = 'x'"), "s.toml: the key text at the top of the file is not known; leave it out"),
    (above("folder = '/etc'"), "s.toml: the key folder at the top of the file is not known"),
    # its head
    ('dataset = "demo"\nprotocol = "stgcn"\n' + WIDTH, "s.toml cannot be read: name is missing; write name = ..."),
    (GOOD.replace('dataset = "demo"\n', ""), "dataset is missing; write dataset = ..."),
    (GOOD.replace('protocol = "stgcn"\n', ""), "protocol is missing; write protocol = ..."),
    (named("1"), f"name = 1 {QUOTES}"),
    (named('["a"]'), f'name = ["a"] {QUOTES}'),
    (named('""'), f'name = "" {FOLDER}'),
    (named('"."'), f'name = "." {FOLDER}'),
    (named('".."'), f'name = ".." {FOLDER}'),
    (named('"../../x"'), f'name = "../../x" {FOLDER}'),
    (named('"/etc/x"'), f'name = "/etc/x" {FOLDER}'),
    (named('"a\\\\b"'), FOLDER),
    (named('" x"'), f'name = " x" {FOLDER}'),
    (named('"-x"'), 'name = "-x" begins with -, as options of commands do; begin with a letter or digit'),
    (named('"a\\nb"'), "holds a letter that cannot be seen; write it without"),
    (named('"a\\u001b[31m"'), "holds a letter that cannot be seen; write it without"),
    (named('"a\\u202eb"'), "holds a letter that cannot be seen; write it without"),
    (named(f'"{"x" * 300}"'), "is longer than 200 bytes; give a shorter one"),
    (named(f'"{"京" * 70}"'), "is longer than 200 bytes; give a shorter one"),
    (GOOD.replace('"demo"', "3"), f"dataset = 3 {QUOTES}"),
    (GOOD.replace('"demo"', '""'), 'dataset = "" is empty; write a word'),
    (GOOD.replace('"demo"', '"a\\u0000b"'), "holds a control character; write it without"),
    (GOOD.replace('"stgcn"', "5"), f"protocol = 5 {QUOTES}"),
    (GOOD.replace('"stgcn"', '"nope"'), "there is no protocol 'nope'; choose one of stgcn"),
    (GOOD.replace('"stgcn"', '["stgcn"]'), f'protocol = ["stgcn"] {QUOTES}'),
    (GOOD.replace('protocol = "stgcn"', "[protocol]\nhistroy = 3"), 'has no key "histroy"; did you mean history?'),
    (GOOD.replace('protocol = "stgcn"', f"[protocol]\nhistory = {HUGE}"), f"s.toml: protocol.history {BITS}"),
    (above("title = 3"), f"title = 3 {QUOTES}"),
    (above("points_only = 'yes'"), f'points_only = "yes" {FLAG}'),
    (above("families_that_fit = 1"), f"families_that_fit = 1 {FLAG}"),
    # numbers that nothing holds
    (above(f"title = {HUGE}"), f"s.toml: title {BITS}"),
    (parameter(f"low = 1\nhigh = {HUGE}\nkind = 'int'"), f"s.toml: parameters.width.high {BITS}"),
    (parameter(f"value = {HUGE}"), f"s.toml: parameters.width.value {BITS}"),
    (parameter(f"choices = [1, {HUGE}]"), f"s.toml: entry 2 of parameters.width.choices {BITS}"),
    (parameter(f"value = -{'9' * 19}"), BITS),
    (GOOD + f"[[points]]\nwidth = {HUGE}", f"s.toml: entry 1 of points.width {BITS}"),
    (under("teacher", f"width = {HUGE}"), f"s.toml: teacher.width {BITS}"),
    (GOOD + f"[parameters.beta]\nvalue = 0.5\nwhen = {{ width = [{HUGE}] }}", BITS),
    (parameter("low = 0.0\nhigh = inf", "alpha3"), "parameter alpha3 of s.toml has the bounds 0.0 and inf"),
    (parameter("low = -inf\nhigh = 1.0", "alpha3"), "has the bounds -inf and 1.0; give numbers of at most 9.0072e+15"),
    (parameter("low = nan\nhigh = 1.0", "alpha3"), "has the bounds nan and 1.0"),
    (parameter("low = 0.0\nhigh = 1e400", "alpha3"), "has the bounds 0.0 and inf"),
    (parameter("low = -1e308\nhigh = 1e308", "alpha3"), "has the bounds -1e+308 and 1e+308"),
    (parameter("value = nan", "beta"), "space mine: parameter beta = nan is not finite; write a plain number"),
    (parameter("choices = [inf]", "beta"), "space mine: parameter beta = inf is not finite"),
    # parameters
    (HEAD, "s.toml has no parameters; write a [parameters.NAME] table for each"),
    ("parameters = 3\n" + HEAD, "s.toml has no parameters"),
    (HEAD + "parameters = []", "s.toml has no parameters"),
    (HEAD + "[parameters]\nwidth = 3", KINDS),
    (HEAD + "[parameters]\nwidth = [1, 2]", KINDS),
    (parameter("choices = [1]\nlow = 1\nhigh = 2"), KINDS),
    (parameter("value = 1\nchoices = [1]"), KINDS),
    (parameter("low = 1"), "parameter width of s.toml cannot be read: high is missing; write high = ..."),
    (parameter("high = 1"), KINDS),
    (parameter("value = { a = 1 }"), f"value: {SINGLE}"),
    (parameter("value = [1]"), f"value = [1] {SINGLE}"),
    (parameter("value = 2024-01-01"), f"value = 2024-01-01 {SINGLE}"),
    (parameter("choices = 'none'", "loss"), 'choices = "none" is no list; write it in brackets, choices = ["none"]'),
    (parameter("choices = {a = 1}", "loss"), "choices = {a = 1} is no list; write it in brackets"),
    (parameter("choices = []", "loss"), "parameter loss of s.toml has no choices; list at least one"),
    (parameter("choices = [['none']]", "loss"), f'entry 1 of choices = ["none"] {SINGLE}'),
    (parameter("choices = [1, 2024-01-01]"), f"entry 2 of choices = 2024-01-01 {SINGLE}"),
    (parameter("choices = ['none', 'none']", "loss"), "parameter loss of s.toml has the choice none twice"),
    (parameter("choices = [1, true]"), "has the choice True twice; leave one out"),
    (parameter("choices = ['none', 'x']", "loss"), "space mine: there is no loss 'x'; choose one of none"),
    (parameter("low = '1'\nhigh = 3"), f'low = "1" {NUMBER}'),
    (parameter("low = true\nhigh = 3"), f"low = true {NUMBER}"),
    (parameter("low = 2024-01-01\nhigh = 3"), f"low = 2024-01-01 {NUMBER}"),
    (parameter("low = [1]\nhigh = 3"), f"low = [1] {NUMBER}"),
    (parameter("low = 3\nhigh = 1\nkind = 'int'"), "parameter width of s.toml has low 3 above high 1; swap them"),
    (parameter("low = 1\nhigh = 3\nkind = 'long'"), "kind = \"long\" is not known; write one of 'int' or 'float'"),
    (parameter("low = 1\nhigh = 3\nkind = 3"), "kind = 3 is not known; write one of 'int' or 'float'"),
    (parameter("low = 1.5\nhigh = 3.5\nkind = 'int'"), 'is of kind "int" and has bounds 1.5 and 3.5'),
    (parameter("low = 1\nhigh = 3"), 'whole number, and its range has fractions; write kind = "int"'),
    (parameter("low = 1.0\nhigh = 3.0"), f"space mine: parameter width = 1.0 {WHOLE}"),
    (parameter("low = 0.1\nhigh = 0.3\nlog = 'yes'", "beta"), f'log = "yes" {FLAG}'),
    (parameter("low = 0.1\nhigh = 0.3\nlog = 1", "beta"), f"log = 1 {FLAG}"),
    (parameter("low = 0.0\nhigh = 0.3\nlog = true", "beta"), "is logarithmic and starts at 0.0; give a low above 0"),
    (parameter("value = 1\nname = 'x'"), "has a key name; its name stands in [parameters.width]"),
    (parameter("value = 1\nfoo = 2"), "the key foo under [parameters.width] is not known"),
    (parameter("value = 1\nlabel = 3"), f"label = 3 {QUOTES}"),
    (parameter("value = 1", "widht"), "space mine: there is no parameter 'widht'; did you mean 'width'?"),
    (parameter("value = 1", "'a b\\n'"), "there is no parameter 'a b"),
    (parameter("value = 1", "''"), "there is no parameter ''; choose one of route"),
    (parameter("value = 1", "w" * 5000), "there is no parameter 'www"),
    (parameter("value = 1", "'<script>'"), "there is no parameter '<script>'"),
    (parameter("value = true"), f"space mine: parameter width = true {WHOLE}"),
    (parameter("value = '2'"), f'space mine: parameter width = "2" {WHOLE}'),
    (parameter("value = 2.0"), f"space mine: parameter width = 2.0 {WHOLE}"),
    (parameter("value = 2.5"), f"space mine: parameter width = 2.5 {WHOLE}"),
    (parameter("value = 0"), "space mine: parameter width = 0 is out of range; write a number that is at least 1"),
    (parameter("value = '0.5'", "beta"), 'space mine: parameter beta = "0.5" is no number'),
    (parameter("value = true", "beta"), "space mine: parameter beta = true is no number"),
    (parameter("value = 1", "joint"), f"space mine: parameter joint = 1 {FLAG}"),
    (parameter("value = 'yes'", "joint"), f'space mine: parameter joint = "yes" {FLAG}'),
    (parameter("value = 7", "loss"), f"space mine: parameter loss = 7 {QUOTES}"),
    (parameter("value = 'x'", "route"), "space mine: parameter route = \"x\" is not known; write one of 'student'"),
    (parameter("value = 10_000_000", "epochs"), "space mine: parameter epochs = 10000000 is out of range"),
    (parameter("value = 99_999_999_999", "batch"), "space mine: parameter batch = 99999999999 is out of range"),
    (parameter("value = 0", "depth"), "space mine: parameter depth = 0 is out of range"),
    # conditions
    (GOOD + "[parameters.beta]\nvalue = 0.5\nwhen = 'x'", 'when = "x" is no table'),
    (GOOD + "[parameters.beta]\nvalue = 0.5\nwhen = ['x']", 'when = ["x"] is no table'),
    (GOOD + "[parameters.beta]\nvalue = 0.5\nwhen = { width = 1 }", "when.width = 1 is no list; write it in brackets"),
    (GOOD + "[parameters.beta]\nvalue = 0.5\nwhen = { width = [] }", "depends on width, and on no value of it"),
    (GOOD + "[parameters.beta]\nvalue = 0.5\nwhen = { width = [[1]] }", SINGLE),
    (GOOD + "[parameters.beta]\nvalue = 0.5\nwhen = { nope = [1] }", "depends on nope, which does not come before it"),
    (GOOD + "[parameters.beta]\nvalue = 0.5\nwhen = { width = [7] }", "depends on width = 7, but width is fixed at 1"),
    (parameter("value = 1\nwhen = { width = [1] }"), "depends on width, which does not come before it"),
    # points
    (above("points = {}"), "the points of s.toml cannot be read; write each under [[points]], in double brackets"),
    (above("points = [1]"), "the points of s.toml cannot be read; write each under [[points]]"),
    (GOOD + "[[points]]\nfoo = 1", "point 1 of s.toml names foo, which does not apply to it"),
    (GOOD + "[[points]]\nwidth = 9", "point 1 of s.toml has width = 9, which is fixed at 1"),
    (GOOD + "[[points]]\nwidth = [1]", f"width = [1] {SINGLE}"),
    (GOOD + "[[points]]\nwidth = { a = 1 }", SINGLE),
    (GOOD + "[[points]]\ncite = 3\nwidth = 1", f"cite in entry 1 of points = 3 {QUOTES}"),
    (parameter("low = 0.0\nhigh = 1.0", "beta") + "[[points]]\nbeta = nan", "point 1 of s.toml has beta = nan"),
    # networks beside the trials
    (above("teacher = 3"), "teacher = 3 is no table"),
    (above("stid = []"), "stid = [] is no table"),
    (under("teacher", "foo = 1"), "space mine: there is no parameter 'foo'; choose one of route"),
    (under("teacher", "width = 'x'"), f'space mine: parameter width = "x" {WHOLE}'),
    (under("teacher", "width = 0"), "space mine: parameter width = 0 is out of range"),
    (under("teacher", "epochs = inf"), f"space mine: parameter epochs = inf {WHOLE}"),
    (under("teacher", "family = 'x'"), "space mine: there is no family 'x'; choose one of stgcn"),
    (under("teacher", "learning_rate = nan"), "space mine: parameter learning_rate = nan is not finite"),
    (under("teacher.x", "y = 1"), f"teacher.x: {SINGLE}"),
    (under("teacher", "candidates = 3"), "candidates = 3 is no list"),
    (under("teacher", "candidates = [3]"), "entry 1 of candidates = 3 is no table"),
    (under("teacher", "candidates = [{ foo = 1 }]"), "space mine: there is no parameter 'foo'"),
    (under("teacher", "ensemble = 0"), "ensemble = 0 is out of range; write a number that is at least 1"),
    (under("teacher", "ensemble = 65"), "ensemble = 65 is out of range; write a number that is at most 64"),
    (under("teacher", "ensemble = 1.5"), f"ensemble = 1.5 {WHOLE}"),
    (under("teacher", "ensemble = true"), f"ensemble = true {WHOLE}"),
    (under("stid", "foo = 1"), "space mine: there is no parameter 'foo'"),
    (under("stid", "learning_rate = inf"), "space mine: parameter learning_rate = inf is not finite"),
    # imports
    (above("imports = 'x.py'"), 's.toml has imports = "x.py"; write a list: imports = ["my_parts.py"]'),
    (above(f"imports = {HUGE}"), f"s.toml: imports {BITS}"),
    (above("imports = [3]"), f"entry 1 of imports = 3 {QUOTES}"),
    (above("imports = ['no.py']"), "the import 'no.py' cannot be read: "),
    (above("imports = ['sub.py']"), "the import 'sub.py' is no file; give the path of a Python file"),
    (above("imports = ['pipe.py']"), "the import 'pipe.py' is no file; give the path of a Python file"),
    (above("imports = ['~nobody_here/x.py']"), "the import '~nobody_here/x.py' cannot be read: "),
    (above('imports = ["a\\u0000.py"]'), "cannot be read: "),
    (above("imports = ['latin.py']"), "the import 'latin.py' cannot be read: "),
    (above("imports = ['wrong.py']"), "the import 'wrong.py' fails in line 1: SyntaxError"),
    (above("imports = ['broken.inner']"), "the import 'broken.inner' fails: ZeroDivisionError"),
    (above("imports = ['os']"), "there is no module 'os' to import; install it, or give the path of a file"),
    (above("imports = ['']"), "there is no module '' to import"),
    (above("imports = ['.x']"), "there is no module '.x' to import"),
    # spaces of spaces
    (HEAD + "spaces = 3", "the spaces of s.toml cannot be read; write each under [[spaces]], in double brackets"),
    (HEAD + "spaces = []", "the spaces of s.toml cannot be read; write each under [[spaces]]"),
    (HEAD + "spaces = [[1]]", "the spaces of s.toml cannot be read; write each under [[spaces]]"),
    (HEAD + "[[spaces]]\nfamily = 'stgcn'", "space is missing; write space = ..."),
    (HEAD + "[[spaces]]\nfamily = 1\nspace = 'demo'", f"family = 1 {QUOTES}"),
    (HEAD + "[[spaces]]\nfamily = 'nope'\nspace = 'demo'", "space mine: there is no family 'nope'"),
    (HEAD + "[[spaces]]\nfamily = 'stgcn'\nspace = 'nope'", "there is no search space 'nope'"),
    (HEAD + "[[spaces]]\nfamily = 'stgcn'\nspace = 's.toml'", "s.toml is made of other spaces itself"),
    (HEAD + "[[spaces]]\nfamily = 'stgcn'\nspace = '/etc/passwd'", "there is no search space '/etc/passwd'"),
    (HEAD + 2 * "[[spaces]]\nfamily = 'stgcn'\nspace = 'demo'\n", "has two spaces for the family 'stgcn'"),
    (HEAD + "[[spaces]]\nfamily = 'stgcn'\nspace = 'demo'\nfix = { a = [1] }", SINGLE),
    (HEAD + "[[spaces]]\nfamily = 'stgcn'\nspace = 'demo'\nfix = { foo = 1 }", "there is no parameter 'foo'"),
]  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what some of the spaces import."""
    folder = tmp_path_factory.mktemp("spaces")
    (folder / "sub.py").mkdir()
    os.mkfifo(folder / "pipe.py")
    (folder / "latin.py").write_bytes(b"# \xe9\n")
    (folder / "wrong.py").write_text("def (:\n")
    (folder / "broken").mkdir()
    (folder / "broken/__init__.py").write_text("1 / 0\n")
    (folder / "broken/inner.py").write_text("")
    return folder


@pytest.mark.parametrize(
    ("content", "words"), ROWS, ids=[f"{place}-{words[:40]}" for place, (_, words) in enumerate(ROWS)]
)
def test_a_mistake_in_a_space(content: str | bytes, words: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(home))
    (home / "s.toml").write_bytes(content.encode() if isinstance(content, str) else content)
    assert words in sentence(home, "space", "check", "s.toml")


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("gone.toml", "there is no search space 'gone.toml'; give the path of a .toml file or one of auto"),
        ("folder.toml", "there is no search space 'folder.toml'"),
        ("pipe.toml", "there is no search space 'pipe.toml'"),
        ("broken.toml", "there is no search space 'broken.toml'"),
        ("circle.toml", "there is no search space 'circle.toml'"),
        ("device.toml", "there is no search space 'device.toml'"),
        (f"{'x' * 300}.toml", "File name too long; give a shorter one"),
        ("text.txt", "text.txt does not end in .toml; give the path of a space's file"),
        ("../x", "does not end in .toml"),
    ],
)
def test_what_is_no_file_of_a_space(place: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "folder.toml").mkdir()
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "broken.toml").symlink_to("nowhere")
    (tmp_path / "circle.toml").symlink_to("circle.toml")
    (tmp_path / "device.toml").symlink_to("/dev/zero")
    (tmp_path / "text.txt").write_text("")
    assert words in sentence(tmp_path, "space", "check", place)
