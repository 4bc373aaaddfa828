"""What ops read of their inputs: every kind says so, for every input and dim; and the words in which they say it."""

from __future__ import annotations

from fractions import Fraction

import pytest

from archcost.ops import REGISTRY, apply
from archcost.ops.base import Op
from archcost.ops.reach import (
    ALL,
    MAX_PERIOD,
    Steps,
    View,
    aligned,
    bins,
    interpolated,
    pointwise,
    transposed_window,
    window,
)
from tests.ops.cases import CASES, Case, for_each_kind

SAME = window(0)


@pytest.mark.parametrize("kind", sorted(REGISTRY))
def test_every_kind_says_what_it_reads(kind: str) -> None:
    assert REGISTRY[kind].reach is not Op.reach


@for_each_kind(CASES)
def test_every_input_has_a_reading_that_fits_its_dims(case: Case) -> None:
    op = REGISTRY[case.kind](**case.attributes)
    outputs = apply(op, case.input_shapes)
    for number, output in enumerate(outputs):
        readings = op.reach(case.input_shapes, outputs, number)
        assert len(readings) == len(case.input_shapes)
        for shape, reading in zip(case.input_shapes, readings, strict=True):
            if isinstance(reading, View):
                continue
            assert len(reading) == len(shape)
            dims = [steps.dim for steps in reading if steps is not None]
            assert len(set(dims)) == len(dims)
            assert all(0 <= dim < len(output) for dim in dims)
            assert all(len(steps.first) == len(steps.last) for steps in reading if steps is not None)


CHANNELS = {
    "conv2d": 1,
    "batch_norm2d": 1,
    "group_norm": 1,
    "prelu": 1,
    "upsample": 1,
    "pixel_shuffle": -3,
    "linear": -1,
    "layer_norm": -1,
    "lstm": -1,
    "multihead_attention": -1,
    "relu": None,
    "permute": None,
    "embedding": None,
}


@pytest.mark.parametrize("kind", CHANNELS)
def test_ops_know_where_the_channels_are(kind: str) -> None:
    assert REGISTRY[kind].channels == CHANNELS[kind]


READINGS = [  # of each input, dim by dim: the dim of the output that tells its place
    (Case("logsumexp", {"dim": 1}, ((2, 3, 4),)), [(window(0), ALL, window(1))]),
    (Case("logsumexp", {"dim": 1, "keepdim": True}, ((2, 3, 4),)), [(window(0), ALL, window(2))]),
    (Case("mean", {}, ((2, 3),)), [(ALL, ALL)]),
    (Case("cumsum", {"dim": 1}, ((2, 3),)), [(window(0), ALL)]),
    (Case("unbind", {"dim": 1}, ((2, 3, 4),)), [(window(0), ALL, window(1))]),
    (Case("flip", {"dims": 0}, ((2, 3),)), [(ALL, window(1))]),
    (Case("tile", {"dims": [2, 1, 3]}, ((4, 5),)), [(window(1), ALL)]),  # a new dim stands before both
    (
        Case("repeat_interleave", {"repeats": 3, "dim": 1}, ((2, 5),)),  # o reads ⌊o / 3⌋
        [(window(0), Steps(1, 1, (0, 0, 0), (0, 0, 0)))],
    ),
    (Case("repeat_interleave", {"repeats": 2}, ((5,),)), [(Steps(0, 1, (0, 0), (0, 0)),)]),
    (Case("repeat_interleave", {"repeats": 2}, ((2, 5),)), [(ALL, ALL)]),
    (
        Case("grid_sample", {}, ((2, 3, 5, 4), (2, 6, 7, 2))),  # anywhere in its channel of the input, by its own place
        [(window(0), window(1), ALL, ALL), (window(0), window(2), window(3), ALL)],
    ),
    (
        Case("grid_sample", {}, ((2, 3, 5, 4, 3), (2, 4, 6, 7, 3))),
        [(window(0), window(1), ALL, ALL, ALL), (window(0), window(2), window(3), window(4), ALL)],
    ),
]


@pytest.mark.parametrize(("case", "readings"), READINGS, ids=str)
def test_what_is_read_and_no_more(case: Case, readings: list[tuple[Steps | None, ...]]) -> None:
    op = REGISTRY[case.kind](**case.attributes)
    assert list(op.reach(case.input_shapes, apply(op, case.input_shapes), 0)) == readings


def test_windows() -> None:
    assert window(2, kernel=5, stride=2, padding=2) == Steps(2, 2, (-2,), (4 - 2,))
    assert window(3, kernel=3, padding=4, dilation=4) == Steps(3, 1, (-4,), (4 * (3 - 1) - 4,))
    assert window(0) == Steps(0, 1, (0,), (0,))


def test_what_broadcasts_is_read_in_full() -> None:
    assert aligned((3, 1, 5), (2, 3, 4, 5)) == (window(1), ALL, window(3))
    assert pointwise(None, ((2, 3), (3,)), ((2, 3),), 0) == ((window(0), window(1)), (window(1),))


@pytest.mark.parametrize(("size", "count"), [(10, 4), (12, 4), (7, 7), (3, 8), (10, 1)])
def test_bins_are_those_of_adaptive_pooling(size: int, count: int) -> None:
    steps = bins(2, size, count)
    assert steps is not None
    for o in range(count):
        q, r = divmod(o, len(steps.first))
        assert steps.first[r] + q * steps.advance == o * size // count
        assert steps.last[r] + q * steps.advance == -(-(o + 1) * size // count) - 1


def test_one_position_is_read_by_all() -> None:
    assert bins(2, 1, 5) is ALL


TRANSPOSED = [(4, 2, 1, 1), (1, 3, 0, 1), (5, 3, 2, 1), (3, 2, 1, 3), (2, 1, 0, 2), (3, 4, 0, 2)]


@pytest.mark.parametrize(("kernel", "stride", "padding", "dilation"), TRANSPOSED)
def test_transposed_windows_hold_every_input_that_reaches_an_output(
    kernel: int, stride: int, padding: int, dilation: int
) -> None:
    steps = transposed_window(2, kernel, stride, padding, dilation)
    for o in range(40):
        q, r = divmod(o, stride)
        first, last = steps.first[r] + q * steps.advance, steps.last[r] + q * steps.advance
        reaching = [i for i in range(-40, 60) for t in range(kernel) if i * stride - padding + dilation * t == o]
        if dilation == 1:
            assert (first, last) == (min(reaching), max(reaching)) if reaching else first > last
        assert all(first <= i <= last for i in reaching)


def test_interpolation() -> None:
    half = Fraction(1, 2)
    assert interpolated(2, half, Fraction(0), (0, 0)) == Steps(2, 1, (0, 0), (0, 0))
    assert interpolated(2, half, (half - 1) / 2, (0, 1)) == Steps(2, 1, (-1, 0), (0, 1))
    assert interpolated(2, Fraction(1), Fraction(0), (-1, 2)) == Steps(2, 1, (0,), (0,))
    assert interpolated(2, Fraction(2, 3), Fraction(0), (0, 1)) == Steps(2, 2, (0, 0, 1), (0, 1, 2))


def test_long_patterns_are_told_by_their_bounds() -> None:
    """Of m > MAX_PERIOD different positions the exact first and last lie within those of the bounds."""
    size, count = MAX_PERIOD + 5, MAX_PERIOD + 6
    for steps, first, last in (
        (bins(0, size, count), lambda o: o * size // count, lambda o: -(-(o + 1) * size // count) - 1),
        (transposed_window(0, 9, count, 4, 1), lambda o: -(-(o + 4 - 8) // count), lambda o: (o + 4) // count),
        (
            interpolated(0, Fraction(size, count), Fraction(0), (0, 1)),
            lambda o: o * size // count,
            lambda o: o * size // count + 1,
        ),
    ):
        assert steps is not None
        assert len(steps.first) == 1
        for o in range(0, 3000, 7):
            assert steps.first[0] + o * steps.advance <= first(o)
            assert last(o) <= steps.last[0] + o * steps.advance
