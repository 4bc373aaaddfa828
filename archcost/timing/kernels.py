"""Kernels: what a device runs for a layer, with its products, its arithmetic and the bytes that it moves."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Pipe(StrEnum):
    """What a kernel is to the rates of a device."""

    CONVOLUTION = "convolution"  # of kernels larger than 1
    POINTWISE = "1×1 convolution"
    GROUPED = "grouped convolution"
    DEPTHWISE = "depthwise convolution"
    MATRICES = "matrices"  # linear layers, products, attention
    POOL = "pool"
    STREAM = "pass over memory"


class DeviceKernel(NamedTuple):
    """One launch of a device, or several one after the other.

    ``macs`` are those that are issued, with padding, on factors of ``dtype``; ``operations`` what the float32 units do
    besides. ``read`` and ``written`` are bytes of activations, ``weights`` the bytes of weights that are read.
    One that ``follows`` reads what the kernel before it has written. An ``update`` is of all params, and of no layer.
    """

    node: int
    pipe: Pipe
    dtype: str
    macs: int = 0
    operations: int = 0
    read: int = 0
    written: int = 0
    weights: int = 0
    launches: int = 1
    follows: bool = True
    update: bool = False

    @property
    def moved(self) -> int:
        """All bytes."""
        return self.read + self.written + self.weights


class RunMode(NamedTuple):
    """How a model is run: in mixed precision (the half of autocast), by torch.compile, in channels-last, in training.

    ``tensor_cores``: products in half precision run on units that take channels last, as on GPUs.
    ``optimizer`` is that of a training step. ``plain_attention``: attention is two products and a softmax, with the
    scores in memory, as before PyTorch 2.0 or by ``attn_implementation="eager"``.
    """

    mixed: str = ""
    compiled: bool = False
    channels_last: bool = False
    training: bool = False
    optimizer: str = "sgd"
    tensor_cores: bool = True
    plain_attention: bool = False
