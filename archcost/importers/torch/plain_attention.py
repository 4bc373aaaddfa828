"""Attention as products of matrices, which a counter sees: neither fused kernels nor fused layers."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def without_fused_layers() -> Iterator[None]:
    """Without the fused forms of ``nn.MultiheadAttention`` and its kin; as it was before, afterwards."""
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)


@contextlib.contextmanager
def plain_attention() -> Iterator[None]:
    """Without fused layers, and without the kernels of ``scaled_dot_product_attention``."""
    with without_fused_layers(), sdpa_kernel(SDPBackend.MATH):
        yield
