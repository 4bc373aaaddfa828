"""A cover of the zoo: few models with every structure that any of its models has, and one model of each family.

What holds a network against PyTorch or a tool is slow, and sees nothing new in the tenth ResNet. The structural class
of a layer is what a rule may depend on, without the sizes: the kind of op, the attributes that are a choice, which of
the others are given, ranks and dtypes of the inputs, how many of those differ, and whether the weights are another
layer's. A model has the classes of its layers, those of its inputs and outputs, and its family.

``tests/golden/cover_models.txt`` lists the cover, so that no test analyses the zoo to know what it runs;
``test_cover.py`` computes it anew. Beside some of them it says ``few``: they are short, have every kind of op that a
short model has, and are the models of tests that take long for each. Of a model with many like layers the cover has one
with fewer, ``FEWER``, which has all its classes: what differs is how often each of them comes.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

import archcost
from archcost import model_zoo as zoo
from archcost.spec.loader import loads
from tests.shared import zoo_report

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping

    from _pytest.mark.structures import ParameterSet

    from archcost.analysis.report import Report
    from archcost.graph.model import Graph, Node
    from archcost.spec.model import Spec

SPECS = Path(__file__).parent.parent / "specs"
LISTED = Path(__file__).parent / "golden" / "cover_models.txt"
FEW = "few"  # beside a model of the list
SHORT = 200  # layers
TWO = {"layers": 2}
TWO_BOTH = {"layers": 2, "decoder_layers": 2}
DEEP = {"depth": 2}
STAGES = {"depths": [1, 2, 1, 1]}
WINDOWS = {"depths": [2, 2, 2, 2]}  # of which every second one is shifted
FEWER: dict[str, dict[str, Any]] = {
    "albert_base": TWO,
    "bart": TWO_BOTH,
    "beit3_base_patch16_224": DEEP,
    "chinchilla_44m": TWO,
    "clip": {"image_layers": 2, "text_layers": 2},
    "convnextv2_atto": STAGES,
    "crossvit_tiny_240": {"depths": [1, 2]},
    "deberta": TWO,
    "decoder": TWO,
    "deepseek_v2_lite": {"layers": 2, "experts": 8},
    "detr_resnet50": DEEP,
    "gemma_2_2b": TWO,
    "gmlp_b16": DEEP,
    "gpt2": TWO,
    "llama_2_7b": TWO,
    "mamba_130m": TWO,
    "maxvit_t": WINDOWS,
    "mixer_s16": DEEP,
    "mixtral_8x7b": TWO,
    "mvit_v1_b": {
        "widths": [192, 192, 384, 384, 768, 768],
        "heads": [1, 2, 2, 4, 8, 8],
        "strides": [1, 2, 1, 2, 2, 1],
        "kv_strides": [8, 4, 4, 2, 1, 1],
    },
    "mvit_v2_s": {
        "widths": [96, 192, 384, 768, 768],
        "heads": [1, 2, 4, 8, 8],
        "strides": [1, 2, 2, 2, 1],
        "kv_strides": [8, 4, 2, 1, 1],
    },
    "nfnet_f0": STAGES,
    "poolformer_s12": STAGES,
    "res2net50_26w_6s": STAGES,
    "swin3d_t": WINDOWS,
    "swin_t": WINDOWS,
    "swin_v2_t": WINDOWS,
    "t5_small": TWO_BOTH,
    "transformer_base": TWO,
    "vit_b_16": DEEP,
    "vit_b_32": DEEP,
    "wav2vec2_base": TWO,
    "xcit_tiny_12_p16_384": DEEP,
}


class Structure(NamedTuple):
    """What a model adds to a cover, and what it costs there."""

    classes: frozenset[str]
    cost: int


def zoo_models(config: pytest.Config, *, few: bool = False) -> tuple[str, ...]:
    """The models that the slow tests run: the cover, a few of it, or the whole zoo under ``--all``."""
    if config.getoption("--all"):
        return tuple(zoo.names())
    return zoo_few() if few else zoo_cover()


@cache
def zoo_cover() -> tuple[str, ...]:
    """The cover of the zoo, as it is listed."""
    return tuple(line.split()[0] for line in LISTED.read_text(encoding="utf-8").splitlines())


@cache
def zoo_few() -> tuple[str, ...]:
    """Those of the cover that are short and have nearly every kind of op, as they are marked in the list."""
    marked = (line.partition(" ") for line in LISTED.read_text(encoding="utf-8").splitlines())
    return tuple(name for name, _, mark in marked if mark == FEW)


def one_of_each(cases: Iterable[Any], key: Callable[[Any], object]) -> list[ParameterSet]:
    """All cases for a parametrised test; of those with one key, the ones after the first are long."""
    first: dict[object, int] = {}
    every = list(cases)
    for place, case in enumerate(every):
        first.setdefault(key(case), place)
    kept = set(first.values())
    return [_param(case, long=place not in kept) for place, case in enumerate(every)]


@cache
def cover_spec(name: str, *, whole: bool = False) -> Spec:
    """A model of the cover with fewer layers where that will do, or the whole of it."""
    if whole or name not in FEWER:
        return archcost.load(name)
    text = f"archcost: 1\nname: {name}\nextends: {name}.yaml\nparams: {json.dumps(FEWER[name])}\n"
    return loads(text, name=f"{name}.yaml", folder=str(SPECS))


@cache
def cover_report(name: str, *, whole: bool = False) -> Report:
    """It as it is by default."""
    return archcost.analyze(cover_spec(name)) if name in FEWER and not whole else zoo_report(name)


@cache
def zoo_structures() -> dict[str, Structure]:
    """Every model of the zoo by its name; what it costs are its layers."""
    graphs = {name: zoo_report(name).graph for name in zoo.names()}
    return {name: Structure(structural_classes(graph), len(graph.nodes)) for name, graph in graphs.items()}


def some(cases: Iterable[Any], kept: Container[Any]) -> list[ParameterSet]:
    """All cases for a parametrised test; those that are not kept are long."""
    return [_param(case, long=case not in kept) for case in cases]


def _param(case: Any, *, long: bool) -> ParameterSet:
    values = case if type(case) is tuple else (case,)
    return pytest.param(*values, marks=[pytest.mark.long] if long else [])


def cover_kinds() -> dict[str, Structure]:
    """The kinds of op of every model of the cover that is short; what it costs are its layers there."""
    reports = {name: cover_report(name) for name in zoo_cover()}
    return {
        name: Structure(frozenset(layer.op for layer in report.layers), len(report.layers))
        for name, report in reports.items()
        if len(report.layers) <= SHORT
    }


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
