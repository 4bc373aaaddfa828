"""Draft and Model → the text of a spec."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.importers.form import Batched, Worded
from archcost.importers.layout import Alone, Flat, Label, Noted, Spread, Tall, Text, comment_lines, laid_out
from archcost.importers.yaml_values import batched_text, expression_text
from archcost.ops import REGISTRY
from archcost.ops.base import alone
from archcost.phrases import listed
from archcost.spec.vocabulary import AS_IMPORTED, VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archcost.importers.draft import Draft, DraftBlock, DraftStep
    from archcost.importers.form import Attribute, Form, Input
    from archcost.importers.layout import Node

_BATCH = Batched(1)
_SHOWN_UNUSED = 8  # parameters that a comment names


class Figures(NamedTuple):
    """What ``expect`` states, at batch 1; None: not stated."""

    params: int | None = None
    macs: int | None = None
    output: tuple[int, ...] | None = None


NO_FIGURES = Figures()


def write(model: Form, draft: Draft, figures: Figures) -> str:
    """The text of the spec that a draft is, with the name, inputs and remarks of its model, and what to expect."""
    blocks = {block.name: block for block in draft.blocks}
    parts: dict[str, Node] = {"archcost": VERSION, "name": Text(model.name), "source": Text(model.source)}
    if model.dtype != "float32":
        parts["dtype"] = Text(model.dtype)
    parts |= _inputs(model)
    if draft.include:
        parts["include"] = list(map(Text, draft.include))
    if draft.blocks:
        parts["blocks"] = Spread({name: _block(block, blocks) for name, block in blocks.items()})
    parts["layers"] = Tall(_steps(draft.layers, blocks))
    if draft.outputs is not None:
        parts["outputs"] = _references(draft.outputs)
    expected = expectation(figures)
    if expected:
        parts["expect"] = expected
    return "".join([f"{line}\n" for line in _comments(model)]) + laid_out(parts)


def _comments(model: Form) -> list[str]:
    """What stands above the spec: remarks, and the parameters that never took part."""
    lines = [line for remark in model.remarks for line in comment_lines(remark)]
    if model.unused:
        named = [f"{path} ({count:,})" for path, count in list(model.unused.items())[:_SHOWN_UNUSED]]
        names = listed(named, len(model.unused))
        lines += comment_lines(f"Parameters that take no part, {sum(model.unused.values()):,} in all: {names}.")
    return lines


def expectation(figures: Figures) -> dict[str, Node]:
    """The figures that are known, as those of an import."""
    found = {"output": figures.output, "params": figures.params, "macs": figures.macs}
    stated: dict[str, Node] = {name: figure for name, figure in found.items() if figure is not None}
    return stated | ({"source": Text(AS_IMPORTED)} if stated else {})


# --- inputs -----------------------------------------------------------------------------------------------------------


def _inputs(model: Form) -> dict[str, Node]:
    declared: dict[str, Node] = {given.name: _input(given, model) for given in model.inputs}
    if list(declared) == ["input"]:
        return declared
    whole: Node = declared if len(declared) == 1 else Spread(declared)
    return {"inputs": whole}


def _input(given: Input, model: Form) -> Node:
    """A shape without the batch; in full where the dtype is not the model's, or where there is no batch."""
    shape, dtype = model.values[given.value]
    batched = shape[:1] == (_BATCH,)
    sizes: Node = tuple(map(_plain, shape[1:] if batched else shape))
    if batched and dtype == model.dtype:
        return sizes
    full: dict[str, Node] = {"shape": sizes}
    if dtype != model.dtype:
        full["dtype"] = Text(dtype)
    if not batched:
        full["batch"] = False
    return Flat(full)


def _plain(value: Attribute) -> Attribute:
    """A value with its sizes that follow the batch as expressions."""
    if isinstance(value, tuple) and not isinstance(value, (Batched, Worded)):
        return tuple(map(_plain, value))
    return Worded(batched_text(value)) if isinstance(value, Batched) else value


# --- steps ------------------------------------------------------------------------------------------------------------


def _block(block: DraftBlock, blocks: Mapping[str, DraftBlock]) -> Node:
    written: dict[str, Node] = {}
    if block.params:
        params = {name: Alone.EMPTY if default is None else _plain(default) for name, default in block.params.items()}
        written["params"] = Flat(params)
    if block.inputs is not None:
        written["inputs"] = _references(block.inputs)
    written["layers"] = Tall(_steps(block.layers, blocks))
    if block.outputs is not None:
        written["outputs"] = _references(block.outputs)
    return Spread(written)


def _steps(steps: Sequence[DraftStep], blocks: Mapping[str, DraftBlock]) -> list[Node]:
    return [Noted(_step(step, blocks), step.note) if step.note else _step(step, blocks) for step in steps]


def _step(step: DraftStep, blocks: Mapping[str, DraftBlock]) -> Node:
    """A bare kind, or a mapping: the id, the rounds, the kind, and what else stands beside it.

    What a group reads and whether it exists comes before its steps, which may be many.
    """
    before: dict[str, Node] = {} if step.id is None else {"id": Label(step.id)}
    if step.repeat is not None:
        before["repeat"] = _plain(step.repeat)
    if step.index is not None:
        before["as"] = Label(step.index)
    beside: dict[str, Node] = {}
    if step.reads is not None:
        beside["from"] = _from(step.reads)
    if step.share is not None:
        beside["share"] = Label(step.share)
    if step.when is not None:
        beside["when"] = _plain(step.when)
    if step.kind is None:
        return before | beside | {"residual" if step.residual else "layers": _steps(step.layers or [], blocks)}
    name = expression_text(step.kind) if isinstance(step.kind, Worded) else step.kind
    kind: dict[str, Node] = {name: _attributes(step, blocks)}
    if step.branches is not None:
        beside["branches"] = Spread({name: _steps(inner, blocks) for name, inner in step.branches.items()})
    whole = before | kind | beside
    return Text(name) if whole == {name: Alone.KEY} else whole


def _attributes(step: DraftStep, blocks: Mapping[str, DraftBlock]) -> Node:
    """Attributes by name, or the value alone where it says which it is."""
    given = {name: _plain(value) for name, value in step.attributes.items()}
    if not given:
        return Alone.KEY
    if len(given) == 1:
        [(name, value)] = given.items()
        if isinstance(step.kind, str) and name == _alone(step.kind, blocks) and value is not None:
            return value
    return Flat(given)


def _alone(kind: str, blocks: Mapping[str, DraftBlock]) -> str:
    """The attribute or param that a value alone stands for; empty if there is none."""
    if kind not in blocks:
        return alone(REGISTRY[kind]) if kind in REGISTRY else ""
    required = [name for name, default in blocks[kind].params.items() if default is None]
    return required[0] if len(required) == 1 else ""


def _from(reads: Sequence[str] | Worded) -> Node:
    return Label(reads[0]) if len(reads) == 1 and not isinstance(reads, Worded) else _references(reads)


def _references(names: Sequence[str] | Worded) -> Node:
    """Ids, or the one expression that gives them all."""
    return names if isinstance(names, Worded) else list(map(Label, names))
