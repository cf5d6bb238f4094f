"""Memory and CPU time of LightST's two contrastive losses on a large network of roads. Ends with 1 above 4 GiB.

    python -m benchmarks.contrast_memory

883 nodes as in PeMSD7, batches of 32 windows of 12 steps, 32 channels, values and gradients of both sides, one thread;
each form in a process of its own, whose whole peak is printed. The plain form has all logits at once, and autograd
keeps them.
"""

import multiprocessing
import resource
import sys
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from kdsearch.distill.lightst_losses import contrast

NODES, WINDOWS, STEPS, CHANNELS = 883, 32, 12, 32
TEMPERATURE = 0.1
MOST_GIBIBYTES = 4.0


def plain_contrast(student: Tensor, teacher: Tensor, *, temperature: float) -> Tensor:
    """Compute the same loss in its plain form."""
    logits = F.normalize(student, dim=-1) @ F.normalize(teacher, dim=-1).mT / temperature
    return -logits.log_softmax(dim=-1).diagonal(dim1=1, dim2=2).mean()


FORMS: dict[str, Callable[..., Tensor]] = {"a few slices at a time": contrast, "all at once": plain_contrast}


def _gibibytes_and_seconds(form: str) -> tuple[float, float]:
    """Measure a forward and a backward pass through the spatial and the temporal contrast."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    embeddings = [torch.randn(WINDOWS, CHANNELS, STEPS, NODES, requires_grad=True) for _ in range(3)]
    began = time.thread_time()
    student, spatial, temporal = (embedding.permute(0, 2, 3, 1).flatten(0, 1) for embedding in embeddings)
    losses = [FORMS[form](student, teacher, temperature=TEMPERATURE) for teacher in (spatial, temporal)]
    torch.stack(losses).sum().backward()  # type: ignore[no-untyped-call]
    seconds = time.thread_time() - began
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2, seconds


def main() -> None:
    """Measure and print a table."""
    print("| form | GiB | CPU seconds |\n|---|---|---|")
    taken = {}
    for form in FORMS:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            taken[form], seconds = pool.apply(_gibibytes_and_seconds, (form,))
        print(f"| {form} | {taken[form]:.2f} | {seconds:.1f} |", flush=True)
    sys.exit(1 if taken["a few slices at a time"] > MOST_GIBIBYTES else 0)


if __name__ == "__main__":
    main()
