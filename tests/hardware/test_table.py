"""The devices that ship: every figure has its source, and figures fit each other and the arithmetic of the hardware."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from archcost import hardware
from archcost.hardware.device import PEAKS
from archcost.hardware.figures import FIGURES
from archcost.hardware.names import names_of
from archcost.hardware.table import shipped
from benchmarks import devices as page

FOLDER = Path(hardware.__file__).parent
DEVICES = list(shipped().values())
TERA, GIGA = 10**12, 10**9
KINDS = {"gpu", "tpu", "accelerator", "edge", "soc", "cpu", "microcontroller"}


def rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((FOLDER / name).read_text(encoding="utf-8").splitlines()))


def test_there_are_many_and_each_is_called_otherwise() -> None:
    assert len(DEVICES) >= 60
    called = [name for device in DEVICES for name in names_of(device)]
    assert len(called) == len(set(called))
    assert [device.name for device in DEVICES] == [row["name"] for row in rows("devices.csv")]


def test_every_device_has_a_source_and_every_source_is_cited() -> None:
    sources = {row["name"]: row for row in rows("sources.csv")}
    cited = {
        row[key] for row in rows("devices.csv") for key in ("source", "second_source", "usable_source", "cache_source")
    } - {""}
    assert cited == set(sources)
    assert all(row["title"] and row["address"].startswith(("https://", "http://")) for row in sources.values())
    assert all(device.sources for device in DEVICES)
    assert sum(len(device.sources) == 2 for device in DEVICES) >= 60, "two sources confirm each other"


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.name)
def test_the_words_of_a_row_are_of_the_few_there_are(device: hardware.device.Device) -> None:
    assert device.title
    assert device.vendor
    assert device.kind in KINDS
    assert device.year is None or 2015 <= device.year <= 2026
    assert device.basis in ({"printed", "halved", "derived"} if device.peaks else {""})
    assert (device.usable_bytes is None) == (device.usable_source is None)
    assert (device.cache_bytes is None) == (device.cache_source is None)
    assert (device.cache_bytes or 0) < 2**30
    assert device.available_bytes <= device.memory_bytes
    assert set(device.peaks) <= set(PEAKS) <= set(FIGURES)


def test_only_microcontrollers_have_flash_and_no_rates() -> None:
    for device in DEVICES:
        is_small = device.kind == "microcontroller"
        assert is_small == (device.clock_hz is not None)
        assert not (is_small and device.peaks)
        assert is_small or device.flash_bytes is None
        assert is_small == (device.memory_bytes < 2**30)


def near(value: float, expected: float, share: float = 0.03) -> bool:
    return abs(value - expected) <= share * expected


# --- rates against each other -----------------------------------------------------------------------------------------


def ratios(over: str, under: str) -> dict[str, float]:
    return {
        device.name: device.peaks[over] / device.peaks[under]
        for device in DEVICES
        if over in device.peaks and under in device.peaks
    }


def test_half_the_width_is_twice_the_rate_or_the_same() -> None:
    """What is doubled beyond that is a sparse rate, or one with other sums."""
    assert all(near(ratio, 1) for ratio in ratios("bfloat16", "float16").values())
    for name, ratio in ratios("float16", "tf32").items():
        assert near(ratio, 1 if name in ("inferentia2", "trainium", "trainium2") else 2), name
    for name, ratio in ratios("float8", "float16").items():
        assert near(ratio, 1) or near(ratio, 2), name
    for name, ratio in ratios("int8", "float16").items():
        expected = 4 if name.startswith("rtx") and shipped()[name].float16_acc16 else 2
        assert near(ratio, expected) or (shipped()[name].vendor == "AMD" and near(ratio, 1)), name
    for name, ratio in ratios("int8", "float8").items():
        assert near(ratio, 1, 0.01) or near(ratio, 2, 0.01), name


def test_float16_sums_double_the_rate_where_they_change_it() -> None:
    found = {device.name: device.float16_acc16 / device.peaks["float16"] for device in DEVICES if device.float16_acc16}
    assert len(found) >= 12
    assert all(near(ratio, 2) for ratio in found.values())


# float16 of tensor cores over float32: a generation and a market have one ratio; a sparse rate would be twice it.
GENERATIONS = {
    ("v100", "t4", "quadro-rtx5000", "quadro-rtx6000"): 8,
    ("rtx2080",): 4,
    ("rtx30", "rtx40", "rtx50", "l40", "l20"): 2,
    ("a10", "a40", "rtx-a", "rtx4000-ada", "rtx4500-ada", "rtx5000-ada", "rtx6000-ada", "l4", "l40s"): 4,
    ("a100", "a30"): 16,
    ("h100-pcie", "h100-sxm", "h200", "gh200"): 14.8,
    ("h100-nvl",): 13.9,
    ("p100",): 2,
    ("mi210", "mi250x", "mi300", "mi325x"): 8,
    ("jetson-orin-nano", "jetson-agx-orin"): 8,
}


def test_tensor_cores_are_as_much_faster_as_their_generation_has_it() -> None:
    checked = 0
    for name, ratio in ratios("float16", "float32").items():
        fitting = [
            (len(prefix), expected)
            for prefixes, expected in GENERATIONS.items()
            for prefix in prefixes
            if name.startswith(prefix)
        ]
        if name == "a10g":  # about half an A10, as a cloud has it
            assert 2 < ratio < 2.5
        elif fitting:
            checked += 1
            assert near(ratio, max(fitting)[1]), name
    assert checked >= 40


# --- rates against units and clocks -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "units", "gigahertz"),
    [
        ("rtx4090", 16_384, 2.520),
        ("rtx4070-ti", 7_680, 2.610),
        ("rtx3090", 10_496, 1.695),
        ("rtx3080", 8_704, 1.710),
        ("rtx3070", 5_888, 1.725),
        ("rtx2080-ti", 4_352, 1.545),
        ("rtx5080", 10_752, 2.617),
        ("rtx-a6000", 10_752, 1.800),
        ("a10", 9_216, 1.695),
        ("l4", 7_424, 2.040),
        ("a100-sxm-80gb", 6_912, 1.410),
        ("v100-sxm2-16gb", 5_120, 1.530),
        ("h100-sxm", 16_896, 1.980),
        ("apple-m2", 1_280, 1.398),
        ("jetson-agx-orin-64gb", 2_048, 1.300),
        ("jetson-orin-nano-8gb", 1_024, 1.020),
    ],
)
def test_float32_is_two_operations_a_unit_and_clock(name: str, units: int, gigahertz: float) -> None:
    assert near(shipped()[name].peaks["float32"], 2 * units * gigahertz * GIGA, 0.015)


@pytest.mark.parametrize(
    ("name", "bits", "gigabits"),
    [
        ("rtx5090", 512, 28),  # GDDR7
        ("rtx5080", 256, 30),
        ("rtx4090", 384, 21),  # GDDR6X
        ("rtx4080", 256, 22.4),
        ("rtx4070", 192, 21),
        ("rtx3090", 384, 19.5),
        ("rtx3080", 320, 19),
        ("rtx3070", 256, 14),  # GDDR6
        ("rtx3060", 192, 15),
        ("rtx4060-ti-16gb", 128, 18),
        ("rtx2080-ti", 352, 14),
        ("gtx1080-ti", 352, 11),  # GDDR5X
        ("t4", 256, 10),
        ("a10", 384, 12.5),
        ("a40", 384, 14.5),
        ("l4", 192, 12.5),
        ("l40s", 384, 18),
        ("rtx-a6000", 384, 16),
        ("rtx6000-ada", 384, 20),
        ("rx7900-xtx", 384, 20),
        ("arc-pro-b60", 192, 19),
        ("p100-pcie-16gb", 4096, 1.43),  # HBM2
        ("v100-sxm2-16gb", 4096, 1.752),
        ("a100-sxm-40gb", 5120, 2.43),
        ("a100-sxm-80gb", 5120, 3.186),  # HBM2e
        ("mi100", 4096, 2.4),
        ("mi210", 4096, 3.2),
        ("h100-sxm", 5120, 5.24),  # HBM3
        ("h200-sxm", 6144, 6.25),  # HBM3e
        ("jetson-agx-orin-64gb", 256, 6.4),  # LPDDR5
        ("jetson-orin-nx-16gb", 128, 6.4),
        ("jetson-agx-xavier-32gb", 256, 4.266),  # LPDDR4X
        ("jetson-nano-4gb", 64, 3.2),
        ("apple-m1", 128, 4.266),
    ],
)
def test_bandwidth_is_that_of_the_bus(name: str, bits: int, gigabits: float) -> None:
    bandwidth = shipped()[name].bytes_per_second
    assert bandwidth is not None
    assert near(bandwidth, bits * gigabits * GIGA / 8, 0.01)


def test_bandwidths_are_of_their_kind_of_memory() -> None:
    """Shared LPDDR is below, HBM above; what is between is GDDR."""
    for device in DEVICES:
        bandwidth = (device.bytes_per_second or 0) / GIGA
        if not bandwidth:
            continue
        if device.kind in ("edge", "soc", "cpu"):
            assert bandwidth <= 819.2, device.name
        elif device.name.startswith(("rtx", "gtx", "quadro", "rx", "arc")):
            assert 250 <= bandwidth <= 1_800, device.name
        else:
            assert 190 <= bandwidth <= 8_000, device.name


def test_no_device_computes_far_more_than_it_can_read() -> None:
    for device in DEVICES:
        rate = device.peaks.get("float16") or device.peaks.get("bfloat16")
        if rate and device.bytes_per_second:
            assert 5 <= rate / device.bytes_per_second <= 600, device.name


def test_the_page_has_the_table() -> None:
    text = page.PAGE.read_text(encoding="utf-8")
    assert page.renewed(text) == text, "run python -m benchmarks.devices"
