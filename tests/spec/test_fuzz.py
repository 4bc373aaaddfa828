"""Whatever a spec holds, it is analysed or refused with an error of ours; nothing else escapes."""

from __future__ import annotations

import json
import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import archcost
from archcost import zoo
from archcost.analysis.report import analyze
from archcost.errors import format_diagnostic
from archcost.ops import REGISTRY
from archcost.ops.field_types import BoolField, ChoiceField, FloatField, IntField, IntsField, SpatialField
from archcost.spec.budgets import METRIC_NAMES
from archcost.spec.loader import reads
from archcost.spec.names import DTYPE_BYTES, MODIFIERS, TOP_KEYS

if TYPE_CHECKING:
    from archcost.graph.model import Graph

EXAMPLES = int(os.environ.get("ARCHCOST_FUZZ_EXAMPLES", "300"))
moderate = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


def judge(text: str, folder: str = ".") -> None:
    """Analyse a text; errors must be ours and point into it."""
    try:
        report = analyze(reads(text, name="fuzz.yaml", folder=folder))
    except archcost.SpecError as error:
        assert error.diagnostics
        places = [(diagnostic.message, diagnostic.mark) for diagnostic in error.diagnostics]
        assert len(set(places)) == len(places)
        for diagnostic in error.diagnostics:
            assert diagnostic.message
            assert len(diagnostic.message) < 2000, diagnostic.message[:300]
            assert format_diagnostic(diagnostic).startswith("error: ")
            json.dumps(diagnostic.to_dict())
            mark = diagnostic.mark
            if mark is not None and mark.source.name == "fuzz.yaml":
                lines = (mark.source.text + "x").splitlines()
                assert 0 <= mark.line <= len(lines)
                assert 0 <= mark.column <= (len(lines[mark.line]) if mark.line < len(lines) else 0)
        if error.partial is not None:
            json.dumps(error.partial.to_dict())
    except archcost.UsageError:
        pass
    else:
        json.dumps(report.to_dict())
        check(report.graph)


def check(graph: Graph) -> None:
    """Paths are unique, and every node reads values made before it, of the types that it was typed with."""
    types = {-1 - index: tensor for index, tensor in enumerate(graph.inputs.values())}
    for index, node in enumerate(graph.nodes):
        assert tuple(types[value] for value in node.inputs) == node.signature.inputs
        assert node.weights_of < index
        types.update(enumerate(node.outputs, node.first_value))
    assert set(graph.outputs) <= types.keys()
    assert {value for scope in graph.scopes for value in scope.outputs} <= types.keys()
    paths = [node.path for node in graph.nodes]
    assert len({*paths, *(scope.path for scope in graph.scopes)}) == len(paths) + len(graph.scopes)


# --- text and bytes -------------------------------------------------------------------------------------------------

FRAGMENTS = st.sampled_from(
    [
        *TOP_KEYS,
        *MODIFIERS,
        *list(REGISTRY)[::6],
        *"archcost: 1|input: [3, 8, 8]|layers:|- relu|- {|- [|{|}|[|]|: |, |- |\n|\n  |\n    |\t|\r\n|\"|'|#|&a|*a|!!|<<|? ".split("|"),
        *"$(|)|$x|$(1, 2)|$(max(1, 2))|~|null|true|.inf|.nan|1e6|0x10|-1|0|3|1000000000000|\ufeff|\u2028|\x85|\x00|é|漢".split("|"),
        "|\n  x",
        ">\n  x",
        "---\n",
        "...\n",
        "%YAML 1.2\n",
    ]
)


@moderate
@given(st.text(max_size=200))
def test_random_text_is_refused_or_analysed(text: str) -> None:
    judge(text)


@moderate
@given(st.lists(FRAGMENTS, max_size=40))
def test_random_fragments_of_the_language_are_refused_or_analysed(fragments: list[str]) -> None:
    judge("".join(fragments))
    judge("archcost: 1\ninput: [3, 8, 8]\nlayers:\n  - " + "".join(fragments))


@moderate
@given(st.binary(max_size=200))
def test_random_bytes_are_refused_or_analysed(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fuzz.yaml"
        path.write_bytes(data)
        try:
            archcost.analyze(path)
        except archcost.SpecError as error:
            assert error.diagnostics[0].mark is not None


# --- structures -----------------------------------------------------------------------------------------------------

NUMBERS = st.one_of(
    st.integers(-3, 9),
    st.sampled_from([0, 1, 2, 3, 4, 8, 16, 1e6, 0.5, 1.5, 2.0, -1.0, 10**12, 10**30, 2**63, float("inf"), float("nan")]),
)
TOKENS = st.sampled_from(
    "a b i n in_channels in_shape in_features batch training widths 0 1 2 3 -1 0.5 True None 'relu' \"x\" [ ] ( ) , + - "
    "* / // % ** == < >= and or not if else in min( max( range( len( sum( round( sqrt( make_divisible( [0] [-1] "
    "9**9 99999999999 1e400 lambda .x ~ : @ \\".split()
)
EXPRESSIONS = st.one_of(
    st.sampled_from(["$a", "$b", "$i", "$in_channels", "$(2 * a)", "$(in_channels // 2)", "$act", "$widths", "$(widths[i])"]),
    st.lists(TOKENS, max_size=12).map(lambda tokens: f"$({' '.join(tokens)})"),
)
IDS = st.sampled_from(["a", "b", "c", "input", "relu", "conv2d", "chunk.0", "a.0", "a.1", "block", "x", "", "1", "a.b", "é"])
WORDS = st.one_of(IDS, st.sampled_from([*DTYPE_BYTES, "same", "zeros", "no", "3:20", "<<", "x" * 500]))
SCALARS = st.one_of(NUMBERS, WORDS, EXPRESSIONS, st.booleans(), st.none())
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=4), st.lists(st.lists(NUMBERS, max_size=2), max_size=2))
KINDS = st.one_of(
    st.sampled_from([*REGISTRY]),
    st.sampled_from(["relu", "conv2d", "linear", "add", "concat", "flatten", "block", "other", "chunk", "lstm", "embedding"]),
    st.sampled_from(["rellu", "$act", "$(act)", "<<", "", "1"]),
)


def likely(field: Any) -> st.SearchStrategy[Any]:
    """Values that the field of an op may take."""
    small = st.integers(1, 5)
    if isinstance(field, BoolField):
        return st.booleans()
    if isinstance(field, ChoiceField):
        return st.sampled_from(field.options)
    if isinstance(field, FloatField):
        return st.floats(0, 1)
    if isinstance(field, IntsField):
        return st.lists(st.integers(-2, 9), min_size=1, max_size=4)
    if isinstance(field, SpatialField):
        return st.one_of(small, st.lists(small, min_size=1, max_size=3))
    return small if isinstance(field, IntField) else VALUES


@st.composite
def attributes(draw: st.DrawFn, kind: str) -> Any:
    if kind in {"block", "other"}:
        return draw(st.dictionaries(st.sampled_from(["n", "k", "act"]), VALUES, max_size=2))
    if kind not in REGISTRY or draw(st.integers(0, 9)) == 0:
        return draw(st.one_of(st.none(), VALUES, st.dictionaries(WORDS, VALUES, max_size=2)))
    fields = REGISTRY[kind].fields
    required = [name for name, field in fields.items() if repr(field.default) == "required"]
    chosen = [*required, *draw(st.lists(st.sampled_from([*fields]), max_size=2))] if fields else []
    return {name: draw(st.one_of(likely(fields[name]), likely(fields[name]), VALUES)) for name in chosen}


@st.composite
def steps(draw: st.DrawFn, depth: int = 0) -> Any:
    kind = draw(KINDS)
    if draw(st.integers(0, 3)) == 0:
        return draw(st.one_of(st.just(kind), VALUES)) if draw(st.integers(0, 5)) == 0 else kind
    step: dict[Any, Any] = {kind: draw(attributes(kind))}
    modifiers = {
        "id": IDS,
        "from": st.one_of(IDS, st.lists(IDS, max_size=3), EXPRESSIONS),
        "when": st.one_of(st.booleans(), EXPRESSIONS, SCALARS),
        "repeat": st.one_of(st.integers(0, 4), EXPRESSIONS, NUMBERS),
        "as": st.sampled_from(["i", "k", "max", "a b"]),
        "share": IDS,
    }
    for name, strategy in modifiers.items():
        if draw(st.integers(0, 7)) == 0:
            step[name] = draw(strategy)
    if depth < 3 and draw(st.integers(0, 3 if kind in {"add", "concat"} else 15)) == 0:
        inner = st.lists(steps(depth + 1), max_size=3)
        branch = st.one_of(inner, st.fixed_dictionaries({"from": IDS, "layers": inner}), VALUES)
        step["branches"] = draw(st.dictionaries(IDS, branch, max_size=3))
    return step


LAYERS = st.lists(steps(), max_size=6)
SHAPES = st.one_of(st.lists(st.integers(1, 16), min_size=1, max_size=4), VALUES)
INPUTS = st.one_of(
    SHAPES,
    st.fixed_dictionaries(
        {"shape": SHAPES}, optional={"dtype": st.sampled_from([*DTYPE_BYTES, "int"]), "batch": st.booleans()}
    ),
)
BLOCKS = st.fixed_dictionaries(
    {"layers": LAYERS},
    optional={
        "params": st.dictionaries(st.sampled_from(["n", "k", "act", "b"]), VALUES, max_size=3),
        "inputs": st.one_of(st.lists(st.sampled_from(["x", "y"]), max_size=2), VALUES),
        "outputs": st.one_of(IDS, st.lists(IDS, max_size=2), EXPRESSIONS),
    },
)
SPECS = st.fixed_dictionaries(
    {"archcost": st.one_of(st.just(1), st.just(1), st.just(1), SCALARS), "input": INPUTS, "layers": LAYERS},
    optional={
        "params": st.dictionaries(st.sampled_from(["a", "b", "act", "widths", "n"]), VALUES, max_size=4),
        "blocks": st.dictionaries(st.sampled_from(["block", "other", "relu", "a.b"]), BLOCKS, max_size=2),
        "outputs": st.one_of(IDS, st.lists(IDS, max_size=2), EXPRESSIONS),
        "name": SCALARS,
        "dtype": st.sampled_from([*DTYPE_BYTES]),
        "include": st.one_of(WORDS, st.lists(WORDS, max_size=2)),
        "expect": st.dictionaries(st.sampled_from(["output", "params", "macs", "layers", "x"]), VALUES, max_size=3),
        "budgets": st.dictionaries(st.sampled_from([*METRIC_NAMES, "x"]), VALUES, max_size=3),
        "inputs": st.dictionaries(IDS, INPUTS, max_size=2),
    },
)


@moderate
@given(SPECS, st.sampled_from([None, True, False]))
def test_random_specs_are_refused_or_analysed(spec: dict[str, Any], flow: bool | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        judge(yaml.safe_dump(spec, default_flow_style=flow, sort_keys=False, allow_unicode=True), folder)


# --- specs that mostly hold together -------------------------------------------------------------------------------

NAMES = ("a", "b", "c", "d", "e", "f")
KEEPING = ("relu", "$act", "batch_norm2d", {"dropout": {"p": "$p"}}, {"conv2d": {"out_channels": "$in_channels", "kernel_size": 1}})
COUNTS = st.sampled_from([0, 1, 2, 3, "$n", "$(n + 1)", "$(len(widths))", "$(in_channels // 4)"])
CONDITIONS = st.sampled_from([True, False, "$training", "$(n > 1)", "$(in_channels == 8)", "$(not training)", "$n"])


@st.composite
def sound_steps(draw: st.DrawFn, depth: int, blocks: tuple[str, ...], known: tuple[str, ...]) -> list[Any]:
    """Steps that fit (1, 8, 4, 4), joined in all the ways that there are."""
    made: list[Any] = []
    here: list[str] = []
    for name in draw(st.lists(st.sampled_from(NAMES), max_size=4, unique=True)):
        how = draw(st.integers(0, 9))
        ids = st.sampled_from([*known, *here])
        step: Any
        if how <= 2:
            step = draw(st.sampled_from(KEEPING))
            step = dict(step) if isinstance(step, dict) else {step: None}
        elif how == 3:
            step = {"add": None, "from": draw(st.lists(ids, min_size=2, max_size=3))}
        elif how == 4 and depth < 3:
            labels = draw(st.lists(st.sampled_from(["x", "y", "1x1"]), min_size=2, max_size=3, unique=True))
            inner = sound_steps(depth + 1, blocks, (*known, *here))
            step = {"add": None, "branches": {label: draw(inner) for label in labels}}
        elif how == 5:
            made += [{"chunk": {"chunks": 2, "dim": 1}, "id": f"{name}_halves"}]
            step = {"concat": None, "from": [f"{name}_halves.1", f"{name}_halves.0"]}
        elif how == 6:
            step = {"conv2d": {"out_channels": draw(st.sampled_from([8, "$(8 + 0 * i)"])), "kernel_size": 3, "padding": 1}}
            step["repeat"] = draw(COUNTS)
        elif blocks:
            step = {draw(st.sampled_from(blocks)): draw(st.sampled_from([None, {"n": 2}, {"n": "$(n + 1)"}, {"act": "gelu"}]))}
        else:
            step = {"relu": None}
        step["id"] = name
        if "branches" not in step and draw(st.integers(0, 3)) == 0:
            step["repeat"] = draw(COUNTS)
        if draw(st.integers(0, 4)) == 0:
            step["when"] = draw(CONDITIONS)
        if draw(st.integers(0, 15)) == 0:
            step["share"] = draw(ids)
        if draw(st.integers(0, 4)) == 0 and "from" not in step:
            step["from"] = draw(ids)
        made.append(step)
        here.append(name)
    return made


@st.composite
def sound_specs(draw: st.DrawFn) -> dict[str, Any]:
    """Specs whose mistakes, if any, are in how steps are joined and shared."""
    blocks: dict[str, Any] = {}
    for name in draw(st.lists(st.sampled_from(["one", "two", "three"]), max_size=3, unique=True)):
        block: dict[str, Any] = {"layers": draw(sound_steps(1, tuple(blocks), ("input",)))}
        block["params"] = draw(st.sampled_from([{"n": 1, "act": "relu"}, {"n": "$(in_channels // 8)", "act": "$act"}]))
        blocks[name] = block
    return {
        "archcost": 1,
        "input": [8, 4, 4],
        "params": {"n": 2, "act": "relu", "p": 0.5, "widths": [8, 8]},
        "blocks": blocks,
        "layers": ["relu", *draw(sound_steps(0, tuple(blocks), ("input", "relu")))],
    }


@moderate
@given(sound_specs())
def test_specs_that_hold_together_are_refused_or_analysed(spec: dict[str, Any]) -> None:
    judge(json.dumps(spec))


# --- mutations ------------------------------------------------------------------------------------------------------

ZOO = {name: Path(zoo.find(name) or "").read_text(encoding="utf-8").partition("\nexpect:")[0] for name in zoo.names()}
PIECE = re.compile(r"\s+|[A-Za-z_]\w*|\d+|[^\w\s]")
REPLACEMENTS = st.one_of(
    st.sampled_from(["", " ", "\n", "  ", ":", ",", "-", "{", "}", "[", "]", "(", ")", "$", "'", '"', "#", "&a ", "*a", "|", "!"]),
    st.sampled_from(["0", "-1", "1.5", "2", "3", "10000000000000", "relu", "linear", "add", "input", "id", "from", "null"]),
)


@st.composite
def mutations(draw: st.DrawFn) -> str:
    pieces = PIECE.findall(ZOO[draw(st.sampled_from(sorted(ZOO)))])
    for _ in range(draw(st.integers(1, 5))):
        where = draw(st.integers(0, len(pieces) - 1))
        how = draw(st.integers(0, 3))
        if how == 0:
            del pieces[where]
        elif how == 1:
            pieces.insert(where, pieces[where])
        elif how == 2:
            pieces[where] = draw(REPLACEMENTS)
        else:
            other = draw(st.integers(0, len(pieces) - 1))
            pieces[where], pieces[other] = pieces[other], pieces[where]
    return "".join(pieces)


@moderate
@given(mutations())
def test_mutated_zoo_specs_are_refused_or_analysed(text: str) -> None:
    judge(text, zoo.folder())
