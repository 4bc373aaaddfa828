"""What is told the user of a file: what it holds otherwise than the model that it was exported from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from archcost.phrases import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.importers.onnx.making import OnnxMaker
    from archcost.importers.onnx.tensors import StoredTensor

_NORM = "BatchNorm"  # in the class that the newer exporter notes at a convolution with a norm in it
_FUSED = "onnx::Conv_"  # what the older one calls the weight of such a convolution


@dataclass(slots=True)
class Remarks:
    """Collects what is seen on the way."""

    folded: int = 0  # convolutions that hold a norm
    quantized: bool = False
    copied: set[str] = field(default_factory=set)  # tensors that are stored once, and count for each layer
    customs: dict[tuple[str, str], list[str]] = field(default_factory=dict)  # nodes by op and reason

    def see(self, maker: OnnxMaker, sources: Sequence[StoredTensor]) -> None:
        """Look at the steps of a node."""
        classes = maker.node.classes
        for step in maker.made:
            if step.kind.startswith("conv") and "weight" in step.holds:
                in_norm = len(classes) > 1 and _NORM in classes[-2]
                self.folded += in_norm or sources[step.holds["weight"]].name.startswith(_FUSED)

    def sentences(self) -> Iterator[str]:
        """All of it."""
        if self.folded:
            many = "a convolution has" if self.folded == 1 else f"{self.folded:,} convolutions have"
            yield (
                f"Batch norm is folded: {many} the norm behind it in the weights, so the file has fewer params than "
                "the model that it was exported from."
            )
        if self.copied:
            count = len(self.copied)
            what = "A tensor" if count == 1 else f"{count:,} tensors"
            yield (
                f"{what} of equal numbers, which were never trained, {'is' if count == 1 else 'are'} stored once for "
                "several layers: they count for each of them."
            )
        if self.quantized:
            yield (
                "The file is quantized: nodes that only quantize are left out, weights count as params, and their "
                "bytes are those of the spec's dtype."
            )
        for (_, reason), nodes in self.customs.items():
            yield f"{listed(nodes[:1], len(nodes))} is a custom layer: {reason}."
