"""How often one run of a network of ours calls each of torch's functions."""

from __future__ import annotations

import warnings
from collections import Counter
from typing import TYPE_CHECKING, Any

import torch
from torch.overrides import TorchFunctionMode

from archcost.importers.torch.functions import name_of
from archcost.pytorch.layers.experts import MixtureOfExperts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor, nn


class _Functions(TorchFunctionMode):
    """Counts how often each function is called."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        del types
        self.counts[name_of(func)] += 1
        return func(*args, **(kwargs or {}))

    def once_for_all(self, module: MixtureOfExperts, *_: Any) -> None:
        """Count the activation of a layer's experts once."""
        self.counts[module.activation] -= len(module.w1) - 1


def functions_of(network: nn.Module, inputs: tuple[Tensor, ...]) -> Mapping[str, int]:
    """How often a run calls each of torch's functions; raises what the network raises.

    The experts of a layer have one activation together, as where others stack them.
    """
    called = _Functions()
    for module in network.modules():
        if isinstance(module, MixtureOfExperts):
            module.register_forward_hook(called.once_for_all)
    with torch.no_grad(), warnings.catch_warnings(), called:
        warnings.simplefilter("ignore")
        network(*inputs)
    return called.counts
