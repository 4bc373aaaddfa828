"""``archcost fits``: verdicts and exit codes, reserves, devices, microcontrollers, and every format."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import archcost
from archcost.errors import UsageError
from archcost.fitting.reserve import read_reserve
from archcost.quantities import UnitError
from tests.cover import some

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

GIB = 2**30
CARD = 'memory = "10 GB"\nbandwidth = "100 GB/s"\n'
NET = """import torch


def build() -> torch.nn.Module:
    return torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.LazyLinear(10))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a device in a file and one in the configuration."""
    (tmp_path / "lab.toml").write_text(CARD, encoding="utf-8")
    board = 'kind = "microcontroller"\nmemory = "1 MiB"\nflash = "4 MiB"\n'
    text = f'[devices.tiny]\nmemory = "100 MiB"\n[devices.board]\n{board}'
    (tmp_path / "archcost.toml").write_text(text, encoding="utf-8")
    return tmp_path


# --- verdicts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code", "shown"),
    [
        (("resnet50", "--device", "t4"), 0, "✓ fits Tesla T4"),
        (("llama_3_8b", "--device", "t4"), 1, "✗ does not fit Tesla T4"),
        (("llama_3_8b", "--device", "t4", "--weight-dtype", "int4"), 0, "✓ fits"),
        (("resnet50", "llama_3_8b", "--device", "t4"), 1, "✗ does not fit"),
        (("llama_3_8b", "--device", "t4", "--device", "h100-sxm"), 1, "✓ fits H100 SXM5"),
        (("llama_3_8b",), 0, "for a model"),
        (("vit_b_16", "--device", "t4", "--training", "--batch", "512"), 1, "missing"),
        (("mcunet_in3", "--device", "stm32f746"), 1, "does not fit STM32F746NG"),
        (("mcunet_in3", "--device", "stm32f746", "--inplace"), 0, "fits STM32F746NG"),
    ],
)
def test_the_exit_code_is_the_answer(words: tuple[str, ...], code: int, shown: str, run: Callable[..., Run]) -> None:
    result = run("fits", *words, columns=120)
    assert (result.code, result.err) == (code, "")
    assert shown in result.out


def test_a_spec_that_fails_is_2_and_the_others_are_answered(run: Callable[..., Run], folder: Path) -> None:
    (folder / "wrong.yaml").write_text("archcost: 1\ninput: [3]\nlayers: [rellu]\n", encoding="utf-8")
    result = run("fits", "wrong.yaml", "resnet18", "--device", "t4", cwd=folder)
    assert result.code == 2
    assert "did you mean 'relu'" in result.err
    assert "✓ fits Tesla T4" in result.out


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (("--device", "nothing"), "there is no device 'nothing'", "`archcost devices` lists them"),
        (("--device", "rtx4091"), "there is no device 'rtx4091'", "did you mean"),
        (("--device", "jetson"), "'jetson' may be several devices", "jetson-nano-4gb, "),
        (("--device", "no.toml"), "cannot read no.toml", ""),
        (("--device", "t4", "--batch", "0"), "--batch takes a whole number of at least 1", ""),
        (("--device", "t4", "--schedule", "best"), "--schedule is one of spec, min-peak", ""),
        (("--device", "t4", "--training", "--kv-dtype", "int8"), "a training step keeps no KV cache", ""),
        (("--device", "t4", "--training", "--weight-dtype", "int8"), "a training step updates weights", "--lora 8"),
        (("--device", "stm32f746", "--training"), "a microcontroller runs inference in int8", "leave out"),
        (("--device", "stm32f746", "--dtype", "float16"), "a microcontroller runs inference in int8", "leave out"),
        (("--device", "rp2350"), "RP2350 has no flash of its own", "`flash = "),
    ],
)  # fmt: skip
def test_bad_usage_is_an_error_with_a_way_out(
    words: tuple[str, ...], message: str, hint: str, run: Callable[..., Run]
) -> None:
    result = run("fits", "mcunet_vww0", *words)
    assert (result.code, result.out.strip()) == (2, "")
    assert message in result.err
    assert hint in result.err
    assert "Traceback" not in result.err


def test_a_batch_that_the_spec_refuses_is_its_own_error_and_bounds_the_search(
    run: Callable[..., Run], folder: Path
) -> None:
    text = "archcost: 1\nname: pair\ninput: [8]\nlayers: [{reshape: [2, 4]}]\n"
    (folder / "pair.yaml").write_text(text, encoding="utf-8")
    result = run("fits", "pair.yaml", "--device", "t4", "--batch", "3", cwd=folder)
    assert result.code == 2
    assert "--> pair.yaml:4:" in result.err
    one = archcost.fits(folder / "pair.yaml", device="t4").largest_batch
    assert one is not None
    assert (one.size, one.limit) == (1, "spec")


# --- reserves ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("1GiB", GIB),
        ("1 GB", 10**9),
        ("0", 0),
        ("0%", 0),
        ("5%", -(-15 * GIB // 20)),
        ("12.5%", 15 * GIB // 8),
        ("1.5 B", 2),
        ("1 TiB", 15 * GIB),
    ],
)
def test_a_reserve_is_bytes_or_a_share_rounded_up(text: str, kept: int) -> None:
    fit = archcost.fits("conv1x1", device="t4", reserve=text).devices[0]
    assert fit.device.available_bytes == 15 * GIB
    assert fit.reserve_bytes == kept
    assert fit.capacity == 15 * GIB - kept
    assert fit.fits is (kept < 15 * GIB)
    assert text in fit.to_dict()["reserve"]


@pytest.mark.parametrize("text", ["x", "1", "1 G", "100%", "120%", "-1%", "-1 GiB", "", "nan%", "1 GiB 5%"])
def test_no_other_text_is_a_reserve(text: str, run: Callable[..., Run]) -> None:
    with pytest.raises(UnitError):
        read_reserve(text)
    result = run("fits", "conv1x1", "--device", "t4", f"--reserve={text}")
    assert (result.code, result.out.strip()) == (2, "")
    assert "--reserve" in result.err
    assert "write it like `1 GiB` or `5%`" in result.err


@pytest.mark.parametrize(
    ("device", "share"), [("t4", 10), ("h100-sxm", 10), ("mi300x", 10), ("jetson-nano-4gb", 4), ("apple-m1", 4)]
)
def test_the_usual_reserve_is_stated_with_its_sources(device: str, share: int) -> None:
    """A tenth, and a quarter where a system shares the memory."""
    fit = archcost.fits("conv1x1", device=device).devices[0]
    assert fit.reserve_bytes == -(-fit.device.available_bytes // share)
    sources = fit.to_dict()["reserve_sources"]
    assert sources
    assert all(source["address"].startswith("https://") for source in sources)


def test_the_reserve_of_a_microcontroller_is_nothing() -> None:
    assert archcost.fits("mcunet_vww0", device="stm32f746").devices[0].reserve_bytes == 0


# --- devices ----------------------------------------------------------------------------------------------------------


def test_devices_are_names_files_those_of_the_configuration_and_values(
    run: Callable[..., Run], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("--device", "lab.toml", "--device", "tiny", "--device", "4090")
    rows = list(csv.DictReader(run("fits", "resnet50", *words, "--format", "csv", cwd=folder).out.splitlines()))
    assert [row["device"] for row in rows] == ["lab", "tiny", "rtx4090"]
    assert [int(row["memory_bytes"]) for row in rows] == [10 * 10**9, 100 * 2**20, 24 * GIB]
    assert [row["fits"] for row in rows] == ["True", "False", "True"]
    monkeypatch.chdir(folder)
    given = [archcost.device("lab.toml"), folder / "lab.toml", "tiny"]
    found = archcost.fits("resnet50", device=given)
    assert [fit.device.name for fit in found.devices] == ["lab", "lab", "tiny"]
    assert "tiny" in [fit.device.name for fit in archcost.fits("resnet50").devices]


def test_several_devices_have_no_largest_batch_together() -> None:
    found = archcost.fits("resnet18", device=["t4", "4090"])
    with pytest.raises(UsageError, match="2 devices"):
        _ = found.largest_batch
    assert [str(fit.largest_batch.limit) for fit in found.devices if fit.largest_batch] == ["memory", "memory"]


def test_a_microcontroller_is_judged_by_sram_and_flash(run: Callable[..., Run], folder: Path) -> None:
    for model in ("mcunet_in0", "mcunet_in4", "resnet18"):
        study = archcost.microcontroller(model)
        sram, flash = study.sram, study.flash.total
        for name, memory, size in (("stm32f746", 320 * 2**10, 2**20), ("stm32h743", 512 * 2**10, 2 * 2**20)):
            data = archcost.fits(model, device=name).devices[0].to_dict()
            assert (data["run_bytes"], data["capacity_bytes"]) == (sram, memory)
            assert (data["flash_needed_bytes"], data["flash_bytes"]) == (flash, size)
            assert data["fits"] is (sram <= memory and flash <= size)
            assert data["headroom_bytes"] == memory - sram
            assert data["largest_batch"] is data["largest_context"] is data["speeds"] is None
    result = run("fits", "mcunet_in4", "--device", "board", columns=120, cwd=folder)
    assert "✓ fits board: SRAM" in result.out
    assert "memory to run" not in result.out  # which is of float32


def test_the_table_has_microcontrollers_for_small_models_alone(run: Callable[..., Run]) -> None:
    assert "microcontroller, int8" in run("fits", "mcunet_in0").out
    for words in (("resnet50",), ("mcunet_in0", "--training"), ("mcunet_in0", "--dtype", "float16")):
        assert "microcontroller" not in run("fits", *words).out
    chips = json.loads(run("fits", "mcunet_in0", "--format", "json").out)["microcontrollers"]
    assert {"stm32f746", "rp2040"} <= {chip["device"] for chip in chips}
    for chip in chips:
        one = archcost.fits("mcunet_in0", device=chip["device"]).devices[0].to_dict()
        assert {key: one[key] for key in chip} == chip  # type: ignore[literal-required] - the keys of the table


def test_the_table_has_every_other_device_in_every_variant(run: Callable[..., Run]) -> None:
    rows = list(csv.DictReader(run("fits", "llama_3_8b", "--format", "csv").out.splitlines()))
    names = [device.name for device in archcost.devices() if device.kind not in ("microcontroller", "cpu")]
    variants = ["bfloat16", "int8 weights", "int4 weights"]
    assert [(row["device"], row["variant"]) for row in rows] == [(name, each) for name in names for each in variants]
    for row in rows[::37]:
        weight_dtype = None if row["variant"] == "bfloat16" else row["variant"].split()[0]
        one = archcost.fits("llama_3_8b", device=row["device"], weight_dtype=weight_dtype).devices[0]
        assert (row["fits"], int(row["run_bytes"])) == (str(one.fits), one.needed)


# --- formats ----------------------------------------------------------------------------------------------------------


ANSWERS = (("resnet50",), ("llama_3_8b", "--device", "4090"), ("mcunet_in3", "--device", "rp2040"))
KINDS = ("table", "tree", "json", "csv", "markdown", "latex")
PRINTED = [(words, kind) for kind in KINDS for words in ANSWERS]  # every other one is not long: each has some of both


@pytest.mark.parametrize(("words", "suffix"), some(PRINTED, PRINTED[::2]))
def test_every_format_tells_it(words: tuple[str, ...], suffix: str, run: Callable[..., Run], tmp_path: Path) -> None:
    printed = run("fits", *words, "--format", suffix)
    assert printed.err == ""
    assert words[0] in printed.out.replace("\\_", "_")
    path = tmp_path / "answer.txt"
    written = run("fits", *words, "--format", suffix, "-o", str(path))
    assert written.code == printed.code
    assert path.read_text(encoding="utf-8") == printed.out


def test_several_models_are_a_list(run: Callable[..., Run]) -> None:
    found = json.loads(run("fits", "resnet18", "resnet50", "--device", "t4", "--format", "json").out)
    assert [each["spec"]["name"] for each in found] == ["resnet18", "resnet50"]
    assert found[0] == archcost.fits("resnet18", device="t4").to_dict()


@pytest.mark.parametrize("columns", [40, 60, 80, 160])
def test_no_line_is_wider_than_the_page(columns: int, run: Callable[..., Run]) -> None:
    for words in (("llama_3_8b",), ("llama_3_8b", "--device", "4090"), ("mcunet_in4", "--device", "stm32f746")):
        lines = run("fits", *words, columns=columns).out.splitlines()
        assert max(map(len, lines)) <= columns


# --- what runs and what is loaded -------------------------------------------------------------------------------------


def test_a_module_of_ones_own_is_answered_for(tmp_path: Path) -> None:
    (tmp_path / "nets.py").write_text(NET, encoding="utf-8")
    words = ["fits", "nets:build", "--input", "3x32x32", "--device", "t4", "--training", "--format", "json"]
    done = subprocess.run(
        [sys.executable, "-m", "archcost", *words], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    params = 8 * 3 * 3 * 3 + 8 + 10 * 8 * 30 * 30 + 10
    assert found["mode"] == "training"
    assert found["parts"][0] == {"name": "params", "bytes": 4 * params}


def test_a_cold_answer_loads_neither_torch_nor_numpy() -> None:
    code = (
        "import sys; from archcost.cli import main\n"
        "sys.argv = ['archcost', *sys.argv[1:]]\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'numpy', 'hypothesis', 'fvcore', 'unittest', 'archcost.pytorch'}\n"
        "print(heavy & set(sys.modules), file=sys.stderr)"
    )
    for words in (("llama_3_8b",), ("llama_3_8b", "--device", "4090"), ("resnet50", "--device", "t4", "--training")):
        done = subprocess.run([sys.executable, "-c", code, "fits", *words], capture_output=True, text=True, check=True)
        assert done.stderr.strip() == "set()"
