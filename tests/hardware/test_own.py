"""Devices of one's own: in a configuration and in files, and every problem at its place."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import archcost
from archcost.budget.config import load_config
from archcost.hardware.device import KINDS
from archcost.hardware.figures import FIGURES, figure
from archcost.hardware.own import read_device_file
from archcost.quantities import UnitError

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Run

WHOLE = """\
memory = "24 GiB"
usable = "23.5 GiB"
bandwidth = "1008 GB/s"
float32 = "82.6 TFLOPS"
float16 = "165.2 TFLOP/s"
int8 = "660.6 TOPS"
power = "0.45 kW"
price = 1599
year = 2022
title = "The card of the lab"
vendor = "NVIDIA"
aliases = ["lab", "bench_card"]
note = "capped"
source = "its sticker"
"""
FIGURES_OF_WHOLE = {
    "memory_bytes": 24 * 2**30,
    "usable_bytes": 47 * 2**29,
    "bytes_per_second": 1008 * 10**9,
    "peaks": {"float32": 826 * 10**11, "float16": 1652 * 10**11, "int8": 6606 * 10**11},
    "power_watts": 450,
    "price_usd": 1599,
    "year": 2022,
    "title": "The card of the lab",
    "aliases": ("lab", "bench_card"),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the root of a repository, and the one that commands run in."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def configured(folder: Path, text: str) -> None:
    (folder / "archcost.toml").write_text(text, encoding="utf-8")


def test_a_table_of_the_configuration_is_a_device(folder: Path) -> None:
    configured(folder, f"[devices.lab-card]\n{WHOLE}")
    device = archcost.device("lab")
    assert device.name == "lab-card"
    assert {name: getattr(device, name) for name in FIGURES_OF_WHOLE} == FIGURES_OF_WHOLE
    assert [source[:2] for source in device.sources] == [("archcost.toml:1", "its sticker")]
    assert device in archcost.devices()
    assert archcost.devices("nvidia")[0] == device


def test_so_it_is_in_a_project_and_in_a_file(folder: Path) -> None:
    (folder / "pyproject.toml").write_text(f"[tool.archcost.devices.lab-card]\n{WHOLE}", encoding="utf-8")
    (folder / "lab-card.toml").write_text(WHOLE, encoding="utf-8")
    (folder / "other.toml").write_text(f'name = "lab-card"\n{WHOLE}', encoding="utf-8")
    one, *others = archcost.device("bench-card"), archcost.device("lab-card.toml"), archcost.device(Path("other.toml"))
    assert all(each._replace(sources=one.sources) == one for each in others)
    assert archcost.devices("other.toml") == [others[1]]


def test_the_memory_is_enough(folder: Path) -> None:
    configured(folder, 'devices.box.memory = "512 KiB"\n')
    assert archcost.device("box").memory_bytes == 512 * 2**10


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("memory = 24\n", ["archcost.toml:2:10: 'memory': '24' is not a memory size: write B, kB, MB, GB or"]),
        ('memory = "24 GiBs"\n', ["archcost.toml:2:10: 'memory': '24 GiBs' is not a memory size"]),
        ('memory = "-1 GiB"\n', ["archcost.toml:2:10: 'memory': '-1 GiB' is nothing that a device could have"]),
        ('memory = "0.3 B"\n', ["archcost.toml:2:10: 'memory': '0.3 B' is nothing that a device could have"]),
        ('memory = "1e99 GiB"\n', ["archcost.toml:2:10: 'memory': '1e99 GiB' is more than any device has"]),
        ("memory = []\n", ["archcost.toml:2:10: 'memory' is one figure, got a list"]),
        ("memory = true\n", ["archcost.toml:2:10: 'memory': expected a number with a unit, got 'true'"]),
        ('bandwidth = "1008 GB/s"\n', ["archcost.toml:1:10: the device 'lab' has no memory"]),
        (
            'memory = "1 GiB"\nbandwidth = "1008 GB"\npower = "450 V"\nfloat16 = "165 T"\nclock = 216\n',
            [
                "archcost.toml:3:13: 'bandwidth': '1008 GB' is not a bandwidth: write it like 1008 GB/s",
                "archcost.toml:4:9: 'power': '450 V' is not a power: write it like 450 W",
                "archcost.toml:5:11: 'float16': '165 T' is not a rate: write it like 165.2 TFLOPS",
                "archcost.toml:6:9: 'clock': '216' is not a clock: write it like 216 MHz",
            ],
        ),
        (
            'memory = "1 GiB"\nusable = "2 GiB"\n',
            ["archcost.toml:3:10: the device 'lab' has less memory than is usable"],
        ),
        ('memory = "1 GiB"\nmemry = "1 GiB"\n', ["archcost.toml:3:1: unknown key 'memry' in the device 'lab'"]),
        ('memory = "1 GiB"\nfp16 = "1 TFLOPS"\n', ["archcost.toml:3:1: unknown key 'fp16' in the device 'lab'"]),
        ('memory = "1 GiB"\nvendor = 3\n', ["archcost.toml:3:10: 'vendor' must be text, got 3"]),
        ('memory = "1 GiB"\nkind = "GPU!"\n', ["archcost.toml:3:8: there is no kind of devices 'GPU!'"]),
        ('memory = "0 GiB"\n', ["archcost.toml:2:10: 'memory': '0 GiB' is nothing that a device could have"]),
        ('memory = "-4 GiB"\n', ["archcost.toml:2:10: 'memory': '-4 GiB' is nothing that a device could have"]),
        ('memory = "9e30 GiB"\n', ["archcost.toml:2:10: 'memory': '9e30 GiB' is more than any device has"]),
        ("memory = nan\n", ["archcost.toml:2:10: 'memory': expected a number with a unit, got 'nan'"]),
        (
            'memory = "1 GiB"\nbandwidth = "0 GB/s"\n',
            ["archcost.toml:3:13: 'bandwidth': '0 GB/s' is nothing that a device could have"],
        ),
        ('memory = "1 GiB"\naliases = ["a b"]\n', ["archcost.toml:3:12: 'a b' cannot name a device"]),
        ('memory = "1 GiB"\naliases = "--"\n', ["archcost.toml:3:11: '--' cannot name a device"]),
        ('memory = "1 GiB"\n[devices."a*b"]\nmemory = "1 GiB"\n', ["archcost.toml:3:10: 'a*b' cannot name a device"]),
        (
            'memory = "1 GiB"\n[devices.LAB]\nmemory = "1 GiB"\n',
            ["archcost.toml:3:10: 'LAB' names two devices: this one and 'lab'"],
        ),
    ],
)
def test_every_problem_has_its_place(folder: Path, run: Callable[..., Run], text: str, problems: list[str]) -> None:
    configured(folder, f"[devices.lab]\n{text}")
    with pytest.raises(archcost.ConfigError) as found:
        archcost.devices()
    told = [f"{each.mark}: {each.message}" for each in found.value.diagnostics]
    assert len(told) == len(problems)
    assert all(one.startswith(start) for one, start in zip(told, problems, strict=True)), told
    assert all(each.help for each in found.value.diagnostics)
    result = run("devices", cwd=folder)
    assert result.code == 2
    assert f"--> {problems[0].partition(': ')[0]}" in result.err
    assert "Traceback" not in result.err


def test_what_need_not_be_known_may_be_left_out(folder: Path) -> None:
    configured(folder, '[devices.lab]\nmemory = "1 MiB GB"\nbandwidth = "0 GB/s"\n')
    with pytest.raises(archcost.ConfigError) as found:
        archcost.devices()
    helps = [each.help for each in found.value.diagnostics]
    assert helps == [
        'write `memory = "24 GiB"`',
        'write `bandwidth = "1008 GB/s"`, or leave it out where it is not known',
    ]


def test_the_devices_that_ship_are_of_the_kinds_that_there_are() -> None:
    assert {device.kind for device in archcost.devices()} == set(KINDS)


def test_what_is_no_table_of_devices(folder: Path) -> None:
    for text, message in (
        ("devices = 3\n", "'devices' must be a mapping"),
        ("[devices]\nlab = 3\n", "the device 'lab' must be a mapping"),
        ("".join(f'[devices.d{number}]\nmemory = "1 B"\n' for number in range(1001)), "at most 1,000 devices"),
    ):
        configured(folder, text)
        with pytest.raises(archcost.ConfigError, match=message):
            archcost.devices()


def test_problems_of_a_file_have_their_places(folder: Path, run: Callable[..., Run]) -> None:
    (folder / "card.toml").write_text('memory = "24 GiB"\nname = "a card"\nspeed = 3\n', encoding="utf-8")
    result = run("devices", "card.toml", cwd=folder)
    assert result.code == 2
    assert "--> card.toml:2:8" in result.err
    assert "--> card.toml:3:1" in result.err
    for text, place in (("memory", "card.toml:1:7"), ("", "card.toml:1:1")):
        (folder / "card.toml").write_text(text, encoding="utf-8")
        assert f"--> {place}" in run("devices", "card.toml", cwd=folder).err
    (folder / "card.toml").write_bytes(b"\xff")
    assert "it is not UTF-8 text" in run("devices", "card.toml", cwd=folder).err
    assert "there is no such file" in run("devices", "gone.toml", cwd=folder).err


def test_a_link_shows_no_line_of_another_file(folder: Path) -> None:
    (folder / "secret").write_text('memory = "password"\n', encoding="utf-8")
    os.symlink("secret", folder / "card.toml")
    with pytest.raises(archcost.ConfigError, match=r"a file whose name does not end in \.toml") as found:
        read_device_file("card.toml")
    assert "password" not in str(found.value)
    (folder / "real.toml").write_text('memory = "1 GiB"\n', encoding="utf-8")
    os.symlink("real.toml", folder / "link.toml")
    assert read_device_file("link.toml").memory_bytes == 2**30


def test_devices_stand_beside_everything_else(folder: Path) -> None:
    configured(folder, 'baseline = "lock.json"\n[devices.lab]\nmemory = "1 GiB"\n[[budgets]]\nparams = "60 k"\n')
    config = load_config()
    assert (list(config.devices), config.baseline, len(config.budgets)) == (["lab"], "lock.json", 1)
    configured(folder, 'device.lab.memory = "1 GiB"\n')
    with pytest.raises(archcost.ConfigError, match="unknown key 'device'"):
        load_config()


def test_a_figure_is_rounded_down() -> None:
    assert figure("usable", "23.9 GiB") == 25_662_429_593  # 239 * 2**30 / 10 = 25,662,429,593.6


@pytest.mark.parametrize("name", FIGURES)
def test_the_example_of_a_figure_is_read(name: str) -> None:
    assert figure(name, FIGURES[name].example) > 0
    with pytest.raises(UnitError):
        figure(name, "0 parsecs")
