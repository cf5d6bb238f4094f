"""The base of all tables of a `dataset.toml`."""

from pydantic import BaseModel, ConfigDict

__all__ = ["Frozen"]


class Frozen(BaseModel):
    """A table whose keys are all known, and which never changes."""

    model_config = ConfigDict(frozen=True, extra="forbid")
