"""Tables: a name and a row; users add theirs, and a wrong name is one sentence."""

import re
from dataclasses import dataclass

import pytest

from kdsearch.errors import SpaceError
from kdsearch.table import Table, check_row, unknown_name


@dataclass(frozen=True)
class Fruit:
    name: str
    weight: float


@pytest.fixture
def fruits() -> Table[Fruit]:
    return Table("fruit", [Fruit("apple", 2.0), Fruit("pear", 1.0)], mistake=SpaceError)


def test_rows_are_found_in_the_order_in_which_they_were_added(fruits: Table[Fruit]) -> None:
    plum = fruits.add(Fruit("plum", 0.5))
    assert list(fruits) == ["apple", "pear", "plum"]
    assert fruits["plum"] is fruits.choose("plum") is plum
    assert len(fruits) == 3


def test_a_wrong_name_is_one_sentence_with_the_nearest_name(fruits: Table[Fruit]) -> None:
    with pytest.raises(SpaceError, match=r"there is no fruit 'aple'; did you mean 'apple'\? There are apple, pear$"):
        fruits.choose("aple")
    with pytest.raises(SpaceError, match=r"there is no fruit 'zzz'; choose one of apple, pear$"):
        fruits.choose("zzz")


def test_a_row_of_kdsearch_is_not_replaced_but_one_of_the_users_is(fruits: Table[Fruit]) -> None:
    with pytest.raises(SpaceError, match="the fruit 'pear' comes with kdsearch; give yours another name"):
        fruits.add(Fruit("pear", 3.0))
    fruits.add(Fruit("plum", 0.5))
    fruits.add(Fruit("plum", 0.7))
    assert fruits["plum"].weight == 0.7


@pytest.mark.parametrize("name", ["", " ", "my plum", "plum,pear", "2plums", "plum/../pear", "plúm", "plum\n", "-plum"])
def test_a_name_that_cannot_be_typed_everywhere_is_refused(fruits: Table[Fruit], name: str) -> None:
    with pytest.raises(SpaceError, match=re.escape(f"{name!r} is no name for a fruit; begin with a letter, then")):
        fruits.add(Fruit(name, 1.0))
    fruits.add(Fruit("Plum_2-b", 1.0))


def test_the_same_name_twice_among_kdsearchs_own_fails_at_import() -> None:
    with pytest.raises(SpaceError, match="the fruit 'apple' comes with kdsearch"):
        Table("fruit", [Fruit("apple", 1.0), Fruit("apple", 2.0)], mistake=SpaceError)


def test_an_unknown_name_is_one_sentence_without_a_table_too() -> None:
    assert unknown_name("key", "hight", ["width", "height"]) == (
        "there is no key 'hight'; did you mean 'height'? There are width, height"
    )


def test_a_row_is_whole_with_a_name_a_sentence_and_a_function_of_its_arguments() -> None:
    check_row("fruit", "plum", "blue", max, ("one", "other"))  # of a built-in Python knows no arguments
    check_row("fruit", "plum", "blue", lambda one, other=0: (one, other), ("one",))
    with pytest.raises(SpaceError, match="the fruit 'plum' needs a sentence"):
        check_row("fruit", "plum", " ", len, ("one",))
    with pytest.raises(SpaceError, match=r"the fruit 'plum' needs a function of \(one, other\)"):
        check_row("fruit", "plum", "blue", lambda one: one, ("one", "other"))
