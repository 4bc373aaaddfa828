"""Layers of torchvision and transformers that torch's counter cannot see: their MACs are worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from archcost.importers.form import Batched, Form
from archcost.importers.torch.lowering import lower
from archcost.importers.torch.recording import record
from tests.importers.torch.lowering_support import kinds, lowered, step
from tests.importers.torch.recording_support import tokens


def test_deformable_convolutions() -> None:
    ops = pytest.importorskip("torchvision.ops")

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = ops.DeformConv2d(4, 6, 3, padding=1, groups=2)

        def forward(self, x: torch.Tensor, offset: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            found: torch.Tensor = self.conv(x, offset, mask)
            return found

    model = lowered(Net, (4, 5, 5), (2 * 3 * 3, 5, 5), (3 * 3, 5, 5))
    (conv,) = model.steps
    assert (conv.kind, conv.id, len(conv.inputs)) == ("deform_conv2d", "conv", 3)
    assert conv.attributes == {"out_channels": 6, "kernel_size": 3, "groups": 2, "padding": 1}
    assert model.truth.macs == 0
    assert model.truth.unseen_macs == ("deform_conv2d",)


_SMALL = {
    "vocab_size": 99,
    "hidden_size": 64,
    "num_hidden_layers": 1,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
    "intermediate_size": 128,
    "max_position_embeddings": 64,
    "use_cache": False,
}
_EXPERTS = {"num_experts_per_tok": 2, "moe_intermediate_size": 32, "num_experts": 4}


def _language_model(name: str, settings: dict[str, Any]) -> Form:
    transformers = pytest.importorskip("transformers")
    config = getattr(transformers, f"{name}Config")(**_SMALL | settings)
    kind = getattr(transformers, f"{name}ForCausalLM")
    return lower(record(lambda: kind._from_config(config), tokens(8)), name="net", source="a test")


@pytest.mark.parametrize(
    ("name", "settings", "path", "hidden"),
    [
        ("Mixtral", {"num_local_experts": 4, "num_experts_per_tok": 2}, "model.layers.0.mlp", 128),  # the block
        ("Qwen3Moe", _EXPERTS, "model.layers.0.mlp", 32),
        ("Qwen2Moe", _EXPERTS | {"shared_expert_intermediate_size": 64}, "model.layers.0.mlp.experts", 32),  # a part
    ],
)
def test_a_router_with_its_experts_is_one_layer(name: str, settings: dict[str, Any], path: str, hidden: int) -> None:
    model = _language_model(name, settings)
    mixture = step(model, "mixture_of_experts")
    assert model.path_of(mixture) == path
    assert mixture.attributes == {"num_experts": 4, "top_k": 2, "hidden_features": hidden}
    assert "custom" not in kinds(model)
    assert model.truth.unseen_macs == ("mixture_of_experts",)
    assert f"{path.removesuffix('.experts')}.gate.weight" in mixture.tensors


def test_grouped_products_count_rows_times_elements_of_a_matrix() -> None:
    model = _language_model("GptOss", {"num_local_experts": 4, "num_experts_per_tok": 2})
    grouped = [each.attributes["macs"] for each in model.steps if each.attributes.get("name") == "grouped_mm"]
    rows = 8 * 2  # tokens of a sample, each with two experts
    assert grouped == [Batched(rows * 64 * 2 * 128), Batched(rows * 128 * 64)]
