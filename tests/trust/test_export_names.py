"""Every id that a spec may have can be exported: the source ends, parses, runs, and keeps the paths."""

from __future__ import annotations

import ast
import builtins
import json
import keyword
import warnings
from typing import TYPE_CHECKING

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import nn

import archcost
from archcost.exporting.names import CONTAINER_ATTRIBUTES, MODULE_ATTRIBUTES, ModuleNames
from archcost.exporting.source import to_torch
from tests.export.support import model_of, random_inputs, tensors

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMES = [
    *(
        "__x__",
        "__init__",
        "__call__",
        "__class__",
        "__dict__",
        "__getattr__",
        "__len__",
        "__iter__",
        "__add__",
        "__new__",
    ),
    *("_", "__", "___", "____", "_x", "__x", "x__", "_1", "__1__"),
    *("self", "torch", "nn", "F", "forward", "training", "super", "OrderedDict", "batch", "i", "layer", "model", "x"),
    *(
        "parameters",
        "children",
        "T_destination",
        "float",
        "type",
        "append",
        "items",
        "keys",
        "named_modules",
        "_modules",
    ),
    *("ﬁ", "fi", "ſ", "s", "é", "e\u0301", "名", "ª", "a", "𝐱", "µ", "μ"),
    *("5x5", "1x", "-1", "1e5", "a-b", "a_b", "a/b", "A_B", "A-b", "a__b", "a/_b"),
    *('"', "'", "\\", "\\N", '"""', "'''", "{", "}", "{0}", "%s", "#", "##[error]", "::error::", "@x", "=1", "\\u0041"),
    *("x" * 200, "_" * 200),
    *sorted(keyword.kwlist),
    *sorted(keyword.softkwlist),
    *sorted(name for name in dir(builtins) if not name.startswith("__") and name != "input"),
]


def spec_of(ids: Sequence[str]) -> str:
    """Layers with these ids, of which every second has weights: a chain of small linear layers."""
    layers = [
        {"id": name, "linear": {"out_features": 2}} if index % 2 else {"id": name, "relu": None}
        for index, name in enumerate(ids)
    ]
    document = {"archcost": 1, "name": "names", "input": [2], "layers": layers}
    return json.dumps(document, ensure_ascii=False)  # which is YAML


def check(text: str) -> None:
    """The spec's export parses without a warning, runs, and names its parameters as the built network does."""
    from archcost.pytorch.module import Network
    from archcost.spec.loader import loads

    report = archcost.analyze(loads(text))
    source = to_torch(report)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compile(source, "exported.py", "exec")
    model = model_of(source)
    inputs = random_inputs(report.graph)
    with torch.no_grad():
        assert tuple(model(*inputs).shape) == next(iter(report.outputs.values()))
    network = Network(report.graph)
    assert sorted(tensors(model)) == sorted(tensors(network))


@pytest.mark.parametrize("start", range(0, len(NAMES), 40))
def test_names_that_mean_something_to_python_or_torch(start: int) -> None:
    check(spec_of(NAMES[start : start + 40]))


@pytest.mark.parametrize("name", ["__x__", "__init__", "__call__", "__class__", "_", "class", "self", "ﬁ", "5x5", '"'])
def test_each_alone_with_weights(name: str) -> None:
    check(spec_of(["first", name]))


_ALPHABET = st.sampled_from("_aA1-/\\\"'{#:ﬁéx")
_IDS = st.text(_ALPHABET | st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=12)


def is_id(text: str) -> bool:
    """Whether ``validate`` takes it: no dots, no blanks, no number, no expression."""
    blank = any(map(str.isspace, text))
    return text.isprintable() and not blank and "." not in text and not text.startswith("$") and not text.isdigit()


@settings(max_examples=60, deadline=None)
@given(st.lists(_IDS.filter(is_id), min_size=1, max_size=6, unique=True))
@example(["__x__", "__x___"])
@example(["a/b", "a_b", "a_b_", "a/b_"])
def test_any_ids(ids: list[str]) -> None:
    check(spec_of(ids))


@settings(max_examples=60, deadline=None)
@given(st.lists(_IDS.filter(is_id), min_size=1, max_size=4, unique=True))
def test_ids_of_blocks_branches_and_rounds(ids: list[str]) -> None:
    """The same names on every level, which is where their paths could collide."""
    block = {"layers": [{"id": name, "linear": {"out_features": 2}} for name in ids]}
    layers: list[object] = [{"id": name, "unit": None} for name in ids]
    many = {"layers": [{"id": name, "unit": None} for name in ids]}
    layers.append({"id": "many", "repeat": 2, "group_of": None})
    blocks = {"unit": block, "group_of": many}
    document = {"archcost": 1, "name": "names", "input": [2], "blocks": blocks, "layers": layers}
    check(json.dumps(document, ensure_ascii=False))


def test_names_that_are_one_to_a_module_take_work_in_proportion() -> None:
    """4,096 ids that all become ``a_a_…``: each is tried once after the last one that was found."""
    names = ModuleNames()
    count = 4096
    found = {names.of("a".join("/" if number >> bit & 1 else "_" for bit in range(12))) for number in range(count)}
    assert len(found) == count
    assert max(names._tried.values()) == count  # the work: the number of names, not its square


def test_the_reserved_names_are_those_of_torch() -> None:
    """No more special names than modules and containers have, and no fewer."""
    # three underscores: what torch.compile notes on the class once it has run
    special = {name for name in dir(nn.Module()) if name.startswith("__") and not name.startswith("___")}
    assert special <= MODULE_ATTRIBUTES
    more = {name for made in (nn.Sequential(), nn.ModuleList()) for name in dir(made)} - set(dir(nn.Module()))
    assert more <= CONTAINER_ATTRIBUTES


@pytest.mark.parametrize(
    "text",
    [
        '"""\nimport os\nos.system("x")\n"""',
        "a\\",
        "\\N{DIGIT ONE} \\u0041 \\x41 \\",
        "x" * 119 + "\\N{oops} \\",
        '""" + exit() + """',
        "'''",
        "::error::pwned ##[error]pwned",
        "a\u2028b\u202ec\u200bd",
        '"',
    ],
)
def test_names_sources_and_params_are_text_alone(text: str) -> None:
    document = {
        "archcost": 1,
        "name": text.replace("\n", " ").replace("\u2028", "").replace("\u202e", "").replace("\u200b", ""),
        "source": text.replace("\u2028", "").replace("\u202e", "").replace("\u200b", ""),
        "params": {"label": "a"},
        "input": [2],
        "layers": [{"linear": {"out_features": 2}}],
    }
    from archcost.spec.loader import loads

    report = archcost.analyze(loads(json.dumps(document, ensure_ascii=False)), params={"label": text})
    source = to_torch(report)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tree = ast.parse(source)
    assert [type(node).__name__ for node in tree.body] == ["Expr", "Import", "ImportFrom", "ClassDef", "If"]
    assert source.replace("\n", "").isprintable()
    assert not any(line.lstrip().startswith("::") for line in source.splitlines())
    assert "##[" not in source
