"""Many candidates in one walk: a table gives what each of its sizes gives by itself, and nothing that fails is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import archcost
from archcost.dims import VaryingSizeError, numel, total
from archcost.errors import SpecError, UsageError
from archcost.graph.unroll import unroll
from archcost.ops import REGISTRY
from archcost.settings import Settings
from archcost.spec.loader import loads
from tests.ops.harness import MaskCheck
from tests.ops.table import Table, table

if TYPE_CHECKING:
    from archcost.graph.model import Graph, Node


def walked(spec: Any, **params: Any) -> Graph:
    return unroll(loads(spec) if isinstance(spec, str) else spec, Settings(params=params), MaskCheck)


def figures(node: Node) -> tuple[Any, ...]:
    """The sizes of a layer's outputs, its params, MACs and FLOPs."""
    op = node.op
    inputs = tuple([tensor.shape for tensor in node.signature.inputs])
    outputs = tuple([tensor.shape for tensor in node.outputs])
    sizes = [size for shape in outputs for size in shape]
    params = total(map(numel, node.signature.weights().values()))
    return (*sizes, params, op.macs(inputs, outputs), op.flops(inputs, outputs))


def of_candidate(figure: Any, number: int) -> int:
    return figure.entries[number] if isinstance(figure, Table) else figure


ZOO = [
    ("mobilenet_v1", "resolution", (224, 128, 160)),
    ("resnet50", "resolution", (224, 160)),
    ("vit_b_16", "resolution", (224, 384)),
    ("gpt2", "tokens", (1024, 7, 2000)),
    ("bert_base", "tokens", (128, 7)),
    ("shufflenet_v2_x1_0", "resolution", (224, 160)),
    ("llama_3_8b", "tokens", (8, 4096)),
]


@pytest.mark.parametrize(("name", "param", "values"), ZOO, ids=str)
def test_a_table_is_walked_as_each_of_its_sizes(name: str, param: str, values: tuple[int, ...]) -> None:
    spec = archcost.load(name)
    at_once = walked(spec, **{param: Table(values)})
    for number, value in enumerate(values):
        alone = unroll(spec, Settings(params={param: value}))
        assert [node.path for node in at_once.nodes] == [node.path for node in alone.nodes]
        for node, expected in zip(at_once.nodes, alone.nodes, strict=True):
            found = tuple([of_candidate(figure, number) for figure in figures(node)])
            assert found == figures(expected), node.path


GROUPED = """
archcost: 1
name: grouped
params: {groups: 2}
input: [12, 8, 8]
blocks:
  twice:
    params: {g: }
    layers:
      - conv2d: {out_channels: 12, kernel_size: 3, padding: 1, groups: $g}
      - repeat: 2
        relu:
layers:
  - relu
  - twice: {g: $groups}
  - twice: {g: $groups}
  - conv2d: {out_channels: 4, kernel_size: 1}
"""


def test_a_failure_is_kept_with_every_layer_that_it_belongs_to() -> None:
    """5 groups do not divide 12 channels: in both uses of the block, the second of which comes from a cache."""
    graph = walked(GROUPED, groups=table(2, 5, 3))
    masks = {node.path: _mask(node) for node in graph.nodes}
    failing = {path for path, mask in masks.items() if not all(mask)}
    assert failing == {"twice.conv2d", "twice_1.conv2d"}
    assert masks["twice.conv2d"] == masks["twice_1.conv2d"] == (True, False, True)


def test_what_fails_of_an_op_by_itself_is_kept_too() -> None:
    spec = "archcost: 1\nname: a\nparams: {k: 1}\ninput: [6, 4]\nlayers: [mixture_of_experts: "
    spec += "{num_experts: 2, top_k: $k, hidden_features: 3}]\n"
    (node,) = walked(spec, k=table(1, 2, 3)).nodes
    assert _mask(node) == (True, True, False)  # 3 of 2 experts


def _mask(node: Node) -> tuple[bool, ...]:
    mask: Any = node.signature.check.mask  # type: ignore[attr-defined]
    return mask.entries if isinstance(mask, Table) else (mask,) * 3


BASE = "archcost: 1\nname: a\nparams: {n: 1}\ninput: [4, 8, 8]\n"
DECIDING = {
    "when": "layers: [{when: $(n > 1), relu: }, relu6]",
    "repeat": "layers: [{repeat: $n, relu: }]",
    "kind": "layers: [$kind]",
    "outputs": "outputs: $names\nlayers: [{id: a, relu: }, {id: b, relu6: }]",
    "a dim": "layers: [{flatten: {start_dim: $n}}]",
    "a number of outputs": "layers: [{chunk: {chunks: $n, dim: 1}}]",
    "a least size": "layers: [{conv2d: {out_channels: $(n - 1), kernel_size: 1}}]",
}


@pytest.mark.parametrize("place", DECIDING)
def test_where_python_decides_candidates_must_agree(place: str) -> None:
    params: dict[str, tuple[Any, Any]] = {"kind": ("relu", "relu6"), "outputs": ("a", "b")}
    first, second = params.get(place, (1, 2))
    name = {"kind": "kind", "outputs": "names"}.get(place, "n")
    spec = BASE.replace("{n: 1}", f"{{{name}: {first}}}") + DECIDING[place] + "\n"
    with pytest.raises(VaryingSizeError, match="must be the same for all variants"):
        walked(spec, **{name: table(first, second)})
    alone = walked(spec, **{name: second})
    agreed = walked(spec, **{name: table(second, second)})
    assert [node.path for node in agreed.nodes] == [node.path for node in alone.nodes]
    assert agreed.outputs == alone.outputs


def test_a_layer_that_fails_is_judged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[object] = []
    infer = REGISTRY["conv2d"].infer

    def counting(self: Any, inputs: Any, check: Any) -> Any:
        judged.append(inputs)
        return infer(self, inputs, check)

    monkeypatch.setattr(REGISTRY["conv2d"], "infer", counting)
    conv = "  - {conv2d: {out_channels: 4, kernel_size: 9}, from: input}\n"
    spec = "archcost: 1\nname: a\ninput: [4, 8, 8]\nlayers:\n" + 3 * conv
    with pytest.raises(SpecError) as caught:
        unroll(loads(spec))
    assert len(judged) == 1
    assert str(caught.value).count("does not fit into a padded input of 8") == 3


def test_an_op_that_cannot_be_made_is_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[object] = []
    made = REGISTRY["conv2d"].__init__

    def counting(self: Any, **attributes: Any) -> None:
        tried.append(attributes)
        made(self, **attributes)

    spec = loads(
        "archcost: 1\nname: a\nparams: {k: 0}\ninput: [4, 8, 8]\nblocks:\n  b:\n    layers:\n"
        "      - conv2d: {out_channels: 4, kernel_size: $k}\nlayers:\n"
        "  - {id: x, relu: , from: input}\n  - {b: , from: x}\n  - {relu6: , from: input}\n  - {b: , from: input}\n"
    )
    monkeypatch.setattr(REGISTRY["conv2d"], "__init__", counting)
    with pytest.raises(SpecError, match="'kernel_size' of conv2d: expected a whole number ≥ 1"):
        unroll(spec)
    assert len(tried) == 1


class Unkeyed:
    """A number that cannot be a key."""

    __hash__ = None  # type: ignore[assignment]

    def __index__(self) -> int:
        return 3


def test_what_cannot_be_a_key_is_no_param() -> None:
    with pytest.raises(
        UsageError, match="the param 'n' must be a number, text, true, false or a list of these, got a Unkeyed"
    ):
        walked(BASE + "layers: [relu]\n", n=Unkeyed())
