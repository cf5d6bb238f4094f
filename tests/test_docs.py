"""The pages say what is true: commands parse and run, examples work, links lead somewhere, tables leave nothing out.

An HTML comment above a block says how it is tried: `short: COMMANDS` are run in its place, `not run: REASON` leaves it
at parsing, `compiled only: REASON` is for Python that takes long, `file: NAME` makes the block a file of the examples.
"""

import re
import shlex
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from pydantic import BaseModel
from typer.core import TyperGroup
from typer.main import get_command

import kdsearch
from docs.command_page import PAGE, command_page
from kdsearch.cli.app import app
from kdsearch.cli.run import parse_seconds
from kdsearch.data.card import DatasetCard
from kdsearch.data.catalog import CARDS
from kdsearch.data.graph_source import GraphSource
from kdsearch.data.protocols import PROTOCOLS
from kdsearch.data.series import Series
from kdsearch.data.series_source import SeriesSource
from kdsearch.measure.objectives import parse_objectives
from kdsearch.study.constraints import parse_constraints
from kdsearch.study.search.samplers import SAMPLERS
from kdsearch.study.space.files import load_space, space_names
from kdsearch.study.space.space import SearchSpace
from kdsearch.trial.config import TrialConfig
from tests.pages import MANUAL, PAGES, ROOT, Block, anchors, blocks, inline_code, links, table_rows, word_count
from tests.restored import tables_restored

QUICK_SPACE = """
name = "quick"
dataset = "demo"
protocol = "stgcn"
[teacher]
width = 4
epochs = 1
[stid]
epochs = 1
[parameters.loss]
choices = ["none", "rd-l2"]
[parameters.beta]
low = 0.0
high = 1.0
when = { loss = ["rd-l2"] }
[parameters.width]
low = 1
high = 3
kind = "int"
[parameters.epochs]
value = 1
"""
FILES = {"quick.toml"} | {block.file for page in MANUAL for block in blocks(page, "toml") if block.file}
DOCS = ROOT / "docs"


def names(page: Path) -> str:
    return str(page.relative_to(ROOT))


def parsed(line: str) -> dict[str, Any]:
    """Parameters of a command line, which is not run.

    A mistake in it raises what the command line itself would print.
    """
    command: Any = get_command(app)
    context: typer.Context | None = None
    name: Any
    name, *words = shlex.split(line)
    while isinstance(command, TyperGroup):
        if not words:
            return {}
        context = typer.Context(command, parent=context, info_name=name)
        if words[0].startswith("-"):  # these act at once: nothing is to be printed or installed here
            known = {option for one in command.get_params(context) for option in one.opts}
            assert set(words) <= known, f"{line}: {name} has no {set(words) - known}, only {known}"
            return {}
        name, command, words = command.resolve_command(context, words)
    if {"--help", "-h"} & set(words):
        return {}
    return dict(command.make_context(name, words, parent=context).params)


def own_file(value: str) -> bool:
    """Whether a value is a file or folder of the examples."""
    path = Path(value).as_posix()
    return any(path in {file, Path(file).parent.as_posix()} for file in FILES)


CHECKS: dict[str, Callable[[Any], object]] = {
    "dataset": lambda name: own_file(name) or CARDS[name],
    "space": lambda name: own_file(name) or load_space(name),
    "protocol": lambda name: PROTOCOLS[name],
    "objective": parse_objectives,
    "constraint": parse_constraints,
    "sampler": lambda name: SAMPLERS[name],
    "budget": parse_seconds,
    "executor": ["ray", "local"].index,
    "device": ["cpu", "cuda"].index,
}
"""What looks up the value of an option, and raises where there is none."""


def check(line: str) -> None:
    """Parse a line, and look up the values that are names."""
    for name, value in parsed(line).items():
        if name in CHECKS and value is not None:
            CHECKS[name](value)


@pytest.mark.parametrize("page", MANUAL, ids=names)
def test_commands_parse_and_their_values_exist(page: Path) -> None:
    for block in blocks(page, "sh"):
        for line in [*block.commands, *block.short]:
            check(line)


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_commands_inside_sentences_parse(page: Path) -> None:
    for code in inline_code(page):
        words = code.split()
        if words[0] != "kdsearch" or len(words) == 1 or words[1].isupper() or "[OPTIONS]" in words:
            continue
        if all(word.isalpha() and word.islower() for word in words[1:]) and len(words) < 4:
            parsed(f"{code} --help")  # the name of a command
        elif any(word.isupper() or word == "..." for word in words):
            parsed(code)  # with words that stand for values
        else:
            check(code)


@pytest.mark.parametrize("page", MANUAL, ids=names)
def test_what_else_is_to_be_typed_is_there(page: Path) -> None:
    """Targets of make, and modules of the benchmarks."""
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"`make (\w+)`", text)) <= set(targets)
    for module in re.findall(r"python -m\s+(benchmarks\.\w+|docs\.\w+)", text):
        assert (ROOT / module.replace(".", "/")).with_suffix(".py").is_file(), module


@pytest.mark.parametrize("page", MANUAL, ids=names)
def test_short_forms_are_of_the_same_commands(page: Path) -> None:
    for block in blocks(page, "sh"):
        called = {line.split()[1] for line in block.commands}
        assert {line.split()[1] for line in block.short} <= called
        assert block.short or not block.comment or block.is_marked("not run"), block.comment


@pytest.fixture
def restored_tables() -> Iterator[None]:
    """Take out what examples added."""
    with tables_restored():
        yield


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, source: Series) -> Iterator[Path]:
    """The folder in which a reader types: the files that the pages show, and readings for each dataset among them."""
    folder = tmp_path_factory.mktemp("reader")
    (folder / "quick.toml").write_text(QUICK_SPACE)
    for block in (block for page in MANUAL for block in blocks(page, "toml") if block.file):
        path = folder / str(block.file)
        path.parent.mkdir(exist_ok=True)
        path.write_text(block.text)
        if path.name == "dataset.toml":
            write_readings(path.parent, source)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield folder


def write_readings(folder: Path, series: Series) -> None:
    """A series as `readings.csv` and `roads.csv`, as the README describes them."""
    cells = [[str(time), *map(str, row)] for time, row in zip(series.times, series.values[:, :, 0], strict=True)]
    rows = [["time", *series.sensor_ids], *cells]
    (folder / "readings.csv").write_text("\n".join(map(",".join, rows)).replace("nan", "") + "\n")
    ends = np.argwhere(series.adjacency > 0)
    roads = [f"{series.sensor_ids[one]},{series.sensor_ids[other]},500" for one, other in ends if one < other]
    (folder / "roads.csv").write_text("\n".join(["from,to,distance", *roads]) + "\n")


def test_what_the_pages_show_runs(home: Path, restored_tables: None) -> None:  # noqa: ARG001
    """Page by page, in order; a command that was run already is not run again."""
    command = get_command(app)
    done: set[str] = set()
    for block in (block for page in MANUAL for language in ("sh", "python") for block in blocks(page, language)):
        if block.language == "python":
            run_python(block)
            continue
        lines = block.short or ([] if block.is_marked("not run") else block.commands)
        for line in (line for line in lines if line not in done):
            done.add(line)
            try:
                command(shlex.split(line)[1:], standalone_mode=False)
            except Exception as error:
                raise AssertionError(f"{names(block.page)}: {line}: {error}") from error
    assert (home / "studies/demo-demo/report.html").is_file()


def run_python(block: Block) -> None:
    """Run an example, or compile it where it would take long."""
    code = compile(block.text, names(block.page), "exec")
    if not block.is_marked("compiled only"):
        exec(code, {"__name__": "__main__"})


@pytest.mark.parametrize("page", MANUAL, ids=names)
def test_examples_in_toml_are_read(page: Path, tmp_path: Path) -> None:
    for block in blocks(page, "toml"):
        if "parameters" in tomllib.loads(block.text):
            (tmp_path / "space.toml").write_text(block.text)
            load_space(tmp_path / "space.toml")


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_links_lead_somewhere(page: Path) -> None:
    for path, anchor in links(page):
        assert path.exists(), f"{path} is not there"
        assert not anchor or anchor in anchors(path), f"{path.name} has no heading #{anchor}"


@pytest.mark.parametrize(
    "block",
    [block for page in MANUAL for block in blocks(page, "python") if block.is_marked("from")],
    ids=lambda b: b.comment,
)
def test_a_quoted_example_is_the_file(block: Block) -> None:
    assert block.text == (ROOT / block.comment.partition(":")[2].strip()).read_text(encoding="utf-8")


def test_the_readme_is_read_in_minutes() -> None:
    assert 800 <= word_count(ROOT / "README.md") <= 1000


def test_the_page_of_commands_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == command_page(), "run python -m docs.command_page"


def test_the_page_of_names_is_up_to_date() -> None:
    listed = re.findall(r"^::: kdsearch\.(\w+)$", (DOCS / "api.md").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(kdsearch.__all__)


TABLES: dict[str, tuple[type[BaseModel], dict[str, Any]]] = {
    "top": (DatasetCard, {"name": "my-city", "interval_minutes": 5, "unit": "km/h", "channels": ["speed"]}),
    "`[series]`": (SeriesSource, {"file": "r.csv"}),
    "`[graph]`": (GraphSource, {"file": "g.csv", "kind": "edges"}),
}
"""The tables of a dataset.toml, and the keys that each needs."""


def test_every_key_of_a_dataset_is_explained() -> None:
    rows = list(table_rows(DOCS / "own-data.md", "Every key of dataset.toml"))
    for where, (model, _) in TABLES.items():
        assert sorted(cells[0].strip("` ") for cells in rows if cells[1] == where) == sorted(model.model_fields)
    assert {cells[1] for cells in rows} == TABLES.keys()


def test_every_key_of_a_dataset_has_an_example_that_is_read() -> None:
    """A line of TOML with that key alone, in the table that the row names."""
    for key, where, default, example, *_ in table_rows(DOCS / "own-data.md", "Every key of dataset.toml"):
        (model, needed), given, name = TABLES[where], tomllib.loads(example.strip("`")), key.strip("`")
        assert list(given) == [name], example
        read = model.model_validate(needed | given)
        assert default == "needed" or getattr(read, name) != model.model_fields[name].get_default(), example


def test_every_parameter_is_explained_with_its_default() -> None:
    rows = {cells[0].strip("` "): cells[1] for cells in table_rows(DOCS / "spaces.md", "Every parameter")}
    assert sorted(rows) == sorted(TrialConfig.model_fields)
    for name, field in TrialConfig.model_fields.items():
        default = str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
        assert field.default is None or rows[name].strip("`").startswith(default), f"{name} is {default}"


def test_every_key_of_a_space_and_every_space_is_named() -> None:
    text = (DOCS / "spaces.md").read_text()
    keys = SearchSpace.model_fields.keys() - {"text", "folder"}
    assert not [key for key in keys if not re.search(rf"`\[*{key}[`.\]]", text)]
    assert not [name for name in space_names() if f"| `{name}`" not in text]


def test_every_protocol_is_named() -> None:
    listed = {cells[0].strip("` ") for cells in table_rows(DOCS / "protocols.md", "Which protocol there is")}
    assert listed == set(PROTOCOLS)


def test_citation_and_changelog_know_the_version() -> None:
    assert f'\nversion: "{kdsearch.__version__}"\n' in (ROOT / "CITATION.cff").read_text()
    assert f"## {kdsearch.__version__}" in (ROOT / "CHANGELOG.md").read_text()
