"""What a training run costs: the arithmetic, published runs, the rule of 6 × params × tokens, words and errors."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import archcost
from archcost.quantities import format_power, format_share
from archcost.spec.loader import loads
from archcost.timing.six_n import APART, IDLE, TABLES, TIED

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Run

ROOT = Path(__file__).parent.parent.parent
GPT_3 = {"layers": 96, "width": 12288, "heads": 96, "tokens": 2048}
TEXT = """archcost: 1
name: tiny
inputs: {tokens: {shape: [16], dtype: int64}}
layers:
  - {id: embed, embedding: {num_embeddings: 100, embedding_dim: 8}}
  - {id: in, linear: {out_features: 32}}
  - {id: norm, layer_norm: {}}
  - {id: out, linear: {out_features: 100, bias: false}}
"""
RUN = ("predict", "llama_2_7b", "--device", "a100")


def test_the_arithmetic_of_a_small_one() -> None:
    cost = archcost.training_cost(loads(TEXT), device="a100", tokens=10**9, devices=4, mfu="50%", price_per_hour="2.5")
    # a token: 8 × 32 and 32 × 100 MACs, forward, for the input (the embedding needs one) and for the weights
    macs = 8 * 32 + 32 * 100
    assert cost.flops_per_unit == 6 * macs
    assert cost.flops == 10**9 * 6 * macs
    seconds = 10**9 * 6 * macs / (19.5e12 / 2)  # an A100 in float32
    assert float(cost.device_seconds) == pytest.approx(seconds)
    assert cost.device_hours == pytest.approx(seconds / 3600)
    assert cost.days == pytest.approx(seconds / 3600 / 24 / 4)
    assert cost.money == pytest.approx(seconds / 3600 * 2.5)
    assert cost.energy_wh == int(seconds / 3600 * 400)
    assert "flops=20736000000000" in repr(cost)


def test_the_terms_are_what_the_rule_leaves_out() -> None:
    cost = archcost.training_cost(loads(TEXT), device="a100", tokens="1G", mfu=0.5)
    tokens = 16
    params = 100 * 8 + (8 * 32 + 32) + 2 * 32 + 32 * 100
    assert cost.rule == 6 * params * tokens
    terms = {term.reason: term.flops for term in cost.terms}
    assert terms == {TABLES: -6 * 100 * 8 * tokens, "norms and biases: not in products": -6 * (32 + 2 * 32) * tokens}


@pytest.mark.parametrize(
    "name", ["gpt2", "bert_base", "lstm_lm", "mamba_130m", "mixtral_8x7b", "deepseek_v2_lite", "bart", "deberta"]
)
def test_the_rule_and_its_terms_are_the_flops(name: str) -> None:
    cost = archcost.training_cost(name, device="a100", tokens="1T", mfu=0.4)
    assert cost.rule is not None
    assert cost.rule + sum(term.flops for term in cost.terms) == cost.model_flops
    assert cost.model_flops == 2 * cost.report.totals.training_macs
    told = {term.reason for term in cost.terms}
    assert (IDLE in told) is (name in ("mixtral_8x7b", "deepseek_v2_lite"))
    assert (TIED in told) is (name in ("gpt2", "mamba_130m", "bart", "deberta"))
    assert (APART in told) is (name != "lstm_lm")


def test_gpt_3_is_what_its_paper_prints() -> None:
    cost = archcost.training_cost("gpt2", device="v100", tokens="300B", params=GPT_3, mixed="float16", mfu=0.4)
    # arXiv:2005.14165, table D.1: 174,600 M params, 300 B tokens, 3.14E+23 FLOPs without attention
    assert cost.report.totals.params // 10**8 == 1746
    assert cost.rule is not None
    assert format_power(cost.rule * cost.length.amount // cost.units) == "3.14e23"
    attention = 96 * 2 * 2048 * 2048 * 12288  # MACs of a sample: scores and values of each layer
    assert dict(cost.terms)[APART] == 6 * attention


def _published() -> list[list[str]]:
    """The rows of the table of published runs."""
    page = (ROOT / "docs" / "prediction.md").read_text(encoding="utf-8")
    return [
        [cell.strip().strip("`") for cell in line.strip("| \n").split("|")]
        for line in page.splitlines()
        if line.startswith("| `llama_")
    ]


@pytest.mark.parametrize("row", _published(), ids=lambda row: row[0])
def test_the_page_says_what_published_runs_mean(row: list[str]) -> None:
    name, tokens, device, hours, flops, mfu = row[:6]
    cost = archcost.training_cost(name, device=device, tokens=tokens, mfu=1)
    assert format_power(cost.flops) == flops
    needed = cost.device_seconds / 3600  # at the dense rate
    published = int(hours.replace(",", ""))
    assert format_share(int(needed), published) == mfu.replace(" ", "")


def test_there_are_published_runs() -> None:
    assert len(_published()) == 5


def test_a_run_without_an_mfu_takes_the_predicted_step_but_no_more_than_runs_reach() -> None:
    vision = archcost.training_cost("resnet50", device="3090", samples="1M", batch=64, mixed="float16")
    step = archcost.predict("resnet50", device="3090", batch=64, mixed="float16", training=True)
    assert vision.mfu_from == "step"
    assert float(vision.mfu) == pytest.approx(vision.model_flops / (71e12 * step.nanoseconds / 1e9))
    text = archcost.training_cost("llama_2_7b", device="a100", tokens="1T")
    assert (text.mfu_from, float(text.mfu)) == ("usual", 0.4)
    assert text.step_mfu is not None
    assert text.step_mfu > text.mfu


def test_a_global_batch_has_fewer_updates() -> None:
    asked: dict[str, Any] = {"device": "a100", "tokens": 4096 * 10**6, "devices": 8}
    often = archcost.training_cost("llama_2_7b", **asked)
    seldom = archcost.training_cost("llama_2_7b", **asked, global_batch=512)
    assert (often.steps, often.step_samples) == (125_000, 8)  # 10**6 samples
    assert (seldom.steps, seldom.passes) == (1954, 64)
    assert often.step_mfu is not None
    assert seldom.step_mfu is not None
    assert seldom.step_mfu > often.step_mfu


def test_what_is_computed_again_is_no_work_of_the_model() -> None:
    plain = archcost.training_cost("gpt2", device="a100", tokens="1T", mixed="bfloat16")
    again = archcost.training_cost("gpt2", device="a100", tokens="1T", mixed="bfloat16", checkpoint=["h.*"])
    assert plain.recomputed_flops == 0
    assert again.flops == plain.flops
    head = 1024 * 768 * 50257
    assert again.step.recomputed_macs == plain.report.totals.macs - head
    assert plain.step_mfu is not None
    assert again.step_mfu is not None
    assert again.step_mfu < plain.step_mfu


def test_a_run_is_told_in_full(run: Callable[..., Run]) -> None:
    out = run(*RUN, "--tokens", "2T", "--devices", "64", "--price", "2.5").out
    labels = [line.split("  ")[0] for line in out.splitlines()[2:8]]
    assert labels == ["FLOPs", "MFU", "a step", "time", "money", "energy"]
    # 2e12 × 46.08 GFLOPs ÷ (312 TFLOP/s × 40%) ÷ 3600
    assert re.search(r"205,150 device-hours, 134 days on 64 devices", out)
    assert "512,875, at 2.5 per device-hour" in out
    assert "6 × 6,738,415,616 params" in out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--tokens", "1"], "for 1 token\n"),
        (["--tokens", "1"], "energy           <1 Wh,"),
        (["--tokens", "1e24"], "for each of 1.00e24 tokens"),
        (["--tokens", "1B", "--price", "1e-9"], "<0.001, at 1e-09 per device-hour"),
        (["--tokens", "1B", "--price", "1e24"], f"at {10**24:,} per device-hour"),
    ],
)
def test_runs_of_any_length_and_price_are_told(run: Callable[..., Run], words: list[str], told: str) -> None:
    assert told in run("predict", "gpt2", "--device", "a100", *words).out


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_runs_beside_each_other_are_told_without_a_figure_cut(run: Callable[..., Run], columns: int) -> None:
    words = ("gpt2", "llama_2_7b", "--device", "a100", "--device", "h100", "--tokens", "15T", "--devices", "16000")
    out = run("predict", *words, "--price", "2", columns=columns).out
    assert max(map(len, out.splitlines())) <= columns
    assert not re.search(r"[0-9.,]…", out)
    assert "15.0 T tokens on 16,000 devices" in out


def test_images_have_no_rule(run: Callable[..., Run]) -> None:
    out = run("predict", "resnet18", "--device", "t4", "--samples", "1.28M", "--mfu", "0.2").out
    assert "a sample" in out
    assert "of 6N" not in out


def test_json_and_csv_have_the_same(run: Callable[..., Run]) -> None:
    words = (*RUN, "--tokens", "2T", "--devices", "64")
    printed = json.loads(run(*words, "--format", "json").out)
    assert printed == archcost.training_cost("llama_2_7b", device="a100", tokens=2e12, devices=64).to_dict()
    (row,) = csv.DictReader(run(*words, "--format", "csv").out.splitlines())
    assert int(row["flops"]) == printed["flops"]
    assert row["money"] == ""


ERRORS = {
    "tokens of images": (("--tokens", "1T"), "resnet18 is not trained on tokens alone: 'input' is float32"),
    "no length": (("--price", "2.5"), "--price is of a training run"),
    "no length, devices": (("--devices", "8"), "--devices is of a training run"),
    "both lengths": (("--tokens", "1T", "--samples", "1M"), "as long as its tokens, or its samples"),
    "half a sample": (("--samples", "1.5"), "--samples takes a whole number from 1 to 1e24, got '1.5'"),
    "no number": (("--samples", "many"), "--samples: expected a number"),
    "a currency": (("--samples", "1M", "--price", "$3"), "--price takes what a device costs an hour"),
    "too much": (("--samples", "1M", "--mfu", "41"), "--mfu takes a share above 0 and up to 1"),
    "nothing": (("--samples", "1M", "--mfu", "0"), "--mfu takes a share above 0"),
    "few samples": (("--samples", "1M", "--devices", "8", "--global-batch", "4"), "is not enough for 8 devices"),
    "a rest": (
        ("--samples", "1M", "--devices", "7", "--global-batch", "57", "--batch", "8"),
        "56 and 112 do, the multiples of 8 × 7",
    ),
    "half of a half": (("--samples", "1M", "--dtype", "float16", "--mixed", "float16"), "--mixed runs float32 weights"),
    "no rate": (("--samples", "1M", "--dtype", "bfloat16"), "no dense rate in bfloat16 is known of t4"),
    "far too many": (("--samples", "1e30"), "--samples takes a whole number from 1 to 1e24, got '1e30'"),
    "a share of nothing": (("--samples", "1M", "--mfu", "1e-320"), "--mfu takes a share above 0"),
    "a price of nobody": (("--samples", "1M", "--price", "1e320"), "--price takes what a device costs an hour"),
    "more devices than atoms": (("--samples", "1M", "--devices", "9" * 400), "--devices takes a whole number"),
    "no block": (("--samples", "1M", "--checkpoint", "layr*"), "no block of resnet18 fits --checkpoint 'layr*'"),
    "layers": (("--samples", "1M", "--top", "3"), "--top says nothing of what a training run costs"),
}


@pytest.mark.parametrize(("words", "message"), ERRORS.values(), ids=ERRORS)
def test_what_cannot_be_told_says_why(words: tuple[str, ...], message: str, run: Callable[..., Run]) -> None:
    result = run("predict", "resnet18", "--device", "t4", *words)
    assert result.code == 2
    assert message in result.err
    assert "Traceback" not in result.err


UNTOLD = {
    "unknown": ("{id: odd, custom: {name: fft, output: [$batch, 8], params: 3}}", "the MACs of odd in net are unknown"),
    "no products": ("relu", "nothing of net trains"),
}


@pytest.mark.parametrize(("layer", "message"), UNTOLD.values(), ids=UNTOLD)
def test_a_model_that_cannot_be_told_of(layer: str, message: str) -> None:
    spec = loads(f"archcost: 1\nname: net\ninput: [8]\nlayers: [{layer}]\n")
    with pytest.raises(archcost.UsageError, match=message):
        archcost.training_cost(spec, device="t4", samples=8)


def test_a_report_of_inference_is_refused() -> None:
    with pytest.raises(archcost.UsageError, match="is of inference"):
        archcost.training_cost(archcost.analyze("resnet18"), device="t4", samples=8)


def test_the_utilisation_is_of_the_rate_that_convolutions_run_at() -> None:
    how: dict[str, Any] = {"device": "a100", "samples": 10**6, "batch": 64}
    convolutions = archcost.training_cost("resnet50", **how)
    assert (convolutions.dtype, convolutions.rate) == ("tf32", 156 * 10**12)
    assert convolutions.step_mfu is not None
    assert 0 < convolutions.step_mfu < 1
    matrices = archcost.training_cost("vit_b_16", **how)  # PyTorch leaves TF32 off
    assert (matrices.dtype, matrices.rate) == ("float32", 195 * 10**11)
    assert archcost.training_cost("resnet50", mixed="float16", **how).dtype == "float16"


@pytest.mark.parametrize("count", [0, -1, 1.5, True, "3", pytest.param(10**5000, id="huge")])
@pytest.mark.parametrize("name", ["devices", "global_batch"])
def test_devices_and_samples_are_whole_numbers(name: str, count: Any) -> None:
    with pytest.raises(archcost.UsageError, match="takes a whole number"):
        archcost.training_cost("resnet18", device="a100", samples=8, **{name: count})
