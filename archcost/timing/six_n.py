"""How far the FLOPs of a training step are from the rule of 6 × params × tokens, term by term, exactly.

The rule: each param is multiplied and added once a token, and twice more for the gradients of the input and of the
param. Source: Brown et al. 2020, GPT-3, arXiv:2005.14165, table D.1, which leaves attention out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.dims import numel
from archcost.ops.base import WEIGHTS
from archcost.ops.facets import Work

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archcost.analysis.report import Layer, Report

RULE = 6  # FLOPs a param and token: a product and a sum, forward and for either gradient
TABLES = "tables: looked up or added, not multiplied"
ADDED = "norms and biases: not in products"
IDLE = "experts: not those that a token does not go to"
TIED = "weights of another layer used again"
APART = "products without params: attention"
POSITIONS = "weights used on more or fewer positions than tokens"
NO_GRADIENT = "gradients that nothing needs: first layer, frozen weights"
_ORDER = (TABLES, ADDED, IDLE, TIED, APART, POSITIONS, NO_GRADIENT)


class RuleTerm(NamedTuple):
    """A reason why the FLOPs of a training step are not those of the rule, and by how many of one pass."""

    reason: str
    flops: int


def six_n(report: Report, tokens: int) -> int:
    """The FLOPs of a training pass by the rule: 6 × params × tokens."""
    return RULE * report.totals.params * tokens


def six_n_terms(report: Report, tokens: int) -> list[RuleTerm]:
    """What is to be added to the rule to have 2 × the training MACs of a pass over so many tokens; no zeros."""
    found = dict.fromkeys(_ORDER, 0)
    for layer in report.layers:
        for reason, flops in _terms(layer, tokens):
            found[reason] += flops
    return [RuleTerm(reason, flops) for reason, flops in found.items() if flops]


def _terms(layer: Layer, tokens: int) -> Iterator[tuple[str, int]]:
    """The terms of a layer; their sum is 2 × its training MACs − 6 × its params × tokens."""
    costs = layer.costs
    if not costs.macs:
        reason = TABLES if layer.node.op.work is Work.TABLE else ADDED
        yield reason, -RULE * costs.params * tokens
        return
    idle, added = costs.idle_params, _added(layer)
    apart = _without_weights(layer)
    yield IDLE, -RULE * idle * tokens
    yield ADDED, -RULE * added * tokens
    yield APART, RULE * apart
    multiplied = costs.params - idle - added
    used = RULE * (costs.macs - apart)
    yield (POSITIONS, used - RULE * multiplied * tokens) if multiplied else (TIED, used)
    yield NO_GRADIENT, 2 * costs.training_macs - RULE * costs.macs


def _without_weights(layer: Layer) -> int:
    """The MACs of products of two activations."""
    signature = layer.node.signature
    products = signature.op.products(signature.input_shapes, signature.output_shapes)
    return sum(macs for macs, *factors in products if (WEIGHTS,) not in factors)


def _added(layer: Layer) -> int:
    """The params of a layer's own that are biases."""
    if not layer.costs.params:
        return 0
    return sum(numel(shape) for name, shape in layer.node.signature.weights().items() if "bias" in name)
