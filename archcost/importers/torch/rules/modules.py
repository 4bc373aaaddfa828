"""Rules that see a module whole: what is one op of archcost, and many calls of torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence  # noqa: TC003 - a named tuple's types are read when it is made
from typing import TYPE_CHECKING, NamedTuple

from archcost.importers.torch.recorded import Ref
from archcost.importers.torch.rules.attention import multi_head_attention
from archcost.importers.torch.rules.base import RULES, Maker, Unmapped
from archcost.importers.torch.rules.calls import bound
from archcost.importers.torch.rules.experts import mixture, mixture_at, routed_from

if TYPE_CHECKING:
    from archcost.importers.torch.recorded import ModuleCall
    from archcost.importers.torch.spans import Span

_FORWARD = "multi_head_attention_forward"


class ModuleRule(NamedTuple):
    """``lower`` gives the values of a span's outputs.

    ``last`` says by the modules alone whether that is worth a try where a module call begins: the number of the module
    call with which the span ends, mostly the same one, or None.
    """

    last: Callable[[Sequence[ModuleCall], int], int | None]
    lower: Callable[[Span, Maker], list[int]]


def _multihead_at(modules: Sequence[ModuleCall], number: int) -> int | None:
    module = modules[number]
    return number if module.kind == "MultiheadAttention" and getattr(module.module, "batch_first", False) else None


def _multihead(span: Span, maker: Maker) -> list[int]:
    """Torch's multi-head layer, batch first: it turns its inputs to (L, N, E), and its output back.

    What it makes of masks before goes into the layer, where masks change no figure.
    """
    turned: dict[int, int] = {}
    main = None
    for call in span.calls:
        if call.function == "transpose" and isinstance(call.args[0], Ref) and call.args[1:] == (1, 0):
            turned[call.outputs[0]] = call.args[0].value
        elif call.function == _FORWARD and main is None:
            main = call
        elif call.macs:
            raise Unmapped(f"it calls {call.function} as well")
    if main is None:
        raise Unmapped(f"it does not call {_FORWARD}")
    arguments = bound(main, RULES[_FORWARD].signature, [maker.recorded(value) for value in main.outputs], span.value)
    for name in ("query", "key", "value"):
        source = turned.get(arguments.recorded(name))
        if source is None:
            raise Unmapped(f"its {name} is not batch first")
        arguments.arguments[name] = Ref(source)
    made = dict(zip(main.outputs, multi_head_attention(arguments, maker, batch_first=True), strict=True))
    values = [made.get(turned.get(output, output)) for output in span.outputs]
    if main.outputs[0] in span.outputs:
        raise Unmapped("its output is read before it is turned back")
    found = [value for value in values if value is not None]
    if len(found) < len(values):
        raise Unmapped("it gives what is neither its output nor its weights")
    return found


MODULE_RULES = (
    ModuleRule(_multihead_at, _multihead),
    ModuleRule(mixture_at, mixture),
    ModuleRule(routed_from, mixture),
)
