"""Functions that move elements: shapes, indices, parts, joints, writes into regions, new tensors."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from tests.importers.torch.rules_support import Case, check

X = ("4 6",)
IMAGE = ("3 4 6",)
XY = ("4 6", "4 6")
CHOSEN = ("4 6", "int64 5")


def _written(x: torch.Tensor, index: object, value: object) -> torch.Tensor:
    found = x * 1
    found[index] = value  # type: ignore[index]
    return found


SHAPES = [
    Case("flatten", lambda x: x.flatten(1), IMAGE, "flatten"),
    Case("flatten some", lambda x: torch.flatten(x, 2, 3), IMAGE, "flatten"),
    Case("flatten one", lambda x: x.flatten(1, 1) + 1, IMAGE, "add"),
    Case("ravel", torch.ravel, IMAGE, "flatten"),
    Case("unflatten", lambda x: x.unflatten(2, (2, -1)), X, "unflatten"),
    Case("reshape", lambda x: x.reshape(x.shape[0], -1), IMAGE, "reshape"),
    Case("view", lambda x: x.view(-1, 6), X, "reshape"),
    Case("view of a list", lambda x: x.view([x.size(0), 2, 2, 6]), X, "reshape"),
    Case("reshape to the same", lambda x: x.reshape(x.shape) + 1, X, "add"),
    Case("view_as", lambda x, y: x.flatten(1).view_as(y), XY, "flatten reshape"),
    Case("permute", lambda x: x.permute(0, 2, 3, 1), IMAGE, "permute"),
    Case("permute of a list", lambda x: torch.permute(x, (0, 2, 1)), X, "permute"),
    Case("transpose", lambda x: x.transpose(-2, -1), X, "transpose"),
    Case("swapaxes", lambda x: torch.swapaxes(x, 1, 2), X, "transpose"),
    Case("mT", lambda x: x.mT, X, "transpose"),
    Case("t", lambda x: x[:, 0].t(), X, "slice squeeze transpose"),
    Case("movedim", lambda x: x.movedim(1, -1), IMAGE, "permute"),
    Case("movedim of several", lambda x: torch.movedim(x, (1, 2), (2, 3)), IMAGE, "permute"),
    Case("squeeze", lambda x: x[:, :1].squeeze(1), X, "slice squeeze"),
    Case("squeeze all", lambda x: x[:, :1].squeeze(), ("4 6",), "slice squeeze", alone=True),
    Case("squeeze nothing", lambda x: x.squeeze(1) + 1, X, "add"),
    Case("unsqueeze", lambda x: x.unsqueeze(-1), X, "unsqueeze"),
    Case("expand", lambda x: x.unsqueeze(1).expand(-1, 5, -1, -1), X, "unsqueeze expand"),
    Case("expand in front", lambda x: x.expand(2, *x.shape), X, "expand"),
    Case("expand_as", lambda x, y: x[:, :1].expand_as(y), XY, "slice expand"),
    Case("broadcast_to", lambda x: torch.broadcast_to(x[:, :1], x.shape), X, "slice expand"),
    Case("broadcast_tensors", lambda x: torch.broadcast_tensors(x, x[:, :1]), X, "slice expand"),
    Case("contiguous", lambda x: x.transpose(1, 2).contiguous(), X, "transpose"),
    Case("clone and detach", lambda x: x.clone().detach() + 1, X, "add"),
    Case("copy_", lambda x: torch.empty_like(x).copy_(x[:, :1]), X, "slice expand"),
]
PARTS = [
    Case("chunk", lambda x: x.chunk(2, dim=1), X, "chunk"),
    Case("chunk to one", lambda x: x.chunk(1, dim=1)[0] + 1, X, "add"),
    Case("split", lambda x: x.split(4, dim=-1), X, "split"),
    Case("torch.split", lambda x: torch.split(x, split_size_or_sections=[1, 3], dim=1), X, "split"),
    Case("tensor_split", lambda x: x.tensor_split(4, dim=2), X, "split"),
    Case("tensor_split at places", lambda x: torch.tensor_split(x, (1, 3), dim=1), X, "split"),
    Case("hsplit", lambda x: torch.hsplit(x, 2), X, "chunk"),
    Case("unbind", lambda x: x.unbind(1), X, "unbind"),
    Case("for each", lambda x: list(x.transpose(0, 1)), ("4",), "transpose unbind"),
    Case("select", lambda x: x.select(1, -1), X, "slice squeeze"),
    Case("narrow", lambda x: x.narrow(1, 1, 2), X, "slice"),
    Case("a position", lambda x: x[:, 0], X, "slice squeeze"),
    Case("the last position", lambda x: x[:, -1], X, "slice squeeze"),
    Case("two positions", lambda x: x[:, 1, 2], X, "slice squeeze slice squeeze"),
    Case("a slice", lambda x: x[:, 1:3], X, "slice"),
    Case("a slice to the end", lambda x: x[..., 2:], X, "slice"),
    Case("a slice from behind", lambda x: x[:, -3:-1], X, "slice"),
    Case("a slice with a step", lambda x: x[:, ::2, 1::3], X, "slice slice"),
    Case("a slice of all", lambda x: x[:, :4, :100] + 1, X, "add"),
    Case("new dims", lambda x: x[:, None, ..., None], X, "unsqueeze unsqueeze"),
    Case("a position after an ellipsis", lambda x: x[..., 0, :], X, "slice squeeze"),
    Case("places", lambda x, i: x.transpose(0, 1)[i], ("4", "int64 5"), "transpose index_select"),
    Case("places along a dim", lambda x: x[:, torch.tensor([0, 2, 1])], X, "constant index_select", exact=False),
    Case("a list", lambda x: x[:, [3, 1]], X, "constant index_select", exact=False),
    Case("a list alone", lambda x: x.transpose(0, 1)[[3, 1]], X, "transpose constant index_select", exact=False),
    Case(
        "places of two dims",
        lambda x, i: x[i[:, 0] * 0, i[:, 1]],
        CHOSEN,
        "slice squeeze constant mul slice squeeze flatten constant mul add index_select",
    ),
    Case(
        "places of two dims apart",
        lambda x: x[:, torch.arange(3)[:, None], :, torch.arange(2)],
        IMAGE,
        "constant constant permute flatten constant mul add index_select",
        exact=False,
    ),
    Case(
        "a mask that is known",
        lambda x: x[:, torch.tensor([True, False, True, True])],
        X,
        "constant index_select",
        exact=False,
    ),
    Case(
        "index_select",
        lambda x, i: x.transpose(0, 1).index_select(0, i[0] * 0),
        CHOSEN,
        "transpose slice squeeze constant mul index_select",
    ),
    Case("gather", lambda x, i: x.gather(1, i), ("4", "int64 5"), "gather"),
    Case("take_along_dim", lambda x, i: torch.take_along_dim(x, i, 1), ("4", "int64 5"), "gather"),
    Case("topk", lambda x: x.topk(3, dim=1), X, "topk"),
    Case("sort", lambda x: torch.sort(x, descending=True), X, "topk"),
    Case("argsort", lambda x: x.argsort(1), ("5",), "topk"),
    Case("one_hot", lambda x: functional.one_hot(x, 4), ("int64 5",), "constant index_select", exact=False),
    Case("diagonal", lambda x: x.diagonal(dim1=1, dim2=2), X, "flatten constant index_select", exact=False),
    Case(
        "diagonal of rows", lambda x: x.diagonal(1, 3, 1), IMAGE, "permute flatten constant index_select", exact=False
    ),
]
WRITES = [
    Case(
        "a stretch", lambda x: _written(x, (slice(None), slice(1, 3)), 7.0), X, "mul constant masked_fill", exact=False
    ),
    Case(
        "a tensor in a stretch",
        lambda x: _written(x, (slice(None), slice(1, 3)), x[:, :2]),
        X,
        "slice mul slice slice concat",
    ),
    Case(
        "a tensor at the beginning",
        lambda x: _written(x, (slice(None), slice(2)), x[:, :2]),
        X,
        "slice mul slice concat",
    ),
    Case(
        "a tensor at a position",
        lambda x: _written(x, (slice(None), 1), x[:, 0]),
        X,
        "slice squeeze mul unsqueeze slice slice concat",
    ),
    Case(
        "a tensor of few dims",
        lambda x: _written(x, (slice(None), slice(1, 3)), x[0, 0]),
        X,
        "slice squeeze slice squeeze mul expand slice slice concat",
    ),
    Case(
        "a tensor in a rectangle",
        lambda x: _written(x, (slice(None), slice(1, 3), slice(2, 4)), x[:, :2, :2]),
        X,
        "slice slice mul pad pad constant where",
        exact=False,
    ),
    Case(
        "a tensor with a step",
        lambda x: _written(x, (..., slice(0, None, 2)), x[..., :3]),
        X,
        "slice mul unsqueeze pad flatten constant where",
        exact=False,
    ),
    Case("all of it", lambda x: _written(x, slice(None), x[:, :1]), X, "slice expand"),
    Case("where a mask is true", lambda x, m: _written(x, m, 0.0), ("4 6", "bool 4 6"), "mul masked_fill"),
    Case(
        "where a mask of rows is true", lambda x, m: _written(x, m, 0.0), ("4 6", "bool 4"), "mul unsqueeze masked_fill"
    ),
]
JOINTS = [
    Case("cat", lambda x, y: torch.cat([x, y], dim=1), XY, "concat"),
    Case("cat of one", lambda x: torch.cat([x], 1) + 1, X, "add"),
    Case(
        "cat with nothing", lambda x: torch.cat([torch.zeros(0), x[:, 0, 0]]) + 1, X, "slice squeeze slice squeeze add"
    ),
    Case("stack", lambda x, y: torch.stack((x, y), -1), XY, "stack"),
    Case("stack of one", lambda x: torch.stack([x], 1), X, "unsqueeze"),
    Case("hstack", lambda x, y: torch.hstack((x, y)), XY, "concat"),
    Case("vstack", lambda x, y: torch.vstack((x, y)), XY, "concat"),
    Case("dstack", lambda x, y: torch.dstack((x, y)), XY, "concat"),
    Case("pad", lambda x: functional.pad(x, (1, 2, 0, 1), value=3.0), X, "pad"),
    Case("pad by nothing", lambda x: functional.pad(x, (0, 0)) + 1, X, "add"),
    Case("pad crops", lambda x: functional.pad(x, (-1, -1)), X, "pad"),
    Case("pad by reflection", lambda x: functional.pad(x, (1, 1, 1, 1), mode="reflect"), IMAGE, "pad"),
    Case("pad by replication", lambda x: functional.pad(x, (1, 0), "replicate"), X, "pad"),
    Case("pad around", lambda x: functional.pad(x, (1, 1), "circular"), X, "pad"),
    Case("flip", lambda x: x.flip(1, 2), X, "flip"),
    Case("flip of a list", lambda x: torch.flip(x, dims=[-1]), X, "flip"),
    Case("rot90", lambda x: torch.rot90(x, 1, (1, 2)), X, "transpose flip"),
    Case("rot90 back", lambda x: torch.rot90(x, 3, (1, 2)), X, "transpose flip"),
    Case("roll", lambda x: torch.roll(x, shifts=(1, -1), dims=(1, 2)), X, "roll"),
    Case("roll by one", lambda x: x.roll(1, 1), X, "roll"),
    Case("roll by nothing", lambda x: x.roll((0, 0), (1, 2)) + 1, X, "add"),
    Case("repeat", lambda x: x.repeat(1, 2, 3), X, "tile"),
    Case("repeat to the batch", lambda x: x[:1].repeat(x.shape[0], 1, 1), X, "slice tile"),
    Case("tile", lambda x: torch.tile(x, (2,)), X, "tile"),
    Case("repeat_interleave", lambda x: x.repeat_interleave(2, dim=1), X, "repeat_interleave"),
    Case(
        "meshgrid",
        lambda x: torch.meshgrid(x[0, 0], x[0, :, 0], indexing="ij"),
        X,
        "slice squeeze slice squeeze slice squeeze slice squeeze unsqueeze expand expand",
    ),
    Case(
        "meshgrid xy",
        lambda x: torch.meshgrid(x[0, 0], x[0, :, 0], indexing="xy"),
        X,
        "slice squeeze slice squeeze slice squeeze slice squeeze expand unsqueeze expand",
    ),
    Case("channel_shuffle", lambda x: functional.channel_shuffle(x, 2), ("4 3 3",), "channel_shuffle"),
]
NEW = [
    Case("zeros_like", lambda x: torch.zeros_like(x) + x, X, "constant add", exact=False),
    Case("new_full", lambda x: x.new_full((x.shape[0], 4, 6), 2.0) + x, X, "constant add", exact=False),
    Case(
        "ones_like",
        lambda x: torch.ones_like(x, dtype=torch.bool) & (x > 0.5),
        X,
        "gt constant logical_and",
        exact=False,
    ),
    Case("fill_", lambda x: (x * 2).fill_(3.0) + x, X, "constant add", exact=False),
    Case("zero_", lambda x: (x * 2).zero_() + x, X, "constant add", exact=False),
]


@pytest.mark.parametrize("case", [*SHAPES, *PARTS, *WRITES, *JOINTS, *NEW], ids=lambda case: case.name)
def test_functions_that_move_elements_give_what_torch_gives(case: Case) -> None:
    check(case)
