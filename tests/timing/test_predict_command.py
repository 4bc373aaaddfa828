"""``archcost predict``, and ``--device`` elsewhere: words, exit codes, errors, and what is loaded for it."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import jsonschema
import pytest

import archcost

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run


def test_the_throughput_is_within_the_stated_error_of_the_published_one() -> None:
    found = archcost.predict("resnet50", device="rtx4090", batch=1024, dtype="float16")
    measured = 3549.85  # samples/s: timm, results/benchmark-infer-amp-nchw-pt291-cu130-rtx4090.csv
    assert found.error is not None
    assert abs(found.throughput / measured - 1) < found.error.p90 / 1000
    assert found.latency_ms == found.nanoseconds / 10**6


def test_one_prediction_is_told_in_full(run: Callable[..., Run]) -> None:
    out = run("predict", "resnet18", "--device", "4090", "--batch", "64", "--mixed", "float16", "--top", "2").out
    lines = out.splitlines()
    assert lines[1] == "GeForce RTX 4090 · mixed float16, eager · predicted, not measured"
    labels = [line.split("  ")[0] for line in lines[2:6]]
    assert labels == ["latency", "throughput", "error", "bound by"]
    assert "2 of 68 rows" in out or "2 of " in out


def test_a_model_that_runs_nothing_has_no_table_of_layers(run: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text("archcost: 1\ninput: [3, 8, 8]\nlayers: [flatten]\n")
    out = run("predict", "net.yaml", "--device", "4090", cwd=tmp_path).out
    assert out.rstrip().endswith("nothing runs, for views are free")


def test_what_was_not_measured_is_not_validated(run: Callable[..., Run]) -> None:
    for words in (("--batch", "8"), ("--training", "--batch", "64"), ("--batch", "64", "--dtype", "float32")):
        assert "not validated" in run("predict", "resnet18", "--device", "4090", *words).out
    assert "not validated" in run("predict", "resnet18", "--device", "h100", "--batch", "64", "--dtype", "float16").out


def test_several_are_a_table_with_a_class_each(run: Callable[..., Run]) -> None:
    found = run("predict", "resnet18", "--device", "4090", "--device", "t4", "--batch", "1,64", "--dtype", "float16")
    rows = [line.split()[:3] for line in found.out.splitlines() if line.strip().startswith("resnet18")]
    assert rows == [["resnet18", device, batch] for batch in ("1", "64") for device in ("rtx4090", "t4")]
    assert "not validated" in found.out
    assert "half of the predictions for GeForce RTX, half precision, eager, batch 64 and more" in found.out


def test_a_device_that_is_named_twice_has_one_row(run: Callable[..., Run]) -> None:
    out = run("predict", "resnet18", "alexnet", "--device", "4090", "--device", "rtx4090", "--device", "l4").out
    assert [line.split()[1] for line in out.splitlines() if " launch " in line or " memory " in line].count("l4") == 2
    assert out.count("rtx4090") == 2


def test_the_json_is_that_of_the_function_and_of_its_schema(run: Callable[..., Run]) -> None:
    printed = json.loads(
        run("predict", "alexnet", "--device", "4090", "--batch", "64", "--compile", "--format", "json").out
    )
    jsonschema.validate(printed, archcost.schema("prediction"))
    assert printed == archcost.predict("alexnet", device="4090", batch=64, compiled=True).to_dict()
    assert printed["error"] is None
    assert sum(layer["predicted_ns"] for layer in printed["layers"]) == printed["predicted_ns"]


def test_less_than_a_sample_a_second_is_not_none(run: Callable[..., Run]) -> None:
    prediction = archcost.predict("gpt2", device="i9-10940x", batch=8)
    assert prediction.throughput < 100
    assert float(prediction.rate_text) == pytest.approx(8e9 / prediction.nanoseconds, rel=5e-3)
    assert f"{prediction.rate_text} samples/s" in run("predict", "gpt2", "--device", "i9-10940x", "--batch", "8").out


def test_sheets_have_a_row_for_the_model_and_one_for_each_layer(run: Callable[..., Run]) -> None:
    out = run("predict", "alexnet", "--device", "4090", "--format", "csv").out
    whole, *layers = list(csv.DictReader(out.splitlines()))
    assert (whole["path"], whole["device"]) == ("", "rtx4090")
    assert sum(int(row["predicted_ns"]) for row in layers) == int(whole["predicted_ns"])


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (("resnet18",), "archcost predict needs --device NAME", "for instance"),
        (("resnet18", "--device", "rtx309"), "'rtx309' may be several", "name one"),
        (("resnet18", "--device", "4090", "--batch", "1,x"), "--batch takes a whole number of at least 1, got 'x'", ""),
        (("resnet18", "--device", "4090", "--batch", "0"), "--batch takes a whole number of at least 1, got '0'", ""),
        (("resnet18", "--device", "4090", "--mixed", "float8"), "--mixed is one of", ""),
        (("resnet18", "--device", "4090", "--mixed", "float16", "--dtype", "float16"), "--mixed runs float32", "leave"),
        (("resnet18", "--device", "stm32f746"), "no bandwidth is known of stm32f746", "describe it in a file"),
        (
            ("resnet18", "--device", "tpu-v4"),
            "no dense rate in float32 is known of tpu-v4",
            "a rate is known for",
        ),
        (("no_such_net", "--device", "4090"), "", ""),
    ],
)
def test_what_cannot_be_is_an_error(run: Callable[..., Run], words: tuple[str, ...], message: str, hint: str) -> None:
    found = run("predict", *words)
    assert found.code == 2
    assert message in found.err
    assert hint in found.err
    assert "Traceback" not in found.err


def test_a_report_is_predicted_as_it_is() -> None:
    report = archcost.analyze("alexnet", batch=2, training=True)
    assert archcost.predict(report, device="4090").run.training
    with pytest.raises(archcost.UsageError, match="is of inference"):
        archcost.predict(archcost.analyze("alexnet"), device="4090", training=True)
    with pytest.raises(archcost.UsageError, match="has its settings already"):
        archcost.predict(report, device="4090", batch=3)


# --- elsewhere --------------------------------------------------------------------------------------------------------


def test_analyze_has_the_time_of_each_layer_and_what_bounds_it(run: Callable[..., Run]) -> None:
    shown = run("analyze", "googlenet", "--device", "rtx3090", "--batch", "64", "--dtype", "float16", columns=140)
    assert shown.code == 0
    heading = next(line for line in shown.out.splitlines() if "MACs" in line)
    assert "time" in heading
    assert "bound by" in heading
    assert "predicted on GeForce RTX 3090" in shown.out
    document = json.loads(run("analyze", "googlenet", "--device", "rtx3090", "--format", "json").out)
    jsonschema.validate(document, archcost.schema("report"))
    assert sum(layer["predicted_ns"] for layer in document["layers"]) == document["predicted"]["predicted_ns"]


def test_compare_and_explain_have_the_time_of_each_model(run: Callable[..., Run]) -> None:
    document = json.loads(run("compare", "resnet18", "resnet34", "--device", "t4", "--format", "json").out)
    jsonschema.validate(document, archcost.schema("comparison"))
    names = [(one["name"], one["device"], one["error"]) for one in document["predicted"]]
    assert names == [("resnet18", "t4", None), ("resnet34", "t4", None)]
    assert "not validated" in run("compare", "resnet18", "resnet34", "resnet50", "--device", "t4").out
    story = run("explain", "resnet18", "--device", "4090").out
    # 82.6 TFLOP/s ÷ 1,008 GB/s
    assert "below 81.9 FLOPs a byte, that of GeForce RTX 4090 in float32" in " ".join(story.split())
    assert run("explain", "resnet18", "conv1", "--device", "4090").code == 2


def test_the_balance_is_that_of_the_table(run: Callable[..., Run]) -> None:
    bound = json.loads(run("explain", "alexnet", "--format", "json").out)["memory_bound"]
    assert bound["threshold"] == pytest.approx(19.5e12 / 1555e9, rel=1e-6)


def test_a_limit_names_a_device(run: Callable[..., Run], tmp_path: Path) -> None:
    spec = tmp_path / "net.yaml"
    text = "archcost: 1\nname: net\ninput: [64]\nlayers: [{{linear: 64}}, relu]\nbudgets:\n  predicted_latency: {}\n"
    # two kernels, each a launch of 10 µs
    for limit, code in (
        ("{device: rtx3090, max: 20 us}", 0),
        ("{device: jetson-orin, max: 8 ms}", 0),
        ("{device: rtx3090, max: 19.9 us}", 1),
    ):
        spec.write_text(text.format(limit), encoding="utf-8")
        found = run("check", "net.yaml", cwd=tmp_path)
        assert found.code == code
    assert "predicted latency 20.0 µs, over the limit of 19.9 us on rtx3090 (not validated)" in found.out + found.err
    for limit, message in (
        ("8 ms", "names no device"),
        ("{max: 8 ms}", "has no `device`"),
        ("{device: rtx3090}", "has no `max`"),
        ("{device: rtx309, max: 8 ms}", "'rtx309' may be several devices"),
        ("{device: stm32f746, max: 8 ms}", "no bandwidth is known"),
        ("{device: rtx3090, max: 5%}", "`max` is an absolute amount"),
        ("{device: rtx3090, max: 8 ms, increase: 5%}", "increase"),
    ):
        spec.write_text(text.format(limit), encoding="utf-8")
        found = run("check", "net.yaml", cwd=tmp_path)
        assert found.code == 2
        assert message in found.err


def test_a_prediction_loads_neither_torch_nor_numpy() -> None:
    code = (
        "import sys; from archcost.cli import main\n"
        "sys.argv = ['archcost', 'predict', 'resnet50', '--device', '4090']\n"
        "try: main()\nexcept SystemExit: pass\n"
        "assert not {'torch', 'numpy', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_a_plain_analysis_loads_nothing_of_it() -> None:
    code = (
        "import sys; from archcost.cli import main; sys.argv = ['archcost', 'analyze', 'alexnet']\n"
        "try: main()\nexcept SystemExit: pass\n"
        "assert not [name for name in sys.modules if name.startswith(('archcost.timing', 'archcost.hardware'))]"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


NOTHING_TO_TELL = {
    "unknown MACs": ("{id: odd, custom: {name: fft, output: [$batch, 8], params: 3}}", "the MACs of odd are unknown"),
    "views alone": ("flatten", "nothing runs, for views are free"),
}


@pytest.mark.parametrize(("layer", "words"), NOTHING_TO_TELL.values(), ids=NOTHING_TO_TELL)
def test_a_time_that_is_not_all_says_so(layer: str, words: str, run: Callable[..., Run], tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(f"archcost: 1\nname: net\ninput: [8]\nlayers: [{layer}]\n")
    found = run("predict", str(path), "--device", "4090")
    assert found.code == 0
    assert words in " ".join(found.out.split())


GUESSED = "no rate in float16 is known of {}, and they are taken at that in float32"


@pytest.mark.parametrize(
    ("rates", "words", "guessed"),
    [
        ("float32 = '15 TFLOPS'", ("--mixed", "float16"), True),
        ("float32 = '15 TFLOPS'", ("--dtype", "float16", "--compile"), True),
        ("float32 = '15 TFLOPS'", (), False),
        ("float32 = '15 TFLOPS'\nfloat16 = '30 TFLOPS'", ("--mixed", "float16"), False),
    ],
)
def test_a_rate_that_is_not_known_is_said_to_be_guessed(
    rates: str, words: tuple[str, ...], guessed: bool, run: Callable[..., Run], tmp_path: Path
) -> None:
    (tmp_path / "card.toml").write_text(
        f"title = 'GeForce RTX Card'\nmemory = '8 GiB'\nbandwidth = '300 GB/s'\n{rates}\n"
    )
    command = ("predict", "resnet18", "--device", "card.toml", "--batch", "64", *words)
    out = " ".join(run(*command, cwd=tmp_path, columns=300).out.split())
    assert (GUESSED.format("card") in out) == guessed
    if guessed:
        assert "half of the predictions" not in out  # of its line of cards, with rates that are known
    document = json.loads(run(*command, "--format", "json", cwd=tmp_path).out)
    jsonschema.validate(document, json.loads(run("schema", "prediction").out))
    assert document.get("guessed_rate") == ("float16" if guessed else None)


def test_without_any_rate_the_dtype_that_was_asked_for_is_named(run: Callable[..., Run]) -> None:
    found = run("predict", "resnet18", "--device", "tpu-v4", "--dtype", "float16")
    assert found.code == 2
    assert "no dense rate in float16 is known of tpu-v4" in found.err


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("predict", "SPEC"), "bound by nothing: nothing runs"),
        (("predict", "SPEC", "--batch", "1,2"), "0 ns – –"),
        (("analyze", "SPEC"), "not measured: nothing: nothing runs"),
        (("explain", "SPEC"), "bound by nothing: nothing runs"),
        (("compare", "SPEC", "SPEC"), "bound by nothing: nothing runs"),
    ],
)
def test_what_runs_nothing_has_no_throughput(
    command: tuple[str, ...], told: str, run: Callable[..., Run], tmp_path: Path
) -> None:
    spec = tmp_path / "views.yaml"
    spec.write_text("archcost: 1\ninput: [3, 8, 8]\nlayers: [flatten]\n")
    words = [str(spec) if word == "SPEC" else word for word in command]
    out = " ".join(run(*words, "--device", "4090", columns=300).out.split())
    assert told in out
    assert "0 samples/s" not in out


def test_autocast_of_weights_in_half_says_how_to_get_others(run: Callable[..., Run]) -> None:
    words = ("predict", "tinyllama_1_1b", "--device", "4090", "--mixed", "bfloat16", "--top", "1")
    found = run(*words)
    assert found.code == 2
    assert "`--dtype float32` gives it such weights" in found.err
    assert run(*words, "--dtype", "float32").code == 0
