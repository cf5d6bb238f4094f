"""A loss of your own: Huber's, towards the teacher and the readings in shares of beta.

kdsearch run --import examples/own_loss.py --space demo --set loss=huber,rd-l2 --fix route=student --trials 6
"""

import torch
from torch import Tensor
from torch.nn.functional import huber_loss

from kdsearch import LOSSES, Loss
from kdsearch.distill.loss import Features, Outputs
from kdsearch.distill.loss_config import LossConfig


def huber(config: LossConfig, outputs: Outputs, _features: Features | None, _generator: torch.Generator) -> Tensor:
    """Judge one batch: squared errors up to `temperature`, absolute ones beyond."""
    shares = ((config.beta, outputs.teacher_outputs), (1 - config.beta, outputs.target))
    errors = sum(
        share * huber_loss(outputs.student, goal, reduction="none", delta=config.temperature) for share, goal in shares
    )
    return torch.as_tensor(errors * outputs.measured).sum() / outputs.measured.sum().clamp(min=1)


LOSSES.add(
    Loss(
        name="huber",
        sentence="the teacher's forecasts and the readings in shares of beta, squared up to temperature",
        symbol="star",
        judge=huber,
        weights=("beta", "temperature"),
        teacher="outputs",
    )
)
