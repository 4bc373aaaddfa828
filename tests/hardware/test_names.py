"""What people call devices: names, aliases, titles, drivers' words, and what is near to them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archcost
from archcost.hardware.device import Device
from archcost.hardware.names import find, matching
from archcost.hardware.table import shipped

OWN = {"lab": Device("lab", 24 * 2**30, aliases=("4090", "bench-card"))}


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("rtx4090", "rtx4090"),
        ("4090", "rtx4090"),
        ("RTX 4090", "rtx4090"),
        ("NVIDIA GeForce RTX 4090", "rtx4090"),  # as its driver says
        ("NVIDIA A100-SXM4-80GB", "a100-sxm-80gb"),
        ("NVIDIA H100 80GB HBM3", "h100-sxm"),
        ("Tesla V100-SXM2-16GB", "v100-sxm2-16gb"),
        ("Tesla T4", "t4"),
        ("h100", "h100-sxm"),
        ("a100", "a100-sxm-80gb"),
        ("jetson-orin", "jetson-agx-orin-64gb"),
        ("m2", "apple-m2"),
        ("pico", "rp2040"),
        ("STM32F746", "stm32f746"),
    ],
)
def test_a_device_is_found_by_what_people_call_it(word: str, name: str) -> None:
    assert find(word).name == name
    assert [device.name for device in matching(word)] == [name]


@pytest.mark.parametrize(
    ("word", "message", "hint"),
    [
        ("a100-pcie", "'a100-pcie' may be several devices", "name one: a100-pcie-40gb, a100-pcie-80gb"),
        ("4060-ti", "'4060-ti' may be several devices", "name one: rtx4060-ti-8gb, rtx4060-ti-16gb"),
        ("8 GB", "'8 GB' is a size, and no device", "name one of this size: p4, gtx1080, "),
        ("24gib", "'24gib' is a size, and no device", "name one of this size: "),
        ("7GB", "'7GB' is a size, and no device", "`archcost devices` lists them"),
        ("NVIDIA", "'NVIDIA' is said of many devices", "name one: `archcost devices nvidia` lists them"),
        ("gpu", "'gpu' is said of many devices", "name one: `archcost devices gpu` lists them"),
        ("rtx409", "there is no device 'rtx409'", "did you mean 'rtx4090'"),
        ("ironwoo", "there is no device 'ironwoo'", "did you mean 'tpu-v7'?"),  # a part of one alone
        ("rtx4o90", "there is no device 'rtx4o90'", "did you mean 'rtx4090'"),
        ("zx spectrum", "there is no device 'zx spectrum'", "`archcost devices` lists them"),
        ("", "there is no device ''", "`archcost devices` lists them"),
        ("---", "there is no device '---'", "`archcost devices` lists them"),
        ("x" * 5000, "there is no device 'xxx", "`archcost devices` lists them"),
    ],
)
def test_what_is_no_name_gets_the_near_ones(word: str, message: str, hint: str) -> None:
    with pytest.raises(archcost.UsageError) as found:
        find(word)
    assert found.value.message.startswith(message)
    assert found.value.help.startswith(hint)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("a100*", ["a100-pcie-40gb", "a100-pcie-80gb", "a100-sxm-40gb", "a100-sxm-80gb"]),
        ("*orin*", ["jetson-orin-nano-8gb", "jetson-orin-nx-16gb", "jetson-agx-orin-64gb"]),
        ("rtx-40[67]0", ["rtx4060", "rtx4070"]),
        ("orin", ["jetson-agx-orin-64gb"]),  # an alias
        ("google", ["tpu-v2", "tpu-v3", "tpu-v4", "tpu-v5e", "tpu-v5p", "tpu-v6e", "tpu-v7"]),
    ],
)
def test_patterns_fit_names_and_words_fit_vendors(pattern: str, expected: list[str]) -> None:
    assert [device.name for device in matching(pattern)] == expected


def test_a_pattern_that_fits_nothing_is_an_error() -> None:
    for pattern in ("qq*", "nothing-like-it", "-", "*[", ""):
        with pytest.raises(archcost.UsageError, match="no device fits"):
            matching(pattern)


def test_kinds_are_words_to_look_for() -> None:
    small = matching("microcontroller")
    assert len(small) >= 10
    assert {device.kind for device in small} == {"microcontroller"}


def test_own_devices_come_first() -> None:
    assert find("4090", OWN).name == "lab"
    assert find("rtx4090", OWN).name == "rtx4090"
    assert [device.name for device in matching(None, OWN)] == ["lab", *shipped()]
    replaced = {"t4": Device("t4", 2**30)}
    assert find("t4", replaced).memory_bytes == 2**30
    assert [device.name for device in matching(None, replaced)].count("t4") == 1


@given(st.sampled_from(list(shipped())), st.data())
def test_case_and_hyphens_do_not_matter(name: str, data: st.DataObject) -> None:
    written = "".join(
        data.draw(st.sampled_from([char, char.upper(), f"{char} ", f"{char}_", f"-{char}"])) for char in name
    )
    assert find(written).name == name
