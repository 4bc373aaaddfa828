"""Reductions, norms, pools, interpolation, windows and products."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from tests.importers.torch.rules_support import Case, check

X = ("4 6",)
XY = ("4 6", "4 6")
LINE, IMAGE, VOLUME = ("3 8",), ("3 8 8",), ("2 4 4 4",)
SQUARES = ("4 4", "4 4")

REDUCTIONS = [
    Case("sum", lambda x: x.sum(), X, "sum"),
    Case("sum along", lambda x: torch.sum(x, dim=(1, 2), keepdim=True), X, "sum"),
    Case("sum of whole numbers", lambda x: x.sum(1), ("int64 4",), "sum"),
    Case("mean", lambda x: x.mean([1, 2]), X, "mean"),
    Case("mean along a dim by numpy's names", lambda x: x.mean(axis=1, keepdims=True), X, "mean"),
    Case("amax", lambda x: torch.amax(x, (1, 2)), X, "max"),
    Case("amin", lambda x: x.amin(-1, keepdim=True), X, "min"),
    Case("max of all", lambda x: x.max(), X, "max"),
    Case("max and where", lambda x: tuple(x.max(dim=1)), X, "max argmax"),
    Case("max without where", lambda x: x.max(dim=1)[0], X, "max"),
    Case("where is the least", lambda x: x.min(2, keepdim=True).indices, X, "argmin"),
    Case("aminmax", lambda x: tuple(torch.aminmax(x, dim=1)), X, "min max"),
    Case("argmax", lambda x: x.argmax(-1), X, "argmax"),
    Case("argmin", lambda x: torch.argmin(x, dim=1, keepdim=True), X, "argmin"),
    Case("var", lambda x: x.var(1), X, "var"),
    Case("var by the count", lambda x: x.var([1, 2], unbiased=False, keepdim=True), X, "var"),
    Case("std with a correction", lambda x: torch.std(x, dim=1, correction=0), X, "std"),
    Case("var of all", lambda x: x.var(False), X, "var"),
    Case("var_mean", lambda x: torch.var_mean(x, dim=1), X, "var mean"),
    Case("norm", lambda x: x.norm(dim=-1, keepdim=True), X, "norm"),
    Case("norm of all", torch.norm, X, "norm"),
    Case("norm p", lambda x: x.norm(p=1, dim=1), X, "norm"),
    Case("norm of infinity", lambda x: x.norm(float("inf"), dim=1), X, "abs max"),
    Case("vector_norm", lambda x: torch.linalg.vector_norm(x, ord=3, dim=1), X, "norm"),
    Case("linalg.norm", lambda x: torch.linalg.norm(x, dim=-1), X, "norm"),
    Case("normalize", lambda x: functional.normalize(x, dim=-1), X, "normalize"),
    Case(
        "cosine_similarity", lambda x, y: functional.cosine_similarity(x, y, dim=-1), XY, "normalize normalize mul sum"
    ),
    Case("pairwise_distance", functional.pairwise_distance, XY, "sub norm"),
    Case("cumsum", lambda x: x.cumsum(1), X, "cumsum"),
    Case("cumsum of truth", lambda x: (x > 0.5).cumsum(-1), X, "gt cumsum"),
    Case("logsumexp", lambda x: torch.logsumexp(x, 1), X, "logsumexp"),
    Case("count_nonzero", lambda x: torch.count_nonzero(x > 0.5, dim=1), X, "gt sum"),
    Case("diff", lambda x: torch.diff(x, dim=1), X, "slice slice sub"),
]
POOLS = [
    Case("max_pool1d", lambda x: functional.max_pool1d(x, 2), LINE, "max_pool1d"),
    Case("max_pool2d", lambda x: functional.max_pool2d(x, 3, 2, 1), IMAGE, "max_pool2d"),
    Case(
        "max_pool2d to the border", lambda x: functional.max_pool2d(x, 3, stride=2, ceil_mode=True), IMAGE, "max_pool2d"
    ),
    Case("max_pool2d with places", lambda x: functional.max_pool2d(x, 2, return_indices=True), IMAGE, "max_pool2d"),
    Case("max_pool2d dilated", lambda x: functional.max_pool2d(x, (3, 2), dilation=2), IMAGE, "max_pool2d"),
    Case("max_pool3d", lambda x: functional.max_pool3d(x, 2), VOLUME, "max_pool3d"),
    Case("torch.max_pool2d", lambda x: torch.max_pool2d(x, 2), IMAGE, "max_pool2d"),
    Case("pool without a batch", lambda x: functional.max_pool2d(x, 2), LINE, "unsqueeze max_pool2d squeeze"),
    Case("avg_pool1d", lambda x: functional.avg_pool1d(x, 2), LINE, "avg_pool1d"),
    Case("avg_pool2d", lambda x: functional.avg_pool2d(x, 3, 2, 1, False, False), IMAGE, "avg_pool2d"),
    Case("avg_pool2d to the border", lambda x: functional.avg_pool2d(x, 3, 2, ceil_mode=True), IMAGE, "avg_pool2d"),
    Case("avg_pool3d", lambda x: functional.avg_pool3d(x, 2), VOLUME, "avg_pool3d"),
    Case("lp_pool2d", lambda x: functional.lp_pool2d(x, 2.0, 2), IMAGE, "pow avg_pool2d relu mul pow"),
    Case("adaptive_avg_pool1d", lambda x: functional.adaptive_avg_pool1d(x, 4), LINE, "adaptive_avg_pool1d"),
    Case("adaptive_avg_pool2d", lambda x: functional.adaptive_avg_pool2d(x, 1), IMAGE, "adaptive_avg_pool2d"),
    Case(
        "adaptive_avg_pool2d along",
        lambda x: functional.adaptive_avg_pool2d(x, (None, 3)),
        IMAGE,
        "adaptive_avg_pool2d",
    ),
    Case("adaptive_max_pool2d", lambda x: functional.adaptive_max_pool2d(x, (2, 3)), IMAGE, "adaptive_max_pool2d"),
    Case("adaptive_avg_pool3d", lambda x: functional.adaptive_avg_pool3d(x, 2), VOLUME, "adaptive_avg_pool3d"),
    Case(
        "max_unpool2d",
        lambda x: functional.max_unpool2d(*functional.max_pool2d(x, 2, return_indices=True), 2),
        IMAGE,
        "max_pool2d max_unpool2d",
    ),
]
IMAGES = [
    Case("interpolate", lambda x: functional.interpolate(x, scale_factor=2), IMAGE, "upsample"),
    Case("interpolate to a size", lambda x: functional.interpolate(x, (5, 7), mode="bilinear"), IMAGE, "upsample"),
    Case(
        "interpolate by a part",
        lambda x: functional.interpolate(x, scale_factor=0.7, mode="nearest"),
        IMAGE,
        "upsample",
    ),
    Case(
        "interpolate a line",
        lambda x: functional.interpolate(x, 5, mode="linear", align_corners=True),
        LINE,
        "upsample",
    ),
    Case(
        "interpolate by cubes",
        lambda x: functional.interpolate(x, 5, mode="bicubic", align_corners=False),
        IMAGE,
        "upsample",
    ),
    Case(
        "interpolate a volume",
        lambda x: functional.interpolate(x, scale_factor=2.0, mode="trilinear"),
        VOLUME,
        "upsample",
    ),
    Case("interpolate exactly", lambda x: functional.interpolate(x, 5, mode="nearest-exact"), IMAGE, "upsample"),
    Case("interpolate by area", lambda x: functional.interpolate(x, 4, mode="area"), IMAGE, "adaptive_avg_pool2d"),
    Case("pixel_shuffle", lambda x: functional.pixel_shuffle(x, 2), ("8 3 3",), "pixel_shuffle"),
    Case("pixel_unshuffle", lambda x: functional.pixel_unshuffle(x, 2), IMAGE, "pixel_unshuffle"),
    Case(
        "grid_sample", lambda x, g: functional.grid_sample(x, g, align_corners=False), ("3 8 8", "5 5 2"), "grid_sample"
    ),
    Case(
        "affine_grid",
        lambda t: functional.affine_grid(t, (t.shape[0], 3, 4, 5), align_corners=False),
        ("2 3",),
        "constant transpose matmul unflatten",
        exact=False,
    ),
    Case("unfold", lambda x: functional.unfold(x, 3, padding=1), IMAGE, "unfold"),
    Case("fold", lambda x: functional.fold(x, (4, 4), 2), ("12 9",), "fold"),
    Case("windows that tile", lambda x: x.unfold(2, 4, 4), LINE, "unflatten"),
    Case("windows that tile a dim within", lambda x: x.unfold(2, 4, 4), IMAGE, "unflatten permute"),
    Case("windows that overlap", lambda x: x.unfold(-1, 4, 2), LINE, "constant index_select", exact=False),
]
PRODUCTS = [
    Case("matmul", lambda x, y: x @ y, SQUARES, "matmul"),
    Case("bmm", torch.bmm, SQUARES, "matmul"),
    Case("mm", lambda x, y: torch.mm(x[0], y[0]), SQUARES, "slice squeeze slice squeeze matmul"),
    Case("mv", lambda x, y: torch.mv(x[0], y[0, 0]), SQUARES, "slice squeeze slice squeeze slice squeeze matmul"),
    Case("baddbmm", lambda x, y: torch.baddbmm(x, x, y, beta=0.5, alpha=2), SQUARES, "matmul mul mul add"),
    Case("baddbmm of nothing", lambda x, y: torch.baddbmm(x, x, y, beta=0), SQUARES, "matmul"),
    Case("einsum", lambda x, y: torch.einsum("bij,bjk->bik", x, y), SQUARES, "einsum"),
    Case("einsum of a list", lambda x, y: torch.einsum("b i j, b k j -> b i k", [x, y]), SQUARES, "einsum"),
    Case("einsum of three", lambda x, y: torch.einsum("bij,bjk,bkl->bil", x, y, x), SQUARES, "einsum einsum"),
    Case("einsum of three alone", lambda x, y: torch.einsum("bij,bjk,bkl", x, y, x), SQUARES, "einsum einsum"),
    Case(
        "einsum of dots",
        lambda x, y: torch.einsum("...ij,...jk,kl", x, y, x[0]),
        SQUARES,
        "slice squeeze einsum einsum",
    ),
    Case("tensordot", lambda x, y: torch.tensordot(x, y[0], dims=1), SQUARES, "slice squeeze einsum"),
    Case("tensordot of pairs", lambda x, y: torch.tensordot(x, y, dims=([2], [1])), SQUARES, "einsum", alone=True),
    Case(
        "outer",
        lambda x, y: torch.outer(x[0, 0], y[0, 0]),
        SQUARES,
        "slice squeeze slice squeeze slice squeeze slice squeeze unsqueeze mul",
    ),
]


@pytest.mark.parametrize("case", [*REDUCTIONS, *POOLS, *IMAGES, *PRODUCTS], ids=lambda case: case.name)
def test_functions_that_sum_up_give_what_torch_gives(case: Case) -> None:
    check(case)
