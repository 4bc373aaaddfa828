"""Embeddings: rows of a learnt table, or of one that is computed."""

from __future__ import annotations

from archcost.importers.torch.rules.base import BoundCall, Maker, Unmapped, rule


@rule(
    "embedding",
    signature="input, weight, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False",
)
def embedding(call: BoundCall, maker: Maker) -> int:
    """A row of the table for each index."""
    indices = call.tensor("input")
    table = maker.parameter(call.recorded("weight"))
    rows, features = maker.recorded(call.recorded("weight")).shape
    if table is not None:
        padding = call.get("padding_idx")
        attributes = {
            "num_embeddings": rows,
            "embedding_dim": features,
            "padding_idx": None if padding is None or padding < 0 else padding,
        }
        try:
            return maker.layer("embedding", [indices], attributes, {"weight": table})[0]
        except Unmapped:
            if maker.tensor(indices).dtype not in ("int32", "int64"):
                raise
    return maker.step("index_select", [call.tensor("weight"), indices], {"dim": 0})
