"""Limits that name a device: they hold by what it has room for, as ``fits`` says, and mistakes are told at the key."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import jsonschema
import pytest

import archcost
from archcost.budget.device_limits import with_room
from archcost.errors import UsageError
from archcost.render.schemas import document_schema
from archcost.spec.budget_schema import budgets_schema
from archcost.spec.loader import loads

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

NET = """archcost: 1
name: net
input: [3, 32, 32]
layers: [conv2d: {out_channels: 8, kernel_size: 3, bias: false}]
"""
WEIGHTS, MADE, INPUT = 4 * 8 * 3 * 3 * 3, 4 * 8 * 30 * 30, 4 * 3 * 32 * 32
CONFIGURATION = """specs = ["net.yaml"]
[devices.card]
memory = "%d B"
[devices.chip]
kind = "microcontroller"
memory = "64 KiB"
flash = "1 MiB"
"""


def limited(budgets: str) -> str:
    return f"{NET}budgets: {{{budgets}}}\n"


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a spec with budgets, and a configuration with devices and further budgets."""

    def call(budgets: str, *, memory: int = 10**9, configured: str = "") -> Path:
        text = limited(budgets) if budgets else NET
        (tmp_path / "net.yaml").write_text(text, encoding="utf-8")
        (tmp_path / "archcost.toml").write_text(CONFIGURATION % memory + configured, encoding="utf-8")
        return tmp_path

    return call


@pytest.mark.parametrize("rest", [-1, 0, 1])
def test_a_model_fits_up_to_the_last_byte(rest: int, write: Callable[..., Path], run: Callable[..., Run]) -> None:
    """Ten ninths of what it needs, rounded up, less a tenth."""
    needed = WEIGHTS + MADE + INPUT
    memory = -(-needed * 10 // 9) + rest * 2
    folder = write("run_memory: {device: card}", memory=memory)
    assert archcost.analyze(folder / "net.yaml").totals.run_bytes == needed
    result = run("check", cwd=folder)
    assert (result.code == 0) is (memory - -(-memory // 10) >= needed)
    assert (result.code == 0) is (rest >= 0)
    assert run("fits", "net.yaml", "--device", "card", cwd=folder).code == result.code


@pytest.mark.parametrize(
    ("reserve", "room"), [("0", 65_536), ("1 KiB", 65_536 - 1024), ("50%", 32_768), ("", 65_536 - 6554)]
)
def test_the_reserve_is_that_of_fits(
    reserve: str, room: int, write: Callable[..., Path], run: Callable[..., Run]
) -> None:
    given = f", reserve: {reserve}" if reserve else ""
    folder = write(f"run_memory: {{device: card{given}}}", memory=65_536)
    finding = json.loads(run("check", "--format", "json", cwd=folder).out)["specs"][0]["findings"][0]
    assert (finding["limit"]["max"], finding["allowed"], finding["limit"]["device"]) == (room, room, "card")
    words = ("--reserve", reserve) if reserve else ()
    fit = json.loads(run("fits", "net.yaml", "--device", "card", *words, "--format", "json", cwd=folder).out)
    assert fit["devices"][0]["capacity_bytes"] == room


def test_sram_and_flash_are_those_of_the_microcontroller(write: Callable[..., Path], run: Callable[..., Run]) -> None:
    budgets = "sram: {device: chip}, sram_inplace: {device: chip, reserve: 60 KiB}, flash: {device: stm32f746}"
    folder = write(budgets)
    study = archcost.microcontroller(folder / "net.yaml")
    found = json.loads(run("check", "--format", "json", cwd=folder).out)["specs"][0]["findings"]
    held = {finding["metric"]: (finding["figure"], finding["allowed"], finding["status"]) for finding in found}
    assert held == {
        "sram": (study.sram, 65_536, "ok"),
        "sram_inplace": (study.sram, 4096, "fail"),
        "flash": (study.flash.total, 2**20, "ok"),
    }


def test_a_configuration_names_devices_too(write: Callable[..., Path], run: Callable[..., Run]) -> None:
    configured = '[[budgets]]\nrun_memory = { device = "card", level = "warn", message = "ours" }\n'
    result = run("check", cwd=write("", memory=1000, configured=configured))
    assert result.code == 0
    assert "over the limit of 900 B of card" in result.out
    assert "note: ours" in result.out
    assert "archcost.toml:" in result.out


def test_a_maximum_and_a_growth_may_stand_beside_a_device() -> None:
    spec = loads(limited("run_memory: {device: t4, max: 1 GiB, increase: 5%}"))
    assert [(limit.device, limit.maximum, limit.is_growth) for limit in spec.budgets] == [
        ("t4", None, False),
        ("", 2**30, False),
        ("", None, True),
    ]
    assert with_room(spec.budgets[0], {}).maximum == 15 * 2**30 * 9 // 10


@pytest.mark.parametrize(
    ("budgets", "message", "column", "hint"),
    [
        ("run_memory: {device: t400}", "there is no device 't400'", 24, "did you mean"),
        ("run_memory: {device: jetson}", "'jetson' may be several devices", 24, "name one"),
        ("run_memory: {device: chip}", "memory to run is no limit of chip", 24, "`sram: {device: chip}`"),
        ("sram: {device: t4}", "SRAM is no limit of Tesla T4", 18, "`run_memory: {device: t4}`"),
        ("flash: {device: rp2350}", "RP2350 has no flash of its own", 19, "file of your own"),
        ("macs: {device: t4}", "unknown key 'device'", 18, "known keys: max"),
        ("run_memory: {reserve: 5%}", "`reserve` is what is kept free of a `device`", 24, "{device: rtx4090"),
        ("run_memory: {device: t4, reserve: 5}", "is not a memory size", 45, "`1 GiB` or `5%`"),
        ("run_memory: {device: t4, reserve: 100%}", "is not a part of a memory", 45, "`1 GiB` or `5%`"),
        ("run_memory: {device: [t4]}", "a device", 32, ""),
        ("layers: {conv2d: {run_memory: {device: t4}}}", "a figure of the whole model", 29, ""),
    ],
)
def test_a_mistake_is_told_at_its_place(
    budgets: str, message: str, column: int, hint: str, write: Callable[..., Path], run: Callable[..., Run]
) -> None:
    result = run("check", cwd=write(budgets))
    told = result.out + result.err
    assert result.code == 2
    assert message in told
    assert f"--> net.yaml:5:{column}" in told
    assert hint in told
    assert "Traceback" not in told


def test_the_schemas_know_devices(write: Callable[..., Path], run: Callable[..., Run]) -> None:
    schema = jsonschema.Draft7Validator(budgets_schema())
    for given, valid in (
        ({"run_memory": {"device": "t4"}}, True),
        ({"run_bytes": {"device": "t4", "reserve": "5%", "level": "warn"}}, True),
        ({"flash": {"device": "stm32f746"}}, True),
        ({"run_memory": {"reserve": "5%", "max": "1 GiB"}}, False),
        ({"macs": {"device": "t4"}}, False),
        ({"sram": {"increase": "5%", "device": "stm32f746"}}, False),
    ):
        assert schema.is_valid(given) is valid
    folder = write("run_memory: {device: card, reserve: 0}")
    printed = json.loads(run("check", "--format", "json", cwd=folder).out)
    assert jsonschema.Draft7Validator(document_schema("verdict")).is_valid(printed)


def test_a_device_that_has_no_such_memory_is_a_usage_error() -> None:
    (limit,) = loads(limited("flash: {device: t4}")).budgets
    with pytest.raises(UsageError, match="flash is no limit of Tesla T4"):
        with_room(limit, {})
