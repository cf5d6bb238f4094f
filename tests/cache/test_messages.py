"""Sentences of the cache reach the innermost listener; damage is a warning where there is none."""

import pytest

from kdsearch.cache.messages import heard_by, say, warn


def test_the_innermost_listener_hears() -> None:
    outer, inner = list[str](), list[str]()
    with heard_by(outer.append):
        with heard_by(inner.append), heard_by(None):
            say("one")
            warn("two")
        say("three")
    assert (inner, outer) == (["one", "two"], ["three"])


def test_without_a_listener_only_what_was_wrong_is_said() -> None:
    say("nobody hears it")
    with pytest.warns(UserWarning, match="damaged"):
        warn("damaged")
