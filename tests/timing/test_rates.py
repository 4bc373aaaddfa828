"""What a device does in a time: each bound by hand, and what must hold whatever the figures."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archcost
from archcost.hardware.device import Device
from archcost.timing.kernels import DeviceKernel, Pipe, RunMode
from archcost.timing.prediction import predict
from archcost.timing.rates import CONSTANTS, Rates

CARD = Device(
    "card",
    2**34,
    title="Card",
    kind="gpu",
    bytes_per_second=10**12,
    peaks={"float32": 20 * 10**12, "tf32": 40 * 10**12, "float16": 100 * 10**12},
)
GAMING = CARD._replace(float16_acc16=200 * 10**12)
EAGER = RunMode()
GPU = CONSTANTS["gpu"]


def test_the_constants_are_those_that_the_times_below_are_written_with() -> None:
    values = {name: GPU[name].value for name in ("tensor cores at half rate", "memory", "cache", "eager", "compiled")}
    assert values == {
        "tensor cores at half rate": 1080,
        "memory": 850,
        "cache": 500,
        "eager": 10_000,
        "compiled": 5_000,
    }
    assert all(constant.meaning and constant.origin for table in CONSTANTS.values() for constant in table.values())


@pytest.mark.parametrize(
    ("device", "kernel", "nanoseconds", "by"),
    [
        # 2 × 10^12 operations at 100 T/s × 0.79, and at half-rate units × 1.08
        (
            CARD,
            DeviceKernel(0, Pipe.MATRICES, "float16", macs=10**12),
            2 * 10**12 * 10**9 / (100 * 10**12 * 0.79),
            "products",
        ),
        (
            GAMING,
            DeviceKernel(0, Pipe.MATRICES, "float16", macs=10**12),
            2 * 10**12 * 10**9 / (108 * 10**12),
            "products",
        ),
        # float32: matrices on the float32 units × 0.9, convolutions in TF32
        (CARD, DeviceKernel(0, Pipe.MATRICES, "float32", macs=10**12), 2 * 10**12 * 10**9 / (18 * 10**12), "products"),
        (
            CARD,
            DeviceKernel(0, Pipe.CONVOLUTION, "float32", macs=10**12),
            2 * 10**21 / (40 * 10**12 * 0.79),
            "products",
        ),
        # half precision that the device does not have runs as float32
        (CARD, DeviceKernel(0, Pipe.MATRICES, "bfloat16", macs=10**12), 2 * 10**21 / (18 * 10**12), "products"),
        # depthwise on the float32 units × 0.35, in any dtype
        (CARD, DeviceKernel(0, Pipe.DEPTHWISE, "float16", macs=10**12), 2 * 10**21 / (7 * 10**12), "products"),
        # 10^9 bytes at 10^12 B/s × 0.85
        (
            CARD,
            DeviceKernel(0, Pipe.STREAM, "float32", read=6 * 10**8, written=4 * 10**8),
            10**9 / (850 * 1e9) * 1e9,
            "memory",
        ),
        # 10^12 operations of two instructions each at 20 T/s
        (CARD, DeviceKernel(0, Pipe.STREAM, "float32", operations=10**12), 2 * 10**21 / (20 * 10**12), "arithmetic"),
        (CARD, DeviceKernel(0, Pipe.POOL, "float32", operations=10**12), 7 * 10**21 / (20 * 10**12), "arithmetic"),
        (CARD, DeviceKernel(0, Pipe.STREAM, "float32", read=100), 10_000, "launch"),
        (CARD, DeviceKernel(0, Pipe.MATRICES, "float16", macs=10, launches=50), 500_000, "launch"),
    ],
)
def test_a_kernel_takes_as_long_as_what_bounds_it(
    device: Device, kernel: DeviceKernel, nanoseconds: float, by: str
) -> None:
    found = Rates(device, EAGER).time(kernel)
    assert found.by == by
    assert found.nanoseconds == pytest.approx(nanoseconds, abs=2, rel=1e-9)


@pytest.mark.parametrize(
    ("cache", "written", "bytes_moved"),
    [
        (None, 10**8, 6 * 10**8 + 10**8),  # a cache that is not known holds nothing
        (4 * 10**7, 10**8, 6 * 10**8 - 2 * 10**7 + 10**8),  # half of it
        (4 * 10**9, 10**8, 6 * 10**8 - 10**8 + 10**8),  # all that the first has written
        (4 * 10**9, 7 * 10**8, 10**8),  # and no more than is read
    ],
)
def test_a_kernel_finds_in_the_cache_what_the_one_before_has_left(
    cache: int | None, written: int, bytes_moved: int
) -> None:
    first = DeviceKernel(0, Pipe.STREAM, "float32", read=10**9, written=written)
    second = DeviceKernel(1, Pipe.STREAM, "float32", read=6 * 10**8, written=10**8)
    _, found = Rates(CARD._replace(cache_bytes=cache), EAGER).times([first, second])
    assert found.nanoseconds == pytest.approx(bytes_moved / 850, abs=1)  # at 10^12 B/s × 0.85


def test_a_processor_has_no_such_cache() -> None:
    rates = Rates(CARD._replace(kind="cpu", cache_bytes=10**9), EAGER)
    kernel = DeviceKernel(0, Pipe.STREAM, "float32", read=10**9, written=10**9)
    assert len(set(rates.times([kernel, kernel]))) == 1


def test_grouped_convolutions_are_slower_in_channels_last() -> None:
    kernel = DeviceKernel(0, Pipe.GROUPED, "float16", macs=10**12)
    first, last = [Rates(CARD, RunMode(channels_last=way)).time(kernel).nanoseconds for way in (False, True)]
    assert last / first == pytest.approx(1.358, rel=2e-3)


@pytest.mark.parametrize(
    ("device", "dtype", "message", "hint"),
    [
        (CARD._replace(bytes_per_second=None), None, "no bandwidth is known of card", "describe it in a file"),
        (CARD._replace(peaks={"int8": 5}), None, "no dense rate in float32 is known of card", "describe it in a file"),
        (CARD._replace(peaks={}), None, "no dense rate in float32 is known of card", "describe it in a file"),
        (
            CARD,
            "float64",
            "no dense rate in float64 is known of card",
            "a rate is known for `--dtype float32`, `--dtype float16`",
        ),
    ],
)
def test_what_is_not_known_of_a_device_is_an_error(device: Device, dtype: str | None, message: str, hint: str) -> None:
    with pytest.raises(archcost.UsageError) as found:
        archcost.predict("alexnet", device=device, dtype=dtype)
    assert found.value.message.startswith(message)
    assert found.value.help.startswith(hint)


# --- properties -------------------------------------------------------------------------------------------------------


@cache
def _report(name: str, batch: int) -> object:
    return archcost.analyze(name, batch=batch)


MODELS = st.sampled_from(["alexnet", "mobilenet_v2", "squeezenet1_1"])
RUNS = st.builds(
    RunMode,
    st.sampled_from(["", "float16"]),
    compiled=st.booleans(),
    channels_last=st.booleans(),
    training=st.booleans(),
    optimizer=st.sampled_from(["sgd", "adamw"]),
    tensor_cores=st.booleans(),
)


def time_of(name: str, device: Device, run: RunMode, batch: int = 1) -> int:
    report = _report(name, batch)
    return predict(report, device, run).nanoseconds  # type: ignore[arg-type]


@given(MODELS, RUNS, st.integers(1, 8))
def test_more_bandwidth_is_never_slower(name: str, run: RunMode, times: int) -> None:
    faster = CARD._replace(bytes_per_second=10**12 * times)
    assert time_of(name, faster, run) <= time_of(name, CARD, run)


@given(MODELS, RUNS, st.integers(20, 30))
def test_a_larger_cache_is_never_slower(name: str, run: RunMode, power: int) -> None:
    larger, smaller = [time_of(name, CARD._replace(cache_bytes=2**size), run) for size in (power + 1, power)]
    assert larger <= smaller <= time_of(name, CARD, run)


@given(MODELS, RUNS, st.integers(1, 8))
def test_higher_rates_are_never_slower(name: str, run: RunMode, times: int) -> None:
    faster = CARD._replace(peaks={dtype: rate * times for dtype, rate in CARD.peaks.items()})
    assert time_of(name, faster, run) <= time_of(name, CARD, run)


@given(MODELS, RUNS, st.integers(1, 6))
def test_a_larger_batch_is_never_faster(name: str, run: RunMode, power: int) -> None:
    assert time_of(name, CARD, run, 2 ** (power - 1)) <= time_of(name, CARD, run, 2**power)


@given(MODELS, RUNS)
def test_the_layers_sum_to_the_whole_and_so_do_the_bounds(name: str, run: RunMode) -> None:
    found = predict(_report(name, 4), CARD, run)  # type: ignore[arg-type]
    layers = sum(layer.nanoseconds for layer in found.layers)
    assert layers + found.update_ns == found.nanoseconds == sum(found.bounds.values())
    assert bool(found.update_ns) is run.training
    assert found.throughput == 4 * 10**9 // found.nanoseconds


def test_wider_networks_take_longer_in_their_order() -> None:
    widths = [0.25, 0.5, 0.75, 1.0, 1.4]
    times = [
        archcost.predict("mobilenet_v1", device=CARD, params={"width": width}, batch=256, dtype="float16").nanoseconds
        for width in widths
    ]
    assert times == sorted(times)
    assert len(set(times)) == len(times)
