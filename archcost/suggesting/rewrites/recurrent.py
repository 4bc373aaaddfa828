"""Rewrites of recurrent layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.suggesting.edits import LocalChange, NewSteps
from archcost.suggesting.rewrite import Boldness, Rewrite

if TYPE_CHECKING:
    from archcost.suggesting.view import GraphView

_WITH_THREE_GATES = {"lstm": "gru", "lstm_cell": "gru_cell"}
_CELL_STATE = {"lstm": 2, "lstm_cell": 1}  # the number of the output


class GatedRecurrentUnit(
    Rewrite,
    name="gru",
    title="GRU for LSTM",
    does="puts gated recurrent units, which have no cell state, in place of an LSTM",
    paper="Cho et al. 2014, Learning Phrase Representations using RNN Encoder-Decoder, arXiv:1406.1078, section 2.3",
    accuracy="GRU is comparable to LSTM on polyphonic music and speech (Chung et al. 2014, arXiv:1412.3555, abstract)",
    boldness=Boldness.GENTLE,
):
    """Four matrices for what comes in and four for the state become three of each: 3/4 of the params and of the MACs.

    In, hidden and out keep their sizes. It applies where nobody gives or reads the cell state, which a GRU lacks, and
    where the LSTM has no projection (`proj_size`).
    """

    @classmethod
    def find(cls, view: GraphView, index: int) -> LocalChange | None:
        kind = view.kind(index)
        if kind not in _WITH_THREE_GATES or len(view.nodes[index].inputs) > 1 or not view.owns_weights(index):
            return None
        reads_state = view.readers(index, _CELL_STATE[kind]) or view.is_output(index, _CELL_STATE[kind])
        if reads_state or "proj_size" in view.given(index):
            return None
        return LocalChange(
            {index: NewSteps(f"{_WITH_THREE_GATES[kind]}_layer", (view.call(index, _WITH_THREE_GATES[kind]),))}
        )
