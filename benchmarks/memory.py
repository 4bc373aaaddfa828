"""Hold the predicted memory of the whole zoo against PyTorch, and write the table of docs/figures.md.

    python -m benchmarks.memory           # measure, print what differs, rewrite the generated part
    python -m benchmarks.memory --check   # only the predictions: is the table in step, every difference being 0?

Measured on fake CPU tensors: PyTorch dispatches every op as on a CPU, and nothing is computed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from archcost import model_zoo as zoo
from archcost.analysis.memory.liveness import Storages
from archcost.analysis.memory.optimizers import OPTIMIZERS
from archcost.analysis.memory.training import Setting, training_memory
from archcost.graph.unroll import unroll
from archcost.settings import Settings
from benchmarks.pages import inserted, renew
from tests.shared import zoo_report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.graph.model import Graph

PAGE = Path(__file__).parent.parent / "docs" / "figures.md"
UNMEASURED = {"selective_scan"}  # its memory is that of a kernel for GPUs, which no CPU runs
BATCH = 2  # of a training step: a batch norm over one value per channel does not train


class Figure(NamedTuple):
    """A peak: what archcost prints, what it predicts while PyTorch is watched, and what is measured then."""

    printed: int
    predicted: int
    measured: int


class Row(NamedTuple):
    """A model of the zoo, in inference and in a training step."""

    family: str
    name: str
    inference: Figure
    training: Figure


def rows(names: Sequence[str], *, measured: bool) -> list[Row]:
    """Models of the zoo by family; without a measurement, as if every difference were 0."""
    found = []
    for name in names:
        graph = zoo_report(name).graph
        spec, step = graph.spec, unroll(graph.spec, Settings(training=True, batch=BATCH))
        if not UNMEASURED.isdisjoint([node.op.kind for node in graph.nodes]):
            continue
        row = Row(spec.family, name, inference(graph, measured=measured), training(step, measured=measured))
        for what, figure in (("inference", row.inference), ("training", row.training)):
            if figure.measured != figure.predicted:
                print(f"{name}, {what}: {figure.predicted:,} predicted, {figure.measured:,} measured")
        found.append(row)
    return sorted(found, key=lambda row: row.family.lower())


def inference(graph: Graph, *, measured: bool) -> Figure:
    """The peak of one example."""
    printed, predicted = (max(Storages(graph, watched=watched).live()) for watched in (False, True))
    if not measured:
        return Figure(printed, predicted, predicted)
    from archcost.pytorch import memory

    return Figure(printed, predicted, memory.inference(*memory.fake(graph)).peak_bytes)


def training(graph: Graph, *, measured: bool) -> Figure:
    """The peak of a step with Adam."""
    adam = Setting(OPTIMIZERS["adam"])
    printed, predicted = (
        training_memory(graph, adam._replace(watched=watched), details=False).peak.live for watched in (False, True)
    )
    if not measured:
        return Figure(printed, predicted, predicted)
    import torch

    from archcost.pytorch import memory

    return Figure(printed, predicted, memory.training(*memory.fake(graph), torch.optim.Adam).peak_bytes)


def table(found: list[Row]) -> str:
    """How many are exact, and a row a model; the family stands at its first one."""
    exact = [
        sum(figure.predicted == figure.measured for figure in figures)
        for figures in ([row.inference for row in found], [row.training for row in found])
    ]
    lines = [
        f"Of {len(found)} models {exact[0]} are exact in inference, and {exact[1]} in training.",
        "",
        "| family | model | inference | error | as run | training | error | as run |",
        "| :-- | :-- | --: | --: | --: | --: | --: | --: |",
    ]
    above = ""
    for row in found:
        family = row.family if row.family != above else ""
        above = row.family
        lines.append(f"| {family} {shown(row)}")
    return "\n".join(lines)


def shown(row: Row) -> str:
    """A row as the table has it, from the name on."""
    cells = [cell for figure in (row.inference, row.training) for cell in written(figure)]
    return f"| {' | '.join((row.name, *cells))} |"


def written(figure: Figure) -> tuple[str, str, str]:
    """The prediction, its error, and what archcost prints if that is something else."""
    error = figure.predicted - figure.measured
    return (
        f"{figure.predicted:,}",
        f"{error:+,} ({error / figure.measured:+.2%})" if error else "0",
        "" if figure.printed == figure.predicted else f"{figure.printed:,}",
    )


def renewed(page: str, *, measured: bool = False) -> str:
    """The page with its generated part renewed."""
    return inserted(page, {"memory": table(rows(zoo.names(), measured=measured))})


def main() -> None:
    renew(PAGE, "benchmarks.memory", lambda page, check: renewed(page, measured=not check))


if __name__ == "__main__":
    main()
