"""Unknown kinds: the step that is meant by a word of another library, by a misspelt one, or by a call."""

from __future__ import annotations

import ast
import re
import warnings
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.errors import Source, close_names
from archcost.ops import REGISTRY
from archcost.ops.base import SpatialOp, alone
from archcost.ops.fields import REQUIRED
from archcost.spec.expressions import MAX_LENGTH, Expression
from archcost.spec.helps.expressions import BEGINS, meant
from archcost.spec.helps.synonyms import ACTIVATIONS, KIND_KEYS, Here, is_among, kind_row, squashed, without_dims
from archcost.spec.helps.translation import Translation, has_activation, translate
from archcost.spec.helps.values import fits, spatial_dims
from archcost.spec.helps.writing import LEFT_OUT, step, written
from archcost.spec.scalars import resolve
from archcost.spec.vocabulary import GROUPS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archcost.errors import Mark
    from archcost.ops.base import Op
    from archcost.spec.ways_out import Surroundings

_LISTED = "`archcost ops` lists every op"
MAX_BLOCKS = 2000  # whose names are compared
_MAX_NAME = 40  # characters of the name of a layer in an example
_CALL_END = re.compile(r"[ :：({\[]")
_POSITIONS = ("stride", "padding", "dilation", "groups")  # of torch's convolutions and pools, after what they require


class Meaning(NamedTuple):
    """What a word is here: a block, ops with preset attributes, or a row of the table that says it in words."""

    block: str = ""
    steps: tuple[tuple[type[Op], dict[str, Any]], ...] = ()
    here: Here = Here()
    guessed: bool = False  # the number of spatial dims


def kind_help(kind: str, given: Mapping[str, Any], value: Any, around: Surroundings) -> str:
    """A help line for a kind that is not known, with the step that was meant where that can be told.

    ``value`` is what stands in place of the attributes, None if nothing does.
    """
    if kind in GROUPS:
        return f"a {GROUPS[kind]} is a list of steps: `{kind}: [step, step]`"
    if isinstance(value, str) and (squashed(kind) in KIND_KEYS or is_among(ACTIVATIONS, kind)):
        meaning = meaning_of(value.rpartition(".")[2], around)
        return (
            f"the kind is a key: {told(meaning, value, {}, around)}" if meaning is not None else _unknown(kind, around)
        )
    around.meter.spend(len(around.blocks) + len(REGISTRY), around.mark)
    dollar = meant(kind, around)
    if dollar is not None:
        return f"{BEGINS}: `- {written(dollar)}`"
    found = _CALL_END.search(kind)
    end = found.start() if found else len(kind)
    word = kind[:end].rpartition(".")[2] if "." in kind[:end] else kind[:end]
    meaning = meaning_of(word, around)
    if meaning is None:
        return _unknown(word, around)
    if not meaning.steps:
        return told(meaning, word, given, around)
    op = meaning.steps[0][0]
    if end < len(kind):
        given = {**_arguments(kind[end:], op, around), **given}
        value = _behind(kind[end:]) if value is None and not given else value
    if value is not None:
        given = _named(op, value, around, of_torch=word == op.torch_name)
    return told(meaning, word, given, around)


def _behind(text: str) -> Any:
    """The value that stands behind a kind without `: `, as in ``linear 10`` and ``linear:10``; None of a call."""
    rest = text.lstrip(" :：=")
    value = resolve(rest) if rest and text[0] not in "({[" else None
    return value if type(value) in (int, float) else None


def meaning_of(word: str, around: Surroundings) -> Meaning | None:
    """What a word without a dot stands for; None if nothing is known of it."""
    plain = squashed(word)
    for block in islice(around.blocks, MAX_BLOCKS):
        if len(block) <= 2 * len(word) and squashed(block) == plain:
            return Meaning(block)
    for kind, op in REGISTRY.items():
        if squashed(kind) == plain:
            return Meaning(steps=((op, {}),))
    stem, dims = without_dims(plain)
    here = kind_row(plain) or kind_row(stem)
    if here is not None:
        spatial = "{n}" in here.steps
        return Meaning(
            "", _steps(here.steps, dims or spatial_dims(around)), here, spatial and not dims and not around.shape
        )
    ops = [op for op in REGISTRY.values() if issubclass(op, SpatialOp) and squashed(op.stem).strip("_") == stem]
    wanted = [op for op in ops if op.ndim == (dims or spatial_dims(around))]
    return Meaning(steps=((wanted[0], {}),), guessed=not around.shape and not dims) if wanted else None


def _steps(text: str, dims: int) -> tuple[tuple[type[Op], dict[str, Any]], ...]:
    """The steps of a row of the table."""
    from archcost.spec.document import Mapping, parse_document

    found = []
    for line in text.replace("{n}", str(dims)).splitlines():
        source = Source("table", line)
        value, _ = parse_document(source)
        kind, attributes = line, {}
        if isinstance(value, Mapping):
            ((kind, (key, given)),) = value.entries.items()
            attributes = {name: _expressions(item, key.mark) for name, item in given.plain().items()}
        found.append((REGISTRY[kind], attributes))
    return tuple(found)


def _expressions(value: Any, mark: Mark) -> Any:
    """A value of the table with its expressions parsed."""
    if isinstance(value, list):
        return [_expressions(item, mark) for item in value]
    return Expression(value, mark) if isinstance(value, str) and value.startswith("$") else value


def told(meaning: Meaning, word: str, given: Mapping[str, Any], around: Surroundings) -> str:
    """The steps that are meant, with the attributes that were given; or what the table says of the word."""
    here = meaning.here
    if meaning.block:
        return f"write `{step(meaning.block, dict(given))}`"
    if here.custom:
        return custom_help(word, around)
    if not meaning.steps:
        return here.note
    texts = steps_text(translate(meaning.steps, given, around, dict(here.attributes)), around)
    others = ""
    if meaning.guessed:
        ops = [op for op in REGISTRY.values() if op.stem == meaning.steps[0][0].stem and op is not meaning.steps[0][0]]
        others = f"; for other inputs there are {' and '.join(op.kind for op in ops)}" if ops else ""
    return f"write {', then '.join(texts)}{f'; {here.note}' if here.note else ''}{others}"


def steps_text(translations: list[Translation], around: Surroundings) -> list[str]:
    """The steps in backquotes, each activation as a step of its own."""
    texts = []
    for translation in translations:
        texts.append(f"`{translation.text()}`")
        if has_activation(translation.activation):
            word = translation.activation.rpartition(".")[2]
            meaning = meaning_of(word, around)
            inner = translate(meaning.steps, {}, around, {}) if meaning is not None and meaning.steps else []
            texts += [f"`{one.text()}`" for one in inner] or [f"`{word}`"]
    return texts


def custom_help(word: str, around: Surroundings) -> str:
    """How to declare what archcost has no op for."""
    name = "".join(char if char.isalnum() or char == "_" else "_" for char in word[:_MAX_NAME]) or "layer"
    shape = around.shape
    sizes = LEFT_OUT if shape is None else ", ".join(map(str, shape[1:]))
    output = f"[$batch{f', {sizes}' if sizes else ''}]"
    declared = f"`custom: {{name: {name}, output: {output}}}`"
    return f"no op does this: declare it, {declared}, with the params and macs that are known"


def _unknown(word: str, around: Surroundings) -> str:
    """The kinds that resemble a word and take the input; or how to declare what it is."""
    close = close_names(word, [*around.blocks, *REGISTRY], around.meter.hints)
    fitting = ranked(close, around)
    if fitting:
        return "did you mean " + " or ".join(f"'{name}'" for name in fitting) + "?"
    return f"{custom_help(word, around)}; or define a block of this name; {_LISTED}"


def ranked(kinds: list[str], around: Surroundings) -> list[str]:
    """The kinds that take an input of the known rank; where it is not known, 2 spatial dims stand before 1 and 3."""
    shape = around.shape
    if shape is not None:
        rank = len(shape)
        found = [
            kind
            for kind in kinds
            if kind not in REGISTRY or REGISTRY[kind].min_rank <= rank <= (REGISTRY[kind].max_rank or rank)
        ]
        return found or kinds
    stems = [REGISTRY[kind].stem if kind in REGISTRY else kind for kind in kinds]
    first = {stem: index for index, stem in reversed([*enumerate(stems)])}
    return sorted(kinds, key=lambda kind: (first[stems[kinds.index(kind)]], not kind.endswith("2d")))


def _arguments(text: str, op: type[Op], around: Surroundings) -> dict[str, Any]:
    """The attributes that stand in a call, ``(3, 64, 7, stride=2)``; none if it is not one."""
    if len(text) > MAX_LENGTH or not text.lstrip().startswith("("):
        return {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            call = ast.parse(f"f{text}", mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    if not isinstance(call, ast.Call):
        return {}
    named = {word.arg: _literal(word.value, around) for word in call.keywords if word.arg}
    arguments = [_literal(argument, around) for argument in call.args]
    if op.inferred and len(arguments) > len([name for name in _required(op) if name not in named]):
        arguments = arguments[1:]  # what follows from the input
    found = {**positional(op, arguments), **named}
    return {name: value for name, value in found.items() if value is not None}


def _required(op: type[Op]) -> list[str]:
    return [name for name, field in op.fields.items() if field.default is REQUIRED]


def _named(op: type[Op], value: Any, around: Surroundings, *, of_torch: bool) -> dict[str, Any]:
    """The attributes that a value in place of them stands for."""
    name = alone(op) or next(iter(_required(op)), "")
    if isinstance(value, list) and (not name or not fits(op, name, value)):
        return listed(op, value, around, of_torch=of_torch)
    return {name: value} if name and fits(op, name, value) else {}


def listed(op: type[Op], given: list[Any], around: Surroundings, *, of_torch: bool = False) -> dict[str, Any]:
    """The attributes that a list stands for: in the order of torch, which may begin with the size of the input.

    It does where a word of torch stands before it, where that is the size of the input, and where only so all fits.
    """
    own = positional(op, given)
    if not op.inferred or len(given) <= len(_required(op)):
        return own
    rest = positional(op, given[1:])
    if not _all_fit(op, rest):
        return own
    shape, place = around.shape, op.channels
    is_size = shape is not None and place is not None and -len(shape) <= place < len(shape) and shape[place] == given[0]
    return rest if of_torch or is_size or not _all_fit(op, own) else own


def _all_fit(op: type[Op], given: Mapping[str, Any]) -> bool:
    return all(fits(op, name, value) for name, value in given.items())


def positional(op: type[Op], given: Sequence[Any]) -> dict[str, Any]:
    """The attributes that arguments without names stand for, in the order of torch, what it infers left out."""
    required = _required(op)
    others = [name for name in op.fields if name not in required]
    if issubclass(op, SpatialOp):
        others = [name for name in _POSITIONS if name in others]
    return {name: value for name, value in zip([*required, *others], given, strict=False) if value is not None}


def _literal(node: ast.expr, around: Surroundings) -> Any:
    """The value of an argument: a constant, a list of them, or an expression over names; None for another."""
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return meant(ast.unparse(node), around)
    return list(value) if isinstance(value, tuple) else value if isinstance(value, (int, float, str, list)) else None
