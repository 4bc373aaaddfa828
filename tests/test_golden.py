"""What people see, to the letter: read the golden files when they change."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

import archcost

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Run

SWEPT = ("--vary", "width=0.25:1:0.25", "--vary", "resolution=128,224", "--vary", "middle=3,5")
COMMANDS = {
    "googlenet_100.txt": (100, ("analyze", "googlenet")),
    "googlenet_60.txt": (60, ("analyze", "googlenet")),
    "googlenet_80.txt": (80, ("analyze", "googlenet")),
    "googlenet_160.txt": (160, ("analyze", "googlenet", "--depth", "3")),
    "googlenet_piped.txt": (None, ("analyze", "googlenet", "--depth", "2")),
    "resnet152_100.txt": (100, ("analyze", "resnet152")),
    "mobilenet_v1_settings.txt": (100, ("analyze", "mobilenet_v1", "--set", "width=0.5", "--batch", "8")),
    "inception_reduced_100.txt": (100, ("analyze", "inception_reduced")),
    "sort.txt": (100, ("analyze", "resnet50", "--sort", "params", "--top", "5")),
    "sort_depth.txt": (100, ("analyze", "vgg16", "--sort", "activation_bytes", "--depth", "1", "--top", "4")),
    "tree.txt": (None, ("analyze", "inception_reduced", "--format", "tree")),
    "tree_folded.txt": (None, ("analyze", "resnet50", "--format", "tree", "--depth", "2")),
    "report.json": (None, ("analyze", "inception_reduced", "--format", "json")),
    "report.csv": (None, ("analyze", "inception_reduced", "--format", "csv")),
    "report.md": (None, ("analyze", "inception_reduced", "--format", "markdown")),
    "report.tex": (None, ("analyze", "inception_reduced", "--format", "latex")),
    "sort.csv": (None, ("analyze", "resnet50", "--sort", "params", "--top", "5", "--format", "csv")),
    "sort.tree": (None, ("analyze", "resnet50", "--sort", "activation_bytes", "--top", "5", "--format", "tree")),
    "sort.md": (None, ("analyze", "resnet50", "--sort", "activation_bytes", "--top", "5", "--format", "markdown")),
    "summary.tex": (None, ("analyze", "resnet18", "resnet50", "--format", "latex")),
    "summary_100.txt": (100, ("analyze", "resnet18", "resnet50", "googlenet")),
    "summary_60.txt": (60, ("analyze", "resnet18", "resnet50", "googlenet")),
    "summary.md": (None, ("analyze", "resnet18", "resnet50", "--format", "markdown")),
    "zoo_llama_80.txt": (80, ("zoo", "llama")),
    "zoo_llama_piped.txt": (None, ("zoo", "llama")),
    "zoo_model_80.txt": (80, ("zoo", "resnet50")),
    "zoo_model.md": (None, ("zoo", "conv1x1_28x28", "--format", "markdown")),
    "zoo_model.tree": (None, ("zoo", "whisper_tiny", "--format", "tree")),
    "devices_80.txt": (80, ("devices", "nvidia")),
    "devices_140.txt": (140, ("devices", "geforce")),
    "devices_small_80.txt": (80, ("devices", "microcontroller")),
    "devices.tree": (None, ("devices", "google", "--format", "tree")),
    "devices.md": (None, ("devices", "apple", "--format", "markdown")),
    "devices.tex": (None, ("devices", "amd", "--format", "latex")),
    "devices.csv": (None, ("devices", "--format", "csv")),
    "device_80.txt": (80, ("devices", "rtx4090")),
    "device.json": (None, ("devices", "stm32h743", "--format", "json")),
    "device.md": (None, ("devices", "h100", "--format", "markdown")),
    "device.tree": (None, ("devices", "jetson-orin", "--format", "tree")),
    "sweep_60.txt": (60, ("sweep", "mobilenet_v1", *SWEPT, "--metrics", "params,macs,weight_bytes,run_bytes")),
    "sweep_80.txt": (
        80,
        ("sweep", "mobilenet_v1", *SWEPT, "--where", "macs <= 50%", "--sort", "-params", "--top", "3"),
    ),
    "sweep_160.txt": (160, ("sweep", "resnet18", "--vary", "depths[*]=1,2", "--pareto", "min:macs,max:params")),
    "sweep_histogram_80.txt": (80, ("sweep", "mobilenet_v1", *SWEPT, "--histogram", "macs")),
    "sweep.md": (None, ("sweep", "resnet18", "--vary", "depths[0]=1,2,3", "--format", "markdown")),
    "sweep.tree": (None, ("sweep", "resnet18", "--vary", "depths[0]=1,2,3", "--format", "tree")),
    "suggest_60.txt": (60, ("suggest", "inception_naive")),
    "suggest_80.txt": (80, ("suggest", "inception_naive", "--goal", "memory", "--device", "t4", "--explain", "1")),
    "suggest_160.txt": (160, ("suggest", "resnet18", "--top", "4")),
    "suggest_target_100.txt": (100, ("suggest", "vgg16", "--goal", "params", "--target", "20%")),
    "suggest.md": (None, ("suggest", "inception_naive", "--format", "markdown")),
    "suggest.tex": (None, ("suggest", "inception_naive", "--format", "latex")),
    "suggest.csv": (None, ("suggest", "inception_naive", "--format", "csv")),
    "suggest.tree": (None, ("suggest", "inception_naive", "--format", "tree")),
    "suggest.json": (None, ("suggest", "conv5x5", "--format", "json")),
    "suggest.yaml": (None, ("suggest", "inception_naive", "--apply", "1")),
    "rewrites_100.txt": (100, ("suggest", "--list")),
    "fits_60.txt": (60, ("fits", "mistral_7b")),
    "fits_80.txt": (80, ("fits", "mistral_7b", "--training", "--lora", "8", "--set", "tokens=512")),
    "fits_160.txt": (160, ("fits", "mistral_7b")),
    "fits_small_80.txt": (80, ("fits", "mcunet_in2")),
    "fits.md": (None, ("fits", "mistral_7b", "--format", "markdown")),
    "fits.csv": (None, ("fits", "mcunet_in2", "--format", "csv")),
    "fits_device_60.txt": (60, ("fits", "llama_3_8b", "--device", "4090", "--device", "h100-sxm")),
    "fits_device_80.txt": (80, ("fits", "llama_3_8b", "--device", "4090", "--kv-dtype", "int8", "--batch", "4")),
    "fits_device_160.txt": (160, ("fits", "vit_b_16", "--device", "t4", "--optimizer", "adam", "--batch", "64")),
    "fits_chip_80.txt": (80, ("fits", "mcunet_in2", "--device", "stm32f746", "--inplace")),
    "fits_device.tree": (None, ("fits", "llama_3_8b", "--device", "4090", "--format", "tree")),
    "fits_device.tex": (None, ("fits", "llama_3_8b", "--device", "4090", "--format", "latex")),
    "fits_device.json": (None, ("fits", "llama_3_8b", "--device", "4090", "--format", "json")),
    "ops_80.txt": (80, ("ops", "*pool2d")),
    "ops.tree": (None, ("ops", "conv", "--format", "tree")),
    "ops.csv": (None, ("ops", "*lstm*", "--format", "csv")),
    "op_80.txt": (80, ("ops", "linear")),
    "op_100.txt": (100, ("ops", "conv2d")),
    "op.md": (None, ("ops", "scaled_dot_product_attention", "--format", "markdown")),
    "op.tex": (None, ("ops", "max_pool2d", "--format", "latex")),
    "op.tree": (None, ("ops", "embedding", "--format", "tree")),
    "op.json": (None, ("ops", "lstm", "--format", "json")),
    "op_example.yaml": (None, ("ops", "deform_conv2d", "--example")),
    "zoo_60.txt": (60, ("zoo", "--family", "VGG")),
    "zoo_140.txt": (140, ("zoo", "--family", "VGG")),
    "zoo.tex": (None, ("zoo", "--family", "VGG", "--format", "latex")),
    "zoo.tree": (None, ("zoo", "--family", "VGG", "--format", "tree")),
    "zoo_check_100.txt": (100, ("zoo", "--family", "VGG", "--check", "--format", "table")),
    "zoo_check.md": (None, ("zoo", "--family", "VGG", "--check", "--format", "markdown")),
    "zoo_check.tex": (None, ("zoo", "--family", "VGG", "--check", "--format", "latex")),
    "zoo_check.tree": (None, ("zoo", "--family", "VGG", "--check", "--format", "tree")),
    "zoo_check.csv": (None, ("zoo", "--family", "VGG", "--check", "--format", "csv")),
    "zoo_check.txt": (None, ("zoo", "--family", "VGG", "--check")),
    "zoo.csv": (None, ("zoo", "--family", "VGG", "--format", "csv")),
    "zoo.md": (None, ("zoo", "--family", "VGG", "--format", "markdown")),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_output(name: str, run: Callable[..., Run], golden: Callable[[str, str], None]) -> None:
    """And no line of a page is wider than the terminal."""
    columns, arguments = COMMANDS[name]
    result = run(*arguments, columns=columns)
    assert result.code == 0, result.err
    if columns and name.endswith((".txt", ".md")):
        assert max(map(len, result.out.splitlines())) <= columns
    golden(name, result.out)


@pytest.mark.parametrize("model", ["googlenet", "resnet50", "mobilenet_v1", "inception_reduced", "nin"])
def test_columns_add_up_to_the_totals(model: str, run: Callable[..., Run]) -> None:
    """The figures as printed, re-summed from the text of the deepest level."""
    report = archcost.analyze(model)
    table = run("analyze", model, "--sort", "macs", columns=160).out
    params = macs = 0
    rows = 0
    for line in table.splitlines():
        match = re.fullmatch(r" (\S+) +([a-z_0-9]+) +[\d×, ]+? +([\d,]+|–) +([\d,]+|–) +\S+ *[█▏▎▍▌▋▊▉]* *", line)
        if match:
            rows += 1
            params += int(match[3].replace(",", "").replace("–", "0"))
            macs += int(match[4].replace(",", "").replace("–", "0"))
    assert (rows, params, macs) == (report.totals.layers, report.totals.params, report.totals.macs)


def test_piped_tables_are_not_cut(run: Callable[..., Run]) -> None:
    out = run("analyze", "resnet152", "--sort", "macs").out
    assert "layer3.35.residual.conv_bn_relu_1.conv2d" in out or "layer3.35" in out
    assert "…" not in out
