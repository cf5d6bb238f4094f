"""Pickles are read without being run: DCRNN's graph of every protocol, and nothing else."""

import os
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdsearch.data.graph_files import read_pickled_graph
from kdsearch.errors import DataError
from tests.graphs import IDS, adjacency, numbered

WEIGHTS = np.array([[1.0, 0.5, 0.0], [0.25, 1.0, 0.75], [0.0, 0.75, 1.0]])
BARE = WEIGHTS - np.eye(3)


def python2_pickle() -> bytes:
    """The bytes that Python 2's numpy wrote for ``[ids, index, weights]``: protocol 2, strings of bytes."""
    matrix = np.asarray(WEIGHTS, dtype="<f4").tobytes()
    short = b"".join
    array = short(
        [
            b"cnumpy.core.multiarray\n_reconstruct\n",
            b"cnumpy\nndarray\nK\x00\x85U\x01b\x87R",
            b"(K\x01K\x03K\x03\x86cnumpy\ndtype\nU\x02f4K\x00K\x01\x87R",
            b"(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89",
            b"U" + bytes([len(matrix)]) + matrix + b"tb",
        ]
    )
    ids = b"](" + b"".join(b"U\x02" + one.encode() for one in IDS) + b"e"
    index = b"}(" + b"".join(b"U\x02" + one.encode() + b"K" + bytes([i]) for i, one in enumerate(IDS)) + b"u"
    return b"\x80\x02](" + ids + index + array + b"e."


@pytest.mark.parametrize("protocol", [None, 0, 1, 2, 3, 4, 5])
def test_dcrnn_pickle(tmp_path: Path, protocol: int | None) -> None:
    """DCRNN's graph, as Python 2 wrote it and as others have pickled it again."""
    path = tmp_path / "adj_mx.pkl"
    index = {one: number for number, one in enumerate(IDS)}
    path.write_bytes(
        python2_pickle() if protocol is None else pickle.dumps([list(IDS), index, WEIGHTS], protocol=protocol)
    )
    np.testing.assert_array_equal(adjacency(path, "dcrnn-pickle"), BARE)
    turned = adjacency(path, "dcrnn-pickle", IDS[::-1])
    np.testing.assert_array_equal(turned, BARE[::-1, ::-1])
    np.testing.assert_array_equal(adjacency(path, "dcrnn-pickle", numbered(3)), BARE)


class Hostile:
    """Writes a file when it is unpickled by pickle itself."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return os.mkdir, (str(self.path),)


def test_hostile_pickle_is_not_run(tmp_path: Path) -> None:
    """A pickle that would run a command is refused, and the command is not run."""
    target = tmp_path / "proof"
    path = tmp_path / "adj_mx.pkl"
    path.write_bytes(pickle.dumps([list(IDS), {}, Hostile(target)]))
    with pytest.raises(DataError, match=r"asks for \w+\.mkdir"):
        read_pickled_graph(path)
    assert not target.exists()


ID_FORMS: dict[str, Any] = {
    "bytes": [one.encode() for one in IDS],
    "integers": [int(one) for one in IDS],
    "integers of numpy": [np.int64(one) for one in IDS],
    "floats": [float(one) for one in IDS],
    "array of text": np.array(IDS),
    "array of integers": np.array(IDS).astype(np.int32),
}


@pytest.mark.parametrize("ids", ID_FORMS.values(), ids=ID_FORMS)
@pytest.mark.parametrize("protocol", range(6))
def test_ids_of_every_type(tmp_path: Path, ids: Any, protocol: int) -> None:
    path = tmp_path / "adj_mx.pkl"
    path.write_bytes(pickle.dumps([ids, {}, WEIGHTS], protocol))
    np.testing.assert_array_equal(adjacency(path, "dcrnn-pickle", IDS[::-1]), BARE[::-1, ::-1])


@pytest.mark.parametrize("weights", [np.asfortranarray(WEIGHTS), WEIGHTS.astype(">f4"), WEIGHTS[::1].T.T, WEIGHTS > 0])
@pytest.mark.parametrize("protocol", range(6))
def test_arrays_of_every_layout(tmp_path: Path, weights: Any, protocol: int) -> None:
    path = tmp_path / "adj_mx.pkl"
    path.write_bytes(pickle.dumps((list(IDS), {}, weights), protocol))
    np.testing.assert_array_equal(adjacency(path, "dcrnn-pickle"), weights.astype(float) - np.eye(3))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x80\x02garbage", "does not read"),
        (b"", "does not read"),
        (pickle.dumps([1, 2]), "not DCRNN's list"),
        (pickle.dumps([["a"], {}, WEIGHTS]), r"1 ids for a matrix of shape \(3, 3\)"),
        (pickle.dumps([OrderedDict(), {}, WEIGHTS]), "asks for collections.OrderedDict"),
        (pickle.dumps([list(IDS), {}, WEIGHTS.astype(object)]), "type object"),
        (pickle.dumps([{"a": 1}, {}, WEIGHTS[:1, :1]]), "not DCRNN's list"),
        (pickle.dumps([[b"\xff"], {}, WEIGHTS[:1, :1]]), "an id that is no text"),
        (pickle.dumps([[10**5000], {}, WEIGHTS[:1, :1]]), "an id that is no text"),
        (b"(lI" + b"1" * 5000 + b"\na.", "does not read"),
        (pickle.dumps([[["a"]], {}, WEIGHTS[:1, :1]]), "an id of type list"),
        (pickle.dumps([["a", "b", "a"], {}, WEIGHTS]), "sensor 'a' twice"),
        (pickle.dumps([["a"], {}, WEIGHTS[0]]), "not DCRNN's list"),
        (b"cnumpy\nndarray\n((I100000\nI100000\nttR.", "does not read"),
        (b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I100000\nI100000\ntS'd'\ntR.", "no usual form"),
    ],
)
def test_other_pickles_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    """Damaged pickles and pickles of other things."""
    path = tmp_path / "adj_mx.pkl"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_pickled_graph(path)


@given(content=st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_no_pickle_ends_in_anything_but_a_sentence(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """Random bytes are refused with a DataError, never with another exception."""
    path = tmp_path_factory.mktemp("pkl") / "adj_mx.pkl"
    path.write_bytes(content)
    with pytest.raises(DataError):
        read_pickled_graph(path)
