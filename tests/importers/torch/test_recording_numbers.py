"""Numbers that Python reads: known from shadows, from a run on the CPU, or refused; never guessed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch import nn

from archcost.errors import UsageError
from archcost.importers.form import Batched
from archcost.importers.torch.recorded import Inputs, Origin, Ref
from archcost.importers.torch.recording import record
from tests.importers.torch.recording_support import (
    call_of,
    functions,
    reached,
    recorded,
    values_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable


class Simple(nn.Module):
    """A model whose forward is given; it has a parameter, a buffer and a tensor that is neither."""

    def __init__(self, forward: Callable[[Simple, torch.Tensor], Any]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(4))
        self.register_buffer("table", torch.arange(4))
        self.plain = torch.arange(4)
        self.given = forward

    def forward(self, x: torch.Tensor) -> Any:
        return self.given(self, x)


def run(forward: Callable[[Simple, torch.Tensor], Any]) -> Any:
    return recorded(lambda: Simple(forward), 4)


def whole_mask(self: Simple, x: torch.Tensor) -> torch.Tensor:
    mask = torch.ones(x.shape[1], dtype=torch.bool, device=x.device)
    return x.exp() if bool(mask.all()) else x.tanh()


def causal_mask(self: Simple, x: torch.Tensor) -> torch.Tensor:
    mask = torch.full((4, 4), -1.0, device=x.device)
    mask = torch.triu(mask, diagonal=1)
    mask[0] = 0
    return x.exp() if mask[1, 2].item() == -1 and mask.sum().item() == -3 else x.tanh()


def written_mask(self: Simple, x: torch.Tensor) -> torch.Tensor:
    mask = torch.empty(4, device=x.device)
    mask.view(2, 2)[0].fill_(1)
    return x.exp() if int(mask.sum()) == 2 else x.tanh()


def shape_of_input(self: Simple, x: torch.Tensor) -> torch.Tensor:
    ones = torch.ones_like(x)
    return x.exp() if ones[0].sum() == 4 and x.new_zeros(3).any().logical_not() else x.tanh()


def sizes_in_tensors(self: Simple, x: torch.Tensor) -> torch.Tensor:
    sizes = torch.tensor([2, 2])
    pieces = x.split(sizes.tolist(), dim=1)
    return pieces[0].exp().expand(-1, sizes[0]) if torch.arange(sizes.prod()).numel() == 4 else x.tanh()


def numpy_numbers(self: Simple, x: torch.Tensor) -> torch.Tensor:
    positions = torch.arange(4, device=x.device).cpu().numpy()
    again = torch.from_numpy(np.flip(positions).copy()).to(x.device)
    return x.exp() if again[0].item() == 3 else x.tanh()


def known_mask_as_index(self: Simple, x: torch.Tensor) -> torch.Tensor:
    mask = torch.arange(4, device=x.device) > 0
    part = x[:, mask]
    assert part.shape[1] == len(mask.nonzero()) == 3
    return part.exp()


@pytest.mark.parametrize(
    "forward",
    [whole_mask, causal_mask, written_mask, shape_of_input, sizes_in_tensors, numpy_numbers, known_mask_as_index],
)
def test_what_follows_from_nothing_is_known_on_the_meta_device(forward: Any) -> None:
    recording = run(forward)
    assert recording.remarks == []
    assert recording.batch_sizes == (1, 6)
    assert "exp" in functions(recording)
    assert "tanh" not in functions(recording)


def test_a_write_of_what_is_unknown_makes_a_shadow_unknown() -> None:
    def forward(self: Simple, x: torch.Tensor) -> torch.Tensor:
        mask = torch.zeros(4, device=x.device)
        rows = mask.view(2, 2)
        rows[0] = x[0, :2]
        return x if mask.sum() > 0 else x + 1

    with pytest.raises(UsageError, match="`bool` reads"):
        run(forward)


@pytest.mark.parametrize(
    ("forward", "what"),
    [
        (lambda _, x: x * 2 if x.sum() > 0 else x, "the number that `bool` reads"),
        (lambda _, x: x * x.max().item(), "the number that `item` reads"),
        (lambda _, x: x[:, : int(x.sum())], "the number that `int` reads"),
        (lambda self, x: x * self.weight if (x * self.weight).sum() > 0 else x, "the number that `bool` reads"),
        (lambda _, x: torch.unique(x), "the shape of what `unique` gives"),
        (lambda _, x: x[x > 0], "the shape of what `getitem` gives"),
        (lambda _, x: x.masked_select(x > 0), "the shape of what `masked_select` gives"),
        (lambda _, x: x[torch.where(x > 0)], "the shape of what `where` gives"),
        (lambda _, x: x.nonzero(), "the shape of what `nonzero` gives"),
        (lambda _, x: x.nonzero().shape[0] * x, "the shape of what `nonzero` gives"),
        (lambda _, x: x[0].repeat_interleave(x[0].long()), "the shape of what `repeat_interleave` gives"),
    ],
)
def test_what_follows_from_the_input_is_refused(forward: Any, what: str) -> None:
    with pytest.raises(UsageError) as caught:
        recorded(lambda: nn.Sequential(Simple(forward)), 4, title="net:Net")
    first, _, help_text = str(caught.value).partition("\nhelp: ")
    assert first.startswith(f"net:Net cannot be recorded: {what} at ")
    assert "test_recording_numbers.py:" in first
    assert first.endswith(", module 0 depends on the input's numbers")
    assert "--until" in help_text


def test_a_model_that_catches_the_refusal_is_refused_all_the_same() -> None:
    def forward(self: Simple, x: torch.Tensor) -> torch.Tensor:
        try:
            return x if x.sum() > 0 else x + 1
        except Exception:  # noqa: BLE001 - as models do it
            return x + 2

    with pytest.raises(UsageError, match="depends on the input's numbers"):
        run(forward)


def test_places_may_say_where_something_is_written() -> None:
    def forward(self: Simple, x: torch.Tensor) -> torch.Tensor:
        y = x.exp()
        y[torch.where(x.sum(-1) > 0)] = 0
        y[x < 0] = x.tanh()[x.shape[0] - 1, 0]
        y[x.nonzero(as_tuple=True)] = 1
        return y

    recording = run(forward)
    assert functions(recording).count("setitem") == 3
    assert not {"where", "nonzero"} & set(functions(recording))
    assert recording.outputs == list(recording.calls[-1].outputs)
    assert recording.values[recording.outputs[0]].shape == (Batched(1), 4)
    assert recording.outputs[0] in reached(recording, call_of(recording, "exp").outputs[0])


@pytest.mark.parametrize(
    ("forward", "what"),
    [
        (lambda _, x: x.exp() if torch.rand(1).item() >= 0 else x, "`item` reads"),
        (lambda self, x: x.exp() if self.weight.sum() == 4 else x, "`bool` reads"),
        (lambda self, x: x.exp() if self.table[-1] == 3 else x, "`bool` reads"),
        (lambda self, x: x[:, self.table > 1].exp(), "`getitem` gives"),
    ],
)
def test_what_follows_from_weights_or_chance_is_run_with_numbers(forward: Any, what: str) -> None:
    recording = run(forward)
    remark, *others = recording.remarks
    assert remark.startswith("recorded on the CPU, with random weights")
    assert others == ["it draws numbers by chance; 4 runs at batch 1 were alike"] * (what == "`item` reads")
    assert what in remark
    assert "test_recording_numbers.py:" in remark
    assert functions(recording)[-1] == "exp"


def test_a_run_that_follows_chance_is_refused_and_leaves_chance_as_it_was() -> None:
    def forward(self: Simple, x: torch.Tensor) -> torch.Tensor:
        for _ in range(torch.randint(1, 100, (1,)).item()):
            x = x.exp()
        return x

    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    with pytest.raises(UsageError, match="its calls differ from run to run: "):
        run(forward)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_run_with_numbers_refuses_what_follows_from_the_input() -> None:
    def forward(self: Simple, x: torch.Tensor) -> torch.Tensor:
        assert self.weight.sum() == 4
        return x if x.sum() > 0 else x + 1

    with pytest.raises(UsageError, match=r"`bool` reads .* depends on the input's numbers"):
        run(forward)


def test_a_giant_is_not_run_with_numbers() -> None:
    class Giant(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(1 << 15, (1 << 15) + 1, bias=False)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.linear(x) if self.linear.weight[0, 0] < 9 else x

    with pytest.raises(UsageError, match=r"too large for them \(1,073,774,592 parameters\)"):  # 2^15 · (2^15 + 1)
        recorded(Giant, 1 << 15)


def test_a_tensor_that_is_no_buffer_is_a_constant() -> None:
    recording = run(lambda self, x: x + self.plain)
    (constant,) = values_of(recording, Origin.CONSTANT)
    assert call_of(recording, "add").args[1] == Ref(constant.number)
    assert (constant.shape, constant.dtype, constant.name) == ((4,), "int64", "")


def test_a_tensor_that_was_made_with_numbers_is_one_on_the_meta_device() -> None:
    def make() -> nn.Module:
        model = Simple(lambda self, x: x + self.plain if self.plain[1] == 1 else x)
        model.plain = torch.arange(4, device="cpu")
        return model

    recording = recorded(make, 4)
    assert (functions(recording)[-1], recording.remarks) == ("add", [])


def test_an_output_that_no_function_made_is_refused() -> None:
    with pytest.raises(UsageError, match="gives a tensor that no function made"):
        run(lambda self, _: self.plain)
    with pytest.raises(UsageError, match="gives no tensor, but int"):
        run(lambda *_: 3)


def test_an_error_of_the_model_is_told_with_its_place() -> None:
    with pytest.raises(UsageError, match=r"net:Net cannot be run: ValueError: too small \(.*test_recording_numbers"):
        recorded(lambda: Simple(fail), 4, title="net:Net")


def fail(self: Simple, x: torch.Tensor) -> torch.Tensor:
    raise ValueError("too small")


def test_what_ends_python_ends_the_recording_alone() -> None:
    with pytest.raises(UsageError, match="SystemExit"):
        run(lambda *_: exit(3))  # noqa: PLR1722 - as people write it


class Masked(nn.Module):
    """It reads its ids; with weights, it would read what depends on them."""

    def __init__(self, *, weighted: bool = False) -> None:
        super().__init__()
        self.embed = nn.Embedding(9, 4)
        self.weighted = weighted

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        found = self.embed(ids) if self.weighted else ids
        mask = found > 0
        return self.embed(ids).exp() if mask.any() else self.embed(ids[ids == 0]).tanh()


def ids(value: int) -> Any:
    def make(batch: int, device: torch.device) -> Inputs:
        return Inputs((torch.full((batch, 3), value, device=device),), {}, ("ids",))

    return make


def test_whole_numbers_of_an_input_are_those_of_the_example_and_it_says_so() -> None:
    recording = record(Masked, ids(1))
    assert functions(recording) == ["gt", "any", "embedding", "exp"]
    (remark,) = recording.remarks
    assert remark.startswith("the number that `bool` reads at ")
    assert remark.endswith(" is that of the whole numbers that the input was given")

    recording = record(Masked, ids(0))
    assert functions(recording)[-1] == "tanh"
    part = call_of(recording, "getitem")
    assert recording.values[part.outputs[0]].shape == (Batched(3),)
    assert len(recording.remarks) == 2


def test_whole_numbers_with_weights_are_no_example() -> None:
    with pytest.raises(UsageError, match=r"`bool` reads .* depends on the input's numbers"):
        record(lambda: Masked(weighted=True), ids(1))


def test_whole_numbers_are_those_of_the_example_in_a_run_with_numbers_as_well() -> None:
    class Both(Masked):
        def forward(self, ids: torch.Tensor) -> torch.Tensor:
            assert self.embed.weight.sum() != 7
            return super().forward(ids)

    recording = record(Both, ids(1))
    assert functions(recording)[-1] == "exp"
    assert len(recording.remarks) == 2
    with pytest.raises(UsageError, match=r"`bool` reads .* depends on the input's numbers"):
        record(lambda: Both(weighted=True), ids(1))


WHERE = [
    lambda x: x.is_meta,
    lambda x: not x.is_cpu,
    lambda x: x.is_cuda,
    lambda x: x.device.type != "cpu",
    lambda x: x.device != torch.device("cpu"),
    lambda x: str(x.device) == "meta",
    lambda x: x.get_device() >= 0,
]


@pytest.mark.parametrize("elsewhere", WHERE)
def test_a_model_takes_the_way_that_it_takes_where_there_are_numbers(elsewhere: Callable[..., bool]) -> None:
    recording = run(lambda self, x: x + self.plain if elsewhere(x) else x * 2 * self.plain)
    assert (functions(recording), recording.remarks) == (["mul", "mul"], [])


MADE_THERE = [
    lambda _, x: x + torch.arange(4, device=x.device),
    lambda _, x: x + torch.arange(4).to(x.device),
    lambda _, x: x + torch.arange(4).to(device=x.device, dtype=x.dtype),
    lambda _, x: x + torch.zeros(4, device=str(x.device)),
    lambda self, x: x + self.table.to(x.device.type),
    lambda _, x: x + nn.Parameter(torch.ones(4, device=x.device)),
    lambda _, x: x + x.new_zeros(4, device=x.device),
    lambda _, x: x + torch.tensor([1, 2, 3, 4], device=torch.device(x.device)),
]


@pytest.mark.parametrize("forward", MADE_THERE)
def test_what_is_made_beside_a_tensor_is_made_without_numbers(forward: Callable[..., torch.Tensor]) -> None:
    recording = run(forward)
    assert functions(recording)[-1] == "add"
    assert recording.remarks == []


def test_what_is_made_in_the_context_of_a_device_is_made_without_numbers() -> None:
    def forward(self: Simple, x: torch.Tensor) -> torch.Tensor:
        with torch.device(x.device):
            return x + torch.ones(4) * self.weight

    recording = run(forward)
    assert (functions(recording)[-1], recording.remarks) == ("add", [])


def test_a_nested_tensor_is_refused_where_it_is_made() -> None:
    with pytest.raises(UsageError, match=r"the nested tensor that `\w+` makes at .*test_recording_numbers"):
        run(lambda _, x: torch.nested.nested_tensor([x[0], x[0, :2]]).to_padded_tensor(0.0))


def test_what_gives_no_tensor_has_a_way_out() -> None:
    with pytest.raises(UsageError, match="gives no tensor, but generator") as caught:
        run(lambda _, x: (x + each for each in range(3)))
    assert "whose forward pass gives tensors" in caught.value.help
