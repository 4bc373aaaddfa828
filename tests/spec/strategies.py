"""What the fuzzers draw from: fragments of YAML, random specs of the language's words, sound specs, mutated ones."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from archcost import model_zoo as zoo
from archcost.ops import REGISTRY
from archcost.ops.base import alone, asserted_size
from archcost.ops.field_types import BoolField, ChoiceField, FloatField, IntField, IntsField, SpatialField
from archcost.spec.budget_reader import METRIC_NAMES
from archcost.spec.vocabulary import DTYPE_BYTES, GROUPS, MODIFIERS, TOP_KEYS


def words(text: str, separator: str | None = None) -> list[str]:
    return text.split(separator)


# --- text -----------------------------------------------------------------------------------------------------------

FRAGMENTS = st.sampled_from(
    [
        *TOP_KEYS,
        *MODIFIERS,
        *list(REGISTRY)[::6],
        *words("archcost: 1|input: [3, 8, 8]|layers:|- relu|- {|- [|{|}|[|]|: |, |- |\n|\n  |\n    |\t|\r\n|\"|'", "|"),
        *words("#|&a|*a|!!|<<|? |$(|)|$x|$(1, 2)|$(max(1, 2))|~|null|true|.inf|.nan|1e6|0x10|-1|0|3|10000000000", "|"),
        *words("\ufeff|\u2028|\x85|\x00|é|漢|>\n  x|---\n|...\n|%YAML 1.2\n", "|"),
        "|\n  x",
    ]
)

# --- specs of the language's words, most of them wrong ----------------------------------------------------------------

BIG = [10**12, 10**30, 2**63, float("inf"), float("nan")]
NUMBERS = st.one_of(st.integers(-3, 9), st.sampled_from([16, 1e6, 0.5, 1.5, 2.0, -1.0, *BIG]))
TOKENS = st.sampled_from(
    words(
        "a b i n in_channels in_shape in_features batch training widths 0 1 2 3 -1 0.5 True None 'relu' \"x\" [ ] ( ) "
        ", + - * / // % ** == < >= and or not if else in min( max( range( len( sum( round( sqrt( make_divisible( "
        "[0] [-1] 9**9 99999999999 1e400 lambda .x ~ : @ \\"
    )
)
EXPRESSIONS = st.one_of(
    st.sampled_from(
        words("$a|$b|$i|$(str(i))|$in_channels|$(2 * a)|$(in_channels // 2)|$act|$widths|$(widths[i])", "|")
    ),
    st.lists(TOKENS, max_size=12).map(lambda tokens: f"$({' '.join(tokens)})"),
)
IDS = st.sampled_from(
    ["", *words("a b c input input.1 relu conv2d chunk.0 a.0 a.1 a.1.0 a.* block x y y.0 y.* 1 0 a.b é"), 0, 1]
)
TEXTS = st.one_of(IDS, st.sampled_from([*DTYPE_BYTES, "same", "zeros", "no", "3:20", "<<", "x" * 500]))
SCALARS = st.one_of(NUMBERS, TEXTS, EXPRESSIONS, st.booleans(), st.none())
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=4), st.lists(st.lists(NUMBERS, max_size=2), max_size=2))
KINDS = st.one_of(
    st.sampled_from([*REGISTRY]),
    st.sampled_from(words("relu conv2d linear add concat flatten block other chunk lstm embedding")),
    st.sampled_from(["", *words("rellu $act $(act) << 1")]),
)


def likely(field: Any) -> st.SearchStrategy[Any]:
    """Values that the field of an op may take."""
    small = st.integers(1, 5)
    found = VALUES
    if isinstance(field, BoolField):
        found = st.booleans()
    elif isinstance(field, ChoiceField):
        found = st.sampled_from(field.options)
    elif isinstance(field, FloatField):
        found = st.floats(0, 1)
    elif isinstance(field, IntsField):
        found = st.lists(st.integers(-2, 9), min_size=1, max_size=4)
    elif isinstance(field, SpatialField):
        found = st.one_of(small, st.lists(small, min_size=1, max_size=3))
    elif isinstance(field, IntField):
        found = small
    return found


@st.composite
def attributes(draw: st.DrawFn, kind: str) -> Any:
    if kind in {"block", "other"}:
        return draw(st.dictionaries(st.sampled_from(["n", "k", "act"]), VALUES, max_size=2))
    if kind in REGISTRY and alone(REGISTRY[kind]) and draw(st.integers(0, 3)) == 0:
        return draw(st.one_of(likely(REGISTRY[kind].fields[alone(REGISTRY[kind])]), SCALARS))
    if kind not in REGISTRY or draw(st.integers(0, 9)) == 0:
        return draw(st.one_of(st.none(), VALUES, st.dictionaries(TEXTS, VALUES, max_size=2)))
    fields = REGISTRY[kind].fields
    required = [name for name, field in fields.items() if repr(field.default) == "required"]
    chosen = [*required, *draw(st.lists(st.sampled_from([*fields]), max_size=2))] if fields else []
    given = {name: draw(st.one_of(likely(fields[name]), likely(fields[name]), VALUES)) for name in chosen}
    size = asserted_size(REGISTRY[kind])
    if size and draw(st.integers(0, 3)) == 0:
        given[size] = draw(st.one_of(st.sampled_from([3, 4, 8, "$in_channels", "$in_features"]), VALUES))
    return given


MODIFIER_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "id": IDS,
    "from": st.one_of(IDS, st.lists(IDS, max_size=3), EXPRESSIONS),
    "when": st.one_of(st.booleans(), EXPRESSIONS, SCALARS),
    "repeat": st.one_of(st.integers(0, 4), EXPRESSIONS, NUMBERS, st.lists(SCALARS, max_size=3)),
    "as": st.sampled_from(["i", "k", "b", "max", "a b"]),
    "share": IDS,
    "requires_grad": st.one_of(st.booleans(), EXPRESSIONS, SCALARS),
}


@st.composite
def steps(draw: st.DrawFn, depth: int = 0) -> Any:
    kind = draw(KINDS)
    if draw(st.integers(0, 3)) == 0:
        return draw(st.one_of(st.just(kind), VALUES)) if draw(st.integers(0, 5)) == 0 else kind
    step: dict[Any, Any] = {kind: draw(attributes(kind))}
    if depth < 3 and draw(st.integers(0, 9)) == 0:
        step = {draw(st.sampled_from(sorted(GROUPS))): draw(st.lists(steps(depth + 1), max_size=3))}
    for name, strategy in MODIFIER_VALUES.items():
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
OUTPUTS = st.one_of(IDS, st.lists(IDS, max_size=2), EXPRESSIONS)
BLOCKS = st.fixed_dictionaries(
    {"layers": LAYERS},
    optional={
        "params": st.dictionaries(st.sampled_from(["n", "k", "act", "b"]), VALUES, max_size=3),
        "inputs": st.one_of(st.lists(st.sampled_from(["x", "y", "y...", "x..."]), max_size=2), VALUES),
        "outputs": OUTPUTS,
    },
)
SPECS = st.fixed_dictionaries(
    {"archcost": st.one_of(st.just(1), st.just(1), st.just(1), SCALARS), "input": INPUTS, "layers": LAYERS},
    optional={
        "params": st.dictionaries(st.sampled_from(["a", "b", "act", "widths", "n"]), VALUES, max_size=4),
        "blocks": st.dictionaries(st.sampled_from(["block", "other", "relu", "a.b"]), BLOCKS, max_size=2),
        "outputs": OUTPUTS,
        "name": SCALARS,
        "dtype": st.sampled_from([*DTYPE_BYTES]),
        "include": st.one_of(TEXTS, st.lists(TEXTS, max_size=2)),
        "expect": st.dictionaries(st.sampled_from(["output", "params", "macs", "layers", "x"]), VALUES, max_size=3),
        "budgets": st.dictionaries(st.sampled_from([*METRIC_NAMES, "x"]), VALUES, max_size=3),
        "inputs": st.dictionaries(IDS, INPUTS, max_size=2),
    },
)

# --- specs that mostly hold together ----------------------------------------------------------------------------------

NAMES = ("a", "b", "c", "d", "e", "f")
COUNTS = st.sampled_from([0, 1, 2, 3, "$n", "$(n + 1)", "$(len(widths))", "$(in_channels // 4)"])
ROUND_CONDITIONS = st.sampled_from(["$(i > 0)", "$(i != 1)", "$(i % 2 == n % 2)", "$(i < n and in_channels == 8)"])
CONDITIONS = st.sampled_from([True, False, "$training", "$(n > 1)", "$(in_channels == 8)", "$(not training)", "$n"])
STREAMS: dict[str, Any] = {  # blocks of several inputs and outputs, all of one shape
    "swap": {
        "inputs": ["p", "q"],
        "layers": [{"id": "sum", "add": None, "from": ["p", "q"]}, {"id": "kept", "relu": None, "from": "p"}],
        "outputs": ["sum", "kept"],
    },
    "fuse": {
        "inputs": ["p", "maps..."],
        "layers": [
            {"id": "each", "repeat": "$(len(maps))", "tanh": None, "from": '$("maps." + str(i))'},
            {"id": "sum", "add": None, "from": ["p", "each.*"]},
        ],
        "outputs": ["sum", "maps"],
    },
}
KEEPING: tuple[dict[str, Any], ...] = (
    {"relu": None},
    {"$act": None},
    {"batch_norm2d": None},
    {"dropout": "$p"},
    {"conv2d": {"in_channels": 8, "out_channels": "$in_channels", "kernel_size": 1}},
    {"conv2d": {"out_channels": 8, "kernel_size": 3, "padding": 1}},
)


@st.composite
def sound_round(draw: st.DrawFn, known: tuple[str, ...]) -> dict[str, Any]:
    """A repeated step that keeps (1, 8, 4, 4), by its index, its items, its kinds or what it reads."""
    read = draw(st.lists(st.sampled_from(known), min_size=1, max_size=3))
    kinds = draw(st.lists(st.sampled_from(["relu", "tanh"]), max_size=3))
    rounds: list[dict[str, Any]] = [
        {"conv2d": {"out_channels": "$(8 + 0 * i)", "kernel_size": 1}, "repeat": draw(COUNTS)},
        {"conv2d": {"out_channels": "$(w + 0 * i)", "kernel_size": 1}, "repeat": "$widths", "as": "w"},
        {"$kind": None, "repeat": kinds, "as": "kind"},
        {"gelu": None, "repeat": len(read), "from": f"$({read}[i])"},
    ]
    return draw(st.sampled_from(rounds))


@st.composite
def sound_step(draw: st.DrawFn, depth: int, blocks: tuple[str, ...], known: tuple[str, ...]) -> dict[str, Any]:
    """A step that keeps (1, 8, 4, 4)."""
    how = draw(st.sampled_from(["keep", "keep", "add", "branch", "round", "round", "block", "block", "group"]))
    if how == "add":
        return {"add": None, "from": draw(st.lists(st.sampled_from(known), min_size=2, max_size=3))}
    if how == "branch" and depth < 3:
        labels = draw(st.lists(st.sampled_from(["x", "y", "1x1"]), min_size=2, max_size=3, unique=True))
        return {"add": None, "branches": {label: draw(sound_steps(depth + 1, blocks, known)) for label in labels}}
    if how == "group" and depth < 3:
        key = draw(st.sampled_from(sorted(GROUPS)))
        return {key: ["relu", *draw(sound_steps(depth + 1, blocks, known))]}
    if how == "round":
        return draw(sound_round(known))
    if how == "block" and blocks:
        given = draw(st.sampled_from([None, {"n": 2}, {"n": "$(n + 1)"}, {"act": "gelu"}]))
        return {draw(st.sampled_from(blocks)): given}
    return dict(draw(st.sampled_from(KEEPING)))


@st.composite
def sound_streams(draw: st.DrawFn, known: tuple[str, ...]) -> dict[str, Any]:
    """Two streams through rounds of a block."""
    inputs = draw(st.lists(st.sampled_from(known), min_size=2, max_size=2))
    when = draw(st.one_of(st.just({}), ROUND_CONDITIONS.map(lambda condition: {"when": condition})))
    return {draw(st.sampled_from([*STREAMS])): None, "from": inputs, "repeat": draw(COUNTS), **when}


@st.composite
def sound_steps(draw: st.DrawFn, depth: int, blocks: tuple[str, ...], known: tuple[str, ...]) -> list[Any]:
    """Steps that fit each other, joined in all the ways that there are."""
    made: list[Any] = []
    here = known
    for name in draw(st.lists(st.sampled_from(NAMES), max_size=4, unique=True)):
        step = draw(sound_step(depth, blocks, here))
        if draw(st.integers(0, 9)) == 0:
            made.append({"chunk": {"chunks": 2, "dim": 1}, "id": f"{name}_halves"})
            step = {"concat": None, "from": [f"{name}_halves.1", f"{name}_halves.0"]}
        if draw(st.integers(0, 9)) == 0:
            made.append({"id": f"{name}_streams", **draw(sound_streams(here))})
            step = {"add": None, "from": [f"{name}_streams", here[-1]]}
        modifiers = {"repeat": (3, COUNTS), "when": (4, CONDITIONS), "share": (15, st.sampled_from(here))}
        modifiers["requires_grad"] = (9, st.sampled_from([False, True, "$(n > 1)"]))
        for modifier, (rarity, strategy) in modifiers.items():
            if modifier not in step and draw(st.integers(0, rarity)) == 0:
                step[modifier] = draw(strategy)
        if "repeat" in step and draw(st.integers(0, 3)) == 0:
            step["when"] = draw(ROUND_CONDITIONS)
        made.append({"id": name, **step})
        here = (*here, name)
    return made


@st.composite
def sound_specs(draw: st.DrawFn) -> dict[str, Any]:
    """Specs whose mistakes, if any, are in how steps are joined and shared."""
    blocks: dict[str, Any] = {}
    for name in draw(st.lists(st.sampled_from(["one", "two", "three"]), max_size=3, unique=True)):
        block: dict[str, Any] = {"layers": draw(sound_steps(1, tuple(blocks), ("input",)))}
        if draw(st.integers(0, 2)) == 0:
            block["layers"].append({name: {"n": "$(n - 1)"}, "when": "$(n > 1)"})
        block["params"] = draw(st.sampled_from([{"n": 1, "act": "relu"}, {"n": "$(in_channels // 8)", "act": "$act"}]))
        blocks[name] = block
    return {
        "archcost": 1,
        "input": [8, 4, 4],
        "params": {"n": 2, "act": "relu", "p": 0.5, "widths": [8, 8]},
        "blocks": blocks | STREAMS,
        "layers": ["relu", *draw(sound_steps(0, tuple(blocks), ("input", "relu")))],
    }


# --- mutations ------------------------------------------------------------------------------------------------------

ZOO = {name: Path(zoo.find(name) or "").read_text(encoding="utf-8").partition("\nexpect:")[0] for name in zoo.names()}
PIECE = re.compile(r"\s+|[A-Za-z_]\w*|\d+|[^\w\s]")
REPLACEMENTS = st.one_of(
    st.sampled_from(["", " ", "\n", "  ", *words(": , - { } [ ] ( ) $ ' \" # &a *a | !")]),
    st.sampled_from(words("0 -1 1.5 2 3 10000000000000 relu linear add input id from null")),
)


@st.composite
def mutations(draw: st.DrawFn) -> str:
    """A zoo spec with some of its words deleted, doubled, replaced or exchanged."""
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
