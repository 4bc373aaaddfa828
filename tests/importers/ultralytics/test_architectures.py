"""Model YAML files give the params and GFLOPs that their library publishes, and what is not known is refused."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from architectures import OF_11, OF_V5, OF_V8, model_yaml, v5, v8, v11

from archcost import analyze, reconcile
from archcost.errors import SpecError
from archcost.importers.ultralytics.architecture import spec_text
from archcost.named_specs import load_spec
from archcost.spec.included import ULTRALYTICS, format_of
from archcost.spec.loader import loads

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

    from archcost.analysis.report import Report

ANCHORS = [[10, 13, 16, 30, 33, 23]] * 3
DETECT = ("Detect", ["nc"])
V8 = model_yaml(v8(*DETECT), nc=80, scales=OF_V8)
V11 = model_yaml(v11(*DETECT), nc=80, scales=OF_11)
V5U = model_yaml(v5(*DETECT), nc=80, scales={scale: (*both, 1024) for scale, both in OF_V5.items()})


def v5_of(scale: str) -> str:
    """The file of a scale of the first YOLOv5, which had one for each, and anchors."""
    depth, width = OF_V5[scale]
    rows = v5("Detect", ["nc", "anchors"])
    return model_yaml(rows, nc=80, depth_multiple=depth, width_multiple=width, anchors=ANCHORS)


def report_of(text: str, path: str = "model.yaml", **params: Any) -> Report:
    return analyze(loads(spec_text(text, path)), params=params)


def params_of(report: Report, path: str) -> int:
    """The params of a layer, and of those within."""
    return sum(layer.params for layer in report.layers if f"{layer.path}.".startswith(f"{path}."))


def fused(report: Report) -> int:
    """The params once batch norms are in the convolutions: of two for each channel, one is left, the bias."""
    return report.totals.params - sum(layer.params for layer in report.layers if layer.op == "batch_norm2d") // 2


# What the library prints of a model: "summary: … layers, … parameters, … gradients, … GFLOPs".
PUBLISHED = {
    ("v8", "n"): (3157200, 3157184, 8.9),
    ("v8", "s"): (11166560, 11166544, 28.8),
    ("v8", "m"): (25902640, 25902624, 79.3),
    ("v8", "l"): (43691520, 43691504, 165.7),
    ("v8", "x"): (68229648, 68229632, 258.5),
    ("11", "n"): (2624080, 2624064, 6.6),
    ("11", "s"): (9458752, 9458736, 21.7),
    ("11", "m"): (20114688, 20114672, 68.5),
    ("11", "l"): (25372160, 25372144, 87.6),
    ("11", "x"): (56966176, 56966160, 196.0),
    ("v5u", "n"): (2654816, 2654800, 7.8),
    ("v5u", "s"): (9153152, 9153136, 24.2),
    ("v5u", "m"): (25111456, 25111440, 64.6),
    ("v5", "n"): (1872157, 1872157, 4.6),
    ("v5", "s"): (7235389, 7235389, 16.6),
    ("v5", "l"): (46563709, 46563709, 109.3),
}


def published_model(family: str, scale: str) -> tuple[str, dict[str, str]]:
    """The file of a model, and the params that pick it."""
    if family == "v5":
        return v5_of(scale), {}
    return {"v8": V8, "11": V11, "v5u": V5U}[family], {"scale": scale}


@pytest.mark.parametrize(("family", "scale"), PUBLISHED)
def test_params_are_the_published_ones(family: str, scale: str) -> None:
    text, params = published_model(family, scale)
    totals = report_of(text, **params).totals
    assert (totals.params, totals.trainable_params) == PUBLISHED[family, scale][:2]


@pytest.mark.parametrize(("family", "scale"), PUBLISHED)
def test_gflops_are_twice_what_thop_counts(family: str, scale: str) -> None:
    """To the last digit that is printed, which another release of thop may have rounded the other way.

    The releases at the time of the first YOLOv5 counted half of a batch norm: 0.15 G of YOLOv5l.
    """
    text, params = published_model(family, scale)
    counted = reconcile(loads(spec_text(text, "model.yaml")), tools=["thop"], params=params)
    [thop] = counted.to_dict()["conventions"]
    assert abs(2 * thop["figure"] / 1e9 - PUBLISHED[family, scale][2]) <= (0.3 if family == "v5" else 0.06)


# Of deployed models, whose batch norms are within the convolutions: YOLOv5's documentation, and logs.
FUSED = [
    (v5_of("m"), {}, 21172173),
    (v5_of("x"), {}, 86705005),
    (model_yaml(v8("Segment", ["nc", 32, 256]), nc=80, scales=OF_V8), {"scale": "n"}, 3404320),
]


@pytest.mark.parametrize(("text", "params", "published"), FUSED)
def test_params_of_deployed_models(text: str, params: dict[str, str], published: int) -> None:
    assert fused(report_of(text, **params)) == published


# Other tasks: a model of another number of classes is one that somebody trained, as its log says.
TASKS = [
    (v8("Segment", ["nc", 32, 256]), {"nc": 1, "scales": OF_V8}, 3263811),
    (v8("Pose", ["nc", "kpt_shape"]), {"nc": 1, "kpt_shape": [5, 3], "scales": OF_V8}, 3083424),
    (v8("OBB", ["nc", 1]), {"nc": 80, "scales": OF_V8}, 3228867),
    (v8("Classify", ["nc"]), {"nc": 2, "scales": OF_V8}, 1440850),
    (v8("Classify", ["nc"]), {"nc": 15, "scales": OF_V8}, 1457503),
    (v11("Segment", ["nc", 32, 256]), {"nc": 1, "scales": OF_11}, 2842803),
    (v11("Pose", ["nc", "kpt_shape"]), {"nc": 1, "kpt_shape": [5, 3], "scales": OF_11}, 2662416),
    (v11("Classify", ["nc"]), {"nc": 6, "scales": OF_11}, 1538790),
    (v11("Classify", ["nc"]), {"nc": 5, "scales": OF_11}, 1537509),
    (v5("Detect", ["nc"]), {"nc": 1, "scales": {"n": (0.33, 0.25, 1024)}}, 2508659),
]


@pytest.mark.parametrize(("rows", "keys", "published"), TASKS)
def test_params_of_other_tasks(rows: Any, keys: dict[str, Any], published: int) -> None:
    assert report_of(model_yaml(rows, **keys)).totals.params == published


def test_rows_cost_what_the_library_lists() -> None:
    """Params by row, as the library prints them when it makes YOLOv8n and the head of a YOLO11n for poses."""
    first = [464, 4672, 7360, 18560, 49664, 73984, 197632, 295424, 460288]
    assert [params_of(report_of(V8), f"model.{row}") for row in range(9)] == first
    pose = model_yaml(v11("Pose", ["nc", "kpt_shape"]), nc=1, kpt_shape=[17, 3], scales=OF_11)
    assert params_of(report_of(pose), "model.23") == 715294


def test_paths_are_those_in_pytorch() -> None:
    paths = {layer.path for layer in report_of(V11).layers}
    assert paths >= {
        "model.0.conv", "model.2.m.0.cv2.bn", "model.6.m.0.m.1.cv1.conv", "model.10.m.0.attn.qkv.conv",
        "model.10.m.0.ffn.1.conv", "model.23.cv2.2.0.conv", "model.23.cv3.1.0.1.conv", "model.23.cv3.0.2",
        "model.23.dfl.conv",
    }  # fmt: skip
    assert "model.22.cv3.0.1.conv" in {layer.path for layer in report_of(V8).layers}


def test_outputs_of_the_tasks() -> None:
    """Boxes of 80² + 40² + 20² positions: four numbers, the classes, and what else a task has."""

    def outputs(rows: Any, **keys: Any) -> list[tuple[int, ...]]:
        return list(report_of(model_yaml(rows, **keys)).outputs.values())

    assert outputs(v8(*DETECT), nc=80, scales=OF_V8) == [(1, 4 + 80, 8400)]
    assert outputs(v8("Segment", ["nc", 32, 256]), nc=80, scales=OF_V8) == [(1, 4 + 80 + 32, 8400), (1, 32, 160, 160)]
    assert outputs(v8("Classify", ["nc"]), nc=10, scales=OF_V8) == [(1, 10)]
    assert list(report_of(v5_of("n")).outputs.values()) == [(1, 3 * 8400, 5 + 80)]


# --- scales -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "scale"),
    [
        ("yolov8n.yaml", "n"), ("nets/yolov8x.yaml", "x"), ("yolov8m-p2.yaml", "m"), ("main:nets/yolov8s.yaml", "s"),
        ("yolo8l.yaml", "l"), ("yolov8.yaml", "n"), ("yolov8x/mine.yaml", "n"), ("<stdin>", "n"),
    ],
)  # fmt: skip
def test_the_scale_is_in_the_name(path: str, scale: str) -> None:
    assert report_of(V8, path).totals.params == PUBLISHED["v8", scale][0]
    assert report_of(V8, path, scale="s").totals.params == PUBLISHED["v8", "s"][0]


def test_the_scale_may_be_written() -> None:
    assert report_of(V8 + "scale: m\n", "mine.yaml").totals.params == PUBLISHED["v8", "m"][0]
    assert report_of(V8 + "scale: m\n", "yolov8s.yaml").totals.params == PUBLISHED["v8", "s"][0]


def test_a_scale_that_there_is_not() -> None:
    with pytest.raises(SpecError, match="'q' is none of 'n', 's', 'm', 'l', 'x'"):
        report_of(V8, scale="q")
    with pytest.raises(SpecError, match="'scales' has no 'x', which the file asks for"):
        report_of(model_yaml(v8(*DETECT), nc=80, scales={"n": (0.33, 0.25, 1024)}), "yolov8x.yaml")


def test_as_many_channels_as_classes_are_not_scaled() -> None:
    """A rule of the library, meant for classifiers: the first convolution of 3·64·9 weights keeps its 64 channels."""
    [first] = [layer for layer in report_of(V8, nc=64).layers if layer.path == "model.0.conv"]
    assert first.params == 3 * 64 * 9
    [scaled] = [layer for layer in report_of(V8, nc=63).layers if layer.path == "model.0.conv"]
    assert scaled.params == 3 * 16 * 9


def test_any_size_of_image() -> None:
    """Convolutions cost what the area says; attention among the positions of stride 32 costs more."""
    small, large = (report_of(V8, resolution=side).totals.macs for side in (320, 640))
    assert large == 4 * small
    small, large = (report_of(V11, resolution=side).totals.macs for side in (320, 640))
    # Two heads: keys of 32 and values of 64 numbers, and a product of both for each pair of positions.
    assert large - 4 * small == 2 * (32 + 64) * (400**2 - 4 * 100**2)


# --- files ------------------------------------------------------------------------------------------------------------


def test_files_are_taken_by_what_they_hold(tmp_path: Path, run: Callable[..., Run]) -> None:
    (tmp_path / "net.txt").write_text(V8)
    assert "3,157,200" in run("analyze", str(tmp_path / "net.txt")).out
    assert load_spec(str(tmp_path / "net.txt")).name == "net.txt"


def test_the_printed_figures_are_explained(tmp_path: Path, run: Callable[..., Run]) -> None:
    path = tmp_path / "yolov8n.yaml"
    path.write_text(V8)
    merged = run("reconcile", str(path), "--published", "8.7G").out
    assert "2 × MACs = torch's FLOPs (rounded)\n                   2 × 4,371,993,600 MACs = 8,743,987,200" in merged
    printed = run("reconcile", str(path), "--published", "8.9G").out
    assert "2 × thop's MACs (rounded)" in printed
    assert "55,552,000 batch norm" in printed


def test_import_writes_what_analyze_reads(tmp_path: Path, run: Callable[..., Run]) -> None:
    source = tmp_path / "yolo11n.yaml"
    source.write_text(V11)
    refused = run("import", "yolo11n.yaml", cwd=tmp_path)
    assert (refused.code, "is the source itself" in refused.err, source.read_text()) == (2, True, V11)
    assert run("import", "yolo11n.yaml", "-o", "spec.yaml", cwd=tmp_path).code == 0
    text = (tmp_path / "spec.yaml").read_text()
    assert "expect: {output: [1, 84, 8400], params: 2624080, macs: 3271251200, source: as imported}" in text
    assert format_of(text) == ""
    assert run("analyze", "spec.yaml", cwd=tmp_path).code == 0
    assert run("import", "yolo11n.yaml", "--check", "spec.yaml", cwd=tmp_path).code == 0
    source.write_text(V11.replace("2, C2PSA", "4, C2PSA"))
    assert run("import", "yolo11n.yaml", "--check", "spec.yaml", cwd=tmp_path).code == 1
    assert "takes no options but" in run("import", "yolo11n.yaml", "--flat", "-o", "-", cwd=tmp_path).err


def test_what_is_written_reads_well() -> None:
    rows = ([[-1, 1, "Conv", [64, 3, 2]], [-1, 3, "C2f", [64, True]]], [[[0, 1], 1, "Detect", ["nc"]]])
    text = model_yaml(rows, nc=2, scales={"n": (0.33, 0.25, 1024), "s": (0.33, 0.5, 1024)})
    assert spec_text(text, "yolov8s.yaml") == TEXT


TEXT = """\
archcost: 1
name: yolov8s
source: a model YAML of Ultralytics
include: zoo:blocks/yolo
params:
  nc: 2
  resolution: 640
  scale: s
  which: $(index(['n', 's'], scale))
  depth: $([0.33, 0.33][which])
  width: $([0.25, 0.5][which])
  most: $([1024, 1024][which])
  c64: $(64 if nc == 64 else ceil(min(64, most) * width / 8) * 8)
  n3: $(max(round(3 * depth), 1))
input: [3, $resolution, $resolution]
layers:
  - id: model
    layers:
      - {id: 0, conv: {out: $c64, kernel: 3, stride: 2}}
      - {id: 1, c2f: {out: $c64, depth: $n3, shortcut: true}}
      - {id: 2, detect: {classes: $nc}, from: [0, 1]}
"""


def test_a_plain_analysis_loads_no_reader() -> None:
    code = (
        "import sys; from archcost.named_specs import analyze_all; analyze_all(['resnet18']);"
        "print([name for name in sys.modules if name.startswith('archcost.importers')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# --- what is refused --------------------------------------------------------------------------------------------------


def changed(old: str, new: str) -> str:
    assert old in V8
    return V8.replace(old, new, 1)


ROW = "[-1, 1, SPPF, [1024, 5]]"
REFUSED = [
    (changed("SPPF", "SPPELAN"), "the module 'SPPELAN' is not known here"),
    (changed("SPPF", "SPFF"), "did you mean 'SPPF'"),
    (changed(ROW, "[-1, 1, SPPF]"), "a row is a list of four"),
    (changed(ROW, "[-1, 0, SPPF, [1024, 5]]"), "the number of a row takes a whole number from 1 to 10,000, got '0'"),
    (
        changed(ROW, "[-1, 1.5, SPPF, [1024, 5]]"),
        "the number of a row takes a whole number from 1 to 10,000, got '1.5'",
    ),
    (changed(ROW, "[9, 1, SPPF, [1024, 5]]"), "row 9 can read 0 to 8"),
    (changed(ROW, "[-11, 1, SPPF, [1024, 5]]"), "row 9 can read 0 to 8"),
    (changed(ROW, "[[], 1, SPPF, [1024, 5]]"), "a row reads at least one other"),
    (changed(ROW, "[-1, 1, SPPF, [1024, 5, 3]]"), "SPPF takes up to 2 arguments"),
    (changed(ROW, "[-1, 1, SPPF, [1024, wide]]"), "'kernel' of SPPF takes a whole number ≥ 1, got 'wide'"),
    (changed(ROW, "[-1, 1, SPPF, []]"), "SPPF takes the number of its channels"),
    (changed(ROW, "[-1, 1, SPPF, 1024]"), "the arguments of a module are a list"),
    (changed(ROW, "[-1, 1, Conv, [1024, 1, 1, None, 1, 1, nn.ReLU()]]"), "'act' of Conv takes true or false"),
    (changed("[-1, 1, SPPF", "[-1, 1, Upsample"), "'size' of Upsample takes null, got '1024'"),
    (changed("Detect, [nc]", "Detect, []"), "Detect takes one argument: the classes"),
    (changed("Detect, [nc]", "Segment, [nc]"), "Segment takes 3 arguments: the classes, the masks"),
    (changed("Detect, [nc]", "Pose, [nc, kpt_shape]"), "Pose takes 'kpt_shape' beside the classes"),
    (v5_of("n").replace("Detect, [nc, anchors]", "OBB, [nc, 1]"), "OBB is not known here in a file that has 'anchors'"),
    (changed("Detect, [nc]", "Detect, [nc, anchors]"), "Detect takes 'anchors' beside the classes"),
    (changed("nc: 80", "nc: many"), "'nc' takes a whole number ≥ 1, got 'many'"),
    (changed("nc: 80", "nc: 80\nreg_max: 1"), "the key 'reg_max' is not known here, and may change the architecture"),
    (changed("nc: 80", "nc: 80\nactivation: nn.ReLU()"), "an activation other than nn.SiLU() is not known here"),
    (changed("nc: 80", "nc: 80\ndepth_multiple: 1.0"), "a file has 'scales', or factors for one scale"),
    (changed("[0.33, 0.25, 1024]", "[0.33]"), "a scale takes a list"),
    (changed("[0.33, 0.25, 1024]", "[0.33, -1, 1024]"), "a width takes a number above 0, and at most 100, got '-1'"),
    (V8[: V8.index("  - [[15, 18, 21]")], "the last row is no head that is known here"),
    (model_yaml(v11(*DETECT), nc=80), "C3k2 needs 'scales'"),
    (V8 + "head: []\n", "the key 'head' appears twice"),
    (V8 + "? [a]\n: b\n", "a key must be a plain word"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_what_is_not_understood_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        spec_text(text, "yolov8n.yaml")
    assert message in str(caught.value)
    assert "yolov8n.yaml:" in str(caught.value)


def test_attention_gives_as_many_channels_as_it_takes() -> None:
    with pytest.raises(SpecError, match="256"):
        report_of(V11.replace("C2PSA, [1024]", "C2PSA, [512]"))


def test_all_modules_that_are_not_known_are_told_at_once() -> None:
    with pytest.raises(SpecError) as caught:
        spec_text(V8.replace("C2f", "C4f"), "yolov8n.yaml")
    assert len(caught.value.diagnostics) == 8
    assert "package.module:name" in caught.value.diagnostics[0].help


@pytest.mark.parametrize(
    "text",
    [
        "archcost: 1\nnc: 1\nbackbone: []\nhead: []\n",
        "backbone: []\n",
        "  nc: 80\n  backbone: []\n",
        "  nc backbone head\n",
    ],
)
def test_other_texts_are_not_taken(text: str) -> None:
    assert format_of(text) == ""
    assert format_of(V8) == ULTRALYTICS


ROWS = """nc: 80
backbone:
  - [-1, 1, Conv, [16, 3, 2]]
  - [-1, 3, C2f, [16, True]]
head:
  - [[1], 1, Detect, [nc]]
"""
WRONG = [
    ("nc: 80\n", "", "the model YAML has no 'nc'", ":1:1", "say how many classes it tells apart: `nc: 80`"),
    ("nc: 80", "nc: 0", "'nc' takes a whole number ≥ 1, got '0'", ":1:5", "say how many classes it tells apart"),
    ("backbone:", "backbon:", "the key 'backbon' is not known here", ":2:1", "did you mean 'backbone'?"),
    ("head:", "heads:", "the key 'heads' is not known here", ":5:1", "did you mean 'head'?"),
    ("-1, 3,", "-1, 100000000,", "a whole number from 1 to 10,000, got '100000000'", ":4:10", "such as 3"),
    ("-1, 3,", "-1, 10000,", "the rows down to this one have more than 10,000 modules", ":4:10", "such as 3"),
]


@pytest.mark.parametrize(("before", "after", "message", "place", "way_out"), WRONG)
def test_what_is_nearly_a_model_yaml_is_told_as_one(
    before: str, after: str, message: str, place: str, way_out: str, tmp_path: Path
) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(ROWS.replace(before, after))
    with pytest.raises(SpecError) as caught:
        analyze(load_spec(str(path)))
    told = str(caught.value)
    assert message in told
    assert f"--> {path}{place}" in told
    assert way_out in told
    assert "error" not in told.partition("error")[2]


@pytest.mark.parametrize("module", ["Conv, [16, 3]", "C3, [16]", "C2f, [16, True]", "C3k2, [16, True]", "C2PSA, [128]"])
def test_the_most_modules_are_a_model(module: str) -> None:
    """10,000 of them have fewer layers than the million that a spec may have."""

    def layers(number: int) -> int:
        width = module.partition("[")[2].partition(",")[0].rstrip("]")
        rows = ROWS.replace("Conv, [16, 3, 2]", f"Conv, [{width}, 3, 2]").replace(
            "3, C2f, [16, True]", f"{number}, {module}"
        )
        scaled = rows.replace("nc: 80\n", "nc: 80\nscales: {n: [1, 1, 1024]}\n")
        return len(analyze(loads(spec_text(scaled, "yolon.yaml"))).layers)

    assert 10_000 * (layers(3) - layers(2)) < 10**6
