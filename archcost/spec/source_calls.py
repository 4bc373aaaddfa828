"""How the source of an imported spec computes a layer, as far as the counters of others look at it."""

from __future__ import annotations

from typing import NamedTuple

_TORCHS = "torch.nn.modules."


class SourceCall(NamedTuple):
    """The torch function that is called for a layer, and the modules around the call.

    ``function`` is torch's name (``torch.nn.functional.softmax``, ``torch.Tensor.matmul``); empty for an operator of
    Python, and where there are several. ``module`` and ``caller`` are the classes of the module around the call and of
    the one around that. ``params`` are the names of the parameters that the layer holds, apart by spaces, if they are
    that module's own and no modules are in it; else empty.
    """

    function: str = ""
    module: str = ""
    params: str = ""
    caller: str = ""

    def is_of(self, name: str) -> bool:
        """Whether the module is of torch's own class of this name, and not of one derived from it."""
        return self.module.startswith(_TORCHS) and self.module.rpartition(".")[2] == name
