"""Every command's screen at four widths, which ``golden/screens`` has, and in colours for any background.

In colour a screen says the same, in the colours that a terminal chooses for its own background, dark or light.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.screens import WIDE, WIDTHS, check_page, commands

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

ESCAPE = re.compile(r"\x1b\[([\d;]*)m")
# Plain, bold, dim, italic, underlined; red, green, yellow, magenta and cyan; blue that is bright enough for black.
FOR_ANY_BACKGROUND = {"", "0", "1", "2", "3", "4", "31", "32", "33", "35", "36", "94"}
VERSION = re.compile(r"(torch|fvcore) \d[\w.+]*")  # of what is installed
MEASURING = ("verify", "bench")
NO_SCREENS = {
    *("completion", "export", "schema"),  # for programs
    "calibrate",  # measured: golden/calibrate has what it shows of made-up measurements
}
NET = """archcost: 1
input: [3, 16, 16]
params: {width: 1}
layers:
  - id: stem
    conv2d: {out_channels: $(8 * width), kernel_size: 3, padding: 1}
  - custom: {name: an_operation_that_nothing_counts, output: [$batch, 8, 16, 16], params: 3}
  - flatten
  - linear: {out_features: 10}
budgets:
  params: 100
  macs: {max: 1 k, message: this message is long enough to be broken on every page that is narrow}
expect: {params: {value: 5, source: "a paper with a name that is long enough to be broken on a narrow page"}}
"""
CONFIGURATION = """{"model_type": "llama", "vocab_size": 1000, "hidden_size": 64, "intermediate_size": 128,
"num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 128}
"""
SMALL = """archcost: 1
input: [8]
layers: [linear: 4]
budgets: {params: 40, macs: 1 k, layers: {linear: {params: 36}}}
"""  # 8 * 4 + 4 params, 8 * 4 MACs
VARIED = ("--vary", "width=0.25:1:0.25", "--vary", "resolution=128,224")
CLOCK = ("--device", "cpu", "--threads", "1")
PAGES = {  # and the exit code
    "analyze": (("analyze", "net.yaml"), 0),
    "analyze_rounds": (("analyze", "bert_base"), 0),
    "analyze_tool": (("analyze", "conv5x5_reduced", "--convention", "fvcore", "--columns", "receptive_field,flops"), 0),
    "analyze_several": (("analyze", "conv5x5_reduced", "conv1x1", "inception_reduced"), 0),
    "analyze_tree": (("analyze", "inception_reduced", "--format", "tree"), 0),
    "compare": (("compare", "inception_naive", "inception_reduced"), 0),
    "compare_three": (("compare", "conv5x5", "conv5x5_reduced", "conv1x1"), 0),
    "explain": (("explain", "inception_reduced"), 0),
    "explain_layer": (("explain", "inception_reduced", "5x5"), 0),
    "explain_variable": (("explain", "conv1x1", "mix", "--in", "size"), 0),
    "memory": (("memory", "net.yaml"), 0),
    "memory_training": (("memory", "inception_reduced", "--optimizer", "adam", "--checkpoint", "*"), 0),
    "memory_several": (("memory", "conv5x5", "conv5x5_reduced", "--schedule", "min-peak"), 0),
    "memory_fused": (("memory", "conv5x5", "inception_reduced", "--fused"), 0),
    "reconcile": (("reconcile", "resnet18", "--published", "1.8 GMACs"), 0),
    "reconcile_tree": (("reconcile", "net.yaml", "--format", "tree"), 0),
    "check": (("check", "net.yaml", "--expect"), 1),
    "verify": (("verify", "conv5x5_reduced"), 0),
    "verify_declared": (("verify", "net.yaml"), 1),
    "verify_clock": (("verify", "conv5x5_reduced", "--latency", *CLOCK), 0),
    "bench": (("bench", "net.yaml", *CLOCK), 0),
    "bench_several": (("bench", "conv5x5_reduced", "conv5x5", *CLOCK), 0),
    "validate": (("validate", "net.yaml"), 0),
    "predict": (("predict", "resnet18", "--device", "a100", "--batch", "8"), 0),
    "predict_several": (("predict", "alexnet", "--device", "rtx4090", "--device", "a100"), 0),
    "predict_step": (("predict", "resnet18", "--device", "a100", "--training"), 0),
    "fits": (("fits", "mistral_7b", "--device", "rtx4090"), 0),
    "fits_not": (("fits", "resnet18", "--device", "stm32h743"), 1),
    "fits_devices": (("fits", "mistral_7b"), 0),
    "sweep": (("sweep", "mobilenet_v1", *VARIED, "--top", "4"), 0),
    "sweep_front": (("sweep", "mobilenet_v1", *VARIED, "--pareto", "min:macs,max:params"), 0),
    "suggest": (("suggest", "inception_naive"), 0),
    "devices": (("devices", "apple"), 0),
    "devices_one": (("devices", "jetson-orin"), 0),
    "ops": (("ops", "pool"), 0),
    "ops_one": (("ops", "conv2d"), 0),
    "report": (("report", "net.yaml", "-o", "page.html"), 0),
    "import": (("import", "config.json"), 0),
    "import_refused": (("import", "net.yaml"), 2),
    "baseline": (("baseline", "update", "net.yaml"), 0),
    "init": (("init", "new.yaml"), 0),
    "check_passing": (("check", "small.yaml"), 0),
    "zoo_model": (("zoo", "resnet18"), 0),
    "zoo": (("zoo", "--family", "Building blocks"), 0),
    "zoo_check": (("zoo", "--family", "Building blocks", "--check", "--format", "table"), 0),
    "wrong_word": (("memory", "net.yaml", "--optimizer", "adan"), 2),
    "wrong_schema": (("schema", "reprot"), 2),
    "wrong_suffix": (("analyze", "net.yaml", "-o", "net.pdf"), 2),
}

pytestmark = pytest.mark.usefixtures("fixed_clock")


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """A new folder with the files of the commands, which write beside them."""

    def made() -> Path:
        path = tmp_path_factory.mktemp("page")
        for name, text in (("net.yaml", NET), ("small.yaml", SMALL), ("config.json", CONFIGURATION)):
            (path / name).write_text(text, encoding="utf-8")
        return path

    return made


def test_every_command_has_a_screen() -> None:
    typed = {" ".join(words) for words, code in PAGES.values() if code != 2}
    paths = [path.removeprefix("archcost ") for path in commands() if path != "archcost"]
    groups = {path.rpartition(" ")[0] for path in paths}
    shown = {path for path in paths if any(f"{each} ".startswith(f"{path} ") for each in typed)}
    assert set(paths) - groups == shown - groups | NO_SCREENS
    assert shown & NO_SCREENS == set()


@pytest.mark.parametrize("name", PAGES)
def test_a_screen_breaks_no_word_and_ends_no_line_with_blanks(
    name: str, run: Callable[..., Run], folder: Callable[[], Path], golden: Callable[[str, str], None]
) -> None:
    arguments, code = PAGES[name]
    wide = run(*arguments, columns=WIDE, cwd=folder())
    assert wide.code == code, wide.err
    screens = []
    for width in WIDTHS:
        narrow = run(*arguments, columns=width, cwd=folder())
        assert narrow.code == code
        check_page(narrow.out, wide.out, width)
        check_page(narrow.err, wide.err, width)
        screens.append(f"{f' {width} columns ':=^{width}}\n{narrow.out}{narrow.err}")
    shown = "\n".join(screens)
    golden(f"screens/{name}.txt", VERSION.sub(r"\1 0.0", shown) if arguments[0] in MEASURING else shown)


@pytest.mark.parametrize("name", PAGES)
def test_a_screen_says_the_same_in_colours_for_any_background(
    name: str, run: Callable[..., Run], folder: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments, _ = PAGES[name]
    plain = run(*arguments, columns=WIDTHS[2], cwd=folder())
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = run(*arguments, columns=WIDTHS[2], cwd=folder())
    assert (ESCAPE.sub("", coloured.out), ESCAPE.sub("", coloured.err)) == (plain.out, plain.err)
    codes = {code for found in ESCAPE.findall(coloured.out + coloured.err) for code in found.split(";")}
    assert codes <= FOR_ANY_BACKGROUND
