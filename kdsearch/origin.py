"""Where and with which versions a network was trained; no torch here."""

import platform
from importlib.metadata import version

from pydantic import BaseModel, ConfigDict

__all__ = ["Origin", "installed_versions"]


def installed_versions(*others: str) -> dict[str, str]:
    """List the versions of the packages on which a trial's numbers depend.

    Args:
        others: Further packages, which workers may lack, such as optuna.
    """
    return {"python": platform.python_version()} | {name: version(name) for name in ("kdsearch", "torch", *others)}


class Origin(BaseModel):
    """Versions and machine of a network's training: what moves its weights beside what was asked.

    Attributes:
        cores: Number of cores, each a thread inside an operator.
        precision: Precision of the factors in wide products.
        device: Kind of device.
    """

    model_config = ConfigDict(frozen=True)

    kdsearch: str
    torch: str
    cores: int
    precision: str
    device: str

    def difference(self, here: "Origin") -> str:
        """Say how a network's origin differs from where a run is; "" where it does not."""
        pairs = [(there, own) for there, own in zip(self._words(), here._words(), strict=True) if there != own]
        there, own = (", ".join(words) for words in zip(*pairs, strict=True)) if pairs else ("", "")
        return f", trained with {there}; here {own}" if pairs else ""

    def _words(self) -> tuple[str, ...]:
        cores = "1 core" if self.cores == 1 else f"{self.cores} cores"
        return f"kdsearch {self.kdsearch}", f"torch {self.torch}", cores, self.precision, self.device
