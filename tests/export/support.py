"""Exported source as it is judged: run in a namespace of its own, and held against archcost's own module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from archcost.analysis.report import analyze
from archcost.export.source import to_torch
from archcost.pytorch.module import Network

if TYPE_CHECKING:
    from archcost.analysis.report import Report
    from archcost.graph.model import Graph
    from archcost.spec.model import Spec


def namespace_of(text: str) -> dict[str, Any]:
    """What the source defines."""
    names: dict[str, Any] = {"__name__": "exported"}
    exec(compile(text, "exported.py", "exec"), names)
    return names


def classes_of(text: str) -> list[str]:
    """The names of its classes, in order."""
    return [line.split("(")[0].removeprefix("class ") for line in text.splitlines() if line.startswith("class ")]


def model_of(text: str) -> nn.Module:
    """The model of the source: its last class."""
    model: nn.Module = namespace_of(text)[classes_of(text)[-1]]()
    return model


def random_inputs(graph: Graph, batch: int | None = None) -> tuple[torch.Tensor, ...]:
    """Random inputs of the model's types; ``batch`` replaces dim 0."""
    inputs = []
    for shape, dtype in graph.inputs.values():
        size = shape if batch is None else (batch, *shape[1:])
        if dtype.startswith("float"):
            inputs.append(torch.randn(size, dtype=getattr(torch, dtype)))
        else:
            inputs.append(torch.randint(2, size, dtype=getattr(torch, dtype)))
    return tuple(inputs)


def tensors(model: nn.Module) -> list[tuple[str, tuple[int, ...]]]:
    """Keys and shapes of the state_dict, in order."""
    return [(name, tuple(tensor.shape)) for name, tensor in model.state_dict().items()]


def assert_same_tensors(text: str, report: Report) -> None:
    """The same keys and shapes in the same order, and as many parameters, without memory."""
    with torch.device("meta"):
        theirs, ours = model_of(text), Network(report.graph)
    assert tensors(theirs) == tensors(ours)
    assert sum(p.numel() for p in theirs.parameters()) == report.totals.params
    assert [p.requires_grad for p in theirs.parameters()] == [p.requires_grad for p in ours.parameters()]


def assert_same_outputs(text: str, graph: Graph) -> None:
    """The same numbers, to the bit, from the same weights."""
    torch.manual_seed(0)
    theirs, ours = model_of(text).eval(), Network(graph).eval()
    theirs.to(getattr(torch, graph.dtype))
    theirs.load_state_dict(ours.state_dict())
    inputs = random_inputs(graph)
    with torch.no_grad():
        given, wanted = theirs(*[x.clone() for x in inputs]), ours(*[x.clone() for x in inputs])
    assert type(given) is type(wanted)
    pairs = [(given, wanted)] if isinstance(given, torch.Tensor) else list(zip(given, wanted, strict=True))
    for mine, other in pairs:
        assert torch.equal(mine, other) or torch.allclose(mine, other, rtol=0, atol=1e-6, equal_nan=True)


def exported(spec: Spec, **settings: Any) -> tuple[str, Report]:
    """The source of a spec, and its report."""
    report = analyze(spec, **settings)
    return to_torch(report), report
