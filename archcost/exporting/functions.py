"""How functions are written: one writer for each form, from the op, its attributes as text and its inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from archcost.exporting.source_lines import Doc, Operation, call, flat, tuple_of

if TYPE_CHECKING:
    from archcost.dims import Shape

Given = Mapping[str, Any]  # attributes as text, or as a list of texts
Writer = Callable[[Any, Given, Sequence[Doc], Sequence["Shape"]], Doc]


def operator(symbol: str) -> Writer:
    """``a + b + c``, or ``a + 1.0``."""

    def write(_: Any, given: Given, inputs: Sequence[Doc], __: Sequence[Shape]) -> Doc:
        return Operation(symbol, (*inputs, *([given["other"]] if "other" in given else [])))

    return write


def reduction(name: str) -> Writer:
    """``x.mean(dim=(2, 3), keepdim=True)``; all dims if none are named."""

    def write(op: Any, given: Given, inputs: Sequence[Doc], _: Sequence[Shape]) -> Doc:
        settings = {key: given[key] for key in ("dim", "keepdim") if key in given}
        if not op.dim:
            settings.pop("dim", None)
            settings = {"dim": "()", **settings} if settings else {}
        return call(f"{flat(inputs[0])}.{name}", **settings)

    return write


def joined(name: str) -> Writer:
    """``torch.cat((a, b), dim=1)``."""

    def write(_: Any, given: Given, inputs: Sequence[Doc], __: Sequence[Shape]) -> Doc:
        return call(name, tuple_of(inputs), **given)

    return write


def parted(name: str, into: str) -> Writer:
    """``torch.chunk(x, 2, dim=1)``."""

    def write(_: Any, given: Given, inputs: Sequence[Doc], __: Sequence[Shape]) -> Doc:
        return call(name, *inputs, given[into], **{key: text for key, text in given.items() if key != into})

    return write


def method(name: str, *arguments: str) -> Writer:
    """``x.permute(0, 2, 3, 1)``: the attributes by position, those that are lists item by item."""

    def write(_: Any, given: Given, inputs: Sequence[Doc], __: Sequence[Shape]) -> Doc:
        texts: list[Doc] = []
        for argument in arguments:
            text = given.get(argument, [])
            texts += text if isinstance(text, list) else [text]
        is_scalar = not texts and arguments in (("shape",), ("sizes",), ("dims",))
        return call(f"{flat(inputs[0])}.{name}", *(["()"] if is_scalar else texts))

    return write


def named(name: str) -> Writer:
    """``x.clamp(min=0.0)``: the attributes by name."""

    def write(_: Any, given: Given, inputs: Sequence[Doc], __: Sequence[Shape]) -> Doc:
        return call(f"{flat(inputs[0])}.{name}", **given)

    return write


def einsum(_: Any, given: Given, inputs: Sequence[Doc], __: Sequence[Shape]) -> Doc:
    """``torch.einsum("ij,jk->ik", a, b)``."""
    return call("torch.einsum", given["equation"], *inputs)


def normalized(_: Any, given: Given, inputs: Sequence[Doc], __: Sequence[Shape]) -> Doc:
    """``F.normalize(x, dim=-1)``."""
    return call("F.normalize", *inputs, **given)


def sliced(op: Any, given: Given, inputs: Sequence[Doc], shapes: Sequence[Shape]) -> Doc:
    """``x[:, 1:-1]``."""
    start, end, step = given.get("start", ""), given.get("end", ""), given.get("step", "")
    ends = [start, end, step] if step else [start, end]
    simple = all(text.lstrip("-").isalnum() for text in ends if text)
    part = ":".join(ends) if simple else _spaced(ends)
    before = op.dim if op.dim >= 0 else len(shapes[0]) + op.dim
    return f"{flat(inputs[0])}[{', '.join([':'] * before + [part])}]"


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


def padded(_: Any, given: Given, inputs: Sequence[Doc], __: Sequence[Shape]) -> Doc:
    """``F.pad(x, (1, 1), mode="reflect")``."""
    return call("F.pad", *inputs, given["pad"], **{key: text for key, text in given.items() if key != "pad"})


def rolled(_: Any, given: Given, inputs: Sequence[Doc], __: Sequence[Shape]) -> Doc:
    """``torch.roll(x, 3, dims=1)``."""
    return call("torch.roll", *inputs, given["shifts"], **{key: text for key, text in given.items() if key != "shifts"})


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
