"""What two runs cannot show is not concluded: batches, chance, threads, functions of functions, others' operators.

Every model here is one that a run at batch 1 and one at batch 2 would have said wrongly, or in part.
"""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812 - as everybody calls it

from archcost.errors import UsageError
from archcost.importers.form import Batched, shape_at
from archcost.importers.torch.reader import said
from tests.importers.torch.recording_support import call_of, functions, recorded

if TYPE_CHECKING:
    from collections.abc import Callable

    from archcost.importers.form import Form

    Forward = Callable[["Pair", torch.Tensor], Any]


class Pair(nn.Module):
    """Two layers of 8 features, a vector, and a forward that is given."""

    def __init__(self, forward: Forward) -> None:
        super().__init__()
        self.one = nn.Linear(8, 8)
        self.two = nn.Linear(8, 8)
        self.vector = nn.Parameter(torch.zeros(8))
        self.late: nn.Module | None = None
        self.given = forward

    def forward(self, x: torch.Tensor) -> Any:
        return self.given(self, x)


def form_of(forward: Forward, *shape: int) -> Form:
    return said(recorded(lambda: Pair(forward), *(shape or (8,))), "pair", "a test")


def pairs(model: Pair, x: torch.Tensor) -> Any:
    rows = torch.triu_indices(len(x), len(x))
    return model.one(x)[rows[0]] * model.one(x)[rows[1]]


def all_pairs(model: Pair, x: torch.Tensor) -> Any:
    rows, columns = torch.meshgrid(torch.arange(len(x)), torch.arange(len(x)), indexing="ij")
    y = model.one(x)
    return model.two(y[rows] - y[columns])


def contrast(model: Pair, x: torch.Tensor) -> Any:
    z = model.one(torch.cat([x, x]))
    others = ~torch.eye(len(z), dtype=torch.bool)
    return (z @ z.t())[others].view(len(z), len(z) - 1)


# Of 8 to 8 features a row costs 64 MACs.
ALONE: list[tuple[str, Forward, int, str]] = [
    ("half", lambda m, x: m.one(x[: max(1, len(x) // 2)]), 64, "at batch 6, another path is taken: 1 becomes 3, of"),
    ("at most 4", lambda m, x: m.one(x[: min(4, len(x))]), 64, "at batch 6, another path is taken: 1 becomes 4, of"),
    ("many", lambda m, x: m.one(x) if len(x) > 4 else m.two(m.one(x)), 128, "at batch 6, another path is taken: 2 "),
    (
        "even",
        lambda m, x: m.one(F.pad(x, (0, 0, 0, len(x) % 2))),
        128,
        "at batch 6, another path is taken: 1 becomes 0",
    ),
    ("one", lambda m, x: m.two(m.one(x)) if len(x) == 1 else m.one(x), 128, "at batch 6, another path is taken: 2 "),
    (
        "in a row",
        lambda m, x: torch.stack([m.one(each) for each in x]),
        64,
        "at batch 6, another path is taken: unbind",
    ),
    ("pairs", pairs, 128, "triu_indices ("),  # of 1, 3 and 21 pairs
    ("all pairs", all_pairs, 128, "linear ("),  # two.one of 1 row, and one.two of 1 × 1
    ("contrast", contrast, 160, "matmul ("),  # 2 rows · 64, and 2 × 2 products of 8
]


@pytest.mark.parametrize(("forward", "macs", "why"), [case[1:] for case in ALONE], ids=[case[0] for case in ALONE])
def test_what_is_not_in_proportion_to_the_batch_is_that_of_batch_1(forward: Forward, macs: int, why: str) -> None:
    form = form_of(forward)
    assert form.truth.macs == macs
    assert form.batch_sizes == (1,)
    assert form.shape(form.inputs[0].value) == (1, 8)
    (remark,) = [each for each in form.remarks if each.startswith("recorded at")]
    assert remark.startswith(f"recorded at batch 1 alone: {why}")


def test_a_line_with_a_constant_part_is_held_against_a_third_batch() -> None:
    form = form_of(lambda m, x: m.one(torch.cat([x, x, x])[: 3 * len(x) - 2]))
    assert form.truth.macs == Batched(3 * 64, -2 * 64)
    assert (form.batch_sizes, form.remarks) == ((1, 6), [])
    assert shape_at(form.shape(form.outputs[0]), 5) == (13, 8)


def test_calls_that_do_nothing_at_batch_1_may_be_left_out_there() -> None:
    def forward(model: Pair, x: torch.Tensor) -> Any:
        mask = torch.zeros(1, 8)
        return model.one(x) + (mask if len(x) == 1 else mask.expand(len(x), -1))

    form = form_of(forward)
    assert [step.kind for step in form.steps] == ["linear", "constant", "add"]
    assert (form.truth.macs, form.batch_sizes, form.remarks) == (Batched(64), (1, 2, 6), [])


def test_a_model_that_refuses_batch_1_is_recorded_at_larger_ones() -> None:
    def forward(model: Pair, x: torch.Tensor) -> Any:
        if len(x) == 1:
            raise ValueError("one alone")
        return model.one(x)

    form = form_of(forward)
    assert (form.truth.macs, form.batch_sizes) == (Batched(64), (1, 2, 6))
    (remark,) = form.remarks
    assert remark.startswith("recorded at batches 2 and 6: at batch 1, the model cannot be run: ValueError: one alone")


def in_threads(model: Pair, x: torch.Tensor) -> Any:
    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(lambda layer: layer(x), [model.one, model.two])
    return torch.add(one, two)


def products_in_a_thread(model: Pair, x: torch.Tensor) -> Any:
    with ThreadPoolExecutor(1) as pool:
        return model.one(pool.submit(lambda: x * 2).result())


def dropped(model: Pair, x: torch.Tensor) -> Any:
    return model.one(x) if random.random() < 0.5 else model.two(model.one(x))


def dropped_by_torch(model: Pair, x: torch.Tensor) -> Any:
    return model.one(x) if torch.rand(1) < 0.5 else model.two(model.one(x))


class Turns:
    taken = 0

    @classmethod
    def forward(cls, model: Pair, x: torch.Tensor) -> Any:
        cls.taken += 1
        return model.one(x) if cls.taken % 2 else model.two(model.one(x))


def always_new(model: Pair, x: torch.Tensor) -> Any:
    name = f"layer{len(list(model.children()))}"
    model.add_module(name, nn.Linear(8, 5))
    return model.get_submodule(name)(x)


def branching(model: Pair, x: torch.Tensor) -> Any:
    return torch.cond(x.sum() > 0, model.one, lambda y: model.two(model.one(y)), (x,))


REFUSED: list[tuple[Forward, str]] = [
    (in_threads, "its module one runs in another thread, where recording does not see it"),
    (products_in_a_thread, r"a tensor of \[1, 8\] that follows the batch is made where recording does not see it"),
    (dropped, "its calls differ from run to run: "),
    (dropped_by_torch, "its calls differ from run to run: "),
    (Turns.forward, "its calls differ from run to run: "),
    (always_new, "each call of it makes new parameters"),
    (branching, r"`cond` at .*test_laws.py:\d+ runs functions that it is given, which are not seen"),
]


@pytest.mark.parametrize(("forward", "why"), REFUSED, ids=[case[0].__name__ for case in REFUSED])
def test_what_recording_cannot_know_is_refused_with_a_way_out(forward: Forward, why: str) -> None:
    with pytest.raises(UsageError, match=why) as caught:
        form_of(forward)
    assert caught.value.help


def test_chance_that_decides_nothing_is_said() -> None:
    form = form_of(lambda m, x: m.one(x) * random.uniform(0.9, 1.1))
    assert form.remarks == ["it draws numbers by chance; 4 runs at batch 1 were alike"]


def test_chance_is_put_back() -> None:
    random.seed(7)
    torch.manual_seed(7)
    before = random.getstate(), torch.random.get_rng_state().tolist()
    form_of(lambda m, x: m.one(x) * random.random())
    assert (random.getstate(), torch.random.get_rng_state().tolist()) == before


def test_layers_of_the_first_call_are_there_in_the_one_that_counts() -> None:
    def forward(model: Pair, x: torch.Tensor) -> Any:
        if model.late is None:
            model.late = nn.Linear(8, 5)
        late: torch.Tensor = model.late(model.one(x))
        return late

    recording = recorded(lambda: Pair(forward), 8)
    assert functions(recording) == ["linear", "linear"]
    form = said(recording, "late", "a test")
    assert (form.truth.params, form.truth.macs) == (8 * 8 + 8 + 8 * 5 + 5, Batched(8 * 8 + 8 * 5))


def test_products_with_vectors_count_although_torch_does_not_see_them_at_batch_1() -> None:
    def forward(model: Pair, x: torch.Tensor) -> Any:
        weights = torch.softmax(model.one(x) @ model.vector, -1)
        return torch.matmul(weights.unsqueeze(1), x)

    recording = recorded(lambda: Pair(forward), 4, 8)
    assert call_of(recording, "linear").macs == Batched(4 * 64)
    assert call_of(recording, "matmul").macs == 0  # of x @ vector
    form = said(recording, "pooled", "a test")
    assert "matmul" in form.truth.unseen_macs
    assert [step.kind for step in form.steps] == ["linear", "parameter", "matmul", "softmax", "unsqueeze", "matmul"]


def test_an_operator_of_somebody_else_is_not_torchs_of_that_name() -> None:
    @torch.library.custom_op("archcost_laws::relu", mutates_args=())
    def relu(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return x @ weight

    @relu.register_fake
    def _(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return torch.empty_like(x)

    form = form_of(lambda m, x: relu(m.one(x), m.two.weight))
    last = form.steps[-1]
    assert (last.kind, last.attributes["name"]) == ("custom", "archcost_laws::relu")
    assert "macs" not in last.attributes  # unknown


def test_a_packed_sequence_is_a_custom_layer_of_unknown_macs() -> None:
    class Packed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.LSTM(8, 4, batch_first=True)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            lengths = [3] * len(x)
            packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True)
            padded, _ = nn.utils.rnn.pad_packed_sequence(self.layer(packed)[0], batch_first=True)
            return padded

    form = said(recorded(Packed, 3, 8), "packed", "a test")
    (lstm,) = [step for step in form.steps if step.attributes.get("name") == "lstm"]
    assert "macs" not in lstm.attributes
    assert form.truth.params == 4 * 4 * (8 + 4) + 2 * 4 * 4
    assert shape_at(form.shape(form.outputs[0]), 2) == (2, 3, 4)
