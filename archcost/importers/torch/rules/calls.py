"""A recorded call with its arguments by name, as torch's signature has them."""

from __future__ import annotations

from ast import literal_eval
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.importers.torch.recorded import Ref
from archcost.importers.typing_steps import Unmapped

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from archcost.importers.form import FormTensor
    from archcost.importers.torch.recorded import Argument, TorchCall

__all__ = ["BoundCall", "Unmapped", "bound", "signature_of"]

# What a function of torch's takes under a name of numpy's too.
_ALIASES = {"axis": "dim", "axes": "dims", "keepdims": "keepdim", "x": "input", "x1": "input", "x2": "other"}
# What torch itself calls the same argument in the method, the function, or the module of ``torch.nn.functional``.
_ALIASES |= {
    "tensor": "input",
    "self": "input",
    "mat1": "first",
    "batch1": "first",
    "batch2": "second",
    "mat2": "other",
    "vec": "other",
    "vec2": "other",
    "axis0": "dim0",
    "axis1": "dim1",
    "dims": "sizes",
    "size": "sizes",
    "shape": "sizes",
    "repeats": "sizes",
    "split_size_or_sections": "split_size",
    "split_sizes": "split_size",
    "unflattened_size": "sizes",
    "value": "fill_value",
}
_SECOND = {"mat2": "second", "mat": "first", "vec": "second"}  # of functions that add to a product
# What changes no shape and no figure, of any function.
_WITHOUT_MEANING = frozenset(
    [
        "out",
        "inplace",
        "generator",
        "layout",
        "device",
        "pin_memory",
        "requires_grad",
        "memory_format",
        "non_blocking",
        "copy",
        "names",
    ]
)
_ABSENT: Any = object()


class CallSignature(NamedTuple):
    """The parameters of a function in order; one may take all further positional arguments, as ``*sizes``."""

    names: tuple[str, ...]
    defaults: dict[str, Any]
    variadic: str = ""


@cache
def signature_of(text: str) -> CallSignature:
    """Read ``input, start_dim=0, *sizes``: names, defaults as Python writes them. Raises ValueError if it is wrong."""
    names: list[str] = []
    defaults: dict[str, Any] = {}
    variadic = ""
    for part in filter(None, map(str.strip, text.split(","))):
        name, _, default = map(str.strip, part.partition("="))
        if not name.removeprefix("*").isidentifier() or (variadic and not default):
            raise ValueError(f"'{text}' is no signature: '{part}'")
        if name.startswith("*"):
            variadic = name = name[1:]
        names.append(name)
        if default:
            defaults[name] = literal_eval(default)
    return CallSignature(tuple(names), defaults, variadic)


@dataclass(slots=True)
class BoundCall:
    """A call of a function, with its arguments by name.

    ``results`` are the tensors that the run gave. Arguments are as recorded: a tensor is a :class:`Ref` to a value of
    the recording. ``tensor`` gives the value of the form that stands for it.
    """

    call: TorchCall
    arguments: dict[str, Argument]
    results: tuple[FormTensor, ...]
    values: Callable[[int], int]  # a value of the recording → that of the form; made when first asked for

    @property
    def function(self) -> str:
        """The canonical name of the function."""
        return self.call.function

    @property
    def result(self) -> FormTensor:
        """The tensor that the run gave; raises Unmapped if there is not exactly one."""
        if len(self.results) != 1:
            raise Unmapped(f"{self.function} gave {len(self.results)} tensors")
        return self.results[0]

    def get(self, name: str, default: Argument = None) -> Argument:
        """An argument as given, or as the signature has it by default, or ``default``."""
        return self.arguments.get(name, default)

    def has_tensor(self, name: str) -> bool:
        """Whether an argument is a tensor."""
        return isinstance(self.arguments.get(name), Ref)

    def recorded(self, name: str) -> int:
        """The number in the recording of a tensor that is given; raises Unmapped if it is none."""
        value = self.arguments.get(name)
        if not isinstance(value, Ref):
            raise Unmapped(f"the {name} of {self.function} is no tensor")
        return value.value

    def tensor(self, name: str) -> int:
        """The value in the form of a tensor that is given; raises Unmapped if it is none."""
        return self.values(self.recorded(name))

    def tensors(self, name: str) -> list[int]:
        """The values in the form of a list of tensors; raises Unmapped if it is not one of tensors alone."""
        given = self.arguments.get(name)
        if isinstance(given, Ref):
            return [self.values(given.value)]
        if type(given) is not tuple or not all(isinstance(item, Ref) for item in given):
            raise Unmapped(f"the {name} of {self.function} are not tensors alone")
        return [self.values(item.value) for item in given]


def bound(call: TorchCall, text: str, results: Sequence[FormTensor], values: Callable[[int], int]) -> BoundCall:
    """Bind a call to a signature; raises Unmapped where the arguments do not fit it.

    A variadic parameter takes one list or several values: ``permute(x, 0, 2, 1)``, ``permute(x, (0, 2, 1))``.
    """
    signature = signature_of(text)
    arguments: dict[str, Argument] = dict(signature.defaults)
    given = list(call.args)
    for place, name in enumerate(signature.names):
        if name == signature.variadic:
            rest = tuple(given[place:])
            given = given[:place]
            if rest:
                arguments[name] = rest[0] if len(rest) == 1 and type(rest[0]) is tuple else rest
        elif place < len(given):
            arguments[name] = given[place]
    if len(given) > len(signature.names):
        raise Unmapped(f"{call.function} has {len(given)} arguments, more than are known of it")
    for name, value in call.kwargs.items():
        aliases = (name, _ALIASES.get(name, name), _SECOND.get(name, name))
        known = next((alias for alias in aliases if alias in signature.names), aliases[1])
        if known not in signature.names and known not in _WITHOUT_MEANING and value is not None:
            raise Unmapped(f"{call.function} has an argument that is not known of it: {name}")
        arguments[known] = value
    return BoundCall(call, arguments, tuple(results), values)
