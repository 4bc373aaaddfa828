"""What recording a model gives: every call of a torch function, the values between them, and the modules around them.

A recording is merged from two runs at two batch sizes: sizes and whole numbers that follow the batch are ``Batched``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import torch
    from torch import nn

    from archcost.importers.form import Shape, Size


class Inputs(NamedTuple):
    """What a model is called with; ``names`` are those of the tensors in it, ``args`` first, nested ones in order.

    Of inputs of floating point the shape counts alone. Whole numbers are those of an example: a model may read them.
    """

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    names: Sequence[str]


if TYPE_CHECKING:
    # Of a batch size and a device; the parts of Inputs.
    InputMaker = Callable[[int, torch.device], tuple[tuple[Any, ...], dict[str, Any], Sequence[str]]]


class Origin(Enum):
    """Where a value comes from."""

    INPUT = "input"
    PARAMETER = "parameter"
    BUFFER = "buffer"
    RESULT = "result"  # of a call
    CONSTANT = "constant"  # a tensor that no call made: an attribute that is no buffer, what C++ made


@dataclass(slots=True)
class TorchValue:
    """A tensor of the run; ``name`` is that of the input, or the path of the parameter or buffer.

    A tensor that is written in place has a new value from there on, with the same origin RESULT.
    """

    number: int
    shape: Shape
    dtype: str
    origin: Origin
    name: str = ""


@dataclass(frozen=True, slots=True)  # no tuple: those are lists of arguments
class Ref:
    """A tensor among arguments, by the number of its value."""

    value: int


@dataclass(frozen=True, slots=True)
class Opaque:
    """An argument that no rule needs: its class's name and text."""

    kind: str
    text: str


# None, bool, int, Batched, float, str, dtypes as text ("int64"), slices, Ellipsis, Ref, Opaque, and lists (as tuples)
# and dicts of these.
Argument = Any


@dataclass(slots=True)
class TorchCall:
    """A call of a torch function.

    ``function`` is its name without what Python adds: "conv2d", "getitem", "setitem", "rsub", "add" (also for
    ``__add__``, ``__iadd__`` and ``add_``), or that of a property. ``outputs`` are the values that it returns, nested
    ones flattened, or that it writes if it returns none; an output that is an argument which was not changed is that
    argument's value. ``module`` is the module call around it. ``macs`` are those that torch's counter counted within.
    ``place`` is the line of the model's source that called, ``spelled`` torch's own name of the function
    (``torch.Tensor.matmul``), empty for an operator of Python. What is written into a view of another value is written
    into that one by a call of "setitem" of its own, whose index is Opaque.
    """

    function: str
    args: tuple[Argument, ...]
    kwargs: dict[str, Argument]
    outputs: tuple[int, ...]
    module: int
    macs: Size
    in_place: bool = False
    place: str = ""
    spelled: str = ""


@dataclass(slots=True)
class ModuleCall:
    """A call of a module: its path as in ``named_modules`` (that of its first name), its class, the call around it.

    ``number`` counts the calls of the same module from 0. Call 0 is the model itself. ``takes`` is the shape of the
    first tensor that is given by its place, ``gives`` are those of the result, at the batch size of the first run;
    ``output`` is the value of the first tensor that it gives, if that is known.
    """

    path: str
    kind: str
    parent: int
    module: nn.Module
    number: int = 0
    takes: tuple[int, ...] | None = None
    gives: tuple[tuple[int, ...], ...] = ()
    output: int | None = None


@dataclass(slots=True)
class Recording:
    """Two runs of a model, merged; or the one at batch 1, where others make other calls.

    ``larger`` is then what the larger ones do alike: if that comes to the same at batch 1, it is good for all.
    """

    values: list[TorchValue]
    calls: list[TorchCall]
    modules: list[ModuleCall]
    inputs: list[int]
    outputs: list[int]
    parameters: dict[str, int]  # elements, by path; shared ones once, by their first path
    macs: Size  # of the whole run, by torch's counter
    batch_sizes: tuple[int, ...]  # one if the model takes no other batch
    dtype: str
    remarks: list[str] = field(default_factory=list)
    larger: Recording | None = None
