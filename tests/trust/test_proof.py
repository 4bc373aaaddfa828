"""A proof that proves, or says that it does not: what is declared, stand-ins, and the allowed difference."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
import torch

import archcost
from archcost.pytorch.builders.own_layers import Declared
from tests.pytorch.support import document

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Run

MIX = "  - {id: mix, conv2d: {out_channels: 8, kernel_size: 1}}\n"
LIE = "output: [$batch, 5, 7, 11], params: 3, macs: 123456, flops: 246912"
MIX_MACS = 7 * 11 * 5 * 8
MIX_PARAMS = 5 * 8 + 8


@pytest.fixture
def spec(tmp_path: Path) -> Callable[..., str]:
    """A file with one declared layer on 8×16×16, and what follows it."""

    def write(figures: str = LIE, after: str = MIX, name: str = "net") -> str:
        path = tmp_path / f"{name}.yaml"
        step = f"  - {{id: patches, custom: {{name: patches, {figures}}}}}\n"
        path.write_text(f"archcost: 1\nname: {name}\ninput: [8, 16, 16]\nlayers:\n{step}{after}", encoding="utf-8")
        return str(path)

    return write


VERDICTS = [
    (
        LIE,
        MIX,
        "net: 1 layer agrees in shapes, params and MACs; 1 is only declared, 97.6% of the MACs",  # 123,456 of 126,536
    ),
    (
        "output: [$batch, 5, 7, 11], macs: 0, flops: 0",
        MIX,
        "net: 1 layer agrees in shapes, params and MACs; 1 is only declared, 0% of the MACs",
    ),
    (
        "output: [$batch, 5, 7, 11]",
        MIX,
        "net: 1 layer agrees in shapes, params and MACs; 1 is only declared, its MACs unknown",
    ),
    (
        "output: [$batch, 5, 7, 11]",
        f"  - custom: {{name: more, {LIE}}}\n{MIX}",
        "net: 1 layer agrees in shapes, params and MACs; 2 are only declared, at least 97.6% of the MACs",
    ),
    (
        "output: [$batch, 5, 7, 11], params: 1000, macs: 10, flops: 20",
        MIX,  # 10 of 3,090 MACs, 1,000 of 1,048 params
        "net: 1 layer agrees in shapes, params and MACs; 1 is only declared, 0.3% of the MACs and 95.4% of the params",
    ),
    (
        "output: [$batch, 5, 7, 11], params: 16",
        MIX,  # 16 of 64 params
        "net: 1 layer agrees in shapes, params and MACs; 1 is only declared, its MACs unknown, 25.0% of the params",
    ),
    (
        "output: [$batch, 5, 7, 11], params: 48, macs: 3080, flops: 6160",
        MIX,  # half of either: one share says it
        "net: 1 layer agrees in shapes, params and MACs; 1 is only declared, 50.0% of the MACs",
    ),
    (LIE, "", "net: nothing is verified: 1 layer is only declared"),
    (LIE, f"  - custom: {{name: more, {LIE}}}\n", "net: nothing is verified: 2 layers are only declared"),
]


@pytest.mark.parametrize(("figures", "after", "verdict"), VERDICTS)
def test_the_verdict_says_what_is_declared_and_ticks_nothing(
    figures: str, after: str, verdict: str, spec: Callable[..., str], run: Callable[..., Run]
) -> None:
    path = spec(figures, after)
    result = run("verify", path)
    assert result.code == 0
    assert result.out.splitlines()[-1] == verdict
    assert verdict in run("verify", path, "conv5x5").out
    for format_ in ("table", "markdown", "junit"):
        text = run("verify", path, "--format", format_).out
        assert not [line for line in text.splitlines() if "✓" in line and "mix" not in line]


EXPECTED = [
    # a part of both: 3 + 48 params, 123,456 + 3,080 MACs
    (
        LIE,
        "params: 51, macs: 126536",
        "2 of 2 expected figures hold; 2 of them are not proved, as a part is only declared: params, macs",
    ),
    # 48 params, none of which is declared
    (
        "output: [$batch, 5, 7, 11], macs: 10, flops: 20",
        "params: 48, macs: 3090",
        "2 of 2 expected figures hold; 1 of them is not proved, as a part is only declared: macs",
    ),
    (LIE, "params: 51", "1 of 1 expected figures hold; it is not proved, as a part is only declared: params"),
    # what does not hold is a mismatch, and rests on nothing
    (
        LIE,
        "params: 50, macs: 126536",
        "1 of 2 expected figures hold; 1 of them is not proved, as a part is only declared: macs",
    ),
    (LIE, "layers: {mix: {params: 48, macs: 3080}}", "2 of 2 expected figures hold"),
    (
        LIE,
        "layers: {patches: {params: 3}, mix: {params: 48}}",
        "2 of 2 expected figures hold; 1 of them is not proved, as a part is only declared: patches.params",
    ),
    ("output: [$batch, 5, 7, 11], macs: 0, flops: 0", "params: 48, macs: 3080", "2 of 2 expected figures hold"),
]


@pytest.mark.parametrize(("figures", "expected", "words"), EXPECTED)
def test_expected_figures_that_are_declared_are_not_proved(
    figures: str, expected: str, words: str, spec: Callable[..., str], run: Callable[..., Run]
) -> None:
    path = spec(figures, f"{MIX}expect: {{{expected}}}\n")
    for format_ in ("table", "markdown", "tree"):
        lines = run("verify", path, "--format", format_).out.splitlines()
        assert words in [line.strip() for line in lines]
    document = json.loads(run("verify", path, "--format", "json").out)
    assert document["expected_figures"] == int(words.split()[2])


def test_tolerance_forgives_no_declaration(spec: Callable[..., str], run: Callable[..., Run]) -> None:
    assert "✓" not in run("verify", spec(after=""), "--tolerance", "100%").out


def test_the_row_of_a_declared_layer(spec: Callable[..., str], run: Callable[..., Run]) -> None:
    lines = run("verify", spec()).out.splitlines()
    row = next(line for line in lines if "patches" in line)
    assert row.split() == [
        "patches",
        "custom",
        "1×5×7×11",
        "3",
        "123,456",
        "not",
        "covered",
        "not",
        "covered",
        "declared",
    ]
    markdown = run("verify", spec(), "--format", "markdown").out
    assert "| patches | custom | 1×5×7×11 | 3 | 123,456 | not covered | not covered | declared |" in markdown
    assert "| **total** |  |  | **51** | **126,536** | **3,080** | **3,080** |  |" in markdown


def test_a_scope_counts_what_is_declared_in_it(tmp_path: Path, run: Callable[..., Run]) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(
        "archcost: 1\nname: net\ninput: [8]\nblocks:\n  b:\n    layers:\n"
        "      - custom: {name: x, output: [$batch, 8], macs: 1, flops: 2}\n      - linear: {out_features: 8}\n"
        "layers: [b, relu]\n",
        encoding="utf-8",
    )
    rows = [line.split() for line in run("verify", str(path), "--depth", "1").out.splitlines()]
    assert ["b", "2", "layers", "1×8", "72", "65", "not", "covered", "not", "covered", "1", "declared"] in rows


def test_json_holds_null_for_what_nothing_measured(spec: Callable[..., str], run: Callable[..., Run]) -> None:
    data = json.loads(run("verify", spec(f"{LIE}, buffers: 9"), "--format", "json").out)
    custom, mix = data["layers"]
    assert custom["declared"] is True
    assert {name: custom[name] for name in custom if name.startswith("measured_") or name == "ok"} == {
        "measured_output": None,
        "measured_params": None,
        "measured_buffers": None,
        "ok": None,
    }
    assert custom["macs"] == {"archcost": 123_456, "torch": None, "fvcore": None, "second_path": None}
    assert (custom["params"], custom["buffers"]) == (3, 9)
    assert (mix["declared"], mix["measured_params"], mix["measured_buffers"], mix["ok"]) == (False, MIX_PARAMS, 0, True)
    assert data["totals"] == {
        "params": 3 + MIX_PARAMS,
        "measured_params": MIX_PARAMS,
        "buffers": 9,
        "measured_buffers": 0,
        "macs": 123_456 + MIX_MACS,
        "torch_macs": MIX_MACS,
        "fvcore_macs": MIX_MACS,
    }
    assert data["declared"] == {"layers": ["patches"], "params": 3, "macs": 123_456}
    assert (data["ok"], data["proved"]) == (True, False)
    alone = json.loads(run("verify", spec(after=""), "--format", "json").out)
    assert alone["totals"]["measured_params"] is alone["totals"]["torch_macs"] is alone["totals"]["fvcore_macs"] is None


def test_junit_skips_what_is_declared(spec: Callable[..., str], run: Callable[..., Run]) -> None:
    (suite,) = ET.fromstring(run("verify", spec(), "--format", "junit").out)
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "0", "1")
    model, custom, mix = suite
    assert model.findtext("system-out") == VERDICTS[0][2]
    assert [child.tag for child in custom] == ["skipped"]
    assert not len(mix)
    (alone,) = ET.fromstring(run("verify", spec(after=""), "--format", "junit").out)
    assert alone.get("skipped") == "2"


def test_a_declared_layer_does_not_hide_a_mismatch(spec: Callable[..., str], run: Callable[..., Run]) -> None:
    result = run("verify", spec(after=f"{MIX}expect: {{params: 1}}\n"))
    assert result.code == 1
    assert result.out.splitlines()[-1] == "✗ net: 1 mismatch"


def test_nothing_is_no_proof() -> None:
    verification = archcost.verify(document({"input": [4], "layers": [{"relu": None, "when": "$training"}]}))
    assert (verification.ok, verification.proved) == (True, False)
    from archcost.render.verification_words import verdict

    assert verdict(verification) == "spec: nothing is verified: there are no layers"


def test_what_feeds_a_stand_in_is_counted(run: Callable[..., Run], tmp_path: Path) -> None:
    path = tmp_path / "two.yaml"
    path.write_text(
        "archcost: 1\nname: two\ninput: [6]\nlayers:\n  - {id: left, linear: {out_features: 5}}\n"
        "  - {id: right, linear: {out_features: 5}, from: input}\n"
        "  - {custom: {name: mix, output: [$batch, 5], macs: 0, flops: 0}, from: [left, right]}\n",
        encoding="utf-8",
    )
    for device in ("meta", "cpu"):
        result = run("verify", str(path), "--device", device)
        assert result.code == 0, result.out
        total = next(line for line in result.out.splitlines() if line.strip().startswith("total"))
        assert total.split()[1:] == ["70", "60", "60", "60"]  # 2·(6·5 + 5) params, 2·6·5 MACs


DTYPES = (torch.float32, torch.bfloat16, torch.float64, torch.int64, torch.int32, torch.uint8, torch.bool)


@pytest.mark.parametrize("first", DTYPES)
@pytest.mark.parametrize("second", DTYPES)
def test_a_stand_in_takes_any_dtypes(first: torch.dtype, second: torch.dtype) -> None:
    """Zeros of the first input's dtype, whatever the inputs hold."""
    inputs = (torch.ones(2, 3).to(first), torch.full((), 7).to(second))
    one, two = Declared("x", ((4,), (2, 3)))(*inputs)
    assert (one.dtype, two.dtype) == (first, first)
    assert torch.equal(one, torch.zeros(4, dtype=first))
    assert torch.equal(two, torch.zeros(2, 3, dtype=first))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1e38, 2.0])
def test_a_stand_in_gives_zeros_for_any_number(value: float) -> None:
    out = Declared("x", ((3,),))(torch.full((2, 2), value), torch.zeros(0, 5))
    assert torch.equal(out, torch.zeros(3))


FEEDS = [
    (torch.randn(2, 3),),
    (torch.randn(2, 3), torch.randn(4)),
    (torch.randn(2, 3), torch.arange(4), torch.tensor([True])),  # integers have no gradient, and are read as well
    (torch.tensor(True), torch.randn(1, 1, 1)),
]


@pytest.mark.parametrize("inputs", FEEDS)
@pytest.mark.parametrize("shapes", [((5,),), ((5,), (2, 2)), ((),)])
def test_a_trace_keeps_all_that_feeds_a_stand_in(
    inputs: tuple[torch.Tensor, ...], shapes: tuple[tuple[int, ...], ...]
) -> None:
    """Each input is copied into each output before that is set to zero again."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        graph = torch.jit.trace(Declared("x", shapes), inputs).inlined_graph
    torch._C._jit_pass_dce(graph)
    assert all(list(value.uses()) for value in list(graph.inputs())[1:])
    assert str(graph).count("aten::copy_") == str(graph).count("aten::zero_") == len(inputs) * len(shapes)


def test_a_stand_in_passes_no_gradient_on() -> None:
    """What it stands for is not known: a gradient of zeros would train in silence what feeds it."""
    assert not Declared("x", ((5,),))(torch.randn(2, requires_grad=True)).requires_grad


def test_stand_ins_live_where_the_run_is() -> None:
    with torch.device("meta"):
        source = Declared("x", ((2,), (3,)), params=4, source=True).to(torch.bfloat16)
    assert {(out.device.type, out.dtype) for out in source()} == {("meta", torch.bfloat16)}
    assert Declared("x", ((2,),), source=True)().device.type == "cpu"
    assert list(source.state_dict()) == ["declared"]
    out = Declared("x", ((2,),))(torch.empty(3, 4, dtype=torch.int64, device="meta"))
    assert (out.device.type, out.dtype) == ("meta", torch.int64)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU")
def test_stand_ins_on_a_gpu() -> None:
    assert Declared("x", ((2,),), source=True).to("cuda")().device.type == "cuda"
    parts: dict[str, Any] = {"input": [4], "layers": [SOURCE, {"add": None, "from": ["noise", "input"]}]}
    assert archcost.verify(document(parts), device="cuda").ok


SOURCE: dict[str, Any] = {"id": "noise", "custom": {"name": "noise", "output": [1, 4]}, "from": []}


@pytest.mark.parametrize("device", ["meta", "cpu"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_source_that_is_declared_runs_on_either_device(device: str, dtype: str) -> None:
    layers = [SOURCE, {"add": None, "from": ["noise", "input"]}, {"linear": {"out_features": 3}}]
    verification = archcost.verify(document({"dtype": dtype, "input": [4], "layers": layers}), device=device)
    assert [str(mismatch) for mismatch in verification.mismatches] == []
    assert (verification.agreeing, len(verification.declared)) == (2, 1)


def test_integers_feed_a_declared_layer() -> None:
    layers = [
        {"id": "vectors", "embedding": {"num_embeddings": 9, "embedding_dim": 4}, "from": "ids"},
        {"id": "scan", "custom": {"name": "scan", "output": [1, 5, 4]}, "from": ["vectors", "ids"]},
        {"linear": {"out_features": 3}},
    ]
    parts = {"inputs": {"ids": {"shape": [5], "dtype": "int64"}}, "layers": layers}
    for device in ("meta", "cpu"):
        verification = archcost.verify(document(parts), device=device)
        assert [str(mismatch) for mismatch in verification.mismatches] == []
        assert verification.layers[2].fvcore_macs == 5 * 4 * 3


@pytest.mark.parametrize("share", ["150%", "1.5", "100.1%", "2", "nan", "inf", "-1%", "1e9"])
def test_more_than_all_is_no_share(share: str, run: Callable[..., Run]) -> None:
    result = run("verify", "conv5x5", f"--tolerance={share}")
    assert result.code == 2
    assert f"--tolerance takes a share such as 0.01 or 1%, got '{share}'" in result.err


@pytest.mark.parametrize("share", ["100%", "1", "0", "0%"])
def test_all_and_nothing_are_shares(share: str, run: Callable[..., Run]) -> None:
    assert run("verify", "conv1x1", "--tolerance", share).code == 0
