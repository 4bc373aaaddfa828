"""The table of ops: every kind is in it, writes what PyTorch understands, and leaves torch's own defaults out."""

from __future__ import annotations

import ast
import inspect
import os
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from torch import nn

from archcost.exporting import own_layers
from archcost.exporting import source as source_module
from archcost.exporting.names import CONTAINER_ATTRIBUTES, MODULE_ATTRIBUTES
from archcost.exporting.ops import FUNCTIONS, LAYERS
from archcost.ops import REGISTRY
from archcost.ops.field_types import REQUIRED
from archcost.pytorch.builders.base import CLASSES
from archcost.pytorch.module import Network
from tests.export.support import assert_same_outputs, assert_tidy, both_models, exported
from tests.ops.cases import CASES, Case
from tests.pytorch.support import case_spec

if TYPE_CHECKING:
    from archcost.analysis.report import Report

LAYERS_FOLDER = Path(own_layers.__file__).parent.parent / "pytorch" / "layers"
FIRST = {case.kind: case for case in reversed(CASES)}


@cache
def source(number: int) -> tuple[str, Report]:
    return exported(case_spec(CASES[number]))


def test_every_op_is_in_the_table() -> None:
    assert LAYERS.keys() | FUNCTIONS.keys() == REGISTRY.keys()
    assert LAYERS.keys() & FUNCTIONS.keys() == {"flatten", "unflatten"}


@pytest.mark.filterwarnings("ignore:Using padding='same'", "ignore:LSTM with projections", "ignore:dropout option")
@pytest.mark.parametrize("number", range(len(CASES)), ids=[str(case) for case in CASES])
def test_case(number: int) -> None:
    text, report = source(number)
    both_models(text, report)
    if CASES[number].kind == "custom":
        with pytest.raises(NotImplementedError, match=f"write {CASES[number].attributes['name']}: inputs of "):
            assert_same_outputs(text, report.graph)
    else:
        assert_same_outputs(text, report.graph)


def test_tidy(tmp_path: Path) -> None:
    assert_tidy({f"case_{number}": source(number)[0] for number in range(len(CASES))}, tmp_path)


@pytest.mark.parametrize("kind", LAYERS)
def test_what_is_left_out_is_the_default_of_torch(kind: str) -> None:
    layer, case = LAYERS[kind], FIRST[kind]
    op = REGISTRY[kind]
    made = next(getattr(place, op.torch_name) for place in CLASSES if hasattr(place, op.torch_name))
    is_recurrent = issubclass(made, nn.RNNBase)  # the constructors of RNN, LSTM, GRU take anything
    parameters = dict(inspect.signature(nn.RNNBase if is_recurrent else made).parameters)
    order = [name for name in parameters if not (is_recurrent and name == "mode")]
    positional = layer.by_position(op)
    assert order[: len(positional)] == list(positional)
    for argument in layer.arguments(REGISTRY[kind](**case.attributes), case.input_shapes):
        if argument.name == "nonlinearity":
            assert kind in ("rnn", "rnn_cell")
            assert argument.default == made(1, 1).nonlinearity
            continue
        default = parameters[argument.name].default
        if argument.default is not REQUIRED:
            assert argument.default == (default[0] if isinstance(default, tuple) else default), argument.name


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_lists_of_functions_are_attributes(kind: str) -> None:
    assert {*FUNCTIONS[kind].lists, *FUNCTIONS[kind].shown} <= REGISTRY[kind].fields.keys()


def noted_by_others(name: str) -> bool:
    """Whether a library that some test has imported noted an attribute on torch's class."""
    module = getattr(getattr(nn.Module, name, None), "__module__", None) or "torch"
    return name.startswith("___") or not module.startswith("torch")


def test_names_that_no_submodule_can_have() -> None:
    network = Network(exported(case_spec(Case("relu", {}, ((2, 3),))))[1].graph)
    ours = {name for name in dir(network) if not (name.startswith("__") and name.endswith("__"))} - {"layer"}
    own = ours - {name for name in dir(nn.Module) if noted_by_others(name)}
    assert own <= MODULE_ATTRIBUTES
    containers = [nn.Sequential(), nn.ModuleList(), nn.ModuleDict()]
    more = {name for container in containers for name in dir(container)} - set(dir(nn.Module()))
    assert {name for name in more if not name.startswith("__")} <= CONTAINER_ATTRIBUTES


# --- layers that torch.nn lacks --------------------------------------------------------------------------------------

IMPORTS = {"from __future__ import annotations", *source_module._IMPORTS, "import torch", "from torch import nn"}


@pytest.mark.parametrize("path", sorted(LAYERS_FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_modules_of_layers_hold_nothing_but_classes_that_stand_alone(path: Path) -> None:
    """Their imports are those that an exported program can have."""
    docstring, *body = ast.parse(path.read_text(encoding="utf-8")).body
    assert isinstance(docstring, ast.Expr)
    imports = [ast.unparse(node) for node in body if not isinstance(node, ast.ClassDef)]
    assert set(imports) <= IMPORTS


def test_a_layer_comes_behind_those_that_it_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {"A": "class A(nn.Module):\n    c: C", "B": "class B(A): ...", "C": "class C: ...", "D": "class D: ..."}
    monkeypatch.setattr(own_layers, "own_layers", lambda: texts)
    assert own_layers.sources({"B", "exp"}) == [texts["C"], texts["A"], texts["B"]]
    assert own_layers.sources({"D", "A"}) == [texts["C"], texts["A"], texts["D"]]


def test_the_order_of_the_layers_is_not_that_of_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    names = sorted(os.listdir(LAYERS_FOLDER), reverse=True)
    monkeypatch.setattr(own_layers.os, "listdir", lambda _: names)
    again = own_layers.own_layers.__wrapped__()
    assert list(again.items()) == list(own_layers.own_layers().items())
    modules = [path.read_text(encoding="utf-8") for path in sorted(LAYERS_FOLDER.glob("*.py"))]
    assert [module.count(source) for source in again.values() for module in modules if source in module] == [1] * len(
        again
    )
    assert list(again) == re.findall(r"^class (\w+)", "".join(modules), re.MULTILINE)


def test_the_layers_are_those_of_ops() -> None:
    assert own_layers.own_layers().keys() <= {op.torch_name for op in REGISTRY.values()}
