"""Rules that see a module whole: what is one op of archcost, and many calls of torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from archcost.importers.torch.recorded import Ref
from archcost.importers.torch.rules.attention import multi_head_attention
from archcost.importers.torch.rules.base import RULES, Maker, Unmapped
from archcost.importers.torch.rules.calls import bound
from archcost.importers.torch.rules.experts import mixture, routes

if TYPE_CHECKING:
    from archcost.importers.torch.recorded import ModuleCall
    from archcost.importers.torch.spans import Span

_FORWARD = "multi_head_attention_forward"


class ModuleRule(NamedTuple):
    """``fits`` says by the module alone whether ``lower`` is worth a try: it gives the values of the span's outputs."""

    fits: Callable[[ModuleCall], bool]
    lower: Callable[[Span, Maker], "list[int]"]


def _is_multihead(module: ModuleCall) -> bool:
    return module.kind == "MultiheadAttention" and bool(getattr(module.module, "batch_first", False))


def _multihead(span: Span, maker: Maker) -> list[int]:
    """torch's multi-head layer, batch first: it turns its inputs to (L, N, E), and its output back."""
    turned: dict[int, int] = {}
    main = None
    for call in span.calls:
        if call.function == "transpose" and isinstance(call.args[0], Ref) and call.args[1:] == (1, 0):
            turned[call.outputs[0]] = call.args[0].value
        elif call.function == _FORWARD and main is None:
            main = call
        else:
            raise Unmapped(f"it calls {call.function} as well")
    if main is None or [turned.get(value) for value in span.outputs] != [main.outputs[0]]:
        raise Unmapped("it gives more than one tensor")
    arguments = bound(main, RULES[_FORWARD].signature, [maker.recorded(value) for value in main.outputs], span.value)
    for name in ("query", "key", "value"):
        arguments.arguments[name] = Ref(turned[arguments.recorded(name)])
    return [value for value in multi_head_attention(arguments, maker, batch_first=True) if value is not None]


MODULE_RULES = (ModuleRule(_is_multihead, _multihead), ModuleRule(routes, mixture))
