"""Recordings of small modules become models: the four laws, sharing, ids and scopes. Each is proven as a flat spec."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

from archcost.errors import UsageError
from archcost.importers.form import Batched, Form, FormStep
from archcost.importers.torch.rules import RULES
from archcost.importers.torch.rules.base import CallRule
from archcost.spec.source_calls import SourceCall
from tests.importers.torch.lowering_support import kinds, lowered, step


class Module(nn.Module):
    """A module whose forward pass is given, with parts of its own."""

    def __init__(self, forward: Any, **parts: Any) -> None:
        super().__init__()
        self.run = forward
        for name, part in parts.items():
            if isinstance(part, torch.Tensor) and not isinstance(part, nn.Parameter):
                self.register_buffer(name, part)
            else:
                setattr(self, name, part)

    def forward(self, *inputs: torch.Tensor) -> Any:
        return self.run(self, *inputs)


def parameter(*shape: int) -> nn.Parameter:
    return nn.Parameter(torch.zeros(*shape))


# --- law 1: what depends on parameters alone is the weight ------------------------------------------------------------


def test_a_derived_weight_is_the_parameter_with_as_many_elements() -> None:
    model = lowered(lambda: weight_norm(nn.Linear(4, 3)), (4,))
    linear = step(model, "linear")
    assert linear.tensors == ("parametrizations.weight.original1", "bias")
    assert [each.kind for each in model.steps].count("parameter") == 1  # original0, 3 elements, counted once
    assert model.truth.params == 4 * 3 + 3 + 3


def test_a_standardised_weight_is_the_weight() -> None:
    def forward(self: Any, x: torch.Tensor) -> torch.Tensor:
        weight = self.weight - self.weight.mean(dim=(1, 2, 3), keepdim=True)
        return functional.conv2d(x, weight * self.gain, None, padding=1)

    model = lowered(lambda: Module(forward, weight=parameter(8, 3, 3, 3), gain=parameter(8, 1, 1, 1)), (3, 5, 5))
    conv = step(model, "conv2d")
    assert conv.tensors == ("weight",)
    assert conv.attributes == {"out_channels": 8, "kernel_size": 3, "padding": 1, "bias": False}
    assert model.truth.macs == Batched(5 * 5 * 8 * 3 * 3 * 3)


@pytest.mark.parametrize(
    ("forward", "kind"),
    [
        (lambda self, x: functional.conv2d(x, self.kernel), "functional_conv2d"),  # a buffer
        (lambda self, x: functional.conv2d(x, self.weight[:2]), "functional_conv2d"),  # a part of a parameter
        (lambda self, x: functional.linear(x, self.matrix[:3]), "functional_linear"),
        (lambda _, x: functional.linear(x, x.mean(0).mean(0)), "functional_linear"),  # of the input
    ],
)
def test_a_weight_that_is_none_is_an_input(forward: Any, kind: str) -> None:
    model = lowered(
        lambda: Module(forward, kernel=torch.zeros(2, 3, 1, 1), weight=parameter(4, 3, 1, 1), matrix=parameter(6, 5)),
        (3, 5, 5),
    )
    assert len(step(model, kind).inputs) == 2


def test_what_follows_the_batch_is_written_also_where_it_is_the_default_at_batch_one() -> None:
    def forward(self: Any, x: torch.Tensor) -> torch.Tensor:
        weight = functional.linear(x.mean((2, 3)), self.experts).reshape(-1, 3, 1, 1)  # 2 filters for each sample
        return functional.conv2d(x.reshape(1, -1, 5, 5), weight, groups=len(x)).reshape(len(x), 2, 5, 5)

    model = lowered(lambda: Module(forward, experts=parameter(6, 3)), (3, 5, 5))
    assert step(model, "functional_conv2d").attributes == {"groups": Batched(1)}
    assert model.truth.macs == Batched(3 * 6 + 5 * 5 * 2 * 3)


def test_a_bias_that_is_joined_is_added() -> None:
    def forward(self: Any, x: torch.Tensor) -> torch.Tensor:
        return functional.linear(x, self.weight, torch.cat([self.q, self.k, self.v]))

    def make() -> nn.Module:
        return Module(forward, weight=parameter(6, 4), q=parameter(2), k=torch.zeros(2), v=parameter(2))

    model = lowered(make, (4,))
    assert kinds(model) == ["parameter", "buffer", "parameter", "concat", "linear", "add"]
    assert step(model, "linear").attributes == {"out_features": 6, "bias": False}
    assert model.truth.params == 6 * 4 + 2 + 2


# --- law 2: what depends on no input is one constant ------------------------------------------------------------------


def test_positions_are_one_constant_of_whole_numbers() -> None:
    def forward(self: Any, x: torch.Tensor) -> torch.Tensor:
        places = torch.arange(x.shape[1], device=x.device)[None, :] + 2
        return x + self.table(places)

    model = lowered(lambda: Module(forward, table=nn.Embedding(9, 4)), (6, 4))
    assert kinds(model) == ["constant", "embedding", "add"]
    assert step(model, "constant").attributes == {"shape": (1, 6), "dtype": "int64"}


def test_a_buffer_stays_one_in_its_views_alone() -> None:
    model = lowered(
        lambda: Module(lambda self, x: x + self.table[:3] + self.table[3:].exp(), table=torch.zeros(6)), (3,)
    )
    assert kinds(model) == ["buffer", "slice", "add", "constant", "add"]
    assert step(model, "buffer").attributes == {"shape": (6,)}


def test_a_constant_that_nobody_uses_is_not_made() -> None:
    model = lowered(lambda: Module(lambda _, x: (x.new_zeros(3), torch.arange(5), x + 1)[2]), (3,))
    assert kinds(model) == ["add"]


def test_a_constant_follows_the_batch() -> None:
    model = lowered(lambda: Module(lambda _, x: torch.cat([x, torch.ones(x.shape[0], 2, device=x.device)], 1)), (3,))
    assert step(model, "constant").attributes == {"shape": (Batched(1), 2)}


# --- law 3: a shape is no data ----------------------------------------------------------------------------------------


def test_what_is_shaped_like_the_input_does_not_depend_on_it() -> None:
    def forward(self: Any, x: torch.Tensor) -> torch.Tensor:
        mask = torch.zeros_like(x[:1])
        mask[:, 1:] = 1.0
        return x + mask

    model = lowered(lambda: Module(forward), (3,))
    assert kinds(model) == ["constant", "add"]


# --- law 4: what no rule can say is custom ----------------------------------------------------------------------------


def test_a_function_that_is_known_to_be_free_has_no_macs() -> None:
    model = lowered(lambda: Module(lambda _, x: torch.cummax(x, 1).values), (3,))
    custom = step(model, "custom")
    assert custom.attributes == {"name": "cummax", "output": ((Batched(1), 3), (Batched(1), 3)), "macs": 0}
    assert "cummax is a custom layer in the model itself" in model.remarks[0]


def test_what_an_unknown_function_costs_is_unknown() -> None:
    model = lowered(lambda: Module(lambda _, x: torch.cdist(x, x)), (3, 4))
    assert "macs" not in step(model, "custom").attributes


def test_products_that_were_counted_are_declared() -> None:
    def forward(self: Any, x: torch.Tensor) -> torch.Tensor:
        return functional.conv_transpose2d(x, self.weight[:3])

    model = lowered(lambda: Module(forward, weight=parameter(6, 2, 2, 2)), (3, 4, 4))
    assert step(model, "custom").attributes["macs"] == Batched(4 * 4 * 3 * 2 * 2 * 2)


@pytest.mark.parametrize(
    ("kind", "attributes", "words"),
    [
        ("flatten", {"start_dim": 0}, "its rule gives a shape of"),
        ("linear", {"out_features": 4, "bias": False}, "linear has other weights"),
        ("matmul", {}, "matmul takes 2 inputs, got 1"),
        ("relu", {"slope": 1}, "relu has no attribute 'slope'"),
    ],
)
def test_a_rule_that_is_wrong_is_found(
    kind: str, attributes: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(call: Any, maker: Any) -> int:
        found: int = maker.step(kind, [call.tensor("input")], attributes)
        return found

    monkeypatch.setitem(RULES, "relu", CallRule(wrong, "input, inplace=False"))
    model = lowered(lambda: nn.Sequential(nn.ReLU()), (4, 4))
    assert kinds(model) == ["custom"]
    assert words in model.remarks[0]


def test_a_rule_whose_macs_are_wrong_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(call: Any, maker: Any) -> int:
        return maker.step("matmul", [call.tensor("input"), call.tensor("input")])  # type: ignore[no-any-return]

    monkeypatch.setitem(RULES, "relu", CallRule(wrong, "input, inplace=False"))
    model = lowered(lambda: nn.Sequential(nn.ReLU()), (4, 4))
    assert kinds(model) == ["custom"]
    assert "MACs, the run gave 0" in model.remarks[0]


# --- sharing ----------------------------------------------------------------------------------------------------------


def test_a_tied_head_uses_the_embedding() -> None:
    def make() -> nn.Module:
        net = Module(lambda self, x: self.head(self.table(x)), table=nn.Embedding(9, 4), head=nn.Linear(4, 9))
        net.head.weight = net.table.weight
        return net

    model = lowered(make, (5,), dtype=torch.int64)
    table, head = model.steps
    assert (table.shares, head.shares) == (None, 0)
    assert head.tensors == ("table.weight", "head.bias")
    assert model.truth.params == 9 * 4 + 9


def test_a_module_that_is_called_again_shares() -> None:
    model = lowered(lambda: Module(lambda self, x: self.block(self.block(x)), block=nn.Linear(4, 4)), (4,))
    assert [(each.id, each.shares) for each in model.steps] == [("block", None), ("block_1", 0)]


def test_a_weight_that_is_read_as_a_value_counts_once() -> None:
    def forward(self: Any, x: torch.Tensor) -> torch.Tensor:
        return self.inner(x) @ self.inner.weight + self.inner.bias.sum()

    model = lowered(lambda: Module(forward, inner=nn.Linear(4, 3)), (4,))
    assert [each.shares for each in model.steps if each.kind == "parameter"] == [0]
    assert [each.note for each in model.steps if each.kind == "constant"] == ["counted where it is a weight"]
    assert model.truth.params == 4 * 3 + 3


def test_a_weight_in_another_form_is_an_input() -> None:
    def forward(self: Any, x: torch.Tensor) -> torch.Tensor:
        return functional.linear(self.inner(x), self.inner.weight.t())

    model = lowered(lambda: Module(forward, inner=nn.Linear(4, 3, bias=False)), (4,))
    assert kinds(model) == ["linear", "parameter", "transpose", "functional_linear"]
    assert model.truth.params == 4 * 3


# --- dead code, unused parameters -------------------------------------------------------------------------------------


def test_dead_code_goes_unless_it_counts() -> None:
    def forward(self: Any, x: torch.Tensor) -> torch.Tensor:
        x.exp().sum()
        self.aside(x)
        return x * 2

    model = lowered(lambda: Module(forward, aside=nn.Linear(4, 2), never=nn.Linear(4, 8)), (4,))
    assert kinds(model) == ["linear", "mul"]
    assert model.truth.params == 4 * 2 + 2
    assert model.unused == {"never.weight": 32, "never.bias": 8}


# --- ids and scopes ---------------------------------------------------------------------------------------------------


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 1)
        self.relu = nn.ReLU()
        self.scale = parameter(4, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.relu(self.conv(x)) * self.scale
        return self.relu(functional.gelu(y) + functional.gelu(x))


def test_paths_are_those_of_torch() -> None:
    def forward(self: Any, x: torch.Tensor) -> torch.Tensor:
        for block in self.blocks:
            x = block(x)
        return self.head(x)

    model = lowered(lambda: Module(forward, blocks=nn.ModuleList([Block(), Block()]), head=nn.Flatten()), (4, 2, 2))
    names = ("conv", "relu", "scale", "mul", "gelu", "gelu_1", "add", "relu_1")
    assert [model.path_of(each) for each in model.steps] == [
        *[f"blocks.{number}.{name}" for number in (0, 1) for name in names],
        "head",
    ]
    assert [(each.kind, each.transparent) for each in model.scopes] == [
        ("Module", False),
        ("ModuleList", True),
        ("Block", False),
        ("Block", False),
    ]


def test_names_that_no_spec_may_have_are_written_otherwise() -> None:
    def make() -> nn.Module:
        parts = nn.ModuleDict({"to the left": nn.Linear(4, 4), "$b": nn.ReLU()})
        return Module(lambda self, x: self.parts["$b"](self.parts["to the left"](x)), parts=parts)

    model = lowered(make, (4,))
    assert [model.path_of(each) for each in model.steps] == ["parts.to_the_left", "parts._b"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (nn.Identity, "computes nothing: it gives its input as it is"),
        (lambda: Module(lambda _, x: x[:, :0]), "gives a tensor without elements"),
    ],
)
def test_what_gives_nothing_is_refused(make: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        lowered(make, (4,))


def test_what_another_scope_holds_comes_before_the_steps_that_read_it() -> None:
    class Adds(nn.Module):
        def forward(self, x: torch.Tensor, position: torch.Tensor) -> torch.Tensor:
            return (x.exp() + position).tanh()

    model = lowered(
        lambda: Module(lambda self, x: self.inner(x, self.position), inner=Adds(), position=parameter(4)), (4,)
    )
    assert [model.path_of(each) for each in model.steps] == ["position", "inner.exp", "inner.add", "inner.tanh"]


class Derived(nn.Linear):
    """A class that hooks do not know."""


def test_how_the_source_computes_a_layer_is_told() -> None:
    def forward(self: Any, x: torch.Tensor) -> torch.Tensor:
        y = functional.relu(self.derived(self.inner(x)))
        return (torch.softmax(y, -1) * y).matmul(y.T @ y)

    model = lowered(lambda: Module(forward, inner=nn.Linear(4, 4), derived=Derived(4, 4)), (4,))
    linear, functions, here = "torch.nn.modules.linear.Linear", "torch.nn.functional.", f"{Module.__module__}.Module"
    derived = f"{__name__}.Derived"
    assert [(model.path_of(step), step.call) for step in model.steps] == [
        ("inner", SourceCall(f"{functions}linear", linear, "weight bias", "1n+0 0n+4", here)),
        ("derived", SourceCall(f"{functions}linear", derived, "weight bias", "1n+0 0n+4", here, linear)),
        ("relu", SourceCall(f"{functions}relu", here)),
        ("softmax", SourceCall("torch.softmax", here)),
        ("mul", SourceCall("", here)),  # an operator of Python
        ("transpose", SourceCall("", here)),
        ("matmul", SourceCall("torch.Tensor.__matmul__", here)),
        ("matmul_1", SourceCall("torch.Tensor.matmul", here)),
    ]


# --- layers of many calls ---------------------------------------------------------------------------------------------


def _steps_of(make: Any, *shapes: tuple[int, ...]) -> list[FormStep]:
    return lowered(make, *shapes).steps


def test_multi_head_attention_is_one_step() -> None:
    def make() -> nn.Module:
        return Module(
            lambda self, x: self.attention(x, x, x)[0], attention=nn.MultiheadAttention(8, 2, batch_first=True)
        )

    (attention,) = _steps_of(make, (5, 8))
    assert (attention.id, attention.kind, attention.attributes) == (
        "attention",
        "multihead_attention",
        {"num_heads": 2},
    )
    assert attention.tensors == (
        "attention.in_proj_weight",
        "attention.in_proj_bias",
        "attention.out_proj.weight",
        "attention.out_proj.bias",
    )


def test_projections_that_lie_apart_are_one_layer() -> None:
    def forward(self: Any, x: torch.Tensor) -> torch.Tensor:
        bias = torch.cat([self.q.bias, self.k.bias, self.v.bias])
        arguments = (x, x, x, 8, 2, torch.empty(0), bias, None, None, False, 0.0, self.out.weight, self.out.bias)
        weights = {f"{name}_proj_weight": getattr(self, name).weight for name in "qkv"}
        return functional.multi_head_attention_forward(
            *arguments, training=False, use_separate_proj_weight=True, **weights
        )[0]

    def make() -> nn.Module:
        return Module(forward, **{name: nn.Linear(8, 8) for name in ("q", "k", "v", "out")})

    model = lowered(make, (5, 8))
    assert kinds(model) == ["multihead_attention"]
    assert model.truth.params == 4 * (8 * 8 + 8)


@pytest.mark.parametrize(
    ("make", "kind", "attributes", "macs"),
    [
        (lambda: nn.LSTM(4, 3, batch_first=True), "lstm", {"hidden_size": 3}, 5 * 4 * 3 * (4 + 3)),
        (
            lambda: nn.GRU(4, 3, 2, batch_first=True, bidirectional=True),
            "gru",
            {"hidden_size": 3, "num_layers": 2, "bidirectional": True},
            5 * 2 * (3 * 3 * (4 + 3) + 3 * 3 * (6 + 3)),
        ),
        (
            lambda: nn.RNN(4, 3, batch_first=True, nonlinearity="relu", bias=False),
            "rnn",
            {"hidden_size": 3, "bias": False, "nonlinearity": "relu"},
            5 * 3 * (4 + 3),
        ),
        (
            lambda: nn.LSTM(4, 3, batch_first=True, proj_size=2),
            "lstm",
            {"hidden_size": 3, "proj_size": 2},
            5 * (4 * 3 * (4 + 2) + 2 * 3),
        ),
    ],
)
def test_recurrent_layers_begin_with_zeros(make: Any, kind: str, attributes: dict[str, Any], macs: int) -> None:
    model = lowered(lambda: Module(lambda self, x: self.inner(x)[0], inner=make()), (5, 4))
    assert [(each.kind, each.id, each.attributes) for each in model.steps] == [(kind, "inner", attributes)]
    assert model.truth.macs == Batched(macs)


NORMS = (
    (lambda: nn.BatchNorm2d(4), {}),
    (
        lambda: nn.BatchNorm2d(4, affine=False, track_running_stats=False),
        {"affine": False, "track_running_stats": False},
    ),
    (lambda: nn.GroupNorm(2, 4), {"num_groups": 2}),
    (lambda: nn.InstanceNorm2d(4, affine=True), {"affine": True}),
    (lambda: nn.LayerNorm(6), {}),
    (lambda: nn.LayerNorm((6, 6), bias=False), {"normalized_shape": (6, 6), "bias": False}),
    (lambda: nn.RMSNorm(6, eps=1e-6), {"eps": 1e-6}),
    (lambda: nn.LocalResponseNorm(3), {"size": 3}),
)


@pytest.mark.parametrize(("make", "attributes"), NORMS)
def test_norms(make: Any, attributes: dict[str, Any]) -> None:
    (norm,) = _steps_of(lambda: nn.Sequential(make()), (4, 6, 6))
    assert norm.attributes == attributes


def test_a_norm_with_a_computed_scale_is_a_norm_and_a_product() -> None:
    def forward(self: Any, x: torch.Tensor) -> torch.Tensor:
        return functional.layer_norm(x, (4,), self.weight[:4])

    assert kinds(lowered(lambda: Module(forward, weight=parameter(8)), (4,))) == [
        "parameter",
        "slice",
        "layer_norm",
        "mul",
    ]


def test_products_that_the_counter_does_not_see_are_named() -> None:
    model = lowered(lambda: Module(lambda self, x: x @ self.vector, vector=parameter(4)), (3, 4))
    assert model.truth.macs == 0
    assert model.truth.unseen_macs == ("matmul",)


def _at(model: Form, batch: int) -> list[tuple[int, ...]]:
    return [
        tuple([size.at(batch) if isinstance(size, Batched) else size for size in model.shape(value)])
        for value in model.outputs
    ]


def test_shapes_follow_the_batch() -> None:
    model = lowered(lambda: Module(lambda _, x: torch.cat([x, x[:1]]).flatten(1)), (2, 3))
    assert _at(model, 7) == [(8, 6)]
