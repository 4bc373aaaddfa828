"""What transformers counts for a configuration: the model is built on the meta device and run once, without numbers.

MACs are those of torch's counter. Attention is written out ("eager"), so that its two products are counted. What reads
values, as the choice of experts does, cannot run on the meta device: small models of this kind run on the CPU.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import torch
import transformers
from torch.utils.flop_counter import FlopCounterMode

if TYPE_CHECKING:
    from collections.abc import Mapping


def built(config: Mapping[str, Any], device: str = "meta") -> Any:
    """The model that a configuration describes, with the first of its architectures."""
    named = copy.deepcopy(dict(config))
    made = transformers.AutoConfig.for_model(named.pop("model_type"), **named)
    kind = getattr(transformers, config["architectures"][0])
    with torch.device(device):
        made._experts_implementation = "eager"
        model = kind._from_config(made, attn_implementation="eager")
    return model.eval().requires_grad_(False)


def figures(config: Mapping[str, Any], device: str = "meta", **sizes: tuple[int, ...]) -> tuple[int, int]:
    """The params of a model, each tensor once, and the MACs of a run on inputs of these sizes, batch included."""
    model = built(config, device)
    given = {
        name: torch.zeros(shape, device=device, dtype=torch.float32 if name in _REAL else torch.int64)
        for name, shape in sizes.items()
    }
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(**given)
    flops = counter.get_total_flops()
    assert flops % 2 == 0
    return sum(parameter.numel() for parameter in model.parameters()), flops // 2


_REAL = ("pixel_values", "input_values", "input_features")
