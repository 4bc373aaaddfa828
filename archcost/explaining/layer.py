"""One layer: its sizes, params, MACs, FLOPs, bytes and receptive field, each with its arithmetic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.analysis.costs import stored_bytes
from archcost.analysis.traffic import input_bytes, traffic_of, weight_bytes_read
from archcost.dtypes import DTYPE_BYTES, STORED_BITS
from archcost.explaining.equations import BYTES, Equation, Explanation, traffic_equations
from archcost.explaining.expressions import Number, Symbol, SymbolicExpression, cross, total
from archcost.explaining.field_view import layer_fields
from archcost.explaining.formulas import Formulas, Size, formulas_of
from archcost.explaining.op_words import first_line, words_of
from archcost.figures import METRICS
from archcost.graph.model import tensor_bytes

if TYPE_CHECKING:
    from archcost.analysis.costs import Costs
    from archcost.analysis.report import Layer, Report
    from archcost.dims import Shape
    from archcost.graph.model import Node, Signature


def explain_layer(report: Report, index: int) -> Explanation:
    """The explanation of the layer with this index."""
    layer = report.layers[index]
    node = layer.node
    signature = node.signature
    formulas = formulas_of(signature)
    return Explanation(
        report=report,
        path=layer.path,
        kind=layer.op,
        about="" if formulas.sizes else about(signature),
        inputs=signature.input_shapes,
        outputs=layer.output,
        layers=1,
        equations=tuple(layer_equations(report, index, formulas)),
        seen=layer_fields(report, index),
        parts=(),
        mark=node.mark,
    )


def layer_equations(report: Report, index: int, formulas: Formulas) -> list[Equation]:
    """The figures of the layer with this index, with the formulas of its op."""
    return [
        *size_equations(formulas, report.layers[index].node.signature),
        *_work_equations(report, index, formulas),
        *_byte_equations(report, index),
    ]


def about(signature: Signature) -> str:
    """The first line of the op's reference, which is its formula."""
    return first_line(words_of(signature.op))


def size_equations(formulas: Formulas, signature: Signature) -> list[Equation]:
    """Sizes of the outputs, equal ones told together; none that a rounded factor makes differ from the shape."""
    equations: list[Equation] = []
    for size in formulas.sizes:
        if size.formula.value != signature.outputs[size.output].shape[size.dim]:
            continue
        label = _size_label(size, len(signature.outputs))
        before = equations[-1] if equations else None
        if before is not None and _same(before, size):
            label = before.label if label in before.label.split(" and ") else f"{before.label} and {label}"
            equations[-1] = before._replace(label=label)
        else:
            equations.append(Equation("output_size", label, size.formula.value, size.formula, note=size.note))
    return equations


def _size_label(size: Size, outputs: int) -> str:
    return f"output {size.output}, {size.what}" if outputs > 1 else size.what


def _same(equation: Equation, size: Size) -> bool:
    formula = equation.formula
    return (
        formula is not None
        and formula.text() == size.formula.text()
        and formula.text(numbers=True) == size.formula.text(numbers=True)
    )


def _work_equations(report: Report, index: int, formulas: Formulas) -> list[Equation]:
    """Params, MACs and FLOPs."""
    layer = report.layers[index]
    note = ""
    if layer.node.weights_of >= 0:
        note = f"shared with {report.layers[layer.node.weights_of].path}, counted there"
    elif layer.costs.trainable_params != layer.costs.params:
        note = "frozen: they need no gradients"
    active = []
    if layer.costs.idle_params:
        used = Symbol("params", layer.costs.params) - Symbol("idle", layer.costs.idle_params)
        active = [Equation("active_params", "active params", used.value, used, "", "what one token uses")]
    return [
        Equation("params", "params", layer.costs.params, params_formula(formulas, layer.costs.params), "", note),
        *active,
        Equation("macs", "MACs", formulas.macs.value, formulas.macs, unknown=layer.costs.unknown_macs),
        Equation("flops", "FLOPs", layer.costs.flops, flops_formula(formulas), unknown=layer.costs.unknown_flops),
        *([_step_equation(layer.costs)] if report.graph.training else []),
    ]


def _step_equation(costs: Costs) -> Equation:
    """The MACs of a training step, as a multiple of the MACs where they are one."""
    label, macs = METRICS["training_macs"].label, costs.macs
    times, rest = divmod(costs.training_macs, macs) if macs else (0, 0)
    formula = times * Symbol("MACs", macs) if times and not rest else None
    note = "forward, and once for each gradient" if times > 1 and formula is not None else ""
    return Equation(
        "training_macs", label, costs.training_macs, formula, note=note, unknown=costs.unknown_training_macs
    )


def params_formula(formulas: Formulas, counted: int) -> SymbolicExpression:
    """The params, less those that are counted at another layer."""
    shared = formulas.params.value - counted
    return formulas.params - Symbol("shared", shared) if shared else formulas.params


def flops_formula(formulas: Formulas) -> SymbolicExpression:
    """2·MACs and all other arithmetic."""
    macs = formulas.macs if isinstance(formulas.macs, Symbol) else Symbol("MACs", formulas.macs.value)
    return 2 * macs + formulas.other if formulas.macs.value else formulas.other


def _byte_equations(report: Report, index: int) -> list[Equation]:
    """Weights and outputs in memory; bytes moved, and the arithmetic for each."""
    node = report.layers[index].node
    size = DTYPE_BYTES[report.dtype]
    outputs = [
        cross(Symbol("outputs", tensor.shape), Number(DTYPE_BYTES[tensor.dtype])) for tensor in node.signature.outputs
    ]
    written = sum(map(tensor_bytes, node.signature.outputs))
    equations = []
    layer = report.layers[index]
    if layer.costs.params and report.graph.matrix_dtype(node.signature):
        note = f"matrices as {report.weight_dtype}"
        equations.append(Equation("weight_bytes", "weights", layer.costs.weight_bytes, None, BYTES, note))
    elif layer.costs.params:
        weights = cross(Symbol("params", layer.costs.params), Number(size))
        equations.append(Equation("weight_bytes", "weights", weights.value, weights, BYTES))
    equations.append(Equation("output_bytes", "output", written, total(outputs), BYTES, _held_elsewhere(layer)))
    kept = node.op.kept(node.signature.input_shapes)
    if kept is not None:
        equations.append(_cache_equation(layer, kept, report.kv_dtype))
    dtypes = report.dtype, report.graph.matrix_dtype(node.signature)
    traffic = traffic_of(node, dtypes[0], layer.costs.flops, dtypes[1])
    parts = [*_read(node, *dtypes), Symbol("output", written)]
    return equations + traffic_equations(parts, traffic, layer.costs.unknown_flops)


def _cache_equation(layer: Layer, kept: Shape, kv_dtype: str) -> Equation:
    """What the KV cache holds after the step."""
    name = "outputs" if kept == layer.output[0] else "kept"
    dtype = kv_dtype or layer.node.outputs[0].dtype
    whole = STORED_BITS.get(dtype, 0) % 8 == 0
    formula = cross(Symbol(name, kept), Number(stored_bytes(1, dtype))) if whole else None
    note = "kept for the next step" + (f" as {kv_dtype}" if kv_dtype else "")
    return Equation("cache_bytes", "cache", layer.costs.cache_bytes, formula, BYTES, note)


def _held_elsewhere(layer: Layer) -> str:
    """Why the outputs are no activations of their own; empty where they are."""
    if layer.activation_bytes:
        return ""
    signature = layer.node.signature
    return "a param" if signature.weights() else "a buffer" if signature.buffers() else "in the memory of the input"


def _read(node: Node, dtype: str, weight_dtype: str) -> list[Symbol]:
    inputs, weights = input_bytes(node), weight_bytes_read(node, dtype, weight_dtype)
    found = [Symbol("input" if len(node.inputs) == 1 else "inputs", inputs)] if node.inputs else []
    return found + ([Symbol("weights", weights)] if weights else [])
