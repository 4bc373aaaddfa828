"""Small models of ONNX, and the import of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from archcost.analysis.report import analyze
from archcost.importers.imported import import_text
from archcost.importers.onnx.reader import read_model
from archcost.settings import InputShape, Settings
from archcost.spec.loader import loads

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archcost.analysis.report import Report
    from archcost.importers.form import Form

FLOAT = TensorProto.FLOAT


def weight(name: str, *shape: int) -> Any:
    """A stored tensor of numbers that are not all the same."""
    values = np.arange(np.prod(shape, dtype=int), dtype=np.float32).reshape(shape)
    return numpy_helper.from_array(values, name)


def whole(name: str, values: Any) -> Any:
    """A stored tensor of whole numbers."""
    return numpy_helper.from_array(np.array(values, dtype=np.int64), name)


def model(
    nodes: Sequence[Any],
    inputs: Mapping[str, Sequence[int | str | None]],
    outputs: Mapping[str, Sequence[int | str | None] | None],
    stored: Sequence[Any] = (),
    *,
    opset: int = 17,
    declared: Mapping[str, Sequence[int | str]] | None = None,
) -> Any:
    """A model of float32 inputs and outputs."""
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info(name, FLOAT, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(name, FLOAT, shape) for name, shape in outputs.items()],
        stored,
        value_info=[helper.make_tensor_value_info(name, FLOAT, shape) for name, shape in (declared or {}).items()],
    )
    return helper.make_model(
        graph,
        ir_version=8,
        producer_name="tests",
        opset_imports=[helper.make_opsetid("", opset), helper.make_opsetid("com.other", 1)],
    )


node = helper.make_node


def form_of(given: Any, inputs: Mapping[str, Sequence[int]] | None = None) -> Form:
    """The form of a model."""
    asked = {name: InputShape(shape) for name, shape in (inputs or {}).items()}
    return read_model(given.SerializeToString(), "net.onnx", "net", asked)


def text_of(given: Any, inputs: Mapping[str, Sequence[int]] | None = None, *, flat: bool = False) -> str:
    """The spec of a model, which is proven."""
    return import_text(form_of(given, inputs), flat=flat).text


def report_of(given: Any, inputs: Mapping[str, Sequence[int]] | None = None, batch: int = 1) -> Report:
    """The analysis of a model's spec."""
    return analyze(loads(text_of(given, inputs)), Settings(batch=batch))


__all__ = ["FLOAT", "form_of", "helper", "model", "node", "onnx", "report_of", "text_of", "weight", "whole"]
