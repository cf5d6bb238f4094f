"""Names of studies: plain ones, in any script, each the same however it was typed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdsearch.study.names import default_name, name_mistake, normal


@pytest.mark.parametrize(
    "name", ["a", "東京", "北京", "Москва", "القاهرة", "दिल्ली", "กรุงเทพ", "می‌دان", "é", "a b", "😀", "x.y"]
)
def test_a_plain_name_in_any_script(name: str) -> None:
    assert name_mistake(name) is None


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "/a", "a\\b", "-a", " a", "a.", "a\nb", "\u202e", "\ud800", "\u200d"]
)
def test_what_is_no_plain_name(name: str) -> None:
    assert name_mistake(name)


def test_each_city_has_its_own_default_name() -> None:
    """Vowels of Indian and Thai scripts are marks, not letters, and belong to the name."""
    cities = ["東京", "北京", "दिल", "दल", "กรุงเทพ", "กรงเทพ", "Москва", "القاهرة"]
    assert len({default_name(city, "auto") for city in cities}) == len(cities)
    assert default_name("e\u0301", "auto") == default_name("\u00e9", "auto") == "é-auto"


@settings(derandomize=True, database=None)
@given(st.text(max_size=40))
def test_a_default_name_is_plain(dataset: str) -> None:
    name = default_name(dataset, "auto")
    assert name_mistake(name) is None
    assert normal(name) == name
