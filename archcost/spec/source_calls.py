"""How the source of an imported spec computes a layer, as far as the counters of others look at it."""

from __future__ import annotations

from typing import NamedTuple

_TORCHS = "torch.nn.modules."


class SourceCall(NamedTuple):
    """The torch function that is called for a layer, and the modules around the call.

    ``function`` is torch's name (``torch.nn.functional.softmax``, ``torch.Tensor.matmul``); empty for an operator of
    Python, a function that the module has kept as an attribute, and where there are several; of torch's own attention
    it is ``torch.bmm`` where the module is asked for the weights. ``module`` and ``caller`` are the classes of the
    module around the call and of the one around that. ``params`` are the names of the parameters that the layer holds,
    apart by spaces, if they are that module's own and no modules are in it; ``output`` is then the shape of what the
    module gives, a size ``1n+0`` for each dim, where n is the batch.
    """

    function: str = ""
    module: str = ""
    params: str = ""
    output: str = ""
    caller: str = ""

    def shape(self, batch: int) -> tuple[int, ...]:
        """The shape of what the module gives at a batch size."""
        sizes = [map(int, size.split("n+")) for size in self.output.split()]
        return tuple([times * batch + plus for times, plus in sizes])

    def is_of(self, name: str) -> bool:
        """Whether the module is of torch's own class of this name, and not of one derived from it."""
        return self.module.startswith(_TORCHS) and self.module.rpartition(".")[2] == name
