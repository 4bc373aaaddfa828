"""Ops that torch.nn has a class for: convolutions, linear layers, norms, activations, pools, dropout, resampling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from archcost.pytorch.builders.base import Builder, Inputs, attributes, plain, sized

if TYPE_CHECKING:
    from collections.abc import Callable


class Parameter(nn.Module):
    """A learnable tensor; drawn from N(0, 0.02²), as class tokens and position embeddings are."""

    def __init__(self, shape: tuple[int, ...], *, requires_grad: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(shape), requires_grad=requires_grad)
        nn.init.normal_(self.weight, std=0.02)

    def forward(self) -> Tensor:
        return self.weight

    def extra_repr(self) -> str:
        return f"{tuple(self.weight.shape)}"


class Buffer(nn.Module):
    """A tensor that is saved but not learnt; zeros until something is loaded."""

    values: Tensor

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.register_buffer("values", torch.zeros(shape))

    def forward(self) -> Tensor:
        return self.values

    def extra_repr(self) -> str:
        return f"{tuple(self.values.shape)}"


class LayerScale(nn.Module):
    """The input times a learnt number for each place along one of its dims."""

    def __init__(self, shape: tuple[int, ...], init_value: float) -> None:
        super().__init__()
        self.init_value = init_value
        self.weight = nn.Parameter(torch.full(shape, init_value))

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's name
        return input * self.weight

    def extra_repr(self) -> str:
        return f"{tuple(self.weight.shape)}, init_value={self.init_value}"


class RowLinear(nn.Linear):
    """nn.Linear that takes a vector as a matrix of one row: the counters see no product of a matrix and a vector."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's name
        return super().forward(input.unsqueeze(0)).squeeze(0) if input.dim() == 1 else super().forward(input)


def _last_dims(module: Callable[..., nn.Module]) -> Builder:
    """A builder for norms over the last dims: the last one, if none are named."""

    def build(op: Any, inputs: Inputs) -> nn.Module:
        chosen = attributes(op)
        if chosen["normalized_shape"] is None:
            chosen["normalized_shape"] = inputs[0][-1:]
        return module(**chosen)

    return build


def _group_norm(op: Any, inputs: Inputs) -> nn.Module:
    return nn.GroupNorm(op.num_groups, inputs[0][1], op.eps, op.affine)


def _layer_scale(op: Any, inputs: Inputs) -> nn.Module:
    dim, *after = inputs[0][op.dim :]
    return LayerScale((dim, *[1] * len(after)), op.init_value)


BUILDERS: dict[str, Builder] = {
    "conv1d": sized(nn.Conv1d, 1),
    "conv2d": sized(nn.Conv2d, 1),
    "conv3d": sized(nn.Conv3d, 1),
    "conv_transpose1d": sized(nn.ConvTranspose1d, 1),
    "conv_transpose2d": sized(nn.ConvTranspose2d, 1),
    "conv_transpose3d": sized(nn.ConvTranspose3d, 1),
    "linear": sized(nn.Linear, -1),
    "embedding": plain(nn.Embedding),
    "parameter": plain(Parameter),
    "buffer": plain(Buffer),
    "layer_scale": _layer_scale,
    "batch_norm1d": sized(nn.BatchNorm1d, 1),
    "batch_norm2d": sized(nn.BatchNorm2d, 1),
    "batch_norm3d": sized(nn.BatchNorm3d, 1),
    "instance_norm1d": sized(nn.InstanceNorm1d, 1),
    "instance_norm2d": sized(nn.InstanceNorm2d, 1),
    "instance_norm3d": sized(nn.InstanceNorm3d, 1),
    "layer_norm": _last_dims(nn.LayerNorm),
    "rms_norm": _last_dims(nn.RMSNorm),
    "group_norm": _group_norm,
    "local_response_norm": plain(nn.LocalResponseNorm),
    "celu": plain(nn.CELU),
    "elu": plain(nn.ELU),
    "gelu": plain(nn.GELU),
    "glu": plain(nn.GLU),
    "hardshrink": plain(nn.Hardshrink),
    "hardsigmoid": plain(nn.Hardsigmoid),
    "hardswish": plain(nn.Hardswish),
    "hardtanh": plain(nn.Hardtanh),
    "identity": plain(nn.Identity),
    "leaky_relu": plain(nn.LeakyReLU),
    "log_sigmoid": plain(nn.LogSigmoid),
    "log_softmax": plain(nn.LogSoftmax),
    "mish": plain(nn.Mish),
    "prelu": plain(nn.PReLU),
    "relu": plain(nn.ReLU),
    "relu6": plain(nn.ReLU6),
    "rrelu": plain(nn.RReLU),
    "selu": plain(nn.SELU),
    "sigmoid": plain(nn.Sigmoid),
    "silu": plain(nn.SiLU),
    "softmax": plain(nn.Softmax),
    "softmax2d": plain(nn.Softmax2d),
    "softmin": plain(nn.Softmin),
    "softplus": plain(nn.Softplus),
    "softshrink": plain(nn.Softshrink),
    "softsign": plain(nn.Softsign),
    "tanh": plain(nn.Tanh),
    "tanhshrink": plain(nn.Tanhshrink),
    "threshold": plain(nn.Threshold),
    "dropout": plain(nn.Dropout),
    "dropout1d": plain(nn.Dropout1d),
    "dropout2d": plain(nn.Dropout2d),
    "dropout3d": plain(nn.Dropout3d),
    "alpha_dropout": plain(nn.AlphaDropout),
    "max_pool1d": plain(nn.MaxPool1d),
    "max_pool2d": plain(nn.MaxPool2d),
    "max_pool3d": plain(nn.MaxPool3d),
    "avg_pool1d": plain(nn.AvgPool1d),
    "avg_pool2d": plain(nn.AvgPool2d),
    "avg_pool3d": plain(nn.AvgPool3d),
    "adaptive_avg_pool1d": plain(nn.AdaptiveAvgPool1d),
    "adaptive_avg_pool2d": plain(nn.AdaptiveAvgPool2d),
    "adaptive_avg_pool3d": plain(nn.AdaptiveAvgPool3d),
    "adaptive_max_pool1d": plain(nn.AdaptiveMaxPool1d),
    "adaptive_max_pool2d": plain(nn.AdaptiveMaxPool2d),
    "adaptive_max_pool3d": plain(nn.AdaptiveMaxPool3d),
    "upsample": plain(nn.Upsample),
    "pixel_shuffle": plain(nn.PixelShuffle),
    "pixel_unshuffle": plain(nn.PixelUnshuffle),
    "channel_shuffle": plain(nn.ChannelShuffle),
    "flatten": plain(nn.Flatten),
    "unflatten": plain(nn.Unflatten),
}
VERIFYING: dict[str, Builder] = {"linear": sized(RowLinear, -1)}
