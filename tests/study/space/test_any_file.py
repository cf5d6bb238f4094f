"""Any text in the place of a space: it is read, or refused in one sentence."""

from pathlib import Path

import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from kdsearch.errors import KdsearchError
from kdsearch.pipeline.spaces import check_alone
from kdsearch.study.space.files import load_space, read_space
from tests.mistakes import FOREIGN

SCALARS = st.one_of(
    st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(), st.text(max_size=8), st.dates(),
    st.sampled_from(["none", "rd-l2", "stgcn", "stid", "int", "float", "student", "width", "demo"]),
)  # fmt: skip
KEYS = st.sampled_from(
    ["name", "dataset", "protocol", "parameters", "points", "teacher", "stid", "imports", "spaces", "width", "loss",
     "beta", "epochs", "family", "low", "high", "kind", "log", "choices", "value", "when", "label", "candidates",
     "ensemble", "history", "horizon", "base", "x"]
)  # fmt: skip
TABLES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)
HEAD = {"name": "mine", "dataset": "demo", "protocol": "stgcn", "parameters": {"width": {"value": 1}}}


def read_or_refused(text: str) -> None:
    try:
        check_alone(read_space(text, "mine.toml", Path()))
    except KdsearchError as error:
        said = str(error)
        assert "\n" not in said
        assert len(said) < 1500
        assert not [word for word in FOREIGN if word in said]


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.dictionaries(KEYS, TABLES, max_size=5), st.booleans())
def test_any_table(table: dict[str, object], whole: bool) -> None:
    read_or_refused(tomli_w.dumps(HEAD | table if whole else table))


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(KEYS, TABLES)
def test_any_parameter(name: str, body: object) -> None:
    read_or_refused(tomli_w.dumps(HEAD | {"parameters": {name: body}}))


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.data())
def test_any_letters_lost_or_put_in(data: st.DataObject) -> None:
    text = load_space("demo").text
    first = data.draw(st.integers(0, len(text)))
    last = data.draw(st.integers(first, min(len(text), first + 20)))
    read_or_refused(text[:first] + data.draw(st.text(max_size=10)) + text[last:])
