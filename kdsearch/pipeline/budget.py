"""How the time of a run is shared out: teacher, search, and what comes after it."""

import time
from dataclasses import dataclass, field

__all__ = ["Budget"]

TEACHER_SHARE = 0.4
"""Of the whole, for all networks that are trained before the first trial."""

CLOSING_SHARE, CLOSING_SECONDS, MOST_CLOSING = 0.2, 60.0, 0.4
"""What comes after the last trial has a fifth of the whole, or a minute where that is more, but never two fifths."""

QUIET_SHARE, QUIET_SECONDS = 0.5, 40.0
"""Of that, scores and timing, which come last and are not left out, have half or so many seconds; twins the rest."""


@dataclass(frozen=True)
class Budget:
    """Seconds of a run, counted from its beginning; times of `time.monotonic()`, None where a run has no such limit.

    >>> budget = Budget(600.0, began=0.0)
    >>> budget.teacher_until, budget.search_until, budget.twins_until, budget.end
    (240.0, 480.0, 540.0, 600.0)

    Attributes:
        seconds: All of them.
        began: The beginning.
    """

    seconds: float | None
    began: float = field(default_factory=time.monotonic)

    @property
    def teacher_until(self) -> float | None:
        """When teachers and baselines are to be trained."""
        return None if self.seconds is None else self.began + TEACHER_SHARE * self.seconds

    @property
    def search_until(self) -> float | None:
        """When the last trial is to end."""
        return None if self.seconds is None else self.began + self.seconds - _closing(self.seconds)

    @property
    def twins_until(self) -> float | None:
        """When the last twin is to end."""
        if self.seconds is None:
            return None
        closing = _closing(self.seconds)
        return self.began + self.seconds - min(closing, max(QUIET_SHARE * closing, QUIET_SECONDS))

    @property
    def end(self) -> float | None:
        """When the run is to end."""
        return None if self.seconds is None else self.began + self.seconds


def _closing(seconds: float) -> float:
    return min(MOST_CLOSING * seconds, max(CLOSING_SHARE * seconds, CLOSING_SECONDS))
