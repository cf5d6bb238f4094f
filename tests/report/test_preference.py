"""Weights as a reader types them."""

import pytest

from kdsearch.errors import StudyError
from kdsearch.report.preference import parse_weights, rule_of, rule_text


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        ("mae=2,latency=1", {"mae": 2.0, "latency": 1.0}),
        (" latency = 0.5 , mae = 1e1 ", {"mae": 10.0, "latency": 0.5}),
        ("latency=3", {"mae": 1.0, "latency": 3.0}),
    ],
)
def test_weights_are_in_the_order_of_the_objectives_and_count_1_where_not_named(
    text: str, weights: dict[str, float]
) -> None:
    """Spaces do not matter."""
    parsed = parse_weights(text, ["mae", "latency"])
    assert list(parsed.items()) == list(weights.items())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "weighs '', and the study's objectives are mae, latency"),
        ("params=1", "weighs 'params', and the study's objectives are mae, latency"),
        ("mae=1,mae=2", "weighs mae twice"),
        ("mae", "has no weight above 0 for mae; write mae=2"),
        ("mae=much", "has no weight above 0 for mae"),
        ("mae=0", "has no weight above 0 for mae"),
        ("mae=-1", "has no weight above 0 for mae"),
        ("mae=nan", "has no weight above 0 for mae"),
        ("mae=inf", "has no weight above 0 for mae"),
    ],
)
def test_what_is_no_weight_is_refused_with_the_remedy(text: str, words: str) -> None:
    """One sentence with what was typed."""
    with pytest.raises(StudyError) as caught:
        parse_weights(text, ["mae", "latency"])
    assert words in str(caught.value)


def test_the_rule_is_named_and_written_down() -> None:
    """A reader can check the choice."""
    assert rule_of(None) == "the knee"
    assert rule_of({"mae": 2.0, "latency": 0.5}) == "your weights mae 2, latency 0.5"
    assert "Das 1999" in rule_text(None)
    assert "your weights mae 2, latency 0.5" in rule_text({"mae": 2.0, "latency": 0.5})
