"""Max unpooling whose output size is known before it is called: a trace of torch's function stops at working it out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from torch.nn import functional

from archcost.pytorch.builders.base import Function, acting_by

if TYPE_CHECKING:
    from torch import Tensor

    from archcost.pytorch.builders.base import Builder


class SizedMaxUnpool(Function):
    """The output size by torch's own rule, from sizes that are numbers in a trace, too."""

    def forward(self, *inputs: Tensor) -> Tensor:
        values, indices = inputs
        kernel_size, padding = self.settings["kernel_size"], self.settings["padding"]
        stride = self.settings.get("stride", kernel_size)
        sized = SimpleNamespace(size=lambda: [int(size) for size in values.shape])
        wanted = functional._unpool_output_size(  # type: ignore[attr-defined]  # noqa: SLF001 - it has no other name
            sized, kernel_size, stride, padding, self.settings.get("output_size")
        )
        result: Tensor = self.function(values, indices, **{**self.settings, "output_size": wanted})
        return result


VERIFYING: dict[str, Builder] = {f"max_unpool{ndim}d": acting_by(SizedMaxUnpool) for ndim in (1, 2, 3)}
