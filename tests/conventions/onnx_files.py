"""onnx-tool on the files that torch's exporter writes: what it printed, as it is on disk, and how to renew that.

python -m tests.conventions.onnx_files  # export every case of an op and every small network, and write the file anew
"""

from __future__ import annotations

import contextlib
import importlib
import json
import sys
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.conventions import convention
from tests.conventions import newer_peers
from tests.conventions.newer_peers import folder

if TYPE_CHECKING:
    from archcost.analysis.report import Report

FILE = Path(__file__).parents[1] / "data" / "onnx_files.json"
NAME = "onnx-tool"
IMAGE = [3, 6, 8]
MODELS = ("resnet18", "squeezenet1_0")  # of the zoo
_CONV = {"conv2d": {"out_channels": 4, "kernel_size": 3}}
_BARE = {"conv2d": {"out_channels": 4, "kernel_size": 3, "bias": False}}
_BARE_LINEAR = {"linear": {"out_features": 4, "bias": False}}
NETWORKS: dict[str, list[Any]] = {
    "a norm after a convolution": [_CONV, "batch_norm2d"],
    "a norm after a convolution without bias": [_BARE, "batch_norm2d", "relu"],
    "a norm that measures": [_BARE, {"batch_norm2d": {"track_running_stats": False}}],
    "a norm whose input has another reader": [
        {"conv2d": {"out_channels": 3, "kernel_size": 1, "bias": False}, "id": "c"},
        {"batch_norm2d": None, "id": "b"},
        {"concat": None, "from": ["b", "c"]},
    ],
    "a norm after a transposed convolution": [
        {"conv_transpose2d": {"out_channels": 4, "kernel_size": 3, "bias": False}},
        "batch_norm2d",
    ],
    "two norms": [_BARE, "batch_norm2d", "batch_norm2d"],
    "a norm after dropout": [_BARE, "dropout", "batch_norm2d"],
    "a norm after a linear layer": ["flatten", _BARE_LINEAR, "batch_norm1d"],
    "a norm before a convolution": ["batch_norm2d", _CONV],
    "a norm after an activation": [_CONV, "relu", "batch_norm2d"],
    "a norm of a linear layer over positions": [{"flatten": {"start_dim": 2}}, _BARE_LINEAR, "batch_norm1d"],
    "a residual": [
        {"conv2d": {"out_channels": 3, "kernel_size": 1}, "id": "c"},
        {"add": None, "from": ["c", "input"]},
        "relu",
    ],
    "layers of an image": [
        _BARE,
        "batch_norm2d",
        "silu",
        {"max_pool2d": {"kernel_size": 2}},
        {"adaptive_avg_pool2d": {"output_size": 1}},
        "flatten",
        {"linear": {"out_features": 5}},
        {"softmax": {"dim": -1}},
    ],
}


class PrintedFiles(NamedTuple):
    """What was run and when; figures by name of cases, networks and models, None where exporter or tool fails."""

    date: str
    versions: dict[str, str]
    cases: dict[str, int | None]
    networks: dict[str, int | None]
    models: dict[str, int | None]


@cache
def printed() -> PrintedFiles:
    """What the file holds."""
    return PrintedFiles(**json.loads(FILE.read_text(encoding="utf-8")))


def network_report(name: str) -> Report:
    """A small network, analysed for two samples."""
    import archcost
    from tests.pytorch.support import document

    return archcost.analyze(document({"input": IMAGE, "layers": NETWORKS[name]}), batch=2)


def run(report: Report) -> int | None:
    """What the tool says of the file of what archcost builds; None where one of them raises."""
    import torch

    from archcost.pytorch.module import Network, example_inputs
    from tests.conventions.peers import silence
    from tests.pytorch.support import everything

    graph = everything(report.graph)
    network, inputs = Network(graph), example_inputs(graph)
    torch.manual_seed(0)
    for tensor in (*network.parameters(), *network.buffers()):  # as if it were trained: nothing that is all 0 or 1
        if tensor.is_floating_point():
            with torch.no_grad():
                tensor.uniform_(0.5, 1.5)
    with silence(), contextlib.suppress(Exception):
        program: Any = torch.onnx.export(network.eval(), inputs, dynamo=True, verbose=False)
        return _count(program.model_proto)
    return None


def _count(model: Any) -> int:
    sys.path.insert(0, str(folder(NAME)))
    try:
        tool: Any = importlib.import_module("onnx_tool")
    finally:
        sys.path.remove(str(folder(NAME)))
    graph = tool.Model(model, {"verbose": False}).graph  # what model_profile does, less the table
    graph.graph_reorder_nodes()
    graph.shape_infer(None)
    graph.profile(exclude_ops=tool.NoMacsOps)
    return round(graph.macs[0])


def main() -> None:
    """Export, and run the tool."""
    import torch

    from tests.ops.cases import CASES
    from tests.pytorch.support import report_of
    from tests.shared import zoo_report

    torch.set_num_threads(1)
    if newer_peers.version(NAME) != convention(NAME).version:
        sys.exit(f"{NAME} {convention(NAME).version} is not there; run `make peers`")
    packages = {name: version(name).split("+")[0] for name in ("onnx", "onnxscript", "torch")}
    found = {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "versions": {NAME: newer_peers.version(NAME), **packages},
        "cases": {str(case): run(report_of(case)) for case in CASES},
        "networks": {name: run(network_report(name)) for name in NETWORKS},
        "models": {name: run(zoo_report(name)) for name in MODELS},
    }
    FILE.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
