"""What every op inherits: attributes by name, immutability, the registry, and the checks around ``infer``."""

import subprocess
import sys
from typing import Any

import pytest

from archcost.ops import REGISTRY, OpError, apply, raise_on_false
from archcost.ops.base import Later, Op, arity_text, register, shape_text
from archcost.ops.fields import AttributeValueError
from tests.ops.table import table


def conv(**attributes: object) -> Op:
    return REGISTRY["conv2d"](**{"out_channels": 4, "kernel_size": 3, **attributes})


def test_registering_a_kind_twice_raises() -> None:
    with pytest.raises(ValueError, match="the op kind 'relu' is registered twice"):
        register(REGISTRY["relu"])
    with pytest.raises(ValueError, match="the op kind 'linear' is registered twice"):

        class Again(Op, kind="linear", family="Linear and embedding"):
            """A second linear."""


def test_an_unknown_attribute_raises() -> None:
    with pytest.raises(TypeError, match="conv2d has no attribute 'kernel'"):
        conv(kernel=3)


def test_a_missing_attribute_raises() -> None:
    with pytest.raises(TypeError, match="linear needs the attribute 'out_features'"):
        REGISTRY["linear"]()


def test_a_bad_value_raises() -> None:
    with pytest.raises(AttributeValueError, match=r"expected a whole number ≥ 1, got 0"):
        REGISTRY["linear"](out_features=0)


@pytest.mark.parametrize(
    ("kind", "attributes"),
    [
        ("dropout", {"p": 1.5}),
        ("scaled_dot_product_attention", {"dropout_p": 1.5}),
        ("multihead_attention", {"num_heads": 1, "dropout": 1.5}),
        ("lstm", {"hidden_size": 1, "dropout": 1.5}),
        ("lstm", {"hidden_size": 1, "num_layers": 0}),
        ("layer_norm", {"normalized_shape": 0}),
        ("max_pool2d", {"kernel_size": 2, "padding": -1}),
        ("batch_norm2d", {"eps": -1}),
        ("softshrink", {"lambd": -1}),
    ],
)
def test_values_out_of_range_raise(kind: str, attributes: dict[str, Any]) -> None:
    with pytest.raises(AttributeValueError, match="expected a"):
        REGISTRY[kind](**attributes)


def test_ops_are_immutable() -> None:
    op = conv()
    with pytest.raises(AttributeError, match="conv2d is immutable"):
        op.out_channels = 8
    with pytest.raises(AttributeError, match="conv2d is immutable"):
        del op.out_channels  # type: ignore[attr-defined]


def test_ops_are_values() -> None:
    assert conv() == conv(stride=1)
    assert hash(conv()) == hash(conv(stride=[1, 1]))
    assert conv() != conv(stride=2)
    assert REGISTRY["relu"]() != REGISTRY["relu6"]()
    assert {conv(), conv(bias=True)} == {conv()}


def test_repr_shows_what_is_not_a_default() -> None:
    assert repr(conv(stride=2)) == "conv2d(out_channels=4, kernel_size=(3, 3), stride=(2, 2))"
    assert repr(conv(stride=1)) == "conv2d(out_channels=4, kernel_size=(3, 3))"
    assert repr(REGISTRY["relu"]()) == "relu()"
    assert repr(conv(out_channels=table(1, 2))) == "conv2d(out_channels=Table([1, 2]), kernel_size=(3, 3))"


def test_the_base_op_passes_its_input_on_and_costs_nothing() -> None:
    op, shapes = Op(), ((2, 3),)
    op.validate(raise_on_false)
    assert apply(op, shapes) == shapes
    assert op.weights(shapes) == op.buffers(shapes) == {}
    assert op.trainable()
    assert op.macs(shapes, shapes) == op.flops(shapes, shapes) == 0


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("relu", "1 input"),
        ("parameter", "no input"),
        ("matmul", "2 inputs"),
        ("concat", "1 or more inputs"),
        ("lstm", "1 to 3 inputs"),
    ],
)
def test_arity_in_words(kind: str, text: str) -> None:
    assert arity_text(REGISTRY[kind]) == text


def test_shapes_in_messages() -> None:
    assert shape_text((1, 2)) == "(1, 2)"
    assert shape_text(()) == "()"
    assert shape_text("x") == "x"


def test_details_and_help_are_worked_out_only_for_failures() -> None:
    def refuse() -> str:
        raise AssertionError

    raise_on_false(True, "{}", Later(refuse), help=refuse)
    with pytest.raises(OpError, match="2 is odd") as caught:
        raise_on_false(False, "{} is {}", 2, Later(lambda word: f"o{word}", "dd"), help=lambda: "count again")
    assert caught.value.help == "count again"


def test_importing_the_ops_stays_light() -> None:
    heavy = "{'numpy', 'torch', 'yaml', 'dataclasses', 'difflib', 'inspect', 'json', 'rich', 'typer'}"
    code = f"import sys, archcost.ops; print(sorted({heavy} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
