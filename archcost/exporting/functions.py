"""How functions are written: one writer for each form, from the op, its attributes as text and its inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from archcost.exporting.source_lines import Doc, Operation, call, flat, tuple_of
from archcost.ops.field_types import REQUIRED

if TYPE_CHECKING:
    from archcost.dims import Shape

Given = Mapping[str, Any]  # attributes as text, or as a list of texts
Writer = Callable[[Any, Given, Sequence[Doc], Sequence["Shape"]], Doc]


def operator(symbol: str) -> Writer:
    """``a + b + c``, or ``a + 1.0``."""

    def write(_: Any, given: Given, inputs: Sequence[Doc], __: Sequence[Shape]) -> Doc:
        return Operation(symbol, (*inputs, *([given["other"]] if "other" in given else [])))

    return write


def reduction(op: Any, given: Given, inputs: Sequence[Doc], _: Sequence[Shape]) -> Doc:
    """``x.mean(dim=(2, 3), keepdim=True)``; all dims if none are named."""
    settings = {key: given[key] for key in ("dim", "correction", "keepdim") if key in given}
    if not op.dim:
        settings.pop("dim", None)
        settings = {"dim": "()", **settings} if settings else {}
    return call(f"{flat(inputs[0])}.{op.torch_name}", **settings)


def joined(op: Any, given: Given, inputs: Sequence[Doc], _: Sequence[Shape]) -> Doc:
    """``torch.cat((a, b), dim=1)``."""
    return call(op.torch_name, tuple_of(inputs), **given)


def plain(op: Any, given: Given, inputs: Sequence[Doc], _: Sequence[Shape]) -> Doc:
    """``x.permute(0, 2)``, ``F.pad(x, (1, 1), mode="reflect")``: what has no default by position, lists by item."""
    first, named = _arguments(op, given)
    if "." in op.torch_name:
        return call(op.torch_name, *inputs, *first, **named)
    return call(f"{flat(inputs[0])}.{op.torch_name}", *inputs[1:], *first, **named)


def squeezed(_: Any, given: Given, inputs: Sequence[Doc], __: Sequence[Shape]) -> Doc:
    """``x.squeeze(1)``."""
    return call(f"{flat(inputs[0])}.squeeze", *given.values())


def _arguments(op: Any, given: Given) -> tuple[list[Doc], dict[str, Doc]]:
    """The attributes by position, and the others by name; a list without items is an argument of its own."""
    required = [name for name, declared in op.fields.items() if declared.default is REQUIRED]
    first: list[Doc] = []
    for name in required:
        text = given.get(name, "()")
        first += text if isinstance(text, list) else [text]
    return first, {name: text for name, text in given.items() if name not in required}


def einsum(_: Any, given: Given, inputs: Sequence[Doc], __: Sequence[Shape]) -> Doc:
    """``torch.einsum("ij,jk->ik", a, b)``."""
    return call("torch.einsum", given["equation"], *inputs)


def sliced(op: Any, given: Given, inputs: Sequence[Doc], shapes: Sequence[Shape]) -> Doc:
    """``x[:, 1:-1]``."""
    start, end, step = given.get("start", ""), given.get("end", ""), given.get("step", "")
    ends = [start, end, step] if step else [start, end]
    simple = all(text.lstrip("-").isalnum() for text in ends if text)
    part = ":".join(ends) if simple else _spaced(ends)
    before = op.dim if op.dim >= 0 else len(shapes[0]) + op.dim
    return f"{flat(inputs[0])}[{', '.join([':'] * before + [part])}]"


def indexed(op: Any, _: Given, inputs: Sequence[Doc], shapes: Sequence[Shape]) -> Doc:
    """``x[:, index]``."""
    before = op.dim % len(shapes[0])
    return f"{flat(inputs[0])}[{', '.join([':'] * before + [flat(inputs[1])])}]"


def gathered(_: Any, given: Given, inputs: Sequence[Doc], __: Sequence[Shape]) -> Doc:
    """``x.gather(1, index)``."""
    return call(f"{flat(inputs[0])}.gather", given["dim"], inputs[1])


def _spaced(ends: Sequence[str]) -> str:
    """``self.start :: self.step``: the ends of a slice, of which some are more than a name or number."""
    text = ends[0]
    for end in ends[1:]:
        text += " :" if text and text[-1] != ":" else ":"
        text += f" {end}" if end else ""
    return text


def flattened(_: Any, given: Given, inputs: Sequence[Doc], __: Sequence[Shape]) -> Doc:
    """``torch.flatten(x, 1)``: torch's function begins with dim 0, unlike nn.Flatten."""
    start, end = given.get("start_dim", "1"), given.get("end_dim", "-1")
    ends = [end] if end != "-1" else []
    starts = [start] if start != "0" or ends else []
    return call("torch.flatten", *inputs, *starts, *ends)


def unflattened(_: Any, given: Given, inputs: Sequence[Doc], __: Sequence[Shape]) -> Doc:
    """``torch.unflatten(x, 1, (3, -1))``."""
    return call("torch.unflatten", *inputs, given["dim"], tuple_of(given["unflattened_size"]))


def attention(_: Any, given: Given, inputs: Sequence[Doc], __: Sequence[Shape]) -> Doc:
    """``F.scaled_dot_product_attention(query, key, value)``; it drops in training only."""
    settings = dict(given)
    if "dropout_p" in settings:
        settings["dropout_p"] = f"{settings['dropout_p']} if self.training else 0.0"
    return call("F.scaled_dot_product_attention", *inputs, **settings)


def attend(head: str, inputs: Sequence[Doc]) -> Doc:
    query, key, value = inputs[0], inputs[min(1, len(inputs) - 1)], inputs[-1]
    return call(head, query, key, value, need_weights="False")


def with_states(head: str, inputs: Sequence[Doc]) -> Doc:
    """An LSTM takes its states as one argument."""
    return call(head, inputs[0], tuple_of(inputs[1:])) if len(inputs) > 1 else call(head, *inputs)
