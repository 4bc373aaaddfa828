"""Exported source as it is judged: run in a namespace of its own, and held against archcost's own module."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

import archcost
from archcost.exporting.own_layers import own_layers
from archcost.exporting.source import indexed_by, to_torch
from archcost.pytorch.module import Network
from archcost.spec.loader import loads
from tests.export.models import MODELS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from archcost.analysis.report import Report
    from archcost.graph.model import Graph
    from archcost.spec.model import Spec


def model_spec(name: str) -> Spec:
    """A spec of tests.export.models."""
    return loads(f"archcost: 1\nname: {name}\n{textwrap.dedent(MODELS[name])}")


def exported(spec: Spec | str, **settings: Any) -> tuple[str, Report]:
    """The source of a spec, and its report."""
    report = archcost.analyze(spec, **settings)
    return to_torch(report), report


def classes_of(text: str) -> list[str]:
    """The names of its classes, in order."""
    return [line.split("(")[0].removeprefix("class ") for line in text.splitlines() if line.startswith("class ")]


def own_classes_of(text: str) -> list[str]:
    """Those of the spec, without the layers that torch lacks."""
    return [name for name in classes_of(text) if name not in own_layers()]


def class_text(text: str, name: str) -> str:
    """The source of one class."""
    return text[text.index(f"class {name}(") :].split("\n\n\n", maxsplit=1)[0]


def model_of(text: str) -> nn.Module:
    """The model of the source, its last class, in a namespace of its own."""
    names: dict[str, Any] = {"__name__": "exported"}
    exec(compile(text, "exported.py", "exec"), names)
    model: nn.Module = names[classes_of(text)[-1]]()
    return model


def random_inputs(graph: Graph, batch: int | None = None) -> tuple[torch.Tensor, ...]:
    """Random inputs of the model's types; ``batch`` replaces dim 0."""
    inputs = []
    for place, (shape, dtype) in enumerate(graph.inputs.values()):
        rows = min(indexed_by(graph, -1 - place), default=2)
        size = shape if batch is None else (batch, *shape[1:])
        if "float" in dtype:
            inputs.append(torch.randn(size, dtype=getattr(torch, dtype)))
        else:
            inputs.append(torch.randint(min(rows, 2), size, dtype=getattr(torch, dtype)))
    return tuple(inputs)


def tensors(model: nn.Module) -> list[tuple[str, tuple[int, ...]]]:
    """Keys and shapes of the state_dict, in order."""
    return [(name, tuple(tensor.shape)) for name, tensor in model.state_dict().items()]


def both_models(text: str, report: Report) -> tuple[nn.Module, Network]:
    """The model of the source and archcost's own, without memory: the same tensors, of which as many are trainable."""
    with torch.device("meta"):
        theirs, ours = model_of(text), Network(report.graph)
    theirs.to(getattr(torch, report.dtype))
    assert tensors(theirs) == tensors(ours)
    assert sum(parameter.numel() for parameter in theirs.parameters()) == report.totals.params
    assert [p.requires_grad for p in theirs.parameters()] == [p.requires_grad for p in ours.parameters()]
    return theirs, ours


def assert_same_outputs(text: str, graph: Graph, batch: int | None = None) -> None:
    """The same numbers from the same weights; ``batch`` replaces dim 0 of the inputs."""
    torch.manual_seed(0)
    theirs, ours = model_of(text).eval(), Network(graph).eval()
    theirs.to(getattr(torch, graph.dtype))
    theirs.load_state_dict(ours.state_dict())
    inputs = random_inputs(graph, batch)
    with torch.no_grad():
        given, wanted = theirs(*[x.clone() for x in inputs]), ours(*[x.clone() for x in inputs])
    assert type(given) is type(wanted)
    pairs = [(given, wanted)] if isinstance(given, torch.Tensor) else list(zip(given, wanted, strict=True))
    for mine, other in pairs:
        torch.testing.assert_close(mine, other, rtol=0, atol=1e-6, equal_nan=True)


def ruff(folder: Path, *command: str) -> str:
    """What ruff has to say about the files of a folder; nothing where all is well."""
    settings = ["--isolated", "--no-cache", "--line-length", "120", str(folder)]
    run = subprocess.run(
        [sys.executable, "-m", "ruff", *command, *settings], capture_output=True, text=True, check=False
    )
    return run.stdout + run.stderr if run.returncode else ""


def assert_tidy(texts: Mapping[str, str], folder: Path) -> None:
    """Nothing to format, no error, no unused name or import, imports in order."""
    for name, text in texts.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    assert ruff(folder, "format", "--diff") == ""
    assert ruff(folder, "check", "--select", "E,F,I") == ""
