"""How the source of an imported spec computes a layer, as far as the counters of others look at it."""

from __future__ import annotations

from typing import NamedTuple

_TORCHS = "torch.nn.modules."


class SourceCall(NamedTuple):
    """The torch function that is called for a layer, and the modules around the call.

    ``function`` is torch's name (``torch.nn.functional.softmax``, ``torch.Tensor.matmul``; ``torch.Tensor.__matmul__``
    for the operator ``@``); empty for the other operators of Python, a function that the module has kept as an
    attribute, and where there are several; of torch's own attention it is ``torch.bmm`` where the module is asked for
    the weights. ``module`` and ``caller`` are the classes of the module around the call and of the one around that.
    ``params`` are the names of the parameters that the layer holds, apart by spaces, if they are that module's own and
    no modules are in it; ``output`` is then the shape of what the module gives, a size ``1n+0`` for each dim, where n
    is the batch. ``base`` is torch's class that the module's is derived from; empty of torch's own, and without one.
    """

    function: str = ""
    module: str = ""
    params: str = ""
    output: str = ""
    caller: str = ""
    base: str = ""

    def shape(self, batch: int) -> tuple[int, ...]:
        """The shape of what the module gives at a batch size."""
        sizes = [map(int, size.split("n+")) for size in self.output.split()]
        return tuple([times * batch + plus for times, plus in sizes])

    def is_of(self, name: str) -> bool:
        """Whether the module is of torch's own class of this name, and not of one derived from it."""
        return self.module.startswith(_TORCHS) and self.module.rpartition(".")[2] == name

    @property
    def torchs(self) -> str:
        """The name of torch's class that the module is of, or derived from; empty if it is of its own making."""
        own = self.base or self.module
        return own.rpartition(".")[2] if own.startswith(_TORCHS) else ""
