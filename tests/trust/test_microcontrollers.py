"""Microcontrollers: fused kernels, the tensors in their SRAM, and what their flash keeps, by hand and as published."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from shared import zoo_report

import archcost
from archcost.analysis.microcontroller.arena import arena_of
from archcost.analysis.microcontroller.flash import ENGINE_BYTES, flash_by_layer
from archcost.analysis.microcontroller.kernels import fused
from archcost.analysis.microcontroller.study import FusedStudy, fused_study
from archcost.dims import numel
from archcost.engines import ENGINES, TINYENGINE_2020
from archcost.errors import UsageError
from archcost.spec.loader import loads

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

KIB = 1024

# Two convolutions, a depthwise one between them, and a sum: an inverted residual on 8x8.
BLOCK = """\
archcost: 1
name: block
input: [4, 8, 8]
layers:
  - {id: expand, conv2d: {out_channels: 12, kernel_size: 1, bias: false}}
  - {id: bn1, batch_norm2d: }
  - {id: act1, relu6: }
  - {id: depthwise, conv2d: {out_channels: 12, kernel_size: 3, padding: 1, groups: 12, bias: false}}
  - {id: bn2, batch_norm2d: }
  - {id: act2, relu6: }
  - {id: project, conv2d: {out_channels: 4, kernel_size: 1, bias: false}}
  - {id: bn3, batch_norm2d: }
  - {id: add, add: , from: [bn3, input]}
  - {id: pool, adaptive_avg_pool2d: 1}
  - flatten
  - {id: head, linear: 10}
"""
NARROW, WIDE = 4 * 8 * 8, 12 * 8 * 8  # bytes of a tensor


def study_of(text: str, **options: Any) -> FusedStudy:
    """The study of a spec."""
    return archcost.microcontroller(loads(text), **options)


def kernels_of(text: str) -> list[list[str]]:
    """The paths of the nodes of each kernel."""
    study = study_of(text)
    nodes = study.report.graph.nodes
    return [[nodes[node].path for node in kernel.nodes] for kernel in study.kernels.kernels]


def layers(*steps: str) -> str:
    """A spec of some steps on 4 channels."""
    return "archcost: 1\nname: net\ninput: [4, 8, 8]\nlayers:\n" + "".join([f"  - {step}\n" for step in steps])


# --- by hand ----------------------------------------------------------------------------------------------------------


def test_a_kernel_is_a_convolution_its_norm_and_its_activation() -> None:
    assert kernels_of(BLOCK) == [
        ["expand", "bn1", "act1"],
        ["depthwise", "bn2", "act2"],
        ["project", "bn3"],
        ["add"],
        ["pool"],
        ["head"],
    ]


def test_tensors_in_the_sram() -> None:
    arena = study_of(BLOCK).arena
    assert arena.live == [
        NARROW + WIDE,
        NARROW + WIDE + WIDE,  # the input waits for the sum
        NARROW + WIDE + NARROW,
        NARROW + NARROW + NARROW,
        NARROW + 4,
        4 + 10,
    ]
    assert (arena.peak, arena.at) == (NARROW + WIDE + WIDE, 1)
    assert [(one.bytes, one.role) for one in arena.held] == [(WIDE, "read"), (WIDE, "made"), (NARROW, "waiting")]


def test_a_depthwise_convolution_in_place() -> None:
    arena = study_of(BLOCK, inplace=True).arena
    assert arena.live[:3] == [NARROW + WIDE, NARROW + WIDE, NARROW + WIDE + NARROW]
    assert arena.peak == NARROW + WIDE + NARROW


def test_the_two_buffers() -> None:
    plain, inplace = study_of(BLOCK).arena, study_of(BLOCK, inplace=True).arena
    assert plain.columns == 2 * (3 * 3) * 12  # a column of int16 for each of 12 channels; two of 1x1 have 2 * 2 * 12
    assert inplace.columns == 2 * (8 + 2) * (8 + 2)
    assert (plain.widened, inplace.widened) == (0, 0)  # no whole convolution over more than a position
    whole = study_of(layers("conv2d: {out_channels: 6, kernel_size: 3}")).arena
    assert (whole.columns, whole.widened) == (2 * 2 * 3 * 3 * 4, 2 * 3 * 3 * 4 * 6)
    assert whole.total == 4 * 8 * 8 + 6 * 6 * 6 + whole.columns + whole.widened


def test_the_tinyengine_of_2020_reserves_what_a_block_makes() -> None:
    study = study_of(BLOCK, engine="tinyengine-2020")
    arena = study.arena
    assert study.inplace
    assert arena.live == [
        NARROW + WIDE + NARROW,  # what the block makes is there before the block begins
        NARROW + WIDE + NARROW,
        NARROW + WIDE + NARROW,
        NARROW + NARROW + NARROW,
        NARROW + 4,
        4 + 10,
    ]
    assert [(one.bytes, one.role) for one in arena.held] == [
        (WIDE, "made"),
        (NARROW, "read"),
        (NARROW, "reserved"),
    ]
    assert (arena.columns, arena.widened) == (2 * (8 + 2) * (8 + 2), 0)


@pytest.mark.parametrize(
    "steps",
    [
        ("{id: a, conv2d: {out_channels: 8, kernel_size: 1}}", "{id: b, conv2d: {out_channels: 8, kernel_size: 1}}"),
        (
            "{id: a, conv2d: {out_channels: 4, kernel_size: 3, padding: 1, groups: 4}}",
            "{id: b, conv2d: {out_channels: 9, kernel_size: 3}}",
        ),
        (
            "{id: a, conv2d: {out_channels: 4, kernel_size: 3, padding: 1, groups: 4}}",
            "{id: b, avg_pool2d: 2}",
            "{id: c, conv2d: {out_channels: 9, kernel_size: 1}}",
        ),
    ],
)
def test_what_is_no_block_is_laid_out_as_now(steps: tuple[str, ...]) -> None:
    before, now = [study_of(layers(*steps), engine=name, inplace=True) for name in ENGINES[::-1]]
    assert before.arena == now.arena


def test_an_unknown_engine() -> None:
    with pytest.raises(UsageError, match="unknown engine 'tflite'"):
        study_of(BLOCK, engine="tflite")


def test_a_strided_depthwise_convolution_frees_what_it_leaves() -> None:
    text = layers(
        "conv2d: {out_channels: 4, kernel_size: 3, padding: 1, stride: 2, groups: 4}",
        "conv2d: {out_channels: 40, kernel_size: 1}",
    )
    arena = study_of(text, inplace=True).arena
    assert arena.live == [4 * 8 * 8, 4 * 4 * 4 + 40 * 4 * 4]


def test_the_flash() -> None:
    study = study_of(BLOCK)
    flash = study.flash
    assert flash.weights == 4 * 12 + 3 * 3 * 12 + 12 * 4 + 4 * 10
    assert flash.biases == flash.scales == 4 * (12 + 12 + 4 + 10)
    assert (flash.others, flash.engine) == (0, ENGINE_BYTES)
    assert flash.total == flash.weights + flash.biases + flash.scales + ENGINE_BYTES
    parts = flash_by_layer(study.report.graph, study.kernels)
    assert sum(part.total for part in parts) == flash.model


def test_shared_weights_are_in_the_flash_once() -> None:
    conv = "conv2d: {out_channels: 4, kernel_size: 1}"
    text = layers(f"{{id: first, {conv}}}", f"{{id: second, {conv}, share: first}}")
    one = study_of(layers(conv)).flash
    assert study_of(text).flash.weights == one.weights == 4 * 4


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        (("{id: a, conv2d: {out_channels: 4, kernel_size: 1}}", "relu", "hardswish"), [["a", "relu", "hardswish"]]),
        (("{id: a, max_pool2d: 2}", "relu"), [["a", "relu"]]),
        (("relu", "{id: a, conv2d: {out_channels: 4, kernel_size: 1}}"), [["relu"], ["a"]]),
        (("{id: a, max_pool2d: 2}", "batch_norm2d"), [["a"], ["batch_norm2d"]]),  # no weights to put it into
        (("{id: a, conv2d: {out_channels: 4, kernel_size: 1}}", "layer_norm: 8"), [["a"], ["layer_norm"]]),
        (("{id: a, conv2d: {out_channels: 4, kernel_size: 1}}", "softmax: 1"), [["a"], ["softmax"]]),
        (("{id: a, conv2d: {out_channels: 4, kernel_size: 1}}", "dropout: 0.1", "relu"), [["a", "relu"]]),
        (("{id: a, conv2d: {out_channels: 4, kernel_size: 1}}", "flatten", "relu"), [["a", "relu"]]),
        (
            ("{id: a, conv2d: {out_channels: 4, kernel_size: 1}}", "relu", "batch_norm2d"),
            [["a", "relu"], ["batch_norm2d"]],
        ),
        (
            ("{id: a, conv2d: {out_channels: 4, kernel_size: 1}}", "batch_norm2d: {track_running_stats: false}"),
            [["a"], ["batch_norm2d"]],
        ),
        (
            ("{id: a, conv2d: {out_channels: 4, kernel_size: 1}}", "{id: b, relu: }", "{add, from: [a, b]}"),
            [["a"], ["b"], ["add"]],  # two read the convolution
        ),
    ],
)
def test_what_a_kernel_takes_in(steps: tuple[str, ...], found: list[list[str]]) -> None:
    assert kernels_of(layers(*steps)) == found


@pytest.mark.parametrize("name", ["mcunet_in0", "googlenet", "densenet121", "mobilenet_v3_small", "unet", "gpt2"])
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("inplace", [False, True])
def test_the_arena_is_what_is_alive(name: str, engine: str, *, inplace: bool) -> None:
    """By the definition: a tensor is there from its maker to its last reader, and what is held is the peak."""
    graph = zoo_report(name).graph
    kernels = fused(graph)
    arena = arena_of(graph, kernels, inplace=inplace, engine=engine)
    assert arena.peak == max(arena.live) == sum(one.bytes for one in arena.held)
    if engine == TINYENGINE_2020:
        now = arena_of(graph, kernels, inplace=inplace)
        assert all(live >= less for live, less in zip(arena.live, now.live, strict=True))
        return
    maker = {tensor: number for number, kernel in enumerate(kernels.kernels) for tensor in kernel.makes}
    for number, live in enumerate(arena.live):
        there = [
            size
            for tensor, size in enumerate(kernels.sizes)
            if maker.get(tensor, 0) <= number <= max(kernels.last[tensor], maker.get(tensor, 0))
        ]
        assert live <= sum(there) if inplace else live == sum(there)


# --- as published -----------------------------------------------------------------------------------------------------

SMALL_V2 = {"width_mult": 0.35, "head_mult": 0.35, "resolution": 144}
SMALLER_V2 = {"width_mult": 0.3, "head_mult": 0.3, "resolution": 80}
# mit-han-lab/tinyengine@022fc11, README.md, "Measured Results": SRAM and flash with TinyEngine on an STM32H743, in kB
# of 1,024 B.
TINYENGINE = [
    ("mcunet_vww0", {}, 59, 453),
    ("mcunet_vww1", {}, 92, 521),
    ("mcunet_vww2", {}, 174, 741),
    ("mcunet_in0", {}, 49, 842),
    ("mcunet_in1", {}, 96, 727),
    ("mcunet_in2", {}, 215, 830),
    ("mcunet_in3", {}, 260, 835),
    ("mcunet_in4", {}, 416, 1825),
    ("mobilenet_v2", SMALL_V2, 295, 839),
    ("proxyless_w0_3", {}, 259, 842),
]
# What TinyEngine writes into genModel.h: PEAK_MEM and MODEL_SIZE.
GENERATED = [("mcunet_vww0", 60_800, 399_656), ("mcunet_vww1", 93_992, 469_432)]
# mit-han-lab/tinyml, mcunet/README.md of 2020: the peak of int8 activations ("Act"), and SRAM and flash with the
# TinyEngine of that time, which is not public, on boards. mit-han-lab/mcunet@c47b685, README.md, has five of the rows.
EARLIER = [
    ("mcunet_in0", {}, 45, 54, 889),
    ("mcunet_in1", {}, 90, 107, 770),
    ("mcunet_in2", {}, 325, 242, 878),
    ("mcunet_in3", {}, 333, 293, 897),
    ("mcunet_in4", {}, 413, 456, 1876),
    ("mobilenet_v2", SMALL_V2, 303, 308, 862),
    ("mobilenet_v2", SMALLER_V2, 94, 98, 745),
    ("proxyless_w0_3", {}, 242, 292, 892),
]


def published(name: str, params: dict[str, Any], *, inplace: bool) -> FusedStudy:
    """The study of a model of the zoo."""
    return archcost.microcontroller(name, params=params, inplace=inplace, what_if=False)


@pytest.mark.parametrize(("name", "params", "sram", "flash"), TINYENGINE)
def test_what_tinyengine_takes(name: str, params: dict[str, Any], sram: int, flash: int) -> None:
    study = published(name, params, inplace=True)
    assert study.sram / KIB == pytest.approx(sram, rel=0.007)
    assert study.flash.total / KIB == pytest.approx(flash, rel=0.005)


@pytest.mark.parametrize(("name", "peak_mem", "model_size"), GENERATED)
def test_what_tinyengine_generates(name: str, peak_mem: int, model_size: int) -> None:
    study = published(name, {}, inplace=True)
    assert (study.sram, study.flash.model) == (peak_mem, model_size)


@pytest.mark.parametrize(("name", "params", "activations", "sram", "flash"), EARLIER)
def test_what_was_measured_before(name: str, params: dict[str, Any], activations: int, sram: int, flash: int) -> None:
    """The activations agree, and the boards used 2.3 to 3.1 KiB more SRAM than the arena, with every model."""
    assert published(name, params, inplace=False).peak / KIB == pytest.approx(activations, rel=0.003)
    study = archcost.microcontroller(name, params=params, engine=TINYENGINE_2020)
    assert 2.2 < sram - study.sram / KIB < 3.2  # 2.58 to 2.77 gives every row as it is rounded
    assert study.sram / KIB == pytest.approx(sram, rel=0.055)
    assert study.flash.total / KIB == pytest.approx(flash, rel=0.04)


# mit-han-lab/mcunet@c47b685, README.md: SRAM and flash that the pages above contradict, and no rule gives.
UNEXPLAINED = [
    ("mcunet_vww0", 146, 617),
    ("mcunet_vww1", 162, 689),
    ("mcunet_vww2", 311, 897),
    ("mcunet_in0", 266, 889),
    ("mcunet_in1", 307, 992),
]


@pytest.mark.parametrize(("name", "sram", "flash"), UNEXPLAINED)
def test_rows_that_contradict_other_pages(name: str, sram: int, flash: int) -> None:
    """No engine here takes as much; another page of the same authors has less than half for the smaller ones."""
    studies = [archcost.microcontroller(name, engine=engine) for engine in ENGINES]
    assert all(0 < study.sram / KIB < sram for study in studies)
    assert all(study.flash.total / KIB < 1.02 * flash for study in studies)


def test_the_smallest_network_of_a_course() -> None:
    """MIT 6.5940, lab 3: the smallest sub-network at 96x96: 72.0 KB of activations, and 8.302128 M "MACs".

    The activations are 48 · 48 · (8 + 3 · 8). The course installs thop, which adds 4 of an element that a batch norm
    reads: 7,237,104 + 4 · 266,256. It takes means by functions, which thop does not see.
    """
    text = """\
archcost: 1
name: smallest
input: [3, 96, 96]
include: [zoo:blocks/mbconv]
params: {width_mult: 1, eps: 1e-3, momentum: 0.1}
layers:
  - conv_bn_act: {out: 16, kernel: 3, stride: 2, act: relu6}
  - conv_bn: {out: 8}
  - mbconv: {expand: 3, out: 16, stride: 2, act: relu6}
  - mbconv: {expand: 3, out: 24, stride: 2, act: relu6}
  - mbconv: {expand: 3, out: 24, squeeze: 6, act: relu6}
  - mbconv: {expand: 3, out: 40, stride: 2, squeeze: 6, act: relu6}
  - mbconv: {expand: 3, out: 40, squeeze: 10, act: relu6}
  - mbconv: {expand: 3, out: 48, squeeze: 10, act: relu6}
  - mbconv: {expand: 3, out: 48, squeeze: 12, act: relu6}
  - mbconv: {expand: 3, out: 96, stride: 2, squeeze: 12, act: relu6}
  - mbconv: {expand: 3, out: 96, squeeze: 24, act: relu6}
  - mbconv: {expand: 3, out: 160, act: relu6}
  - conv_bn_act: {out: 384, act: relu6}
  - adaptive_avg_pool2d: 1
  - flatten
  - linear: 2
"""
    assert study_of(text).peak == 48 * 48 * (8 + 3 * 8) == 72 * KIB
    report = archcost.analyze(loads(text))
    normalised = sum(
        numel(node.signature.input_shapes[0]) for node in report.graph.nodes if node.op.stem == "batch_norm"
    )
    assert (report.totals.macs, normalised) == (7_237_104, 266_256)
    assert report.totals.macs + 4 * normalised == 8_302_128
    (thop,) = archcost.reconcile(report, tools=["thop"]).to_dict()["conventions"]
    (norms,) = [one["figure"] for one in thop["differences"] if one["what"] == "batch norm"]
    assert norms == 4 * normalised


# --- the command, and budgets -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--dtype", "int8"), "--dtype int8 is for microcontrollers"),
        (("--fused", "--dtype", "float16"), "--fused computes in int8, not in float16"),
        (("--fused", "--training"), "--training does not go with --fused"),
        (("--fused", "--optimizer", "adam"), "--optimizer does not go with --fused"),
        (("--fused", "--schedule", "min-peak"), "--schedule does not go with --fused"),
        (("--engine", "tinyengine-2020"), "--engine names what runs on a microcontroller"),
        (("--fused", "--engine", "tflite"), "tinyengine-2020"),
        (("--fused", "--checkpoint", "*"), "--checkpoint does not go with --fused"),
    ],
)
def test_what_does_not_go_together(words: tuple[str, ...], message: str, run: Callable[..., Run]) -> None:
    result = run("memory", "mcunet_vww0", *words)
    assert result.code == 2
    assert message in result.err


def test_the_command_and_the_function_agree(run: Callable[..., Run]) -> None:
    printed = json.loads(run("memory", "mcunet_vww0", "--fused", "--dtype", "int8", "--format", "json").out)
    study = archcost.microcontroller("mcunet_vww0")
    assert printed == study.to_dict()
    assert printed["sram_bytes"] == sum(printed["sram"].values())
    assert printed["flash_bytes"] == sum(printed["flash"].values())
    assert printed["peak_path"] == study.peak_path
    assert printed["inplace_sram_bytes"] == 60_800
    assert "inplace_sram_bytes" not in fused_study(study.report, inplace=True).to_dict()


def test_a_few_bytes_are_told_once(run: Callable[..., Run], tmp_path: Path) -> None:
    """8·4·4 in and 2·4·4 out, and two columns of 8 channels in int16."""
    text = "archcost: 1\ninput: [8, 4, 4]\nlayers: [{conv2d: {out_channels: 2, kernel_size: 1}}]\n"
    (tmp_path / "net.yaml").write_text(text)
    out = run("memory", "--fused", "net.yaml", cwd=tmp_path).out
    assert f"SRAM {8 * 4 * 4 + 2 * 4 * 4 + 2 * 8 * 2} B while conv2d runs; flash " in out


def test_several_models_and_a_wrong_one(run: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text("archcost: 1\ninput: [3]\nlayers: [{conv2d: 3}]\n")
    result = run("memory", "mcunet_vww0", "wrong.yaml", "--fused", cwd=tmp_path)
    assert result.code == 2
    model, wrong = [line.split() for line in result.out.splitlines() if line.strip()][-2:]
    assert model[:3] == ["mcunet_vww0", "97.6", "KiB"]  # 60 of tensors, 864 B, and 2 * 7 * 7 * 384 B of columns
    assert wrong == ["wrong"]
    assert "wrong.yaml:3:" in result.err


BUDGET = "archcost: 1\nname: board\nextends: zoo:mcunet_vww1\nbudgets: {budget}\n"


@pytest.mark.parametrize(
    ("budget", "code", "words"),
    [
        ("{sram_inplace: 92 KiB, sram: 123 KiB, flash: 521 KiB}", 0, "3 limits hold"),
        ("{sram_inplace: 93991 B}", 1, "SRAM in place 93,992 B, over the limit of 93991 B by 1 B"),
        ("{sram: {max: 92 KiB}}", 1, "SRAM 125,088 B"),
        ("{flash: 512 KiB}", 1, "blocks.12.expand.conv2d"),  # the layer that takes the most
        ("{flash: {max: 512 KiB, level: warn}}", 0, "1 warning"),
        ("{sram: 5%}", 2, "no baseline has the SRAM of a microcontroller"),
        ("{sram: {max: 1 MiB, increase: 5%}}", 2, "no baseline has the SRAM of a microcontroller"),
        ("{flash: 12}", 2, "write `12 MiB`"),
        ("{layers: {blocks: {sram: 1 KiB}}}", 2, "'sram' is a figure of the whole model"),
    ],
)
def test_budgets(budget: str, code: int, words: str, run: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "board.yaml").write_text(BUDGET.replace("{budget}", budget))
    result = run("check", "board.yaml", cwd=tmp_path)
    assert (result.code, words in result.out + result.err) == (code, True), result.out + result.err


@pytest.mark.parametrize(
    ("limits", "valid"),
    [
        ({"sram": "320 KiB", "flash": {"max": "1 MiB", "level": "warn"}}, True),
        ({"sram_inplace": "5%"}, False),
        ({"flash": {"increase": "5%"}}, False),
        ({"flash": {"max": "1 MiB", "increase": "5%"}}, False),
    ],
)
def test_the_schema_of_a_spec_knows_it(limits: dict[str, Any], *, valid: bool) -> None:
    text = {"archcost": 1, "input": [3], "layers": ["relu"], "budgets": limits}
    assert jsonschema.Draft7Validator(archcost.schema("spec")).is_valid(text) == valid


def test_limits_of_a_configuration(run: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "archcost.toml").write_text('specs = ["*.yaml"]\n[[budgets]]\nsram_inplace = "91 KiB"\n')
    (tmp_path / "board.yaml").write_text("archcost: 1\nname: board\nextends: zoo:mcunet_vww1\n")
    result = run("check", cwd=tmp_path)
    assert result.code == 1
    assert "SRAM in place 93,992 B, over the limit of 91 KiB" in result.out


def test_an_analysis_knows_nothing_of_microcontrollers() -> None:
    code = (
        "import sys\nfrom archcost.cli import main\nsys.argv = ['archcost', 'analyze', 'conv1x1']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print([name for name in sys.modules if 'microcontroller' in name or 'fused' in name])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]"
