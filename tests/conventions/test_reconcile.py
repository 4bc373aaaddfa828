"""``reconcile`` and ``analyze --convention``: what users see, and what the figures mean."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import jsonschema
import pytest

import archcost
from archcost.conventions import TOOLS, convention
from archcost.conventions.differences import explain
from archcost.conventions.printed_figures import parse_written
from archcost.conventions.quoted_figures import quoted
from archcost.conventions.tool_report import read
from archcost.render.schemas import document_schema
from benchmarks import conventions as tables

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

GOLDEN = {
    "reconcile.txt": ("reconcile", "resnet50", "--with", "torch,fvcore,torchinfo,ptflops,thop,calflops"),
    "reconcile_published.txt": ("reconcile", "resnet50", "--published", "3.8G", "--with", "fvcore"),
    "reconcile_nothing.txt": ("reconcile", "resnet50", "--published", "9.1 GFLOPs", "--with", "torch"),
    "reconcile_googlenet.txt": ("reconcile", "googlenet", "--with", "torch,thop"),
    "reconcile.md": ("reconcile", "googlenet", "--with", "calflops", "--published", "1.5G", "--format", "markdown"),
    "reconcile.json": ("reconcile", "inception_reduced", "--with", "torch,ptflops", "--format", "json"),
    "reconcile.csv": ("reconcile", "resnet50", "--with", "fvcore,thop", "--published", "9.1 GFLOPs", "--format", "csv"),
    "reconcile.tex": ("reconcile", "googlenet", "--with", "calflops", "--published", "9.1 GFLOPs", "--format", "latex"),
    "reconcile.tree": ("reconcile", "resnet50", "--with", "fvcore,torch", "--published", "3.8G", "--format", "tree"),
    "convention.md": ("analyze", "inception_reduced", "--convention", "calflops", "--format", "markdown"),
}
ATTENTION = """
archcost: 1
name: attention
input: [32, 64]
layers:
  - {id: mlp, linear: {out_features: 64}}
  - {id: block, repeat: 2, encoder: }
blocks:
  encoder:
    layers:
      - layer_norm
      - multihead_attention: {num_heads: 4}
"""


@pytest.fixture
def attention(tmp_path: Path) -> str:
    path = tmp_path / "attention.yaml"
    path.write_text(ATTENTION, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("name", GOLDEN)
def test_output(name: str, run: Callable[..., Run], golden: Callable[[str, str], None]) -> None:
    result = run(*GOLDEN[name], columns=110)
    assert (result.code, result.err) == (0, "")
    golden(f"conventions/{name}", result.out)


def test_tables_have_a_column_more(run: Callable[..., Run]) -> None:
    out = run("analyze", "inception_reduced", "--convention", "ptflops", columns=110).out
    assert re.search(r"MACs +ptflops MACs +share", out)
    assert re.search(r"conv2d +conv2d +1×64×28×28 +12,352 +9,633,792 +9,683,968 +7.5%", out)
    assert re.search(r"total · 14 layers +163,696 +128,049,152 +129,215,744", out)
    assert 'ptflops 0.7.5 counts MACs: get_model_complexity_info(model, …, backend="pytorch")' in out
    several = run("analyze", "resnet18", "alexnet", "--convention", "fvcore", columns=110).out
    assert re.search(r"alexnet +61,100,840 +714,188,480 +714,197,696", several)
    tree = run("analyze", "inception_reduced", "--convention", "ptflops", "--format", "tree").out
    assert "conv2d: conv2d → 1×64×28×28  (12.4 k params, 9.63 M MACs, 9.68 M ptflops MACs)" in tree
    for columns in (40, 60, 80):
        narrow = run("analyze", "googlenet", "--convention", "thop", columns=columns).out.splitlines()
        assert max(map(len, narrow[2:-4])) <= columns


@pytest.mark.parametrize("model", ["resnet50", "googlenet", "inception_v3", "nin"])
@pytest.mark.parametrize("tool", TOOLS)
def test_differences_add_up(model: str, tool: str) -> None:
    explanation = explain(read(archcost.analyze(model), convention(tool)))
    total = explanation.base + sum(difference.difference for difference in explanation.differences)
    assert total == explanation.reading.total


def test_json_follows_the_schema_and_sums_to_the_total(run: Callable[..., Run]) -> None:
    for tool in TOOLS:
        document = json.loads(run("analyze", "googlenet", "--convention", tool, "--format", "json").out)
        jsonschema.validate(document, document_schema("report"))
        total = document["totals"]["convention"]
        assert total["version"] == convention(tool).version
        assert total["figure"] == sum(layer["convention"]["figure"] for layer in document["layers"])


def test_csv_has_the_figures(run: Callable[..., Run]) -> None:
    rows = list(csv.DictReader(io.StringIO(run("analyze", "alexnet", "--convention", "thop", "--format", "csv").out)))
    assert sum(int(row["convention_figure"]) for row in rows) == 714_206_912
    assert {row["convention"] for row in rows} == {"thop"}


def test_what_is_not_covered_is_never_zero(attention: str, run: Callable[..., Run]) -> None:
    """32·64·64 MACs in the linear layer; in each attention 4·32·64·64 in projections and 2·32·32·64 in products."""
    linear, projections, products = 32 * 64 * 64, 4 * 32 * 64 * 64, 2 * 32 * 32 * 64
    document = json.loads(run("analyze", attention, "--convention", "torchinfo", "--format", "json").out)
    counted = {layer["path"]: layer["convention"] for layer in document["layers"]}
    assert counted["block.0.multihead_attention"] == {"figure": None, "not_covered_macs": projections + products}
    assert document["totals"]["convention"]["not_covered_macs"] == 2 * (projections + products)
    table = run("analyze", attention, "--convention", "torchinfo", columns=120).out
    assert "not covered" in table
    assert "1,310,720 of archcost's MACs (90.9%)" in table  # 10 of 11 times 32·64·64
    partly = run("analyze", attention, "--convention", "fvcore", columns=120).out
    assert f"{projections:,} †" in partly
    assert f"{2 * products:,} of archcost's MACs" in partly
    text = run("reconcile", attention, "--with", "fvcore,thop").out
    assert f"−{2 * products:,}  multihead attention products  not covered: one fused kernel" in text
    rows = run("analyze", attention, "--convention", "thop", "--format", "csv").out.splitlines()
    assert rows[-1].endswith(f",thop,,{projections + products}")
    assert linear == counted["mlp"]["figure"] * 32 - 64 * 32  # once a sample, not a position, and with its bias


def test_a_tool_that_fails_has_no_figure(tmp_path: Path, run: Callable[..., Run]) -> None:
    path = tmp_path / "vector.yaml"
    path.write_text("archcost: 1\ninput: {shape: [8], batch: false}\nlayers: [layer_norm]\n", encoding="utf-8")
    result = run("reconcile", str(path), "--with", "fvcore")
    assert "fvcore 0.1.5.post20221221 has no figure: it fails on layer norm with a rank of 1" in result.out
    table = run("analyze", str(path), "--convention", "fvcore", columns=100).out
    assert "no figure" in table
    document = json.loads(run("reconcile", str(path), "--with", "fvcore", "--format", "json").out)
    assert document["conventions"][0]["figure"] is None


def test_functions_are_counted_as_such(run: Callable[..., Run]) -> None:
    def total(*options: str) -> int:
        out = run("analyze", "torchvision_googlenet", "--convention", "ptflops", "--format", "json", *options).out
        figure: int = json.loads(out)["totals"]["convention"]["figure"]
        return figure

    assert total() == 1_517_133_608
    assert total("--functional", "relu") == total("--functional", "torchvision") == 1_513_907_448
    assert total("--functional", "**.relu") == total("--functional", "relu")
    assert "--functional torchvision" in run("reconcile", "torchvision_googlenet", "--with", "ptflops").out


def test_products_in_functions_are_missed(run: Callable[..., Run]) -> None:
    for tool in ("torchinfo", "ptflops", "thop"):
        out = run("reconcile", "conv5x5", "--with", tool, "--functional", "conv2d").out
        assert f"−{28 * 28 * 32 * 5 * 5 * 192:,}  conv  not covered: written as a function call, 1 layer" in out
    for tool in ("torch", "fvcore", "ptflops-aten", "calflops"):
        assert "not covered" not in run("reconcile", "conv5x5", "--with", tool, "--functional", "conv2d").out


def test_ptflops_averages_what_its_hooks_count(run: Callable[..., Run]) -> None:
    out = run("reconcile", "conv5x5", "--with", "ptflops", "--batch", "4").out
    assert f"prints {28 * 28 * 32 * (5 * 5 * 192 + 1):,} MACs" in out
    assert f"−{3 * 28 * 28 * 32 * 5 * 5 * 192:,}  conv       1 per MAC, averaged over a batch of 4" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("reconcile", "resnet18", "--with", "fvcor"), "did you mean 'fvcore'"),
        (("reconcile", "resnet18", "--functional", "gelu"), "no layer of resnet18 has the kind 'gelu'"),
        (("reconcile", "resnet18", "--published", "4.1X"), "'X' is no unit of a count"),
        (("reconcile", "resnet18", "--published", "many"), "expected a number"),
        (("reconcile", "resnet18", "--published", "0"), "above 0"),
        (("reconcile", "no-such-spec"), "no-such-spec"),
    ],
)
def test_bad_usage(arguments: tuple[str, ...], message: str, run: Callable[..., Run]) -> None:
    result = run(*arguments)
    assert (result.code, result.out) == (2, "")
    assert message in result.err


@pytest.mark.parametrize(
    ("text", "value", "way"),
    [
        ("4.1G", 4_089_184_256, "rounded"),
        ("4.0G", 4_089_184_256, "cut off"),
        ("4.09 GFLOPs", 4_089_184_256, "rounded"),
        ("3.8 G", 4_089_184_256, "rounded with K = 1024"),
        ("4089184256", 4_089_184_256, "exactly"),
        ("112K", 114_688, "exactly with K = 1024"),
        ("112 Ki", 114_688, "exactly"),
        ("115k", 114_688, "rounded"),
        ("110k", 114_688, "rounded to 2 digits"),
        ("120k", 114_688, ""),
        ("110", 109, ""),
        ("10k", 9_400, ""),
        ("4.2G", 4_089_184_256, ""),
        ("0.71 B mult-adds", 714_188_480, "rounded"),
    ],
)
def test_ways_of_printing(text: str, value: int, way: str) -> None:
    assert (parse_written(text).way(value) or ("",))[0] == way


PUBLISHED = [
    ("resnet50", "3.8G", "MACs", ["stride_in_1x1=true"]),  # He et al. 2015, Table 1
    ("resnet50", "4.11G", "fvcore's flops", []),
    ("resnet50", "25.6M", "params", []),
    ("resnet152", "23.03 GFLOPs", "2 × MACs = torch's FLOPs", []),
    ("vgg16", "15.3G", "MACs = fvcore's flops = thop's MACs", ["convolutions only"]),
    ("mobilenet_v1", "290M", "MACs", ["resolution=160"]),  # Howard et al. 2017, Table 7
    ("googlenet", "1.5G", "MACs = fvcore's flops", []),  # "1.5 billion multiply-adds", cut off
    ("torchvision_googlenet", "13.0M", "params", ["with what the spec builds for training"]),
]


@pytest.mark.parametrize(("model", "text", "what", "settings"), PUBLISHED, ids=str)
def test_published_figures_are_found(
    model: str, text: str, what: str, settings: list[str], run: Callable[..., Run]
) -> None:
    out = run("reconcile", model, "--published", text, "--with", "torch", "--format", "json").out
    likeliest = json.loads(out)["published"]["matches"][0]
    assert (likeliest["what"], likeliest["settings"]) == (what, settings)


def test_the_misprints_of_table_1_are_found() -> None:
    rows = quoted(archcost.analyze("googlenet"))
    wrong = {(row.path, row.metric) for row in rows if not row.reproduced}
    assert wrong == {
        ("conv1", "weights"),
        ("conv1", "macs"),
        ("inception_4c", "weights"),
        ("inception_5a", "weights"),
        ("inception_5a", "macs"),
    }
    assert len(rows) == 24


def test_figures_under_other_settings_are_not_judged(run: Callable[..., Run]) -> None:
    assert "published figure" in run("reconcile", "resnet50", "--with", "torch").out
    assert "published figure" not in run("reconcile", "resnet50", "--with", "torch", "--batch", "2").out


def test_no_tool_is_loaded() -> None:
    program = (
        "import sys; from archcost import cli; sys.argv = ['archcost', *sys.argv[1:]]\n"
        "try: cli.main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'torch', 'numpy', 'fvcore', 'torchinfo', 'thop', 'ptflops', 'calflops'} & set(sys.modules)))\n"
        "print('archcost.conventions' in sys.modules)"
    )
    for arguments, loaded in (
        (("reconcile", "resnet18", "--published", "1.8G"), "True"),
        (("analyze", "resnet18", "--convention", "thop"), "True"),
        (("analyze", "resnet18"), "False"),
    ):
        out = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True)
        assert out.stdout.splitlines()[-2:] == ["[]", loaded]


def test_the_page_is_in_step() -> None:
    page = tables.PAGE.read_text(encoding="utf-8")
    assert tables.inserted(page, tables.tables()) == page, "run python -m benchmarks.conventions"
