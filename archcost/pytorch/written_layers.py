"""Layers that a model writes out in functions: products that are linear layers, RMS norms, scales."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.pytorch.kinds import SCALE, Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.dims import Shape
    from archcost.importers.torch.recorded import TorchCall

# By function, the argument that is a matrix if the product is a linear layer: what is right of the rows.
PRODUCTS = {"matmul": 1, "mm": 1, "addmm": 2}
_FORM = frozenset(("to", "float", "type_as", "type", "half", "bfloat16", "view", "reshape", "unsqueeze"))
# x · rsqrt(mean(x²) + ε) · weight; some scale by 1 + weight.
_RMS_NORM = ("pow", "mean", "add", "rsqrt", "mul", "mul")
_RMS_NORM_OF_ONE = ("pow", "mean", "add", "rsqrt", "mul", "add", "mul")
_SQUARE = 2
_LAST = (-1, (-1,))


def written_kind(calls: Sequence[TorchCall], shapes: Sequence[Shape]) -> Kind | None:
    """The kind of a layer of somebody's own by all calls of its module, and the shapes of its tensors.

    None where they are not one layer that is known.
    """
    essential = [call for call in calls if call.function not in _FORM]
    functions = tuple([call.function for call in essential])
    if functions == ("mul",) and len(shapes) == 1:
        return Kind(SCALE, is_torchs=False, settings={})
    if functions in (_RMS_NORM, _RMS_NORM_OF_ONE) and len(shapes) == 1 and _is_mean_square(*essential[:2]):
        return Kind("RMSNorm", is_torchs=True, settings={"normalized_shape": shapes[0]})
    return None


def _is_mean_square(power: TorchCall, mean: TorchCall) -> bool:
    dims = mean.args[1] if len(mean.args) > 1 else mean.kwargs.get("dim")
    return power.args[1:] == (_SQUARE,) and dims in _LAST and mean.args[0].value in power.outputs
