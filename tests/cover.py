"""A cover of the zoo: few models with every structure that any of its models has, and one model of each family.

What holds a network against PyTorch or a tool is slow, and sees nothing new in the tenth ResNet. The structural class
of a layer is what a rule may depend on, without the sizes: the kind of op, the attributes that are a choice, which of
the others are given, ranks and dtypes of the inputs, how many of those differ, and whether the weights are another
layer's. A model has the classes of its layers, those of its inputs and outputs, and its family.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from archcost import model_zoo as zoo
from tests.shared import zoo_report

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pytest

    from archcost.graph.model import Graph, Node


class Structure(NamedTuple):
    """What a model adds to a cover, and what it costs there."""

    classes: frozenset[str]
    cost: int


def zoo_models(config: pytest.Config) -> tuple[str, ...]:
    """The models that the slow tests run: the cover, or the whole zoo under ``--zoo``."""
    return tuple(zoo.names()) if config.getoption("--zoo") else zoo_cover()


@cache
def zoo_cover() -> tuple[str, ...]:
    """The cover of the zoo."""
    return covering(zoo_structures())


@cache
def zoo_structures() -> dict[str, Structure]:
    """Every model of the zoo by its name; what it costs are its layers."""
    graphs = {name: zoo_report(name).graph for name in zoo.names()}
    return {name: Structure(structural_classes(graph), len(graph.nodes)) for name, graph in graphs.items()}


def covering(models: Mapping[str, Structure]) -> tuple[str, ...]:
    """A cheap choice of models that have all classes: those of the most new classes for their cost, none in vain."""
    chosen: list[str] = []
    while left := classes_of(models) - classes_of(models, chosen):
        chosen.append(max(models, key=lambda name: len(models[name].classes & left) / models[name].cost))
    for name in sorted(chosen, key=lambda name: -models[name].cost):
        others = [other for other in chosen if other != name]
        if classes_of(models, others) == classes_of(models):
            chosen = others
    return tuple(sorted(chosen))


def classes_of(models: Mapping[str, Structure], names: Iterable[str] | None = None) -> frozenset[str]:
    """The classes that some models, or all, have together."""
    return frozenset().union(*[models[name].classes for name in (models if names is None else names)])


def structural_classes(graph: Graph) -> frozenset[str]:
    """The classes of a model."""
    inputs = ", ".join(sorted({f"{dtype}[{len(shape)}]" for shape, dtype in graph.inputs.values()}))
    outputs = "one output" if len(graph.outputs) == 1 else "several outputs"
    layers = {(id(node.signature), node.weights_of >= 0): node for node in graph.nodes}
    own = {f"family {graph.spec.family}", f"inputs {inputs}", outputs}
    return frozenset(own | {structural_class(node) for node in layers.values()})


def structural_class(node: Node) -> str:
    """What a rule may depend on, but for the sizes; inputs of one type count once."""
    op, inputs = node.signature.op, node.signature.inputs
    attributes = [f"{name}={_choice(value, op.fields[name].default)}" for name, value in vars(op).items()]
    types = [f"{dtype}[{len(shape)}]" for shape, dtype in dict.fromkeys(inputs)]
    shared = ["weights of another"] if node.weights_of >= 0 and node.signature.weights() else []
    return f"{op.kind}({', '.join(attributes)}) of {len(inputs)}: {', '.join([*types, *shared])}".rstrip(" :")


def _choice(value: object, default: object) -> str:
    """Booleans, words and null as they are; of sizes whether they are the default, and the same along every axis."""
    if isinstance(value, bool | str) or value is None:
        return str(value)
    sizes = set(value) if isinstance(value, tuple) else {value}
    if value == default or sizes == {default}:
        return "default"
    return "various" if len(sizes) > 1 else type(value).__name__
