"""What a file's model takes: shapes with the batch, of what the file says and what is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.errors import UsageError, shortened, suggestion
from archcost.importers.form import Batched, FormTensor
from archcost.importers.input_names import UnknownInputError
from archcost.importers.step_names import label
from archcost.settings import THE_ONLY, InputShape, input_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcost.importers.form import Size
    from archcost.importers.onnx.graph import DeclaredValue, Dim, OnnxGraph

SOLE = "input"  # what the only input is called in a spec
_SHOWN = 60  # characters of a name in a message
_BATCH = Batched(1)


class GraphInput(NamedTuple):
    """An input: its name in the file, and that in the spec."""

    name: str
    title: str
    tensor: FormTensor


class GraphInputs(NamedTuple):
    """The inputs of a graph, and the sizes that the file has names for.

    ``as_declared``: no size is another than the file says.
    """

    inputs: tuple[GraphInput, ...]
    sizes: Mapping[str, Size]
    as_declared: bool

    @property
    def batched(self) -> bool:
        """Whether a size follows the batch."""
        return any(_BATCH in each.tensor.shape for each in self.inputs)

    def at_one(self) -> GraphInputs:
        """The same at a batch of 1, which nothing follows any more."""
        one = [
            each._replace(tensor=each.tensor._replace(shape=tuple([_fixed(size) for size in each.tensor.shape])))
            for each in self.inputs
        ]
        return self._replace(inputs=tuple(one), sizes={name: _fixed(size) for name, size in self.sizes.items()})

    def resolved(self, declared: DeclaredValue | None) -> tuple[Size | None, ...] | None:
        """The shape that the file says a value to have, as far as its sizes are known; None if it says none."""
        if declared is None or declared.shape is None or not self.as_declared:
            return None
        return tuple([self.sizes.get(size) if isinstance(size, str) else size for size in declared.shape])

    def __str__(self) -> str:
        return ", ".join([_said(each, alone=len(self.inputs) == 1) for each in self.inputs])


def inputs_of(graph: OnnxGraph, given: Mapping[str, InputShape]) -> GraphInputs:
    """The inputs of a graph; a first dim without a size is the batch, and so is each dim of the same name.

    ``given`` are shapes without the batch. Raises UsageError for what the file does not take, and for a size that
    nobody says, with ``--input`` as the way out.
    """
    asked = _by_name(graph, given)
    shapes: dict[str, list[Dim | Batched]] = {}
    sizes: dict[str, Size] = {}
    as_declared = True
    for name, declared in graph.inputs.items():
        if declared.shape is None or not declared.dtype:
            raise UsageError(f"the input '{shortened(name, _SHOWN)}' is no tensor whose rank and dtype are known")
        shape: list[Dim | Batched] = list(declared.shape)
        if shape and not isinstance(shape[0], int):
            if isinstance(shape[0], str):
                sizes.setdefault(shape[0], _BATCH)
            shape[0] = _BATCH
        if name in asked:
            as_declared &= _ask(name, shape, asked[name], sizes)
        shapes[name] = shape
    found = []
    for name, shape in shapes.items():
        whole = tuple([_size(name, place, size, sizes, shapes) for place, size in enumerate(shape)])
        title = SOLE if len(shapes) == 1 else label(_plain(name))
        dtype = (asked[name].dtype if name in asked else "") or graph.inputs[name].dtype
        found.append(GraphInput(name, title, FormTensor(whole, dtype)))
    if len({each.title for each in found}) < len(found):
        found = [each._replace(title=f"input_{place}") for place, each in enumerate(found)]
    return GraphInputs(tuple(found), sizes, as_declared)


def _by_name(graph: OnnxGraph, given: Mapping[str, InputShape]) -> dict[str, InputShape]:
    found: dict[str, InputShape] = {}
    titles = {label(_plain(name)): name for name in graph.inputs}
    for name, shape in given.items():
        if name in graph.inputs:
            found[name] = shape
        elif name in titles:
            found[titles[name]] = shape
        elif name in (THE_ONLY, SOLE) and len(graph.inputs) == 1:
            found[next(iter(graph.inputs))] = shape
        else:
            hint = suggestion(name, list(graph.inputs), "inputs")
            raise UnknownInputError(name, hint or _hint(graph.inputs))
    return found


def _ask(name: str, shape: list[Dim | Batched], asked: InputShape, sizes: dict[str, Size]) -> bool:
    """Set the dims of a shape that are asked for; whether none was another number in the file."""
    if len(asked) == len(shape) - 1:
        start = 1
    elif len(asked) == len(shape) and not (shape and isinstance(shape[0], Batched)):
        start = 0
    else:
        rest = len(shape) - 1
        message = f"the input '{shortened(name, _SHOWN)}' has {rest} dims without the batch, not {len(asked)}"
        without = input_text(name, InputShape(asked[1:], asked.dtype))
        raise UsageError(message, f"leave the batch out: `--input {without}`" if len(asked) == rest + 1 else "")
    same = True
    for place, size in enumerate(asked, start):
        before = shape[place]
        if isinstance(before, str):
            sizes[before] = size
        same &= not isinstance(before, int) or before == size
        shape[place] = size
    return same


def _size(
    name: str,
    place: int,
    size: Dim | Batched,
    sizes: Mapping[str, Size],
    shapes: Mapping[str, list[Dim | Batched]],
) -> Size:
    """A size that is known; raises UsageError for one that is not."""
    known = sizes.get(size) if isinstance(size, str) else size
    if known is None:
        called = f" ('{shortened(size, _SHOWN)}')" if isinstance(size, str) else ""
        where = f"dim {place} of the input '{shortened(name, _SHOWN)}'"
        raise UsageError(f"the file leaves open how large {where} is{called}", _hint({name: shapes[name]}))
    return known


def _hint(shapes: Mapping[str, object]) -> str:
    """How to say the shape of an input."""
    name, shape = next(iter(shapes.items()), ("x", ()))
    rest = list(shape)[1:] if isinstance(shape, list) else [3, 224, 224]
    sizes = "x".join([str(size) if isinstance(size, int) else "224" if len(rest) > 2 else "128" for size in rest])  # noqa: PLR2004 - an image
    names = ", ".join([shortened(each, _SHOWN) for each in shapes])
    return f"say it, without the batch: `--input {shortened(name, _SHOWN)}={sizes}`" + f" (inputs: {names})" * (
        len(shapes) > 1
    )


def _said(given: GraphInput, *, alone: bool) -> str:
    shape = given.tensor.shape
    rest = [_fixed(size) for size in (shape[1:] if shape[:1] == (_BATCH,) else shape)]
    return input_text(THE_ONLY if alone else given.title, InputShape(rest))


def _plain(name: str) -> str:
    """A name of the file as one of a spec."""
    return "".join([mark if mark.isalnum() or mark in "_-" else "_" for mark in name]) or "input"


def _fixed(size: Size) -> int:
    return size.at(1) if isinstance(size, Batched) else size
