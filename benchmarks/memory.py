"""Hold the predicted memory of the whole zoo against PyTorch, and write the tables of docs/figures.md.

    python -m benchmarks.memory           # measure, print what differs, rewrite the generated parts
    python -m benchmarks.memory --check   # only the predictions: are the tables in step, every difference being 0?

Measured on fake CPU tensors: PyTorch dispatches every op as on a CPU, and nothing is computed.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import NamedTuple

import archcost
from archcost import zoo
from archcost.analysis.memory.liveness import Storages
from archcost.analysis.memory.optimizers import OPTIMIZERS
from archcost.analysis.memory.training import Setting, training_memory
from archcost.graph.unroll import unroll

PAGE = Path(__file__).parent.parent / "docs" / "figures.md"
MARK = "<!-- generated: memory, {} -->"
BATCH = 2  # of a training step: a batch norm over one value per channel does not train


class Row(NamedTuple):
    """A model: what archcost prints, what it predicts while PyTorch is watched, and what is measured then."""

    name: str
    printed: int
    predicted: int
    measured: int


def rows(*, training: bool, measured: bool) -> list[Row]:
    """The models of the zoo; without a measurement, as if every difference were 0."""
    found = []
    for name in zoo.names():
        spec = archcost.load(name)
        graph = unroll(spec, training=training, batch=BATCH if training else 1)
        if training:
            adam = Setting(OPTIMIZERS["adam"])
            printed, predicted = (
                training_memory(graph, adam._replace(watched=watched), details=False).peak.live
                for watched in (False, True)
            )
        else:
            printed, predicted = (max(Storages(graph, watched=watched).live()) for watched in (False, True))
        real = predicted
        if measured:
            import torch

            from archcost.pytorch import memory

            network, inputs = memory.fake(graph)
            if training:
                real = memory.training(network, inputs, torch.optim.Adam).peak_bytes
            else:
                real = memory.inference(network, inputs).peak_bytes
            if real != predicted:
                print(f"{name}, {'training' if training else 'inference'}: {predicted:,} predicted, {real:,} measured")
        found.append(Row(name, printed, predicted, real))
    return found


def table(found: list[Row]) -> str:
    """A row a model."""
    lines = ["| model | predicted | measured | difference | as run |", "| :-- | --: | --: | --: | --: |"]
    for row in found:
        difference = row.predicted - row.measured
        run = f"{row.printed:,}" if row.printed != row.predicted else "the same"
        lines.append(
            f"| {row.name} | {row.predicted:,} | {row.measured:,} | {difference:+,} | {run} |".replace("+0", "0")
        )
    return "\n".join(lines)


def inserted(page: str, *, measured: bool = False) -> str:
    """The page with its generated parts renewed."""
    for name, training in (("inference", False), ("training", True)):
        mark = MARK.format(name)
        text = table(rows(training=training, measured=measured))
        page = re.sub(
            rf"{re.escape(mark)}.*?<!-- end -->",
            lambda _, m=mark, t=text: f"{m}\n\n{t}\n\n<!-- end -->",
            page,
            flags=re.DOTALL,
        )
    return page


def main() -> None:
    page = PAGE.read_text(encoding="utf-8")
    check = "--check" in sys.argv
    changed = inserted(page, measured=not check)
    if check:
        sys.exit(0 if changed == page else f"{PAGE.name} is out of step: python -m benchmarks.memory")
    PAGE.write_text(changed, encoding="utf-8")


if __name__ == "__main__":
    main()
