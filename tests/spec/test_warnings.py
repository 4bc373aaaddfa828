"""Warnings: what may be a mistake, each once, with its place and a way out; and what is none."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

import archcost
from archcost import model_zoo
from archcost.analysis.warnings import text_warnings
from archcost.errors import ERROR, WARNING, format_diagnostic
from archcost.render.schemas import document_schema
from archcost.spec.loader import load, loads
from archcost.spec.problems import MAX_PROBLEMS
from tests.cover import zoo_models
from tests.pytorch.support import document
from tests.shared import zoo_report

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

CONV = {"conv2d": {"out_channels": 8, "kernel_size": 1}}


def told(spec: dict[str, Any], **options: Any) -> list[str]:
    warnings = archcost.analyze(document({"input": [8, 16, 16], **spec}), **options).warnings
    assert all(warning.severity == WARNING and warning.mark and warning.help for warning in warnings)
    return [warning.message for warning in warnings]


def unread(*paths: str) -> list[str]:
    return [f"the result of '{path}' is never read" for path in paths]


def test_of_a_round_the_id_of_its_step_is_to_change() -> None:
    halves = {"chunk": {"chunks": 2, "dim": 1}, "id": "p"}
    rounds = {**CONV, "id": "y", "repeat": 2, "from": "$('p.' + str(i))"}
    (warning,) = archcost.analyze(document({"input": [8, 16, 16], "layers": [halves, rounds]})).warnings
    assert [warning.message] == unread("y.0")
    assert warning.help.endswith("`id: _y`")
    assert told({"layers": [halves, {**rounds, "id": "_y"}]}) == []


HEAD = {"head": {"layers": [CONV, "relu"]}}
TWO = {"two": {"layers": ["relu", {"gelu": None, "from": "input"}], "outputs": ["relu", "gelu"]}}
SECOND = {"second": {"inputs": ["a", "b"], "layers": [{"relu": None, "from": "b"}]}}
DEAD_INSIDE = {"b": {"layers": [CONV, {"relu": None, "from": "input"}]}}
UNREAD: dict[str, tuple[dict[str, Any], list[str]]] = {
    "a step before one that takes no input": (
        {"layers": [CONV, {"parameter": {"shape": [8, 1, 1]}}, "relu"]},
        unread("conv2d"),
    ),
    "a head on the side": ({"layers": ["relu", {**CONV, "id": "aux"}, {"gelu": None, "from": "relu"}]}, unread("aux")),
    "the end of a chain, once": (
        {"layers": ["relu", {**CONV, "id": "a"}, {**CONV, "id": "b"}, {"gelu": None, "from": "relu"}]},
        unread("b"),
    ),
    "a block, not what is in it": (
        {"blocks": HEAD, "layers": ["relu", {"head": None, "id": "aux"}, {"gelu": None, "from": "relu"}]},
        unread("aux"),
    ),
    "a group": (
        {"layers": ["relu", {"layers": [CONV, "relu"], "id": "side"}, {"gelu": None, "from": "relu"}]},
        unread("side"),
    ),
    "a repeated step": (
        {"layers": ["relu", {**CONV, "repeat": 3, "id": "r"}, {"gelu": None, "from": "relu"}]},
        unread("r"),
    ),
    "in a block, once for all of its uses": (
        {"blocks": DEAD_INSIDE, "layers": ["b", {"b": None, "repeat": 5}]},
        unread("b.conv2d"),
    ),
    "in a branch": (
        {"layers": [{"add": None, "branches": {"x": [CONV, {"relu": None, "from": "input"}], "y": []}}]},
        unread("x.conv2d"),
    ),
    "a branch whose result a block does not read": (
        {"blocks": SECOND, "layers": [{"second": None, "branches": {"x": [CONV], "y": []}}]},
        unread("x"),
    ),
    "under the params that are set": (
        {"params": {"side": True}, "layers": ["relu", {**CONV, "when": "$side"}, {"gelu": None, "from": "relu"}]},
        unread("conv2d"),
    ),
    "both": (
        {"layers": ["relu", {**CONV, "id": "a"}, {**CONV, "id": "b", "from": "relu"}, {"gelu": None, "from": "relu"}]},
        unread("a", "b"),
    ),
    "none: a result of several that is not read": (
        {"blocks": TWO, "layers": [{"two": None, "id": "t"}, {"tanh": None, "from": "t.0"}]},
        [],
    ),
    "none: chunks of which one is read": (
        {"layers": [{"chunk": {"chunks": 2, "dim": 1}, "id": "c"}, {"relu": None, "from": "c.1"}]},
        [],
    ),
    "none: outputs": ({"layers": ["relu", {"gelu": None, "id": "g"}, "tanh"], "outputs": ["g", "tanh"]}, []),
    "none: a step that is left out": (
        {"layers": ["relu", {**CONV, "when": "$training"}, {"gelu": None, "from": "relu"}]},
        [],
    ),
    "none: meant": ({"layers": ["relu", {**CONV, "id": "_aux"}, {"gelu": None, "from": "relu"}]}, []),
    "none: what is in a step that is meant": (
        {"blocks": DEAD_INSIDE, "layers": ["relu", {"b": None, "id": "_side"}, {"gelu": None, "from": "relu"}]},
        [],
    ),
}


@pytest.mark.parametrize("case", UNREAD.values(), ids=UNREAD)
def test_results_that_nobody_reads(case: tuple[dict[str, Any], list[str]]) -> None:
    spec, expected = case
    assert told(spec) == expected


SEVERAL = {"image": [3, 8, 8], "mask": [1, 8, 8]}
BOTH = {"concat": {"dim": 1}, "from": ["image", "mask"]}
UNREAD_INPUTS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "a step reads one alone": ({"layers": [{"relu": None, "from": "image"}]}, ["mask"]),
    "a step reads both": ({"layers": [BOTH]}, []),
    "an output is one": ({"layers": [{"relu": None, "from": "image"}], "outputs": ["relu", "mask"]}, []),
    "the step that reads it is left out": (
        {"layers": [{"relu": None, "from": "image"}, {**BOTH, "when": False}], "outputs": ["relu"]},
        ["mask"],
    ),
    "a block reads it": (
        {
            "blocks": {"b": {"inputs": ["x", "y"], "layers": [{"relu": None, "from": "x"}]}},
            "layers": [{"b": None, "from": ["image", "mask"]}],
        },
        ["mask"],
    ),
}


@pytest.mark.parametrize("case", UNREAD_INPUTS.values(), ids=UNREAD_INPUTS)
def test_inputs_that_nobody_reads(case: tuple[dict[str, Any], list[str]]) -> None:
    spec, names = case
    found = archcost.analyze(document({"inputs": SEVERAL, **spec})).warnings
    assert [warning.message for warning in found] == [f"the input '{name}' is never read" for name in names]
    assert all(warning.help.endswith("call it `_mask` if that is meant") for warning in found)


def test_an_input_that_is_meant_to_be_unread() -> None:
    step = {"relu": None, "from": "image"}
    inputs = {"image": [3, 8, 8], "_mask": [1, 8, 8]}
    assert archcost.analyze(document({"inputs": inputs, "layers": [step]})).warnings == ()
    assert told({"layers": [{"parameter": {"shape": [3]}}]}) == []  # a spec has an input, read or not


def test_settings_decide_which_steps_there_are() -> None:
    spec = {"params": {"side": False}, "layers": ["relu", {**CONV, "when": "$side"}, {"gelu": None, "from": "relu"}]}
    assert told(spec) == []
    assert told(spec, params={"side": True}) == unread("conv2d")
    spec["layers"][1] = {**CONV, "when": "$training"}
    assert told({**spec, "params": {}}, training=True) == unread("conv2d")


def test_a_step_that_takes_no_input_is_named() -> None:
    spec = document({"input": [8], "layers": [{"linear": {"out_features": 8}}, {"parameter": {"shape": [8]}}, "relu"]})
    (warning,) = archcost.analyze(spec).warnings
    assert warning.notes == (
        "'parameter', which comes next, takes no input, so the steps after it do not run on this one",
    )
    assert warning.help.endswith("if that is meant: `id: _linear`")


SPEC_PARAM, BLOCK_PARAM = "the param '{}' of the spec is never used", "the param '{}' of the block 'b' is never used"
UNUSED: dict[str, tuple[dict[str, Any], list[str]]] = {
    "of the spec": ({"params": {"width": 3}, "layers": ["relu"]}, [SPEC_PARAM.format("width")]),
    "of a block": (
        {"blocks": {"b": {"params": {"kernel": 3}, "layers": ["relu"]}}, "layers": [{"b": {"kernel": 5}}]},
        [BLOCK_PARAM.format("kernel")],
    ),
    "shadowed: the block's own is used": (
        {
            "params": {"p": 0.1},
            "blocks": {"b": {"params": {"p": 0.2}, "layers": [{"dropout": {"p": "$p"}}]}},
            "layers": ["b"],
        },
        [SPEC_PARAM.format("p")],
    ),
    "shadowed: handed on": (
        {
            "params": {"p": 0.1},
            "blocks": {"b": {"params": {"p": 0.2}, "layers": [{"dropout": {"p": "$p"}}]}},
            "layers": [{"b": {"p": "$p"}}],
        },
        [],
    ),
    "meant": ({"params": {"_note": "text"}, "layers": ["relu"]}, []),
    "used by another param": ({"params": {"a": 0.1, "b": "$a"}, "layers": [{"dropout": {"p": "$b"}}]}, []),
    "used in a shape": ({"params": {"size": 8}, "input": ["$size"], "layers": ["relu"]}, []),
    "used in a kind": ({"params": {"act": "relu"}, "layers": ["$act"]}, []),
    "used in when": ({"params": {"deep": True}, "layers": ["relu", {"relu": None, "when": "$deep"}]}, []),
    "used in repeat": ({"params": {"n": 2}, "layers": [{"relu": None, "repeat": "$n"}]}, []),
    "used in from": ({"params": {"n": "relu"}, "layers": ["relu", {"gelu": None, "from": "$n"}]}, []),
    "used in outputs": ({"params": {"n": "relu"}, "layers": ["relu"], "outputs": "$n"}, []),
    "used in requires_grad": ({"params": {"t": False}, "layers": [{**CONV, "requires_grad": "$t"}]}, []),
    "used in a list": ({"params": {"w": 1}, "layers": [{"permute": {"dims": [0, "$w", 2, 3]}}]}, []),
    "used alone": ({"params": {"p": 0.1}, "layers": [{"dropout": "$p"}]}, []),
    "used in a group": ({"params": {"p": 0.1}, "layers": [{"residual": [{"dropout": {"p": "$p"}}]}]}, []),
    "used in a branch": (
        {"params": {"p": 0.1}, "layers": [{"add": None, "branches": {"a": [{"dropout": {"p": "$p"}}], "b": []}}]},
        [],
    ),
    "used by a block alone": (
        {"params": {"p": 0.1}, "blocks": {"b": {"layers": [{"dropout": {"p": "$p"}}]}}, "layers": ["b"]},
        [],
    ),
}


@pytest.mark.parametrize("case", UNUSED.values(), ids=UNUSED)
def test_params_that_nobody_uses(case: tuple[dict[str, Any], list[str]]) -> None:
    spec, expected = case
    assert told(spec) == expected


def test_a_variant_is_not_told_of_its_base(tmp_path: Path) -> None:
    """The default that uses a param of the base may be what the variant replaces."""
    base = "archcost: 1\nparams: {n: 8, m: $n, idle: 1}\ninput: [8]\nlayers: [linear: {out_features: $m}]\n"
    (tmp_path / "base.yaml").write_text(base, encoding="utf-8")
    (tmp_path / "net.yaml").write_text("archcost: 1\nextends: base.yaml\nparams: {m: 4}\n", encoding="utf-8")
    (tmp_path / "own.yaml").write_text("archcost: 1\nextends: base.yaml\nparams: {idle: 4}\n", encoding="utf-8")
    messages = {
        name: [one.message for one in archcost.analyze(tmp_path / f"{name}.yaml").warnings]
        for name in ("base", "net", "own")
    }
    assert messages == {"base": [SPEC_PARAM.format("idle")], "net": [], "own": [SPEC_PARAM.format("idle")]}


def conv(kernel: Any) -> list[Any]:
    return [{"conv2d": {"out_channels": 4, "kernel_size": kernel}}]


TURNED: dict[str, tuple[list[int], list[Any], str]] = {
    "an image": ([16, 16, 3], conv(3), "write [3, 16, 16] in place of [16, 16, 3]"),
    "no square": ([480, 640, 4], conv(3), "write [4, 480, 640] in place of [480, 640, 4]"),
    "one channel of a square": ([28, 28, 1], conv(1), "write [1, 28, 28] in place of [28, 28, 1]"),
    "channels first": ([3, 16, 16], conv(3), ""),
    "a sequence": ([9, 128, 1], conv([5, 1]), ""),
    "points": ([64, 128, 1], conv(1), ""),
    "pooled features": ([512, 1, 1], conv(1), ""),
    "no convolution": ([16, 16, 3], ["relu"], ""),
}


@pytest.mark.parametrize("case", TURNED.values(), ids=TURNED)
def test_an_image_with_its_channels_last(case: tuple[list[int], list[Any], str]) -> None:
    shape, layers, hint = case
    warnings = archcost.analyze(document({"input": shape, "layers": layers})).warnings
    assert [warning.help for warning in warnings] == ([hint] if hint else [])


# --- where they are told ----------------------------------------------------------------------------------------------

SIDE = """\
archcost: 1
name: side
input: [6]
layers:
  - {id: a, linear: {out_features: 3}}
  - {id: aux, linear: {out_features: 500}}
  - {id: out, linear: {out_features: 2}, from: a}
"""
TEXT = """\
warning: the result of 'aux' is never read
 --> side.yaml:6:15
  |
6 |   - {id: aux, linear: {out_features: 500}}
  |               ^^^^^^
help: name it in a later `from` or under `outputs`, or begin its id with _ if that is meant: `id: _aux`
"""
COMMANDS = {
    "analyze": (),
    "validate": (),
    "compare": ("side.yaml",),
    "explain": (),
    "memory": (),
    "export": (),
    "reconcile": (),
    "verify": (),
    "check": (),
    "bench": ("--min-time", "0.01"),
}


@pytest.fixture
def side(tmp_path: Path) -> Path:
    (tmp_path / "side.yaml").write_text(SIDE, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_tells_once_and_ends_as_without(command: str, side: Path, run: Callable[..., Run]) -> None:
    result = run(command, "side.yaml", *COMMANDS[command], cwd=side)
    assert (result.code, result.err.count(TEXT)) == (0, 1)


def test_updating_a_baseline_tells(side: Path, run: Callable[..., Run]) -> None:
    result = run("baseline", "update", "side.yaml", cwd=side)
    assert (result.code, result.err.count(TEXT)) == (0, 1)


JSON_COMMANDS = {"analyze": "report", "explain": "explanation", "memory": "memory", "reconcile": "reconciliation"}


@pytest.mark.parametrize("command", JSON_COMMANDS)
def test_json_has_them_with_the_spec(command: str, side: Path, run: Callable[..., Run]) -> None:
    found = json.loads(run(command, "side.yaml", "--format", "json", cwd=side).out)
    jsonschema.validate(found, document_schema(JSON_COMMANDS[command]))
    place = {"file": "side.yaml", "line": 6, "column": 15}
    message, hint = TEXT.splitlines()[0].removeprefix("warning: "), TEXT.splitlines()[-1].removeprefix("help: ")
    assert found["spec"]["warnings"] == [{"message": message, **place, "help": hint}]


def test_comparisons_and_verdicts_have_them_with_each_spec(side: Path, run: Callable[..., Run]) -> None:
    compared = json.loads(run("compare", "side.yaml", "side.yaml", "--format", "json", cwd=side).out)
    jsonschema.validate(compared, document_schema("comparison"))
    assert len(compared["before"]["warnings"]) == len(compared["after"]["warnings"]) == 1
    verdict = json.loads(run("check", "side.yaml", "--format", "json", cwd=side).out)
    jsonschema.validate(verdict, document_schema("verdict"))
    assert len(verdict["specs"][0]["warnings"]) == 1
    assert verdict["ok"]


def test_validate_counts_them_and_strict_makes_them_errors(side: Path, run: Callable[..., Run]) -> None:
    assert run("validate", "side.yaml", cwd=side).out == "1 spec: no errors, 1 warning\n"
    strict = run("validate", "side.yaml", "--strict", cwd=side)
    assert (strict.code, strict.out) == (2, "")
    assert strict.err == TEXT.replace("warning:", "error:") + "\n1 error\n"
    (problem,) = archcost.validate(side / "side.yaml", strict=True)
    assert problem.severity == ERROR
    assert archcost.validate(side / "side.yaml") == ()


def test_a_library_is_told_of_its_blocks_alone(tmp_path: Path, run: Callable[..., Run]) -> None:
    library = tmp_path / "blocks.yaml"
    library.write_text(
        "archcost: 1\nblocks: {b: {params: {k: 1}, layers: [relu]}, c: {layers: [relu]}}\n", encoding="utf-8"
    )
    (warning,) = text_warnings(load(library))
    assert warning.message == BLOCK_PARAM.format("k")
    assert "1 warning" in run("validate", str(library)).out


def test_a_spec_with_errors_tells_those_alone(tmp_path: Path, run: Callable[..., Run]) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(SIDE.replace("from: a}", "from: b}"), encoding="utf-8")
    assert "warning" not in run("analyze", str(path)).err
    path.write_text(SIDE + "  - conv2d: {out_channels: 8, kernel_size: 3}\n", encoding="utf-8")  # the graph up to it
    assert "warning" not in run("analyze", str(path)).err
    result = run("validate", str(path), "--strict")
    assert (result.code, result.err.count("error: ")) == (2, 1)


def test_colours() -> None:
    (warning,) = archcost.analyze(loads(SIDE, name="side.yaml")).warnings
    assert format_diagnostic(warning) + "\n" == TEXT


def test_the_exported_source_says_what_it_leaves_out() -> None:
    source = archcost.export(loads(SIDE))
    assert "        # left out, as nothing reads the result: aux\n" in source
    assert "left out" not in archcost.export("googlenet")
    many = [{**CONV, "id": f"side_{n}", "from": "relu"} for n in range(40)]
    spec = document({"input": [8, 4, 4], "layers": ["relu", *many, {"gelu": None, "from": "relu"}]})
    (line,) = [line for line in archcost.export(spec).splitlines() if "left out" in line]
    assert line.endswith("side_0, side_1, side_2, side_3, side_4, side_5, side_6 and 33 more")


# --- how many, and the zoo --------------------------------------------------------------------------------------------


def test_no_more_are_shown_than_people_read() -> None:
    steps = [{"parameter": {"shape": [1]}, "id": f"p{n}"} for n in range(5000)]
    warnings = archcost.analyze(document({"input": [1], "layers": [*steps, "relu"]})).warnings
    assert len(warnings) == MAX_PROBLEMS + 1
    assert warnings[-1].message == f"there are more than {MAX_PROBLEMS} warnings: the rest is not shown"


def test_many_dead_layers_take_little_time() -> None:
    blocks = {"b": {"layers": ["relu", {"gelu": None, "from": "input"}]}}
    report = archcost.analyze(document({"input": [8], "blocks": blocks, "layers": [{"b": None, "repeat": 30_000}]}))
    start = time.process_time()
    assert [warning.message for warning in report.warnings] == unread("b.0.relu")
    assert time.process_time() - start < 5  # a tenth of a second


@pytest.mark.parametrize("training", [False, True])
def test_the_zoo_has_none(training: bool, pytestconfig: pytest.Config) -> None:
    """In training it is the cover of the zoo, or all of it under ``--all``."""
    names = zoo_models(pytestconfig) if training else model_zoo.names()
    reports = {name: archcost.analyze(name, training=True) if training else zoo_report(name) for name in names}
    found = {name: [warning.message for warning in report.warnings] for name, report in reports.items()}
    assert {name: messages for name, messages in found.items() if messages} == {}


def test_the_libraries_of_the_zoo_have_none() -> None:
    paths = [f"{model_zoo.folder()}/{name}.yaml" for name in model_zoo.libraries()]
    assert [warning.message for path in paths for warning in text_warnings(load(path))] == []
