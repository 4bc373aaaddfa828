"""What a training step costs: training MACs are the forward MACs, and as many for each factor that needs a gradient.

y = a·b has the gradients g·bᵀ and aᵀ·g, each of the same three sizes. Training FLOPs = forward FLOPs + 2 × the
MACs of the backward pass. What that does beyond products (activations, norms, sums of gradients), the loss and the
optimizer are not counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.graph.gradient_flow import gradient_flow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archcost.analysis.costs import Costs
    from archcost.graph.model import Graph, Signature


class StepCosts(NamedTuple):
    """A training step with its passes, forward, backward and, with checkpoints, parts of the forward pass again.

    ``recomputed`` are the forward MACs of what runs again. ``unknown_macs`` and ``unknown_flops`` are the paths of the
    layers of which a figure is not known: the figures are then the known part.
    """

    forward_macs: int
    backward_macs: int
    recomputed_macs: int
    training_flops: int
    unknown_macs: tuple[str, ...]
    unknown_flops: tuple[str, ...]

    @property
    def training_macs(self) -> int:
        """Those of all passes."""
        return self.forward_macs + self.backward_macs + self.recomputed_macs

    def times(self, passes: int) -> StepCosts:
        """A step of several such passes, whose gradients add up."""
        return self._replace(
            forward_macs=passes * self.forward_macs,
            backward_macs=passes * self.backward_macs,
            recomputed_macs=passes * self.recomputed_macs,
            training_flops=passes * self.training_flops,
        )


def with_training(graph: Graph, costs: Sequence[Costs]) -> list[Costs]:
    """The costs of every node with those of a training step; equal nodes still have one object of costs."""
    flow = gradient_flow(graph)
    known: dict[tuple[int, tuple[bool, ...]], Costs] = {}
    found = []
    for index, (node, own) in enumerate(zip(graph.nodes, costs, strict=True)):
        wanted = flow.wanted(index, node) if flow.runs[index] else ()
        key = (id(own), wanted)
        if key not in known:
            known[key] = _trained(node.signature, own, wanted)
        found.append(known[key])
    return found


def _trained(signature: Signature, costs: Costs, wanted: tuple[bool, ...]) -> Costs:
    backward = backward_macs(signature, wanted) if costs.macs else 0
    unknown = costs.unknown_flops or (costs.unknown_macs if any(wanted) else 0)
    return costs._replace(
        training_macs=costs.macs + backward,
        training_flops=costs.flops + 2 * backward,
        unknown_training_macs=costs.unknown_macs,
        unknown_training_flops=unknown,
    )


def backward_macs(signature: Signature, wanted: Sequence[bool]) -> int:
    """The MACs of the gradients of an op, of whose inputs, and at last its weights, those ``wanted`` need one."""
    if not any(wanted):
        return 0
    products = signature.op.products(signature.input_shapes, signature.output_shapes)
    return sum(macs for macs, *factors in products for factor in factors if any(wanted[place] for place in factor))


def step_costs(graph: Graph, costs: Sequence[Costs], ranges: Iterable[range] = ()) -> StepCosts:
    """The costs of a training step. It runs ranges of nodes again where the backward pass goes through them."""
    trained = with_training(graph, costs)
    runs = gradient_flow(graph).runs
    again = [costs[index] for nodes in ranges if any(runs[index] for index in nodes) for index in nodes]
    macs = sum(each.macs for each in trained)
    return StepCosts(
        macs,
        sum(each.training_macs for each in trained) - macs,
        sum(each.macs for each in again),
        sum(each.training_flops for each in trained) + sum(each.flops for each in again),
        tuple([node.path for node, each in zip(graph.nodes, trained, strict=True) if each.unknown_training_macs]),
        tuple([node.path for node, each in zip(graph.nodes, trained, strict=True) if each.unknown_training_flops]),
    )
