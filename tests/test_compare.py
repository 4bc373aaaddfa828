"""What differs between models: alignment, attribution, output, exit codes, and revisions of a real repository."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archcost
from archcost.comparing import Change, Comparison, Difference, compare, rank
from archcost.figures import OF_LAYERS, TOTALS
from archcost.model_zoo import find
from archcost.render.comparison import ComparisonDocument
from archcost.render.comparison_cells import factor, percent, shape_texts, share_of_change, signed
from archcost.spec import loader
from archcost.spec.loader import loads
from tests.profiles import examples

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Run

PAIRS = [
    ("inception_naive", "inception_reduced"),
    ("resnet50", "resnet101"),
    ("vgg16", "vgg16_bn"),
    ("googlenet", "torchvision_googlenet"),
    ("bottleneck", "plain_block"),
    ("nin", "nin_dense"),
    ("alexnet", "mobilenet_v1"),
]


def compared(old: str, new: str) -> Comparison:
    return compare(archcost.analyze(old), archcost.analyze(new))


def by_path(comparison: Comparison) -> dict[str, Change]:
    return {change.path: change for top in comparison.changes for change in top.walk()}


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_changes_add_up_to_the_difference_of_the_totals(old: str, new: str) -> None:
    comparison = compared(old, new)
    for metric in OF_LAYERS:
        deltas = [change.difference(metric).delta for change in comparison.changes]
        assert sum(deltas) == comparison.total(metric).delta


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_children_add_up_to_their_scope(old: str, new: str) -> None:
    for change in by_path(compared(old, new)).values():
        if change.children:
            for metric in OF_LAYERS:
                deltas = [child.difference(metric).delta for child in change.children]
                assert sum(deltas) == change.difference(metric).delta


@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_every_layer_is_told_once(old: str, new: str) -> None:
    comparison = compared(old, new)
    assert sum(change.layers_before for change in comparison.changes) == comparison.before.totals.layers
    assert sum(change.layers_after for change in comparison.changes) == comparison.after.totals.layers


@pytest.mark.parametrize("model", ["googlenet", "resnet50", "mobilenet_v1"])
def test_a_model_does_not_differ_from_itself(model: str) -> None:
    comparison = compared(model, model)
    assert not comparison.changed()
    assert all(change.mark == " " for change in by_path(comparison).values())


def test_the_saving_of_the_reductions_is_attributed_to_the_branches() -> None:
    changes = by_path(compared("inception_naive", "inception_reduced"))
    three, five = changes["3x3"].difference("macs"), changes["5x5"].difference("macs")
    assert three == Difference(28 * 28 * 128 * 3 * 3 * 192, 28 * 28 * 96 * 192 + 28 * 28 * 128 * 3 * 3 * 96)
    assert five == Difference(28 * 28 * 32 * 5 * 5 * 192, 28 * 28 * 16 * 192 + 28 * 28 * 32 * 5 * 5 * 16)
    assert factor(five) == "9.68× smaller"
    assert [changes[path].mark for path in ("1x1", "pool", "concat")] == [" ", " ", " "]
    # The reduction is new, and the large convolution behind it is still the same one.
    assert changes["5x5.conv_relu"].mark == "+"
    assert (changes["5x5.conv_relu_1"].mark, changes["5x5.conv_relu_1"].old_name) == ("~", "conv_relu")


HEAD = "archcost: 1\ninput: [8, 16, 16]\nlayers:\n"
CONV = "  - conv2d: {{out_channels: {out}, kernel_size: 3, padding: 1}}\n    id: {id}\n"


def model(*layers: tuple[str, int]) -> archcost.Report:
    return archcost.analyze(loads(HEAD + "".join(CONV.format(id=name, out=out) for name, out in layers)))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ([("a", 8), ("b", 8)], [("a", 8), ("b", 16)], [" a", "~b"]),
        ([("a", 8), ("b", 8)], [("a", 8), ("x", 8), ("b", 8)], [" a", "+x", " b"]),
        ([("a", 8), ("b", 8)], [("b", 8)], ["-a", " b"]),
        ([("a", 8), ("b", 16)], [("first", 8), ("second", 16)], [" first", " second"]),
        ([("a", 8), ("b", 16), ("c", 4)], [("x", 16), ("c", 4)], ["-a", " x", " c"]),
        ([("a", 8)], [("a", 12), ("b", 8)], ["~a", "+b"]),
    ],
)
def test_alignment(old: list[tuple[str, int]], new: list[tuple[str, int]], expected: list[str]) -> None:
    changes = compare(model(*old), model(*new)).changes
    assert [change.mark + change.name for change in changes] == expected


STAGE = (
    "archcost: 1\ninput: [8, 16, 16]\nblocks:\n"
    "  stage: {{layers: [conv2d: {{out_channels: 8, kernel_size: {size}}}, relu]}}\n"
    "layers: [{layers}]\n"
)


def stages(size: int, layers: str) -> archcost.Report:
    return archcost.analyze(loads(STAGE.format(size=size, layers=layers)))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("{id: a, stage}, {id: b, stage}", "{id: s, repeat: 2, stage}", ["~a>s.0", "~b>s.1"]),
        ("{id: s, repeat: 2, stage}", "{id: a, stage}, {id: b, stage}", ["~s.0>a", "~s.1>b"]),
        ("{id: s, stage}", "{id: s, repeat: 3, stage}", ["~s>s.0", "+s.1>s.1", "+s.2>s.2"]),
        ("{id: a, stage}, {id: b, stage}", "{id: s, repeat: 1, stage}", ["~a>s.0", "-b>b"]),
        ("relu, {id: s, repeat: 2, stage}", "{id: s, repeat: 3, stage}", ["-relu>relu", "~s>s"]),
        ("relu, gelu", "{id: s, repeat: 2, stage}", ["+s>s", "-relu>relu", "-gelu>gelu"]),
    ],
)
def test_rounds_are_siblings_of_steps_that_are_written_out(old: str, new: str, expected: list[str]) -> None:
    comparison = compare(stages(1, old), stages(3, new))
    assert [f"{change.mark}{change.old_name}>{change.name}" for change in comparison.changes] == expected
    for metric in OF_LAYERS:
        deltas = [change.difference(metric).delta for change in comparison.changes]
        assert sum(deltas) == comparison.total(metric).delta


WRAPS = {
    "flat": "{id: a, stage}, {id: b, stage}, flatten, {linear: 10}",
    "wrapped": "{id: features, layers: [{id: a, stage}, {id: b, stage}]}, {id: head, layers: [flatten, {linear: 10}]}",
    "deep": "{id: net, layers: [{id: features, layers: [{id: a, stage}, {id: b, stage}]}, flatten]}, {linear: 10}",
    "changed": "{id: features, layers: [{id: a, stage}, {id: b, stage}, {id: c, stage}]}, flatten, {linear: 10}",
    "layers": "{conv2d: {out_channels: 8, kernel_size: 3}}, relu, {id: b, stage}, flatten, {linear: 10}",
}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("flat", "wrapped", []),
        ("flat", "deep", []),
        ("wrapped", "deep", []),
        ("layers", "flat", []),
        ("layers", "wrapped", []),
        ("flat", "changed", ["+features.c>features.c", "~flatten>flatten", "~linear>linear"]),
    ],
)
def test_a_scope_around_what_is_the_same_is_no_change(old: str, new: str, expected: list[str]) -> None:
    for one, other, sign in ((old, new, "+"), (new, old, "-")):
        comparison = compare(stages(3, WRAPS[one]), stages(3, WRAPS[other]))
        changed = [change for change in comparison.changes if change.changed()]
        assert [f"{change.mark}{change.old_name}>{change.name}" for change in changed] == [
            each.replace("+", sign) for each in expected
        ]
        for metric in OF_LAYERS:
            deltas = [change.difference(metric).delta for change in comparison.changes]
            assert sum(deltas) == comparison.total(metric).delta


def kernels(*sizes: int) -> str:
    return ", ".join([f"{{conv2d: {{out_channels: 8, kernel_size: {size}, padding: same}}}}" for size in sizes])


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (kernels(1, 3, 5), kernels(7, 1, 3, 5), ["+conv2d"]),  # not three convolutions that are larger, and a new one
        (kernels(1, 3, 5), kernels(1, 5), ["-conv2d_1"]),
        (kernels(1, 3, 5), kernels(1, 3, 7), ["~conv2d_2"]),
        (f"{kernels(1)}, {{repeat: 2, stage}}, {kernels(3)}", f"{kernels(1)}, stage, stage, {kernels(3)}", []),
        (
            f"{{residual: [{kernels(1, 3)}]}}",
            f"{{residual: [{{id: inner, layers: [{kernels(1)}]}}, {kernels(3)}]}}",
            [],
        ),
        ("{residual: [{repeat: 2, dropout: 0.1}]}", "{residual: [{id: d, layers: [{repeat: 2, dropout: 0.1}]}]}", []),
    ],
)
def test_default_names_and_groups_hide_nothing_and_change_nothing(old: str, new: str, expected: list[str]) -> None:
    before, after = stages(1, old), stages(1, new)
    comparison = compare(before, after)
    found = [change.mark + change.name for change in comparison.changes if change.changed()]
    assert found == expected
    assert comparison.changed() is bool(expected)
    marks = archcost.page(before, after).to_dict()["comparison"]["marks"]
    assert sorted(marks) == sorted([" "] * marks.count(" ") + [each[0] for each in expected] + ["~"] * bool(expected))


@pytest.mark.parametrize(
    ("name", "settings"),
    [("resnet50", {"resolution": 448}), ("mobilenet_v1", {"width": 2}), ("densenet121", {"width": 64})],
)
def test_other_settings_add_and_remove_no_layer(name: str, settings: dict[str, float]) -> None:
    """With twice the channels a layer may be the same as the next of the other model, and still is no other one."""
    changes = by_path(compare(archcost.analyze(name), archcost.analyze(name, params=settings)))
    assert {change.mark for change in changes.values()} <= {" ", "~"}


ROUNDS = {
    "convolutions": "{conv2d: {out_channels: 8, kernel_size: 1}}",
    "products": "{linear: 4}",
    "both": "{conv2d: {out_channels: 8, kernel_size: 1}}, {linear: 4}",
    "products of the same output": "{linear: 16}",
}


@pytest.mark.parametrize(
    ("old", "new", "marks"),
    [
        ("convolutions", "products", "+-"),
        ("convolutions", "both", "~"),
        ("both", "products", "~"),
        ("convolutions", "products of the same output", "~"),
    ],
)
def test_repeats_with_nothing_in_common_are_no_pair(old: str, new: str, marks: str) -> None:
    head = "archcost: 1\ninput: [8, 16, 16]\nlayers: "
    before, after = (
        archcost.analyze(loads(f"{head}[{{id: {name[0]}, repeat: 2, layers: [{ROUNDS[name]}]}}]\n"))
        for name in (old, new)
    )
    assert "".join([change.mark for change in compare(before, after).changes]) == marks


widths = st.lists(st.sampled_from([4, 8, 12]), min_size=1, max_size=6)


@settings(max_examples=examples(60))
@given(widths, widths)
def test_any_two_chains_add_up(old: list[int], new: list[int]) -> None:
    before = model(*[(f"l{k}", out) for k, out in enumerate(old)])
    after = model(*[(f"l{k}", out) for k, out in enumerate(new)])
    comparison = compare(before, after)
    for metric in OF_LAYERS:
        assert sum(c.difference(metric).delta for c in comparison.changes) == comparison.total(metric).delta
    assert sum(c.layers_after for c in comparison.changes) == len(new)
    assert sum(c.layers_before for c in comparison.changes) == len(old)
    assert comparison.changed() is (old != new)


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (100, 110, "+10.0%"),
        (100, 90, "−10.0%"),
        (0, 5, "new"),
        (5, 0, "gone"),
        (5, 5, ""),
        (10**6, 10**6 + 1, "+<0.1%"),
    ],
)
def test_percent(before: int, after: int, text: str) -> None:
    assert percent(Difference(before, after)) == text


def test_differences_have_their_sign() -> None:
    assert [signed(value, "macs", exact=True) for value in (1234, -1234, 0)] == ["+1,234", "−1,234", "±0"]
    assert signed(-(2**20), "weight_bytes", exact=False) == "−1.00 MiB"


def test_rank() -> None:
    reports = [archcost.analyze(name) for name in ("resnet50", "resnet18", "resnet34")]
    assert [report.name for report in rank(reports, "params")] == ["resnet18", "resnet34", "resnet50"]


COMMANDS = {
    "compare_140.txt": (140, ("inception_naive", "inception_reduced")),
    "compare_60.txt": (60, ("inception_naive", "inception_reduced")),
    "compare_folded_120.txt": (120, ("resnet50", "resnet101")),
    "compare_only_changed.txt": (120, ("googlenet", "torchvision_googlenet", "--only-changed", "--depth", "1")),
    "compare_settings.txt": (120, ("mobilenet_v1", "mobilenet_v1", "--set-b", "width=0.5", "--metric", "params")),
    "compare_same.txt": (100, ("resnet18", "resnet18")),
    "compare.md": (None, ("inception_naive", "inception_reduced", "--format", "markdown")),
    "compare.csv": (None, ("inception_naive", "inception_reduced", "--format", "csv")),
    "compare.tex": (None, ("inception_naive", "inception_reduced", "--format", "latex")),
    "compare.tree": (None, ("inception_naive", "inception_reduced", "--format", "tree")),
    "compare_same.tree": (None, ("resnet18", "resnet18", "--format", "tree")),
    "compare_three_100.txt": (100, ("resnet50", "resnet18", "resnet34", "--sort", "macs")),
    "compare_three_60.txt": (60, ("resnet50", "resnet18", "vgg16", "alexnet")),
    "compare_three_45.txt": (45, ("resnet50", "resnet18", "vgg16", "alexnet")),
    "compare_three.md": (None, ("resnet50", "resnet18", "resnet34", "--format", "markdown")),
    "compare_three.csv": (None, ("resnet50", "resnet18", "resnet34", "--format", "csv")),
    "compare_three.tex": (None, ("resnet50", "resnet18", "resnet34", "--format", "latex")),
    "compare_shapes.txt": (80, ("pooling", "conv1x1_channels")),
    "compare_shapes.tree": (None, ("pooling", "conv1x1_channels", "--format", "tree")),
    "compare_three.tree": (None, ("resnet50", "resnet18", "resnet34", "--format", "tree")),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_output(name: str, run: Callable[..., Run], golden: Callable[[str, str], None]) -> None:
    columns, arguments = COMMANDS[name]
    result = run("compare", *arguments, columns=columns)
    assert result.code == 0, result.err
    if columns:
        assert max(map(len, result.out.splitlines())) <= columns
    golden(name, result.out)


@pytest.mark.parametrize(
    ("param", "told"),
    [
        (False, "sized bias=false"),  # as --set takes it
        ([1] * 30, f"sized bias=[{', '.join('1' * 30)}]"),  # of a long list any item may be what differs
        ("x", "sized bias=x"),
        (True, "sized"),  # its default
    ],
)
def test_a_model_is_told_apart_by_what_is_set(param: object, told: str) -> None:
    spec = loads("archcost: 1\nname: sized\nparams: {bias: true, _free: 1}\ninput: [8]\nlayers: [linear: 3]\n")
    before = archcost.analyze(spec, params={"_free": 2})
    assert archcost.compare(before, archcost.analyze(spec, params={"bias": param})).title == f"sized _free=2 → {told}"


MAPS = "archcost: 1\ninput: [8, 6, 6]\nlayers: [{layers}]\n"
PARTS = MAPS.format(layers="chunk: {chunks: 4, dim: 1}")
TOKENS = MAPS.format(layers="relu").replace("input: [8, 6, 6]", "inputs: {a: [4], b: [5, 4]}")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            MAPS.format(layers="max_pool2d: 2"),
            MAPS.format(layers="conv2d: {out_channels: 2, kernel_size: 1}"),
            [("input", "1×8×6×6"), ("output", "1×8×3×3 → 1×2×6×6")],
        ),
        (
            MAPS.format(layers="relu"),
            MAPS.format(layers="relu").replace("6, 6", "4, 4"),
            [("input", "1×8×6×6 → 1×8×4×4"), ("output", "1×8×6×6 → 1×8×4×4")],
        ),
        (
            PARTS,
            MAPS.format(layers="sum"),
            [("input", "1×8×6×6"), ("output", "1×2×6×6, 1×2×6×6, 1×2×6×6 and 1 more → scalar")],
        ),
        (
            TOKENS,
            TOKENS.replace("[5, 4]", "[4]"),
            [("input", "1×4, 1×5×4 → 1×4, 1×4"), ("output", "1×4")],
        ),
        (MAPS.format(layers="relu"), MAPS.format(layers="conv2d: {out_channels: 8, kernel_size: 1}"), []),
        (MAPS.format(layers="relu"), MAPS.format(layers="relu"), []),
    ],
)
def test_shapes_are_told_where_they_differ(old: str, new: str, expected: list[tuple[str, str]]) -> None:
    assert shape_texts(compare(archcost.analyze(loads(old)), archcost.analyze(loads(new)))) == expected


def test_json(run: Callable[..., Run]) -> None:
    document = json.loads(run("compare", "inception_naive", "inception_reduced", "--format", "json").out)
    assert document["totals"]["macs"] == {"before": 308_281_344, "after": 128_049_152, "delta": -180_232_192}
    assert [change["change"] for change in document["changes"]] == ["same", "changed", "changed", "same", "same"]
    several = json.loads(run("compare", "resnet18", "resnet34", "resnet50", "--format", "json").out)
    assert [one["name"] for one in several["models"]] == ["resnet18", "resnet34", "resnet50"]


@pytest.mark.parametrize(
    ("limit", "code"), [("params:1%", 1), ("params:100%", 0), ("macs:0%", 1), ("peak_activation_bytes", 0)]
)
def test_fail_on(run: Callable[..., Run], limit: str, code: int) -> None:
    result = run("compare", "resnet18", "resnet34", "--fail-on", limit)
    assert result.code == code
    assert ("fail: " in result.err) is (code == 1)
    assert "resnet34" in result.out  # every output is written before a failing exit


def test_what_cannot_be_compared_is_the_one_that_is_not_known(run: Callable[..., Run], tmp_path: Path) -> None:
    """Once for each model, by the name that tells it apart."""
    known = "archcost: 1\nname: net\ninput: 8\nlayers: [linear: 4]\n"
    (tmp_path / "known.yaml").write_text(known, encoding="utf-8")
    partly = f"{known[:-2]}, custom: {{name: x, output: [$batch, 4]}}]\n"
    (tmp_path / "partly.yaml").write_text(partly, encoding="utf-8")
    failed = "fail: macs of partly.yaml cannot be compared: unknown for some layers; declare it there"
    for specs in (("known.yaml", "partly.yaml"), ("partly.yaml", "known.yaml")):
        result = run("compare", *specs, "--fail-on", "macs", cwd=tmp_path)
        assert (result.code, result.err.strip()) == (1, failed)
    more = run("compare", "known.yaml", "resnet18", "--fail-on", "macs:1e6%", cwd=tmp_path)
    assert more.err.strip() == "fail: macs of resnet18 grow from 32 to 1,814,073,344: more than 1,000,000%"


def test_an_improvement_never_fails(run: Callable[..., Run]) -> None:
    arguments = [word for metric in TOTALS for word in ("--fail-on", f"{metric}:0%")]
    assert run("compare", "resnet50", "resnet18", "--training", *arguments).code == 0


IMAGE = "archcost: 1\ninputs: {image: {shape: [3, 8, 8]}}\nlayers: [{conv2d: {out_channels: 2, kernel_size: 1}}]\n"
MASKED = """archcost: 1
inputs: {image: {shape: [3, 8, 8]}, mask: {shape: [1, 8, 8]}}
layers: [{concat, from: [image, mask]}, {conv2d: {out_channels: 2, kernel_size: 1}}]
"""


def test_a_spec_is_read_once(run: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its inputs are looked at before it is analysed."""
    for name, text in {"a.yaml": IMAGE, "b.yaml": MASKED}.items():
        (tmp_path / name).write_text(text)
    read, names = loader.read, []
    monkeypatch.setattr(loader, "read", lambda name, *further: names.append(name) or read(name, *further))
    assert run("compare", "a.yaml", "b.yaml", "--input", "mask=1x8x8", cwd=tmp_path).code == 0
    assert names == ["a.yaml", "b.yaml"]


def test_an_input_that_one_has_is_of_that_one(run: Callable[..., Run], tmp_path: Path) -> None:
    """``image`` is of both, ``mask`` of the second alone; one that none has is a mistake."""
    (tmp_path / "a.yaml").write_text(IMAGE)
    (tmp_path / "b.yaml").write_text(MASKED)
    inputs = ("--input", "image=3x4x4", "--input", "mask=1x4x4")
    told = json.loads(run("compare", "a.yaml", "b.yaml", *inputs, "--format", "json", cwd=tmp_path).out)
    macs = (4 * 4 * 2 * 3, 4 * 4 * 2 * 4)
    assert (told["totals"]["macs"]["before"], told["totals"]["macs"]["after"]) == macs
    assert run("compare", "b.yaml", "a.yaml", "a.yaml", *inputs, cwd=tmp_path).code == 0
    wrong = run("compare", "a.yaml", "b.yaml", *inputs, "--input", "msk=1x4x4", cwd=tmp_path)
    assert wrong.code == 2
    assert "a has no input 'msk'" in wrong.err
    assert "b has no input 'msk'\nhelp: did you mean 'mask'?" in wrong.err
    shapes = {"image": (3, 4, 4), "mask": (1, 4, 4)}
    found = archcost.compare(tmp_path / "a.yaml", tmp_path / "b.yaml", inputs=shapes).total("macs")
    assert (found.before, found.after) == macs
    with pytest.raises(archcost.UsageError, match="no input 'msk'"):
        archcost.compare(tmp_path / "a.yaml", tmp_path / "b.yaml", inputs={"msk": (1, 4, 4)})


@pytest.mark.parametrize(
    "arguments",
    [
        ("resnet18",),
        ("resnet18", "resnet34", "--fail-on", "speed:1%"),
        ("resnet18", "resnet34", "--fail-on", "params:much"),
        ("resnet18", "resnet34", "resnet50", "--set-a", "x=1"),
        ("resnet18", "no_such_model"),
        ("no_such_revision:specs/resnet18.yaml", "resnet18"),
    ],
)
def test_bad_usage(run: Callable[..., Run], arguments: tuple[str, ...]) -> None:
    result = run("compare", *arguments)
    assert result.code == 2
    assert result.err
    assert "Traceback" not in result.err


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository whose main branch has a spec with an included block."""

    def git(*arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init", "-q", "-b", "main")
    git("config", "user.email", "someone@example.org")
    git("config", "user.name", "Someone")
    (tmp_path / "specs" / "blocks").mkdir(parents=True)
    unit = "  unit:\n    params: {out: }\n    layers:\n      - linear: {out_features: $out}\n      - relu\n"
    block = f"archcost: 1\nblocks:\n{unit}"
    (tmp_path / "specs" / "blocks" / "unit.yaml").write_text(block)
    spec = "archcost: 1\ninclude: [blocks/unit.yaml]\ninput: [16]\nlayers:\n  - unit: {out: 32}\n"
    (tmp_path / "specs" / "net.yaml").write_text(spec)
    git("add", ".")
    git("commit", "-q", "-m", "A net")
    (tmp_path / "specs" / "net.yaml").write_text(spec.replace("out: 32", "out: 64"))
    return tmp_path


def test_revisions(run: Callable[..., Run], repository: Path) -> None:
    result = run("compare", "main:specs/net.yaml", "specs/net.yaml", "--format", "json", cwd=repository)
    assert result.code == 0, result.err
    document = json.loads(result.out)
    assert document["totals"]["macs"] == {"before": 16 * 32, "after": 16 * 64, "delta": 16 * 64 - 16 * 32}
    assert document["before"]["path"] == "main:specs/net.yaml"


def test_revisions_from_a_subfolder(run: Callable[..., Run], repository: Path) -> None:
    result = run("compare", "HEAD:net.yaml", "net.yaml", cwd=repository / "specs")
    assert result.code == 0, result.err
    assert "net.yaml" in result.out


def test_errors_of_a_revision_name_it(run: Callable[..., Run], repository: Path) -> None:
    (repository / "specs" / "net.yaml").write_text("archcost: 1\ninput: [16]\nlayers: [rellu]\n")
    subprocess.run(["git", "commit", "-qam", "Break it"], cwd=repository, check=True)
    result = run("compare", "main:specs/net.yaml", "main~1:specs/net.yaml", cwd=repository)
    assert result.code == 2
    assert "--> main:specs/net.yaml:3:10" in result.err


def test_a_folder_without_git_is_a_usage_error(
    run: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    result = run("compare", "main:net.yaml", "resnet18", cwd=tmp_path)
    assert result.code == 2
    assert "not a git repository" in result.err


def test_a_dtype_of_one_model_is_a_change_and_names_it() -> None:
    plain, small = archcost.analyze("resnet18"), archcost.analyze("resnet18", weight_dtype="int8")
    comparison = compare(plain, small)
    assert comparison.title == "resnet18 → resnet18 weight-dtype=int8"
    changes = by_path(comparison)
    assert changes["conv1"].mark == "~"
    assert changes["relu"].mark == " "
    conv = 64 * 3 * 7 * 7
    assert changes["conv1"].difference("weight_bytes").before == conv * 4
    assert compare(small, small).title == "zoo:resnet18 → zoo:resnet18"


@pytest.mark.parametrize(("old", "new"), [*PAIRS, ("resnet18", "resnet34"), ("mixer_s32", "efficientnet_b1")])
def test_rows_of_csv_add_up_to_the_totals(old: str, new: str) -> None:
    comparison = compared(old, new)
    rows = ComparisonDocument(comparison).records().rows
    for place, metric in enumerate(("params", "macs")):
        total = comparison.total(metric)
        sums = [sum(int(str(row[3 + 2 * place + side])) for row in rows) for side in (0, 1)]
        assert sums == [total.before, total.after]


@pytest.mark.parametrize(
    ("delta", "whole", "text"), [(1, 10_000, "<0.1%"), (-1, 10_000, "−<0.1%"), (-5, 100, "−5.0%"), (0, 100, "")]
)
def test_a_share_of_the_change_is_never_minus_nothing(delta: int, whole: int, text: str) -> None:
    assert share_of_change(Difference(10, 10 + delta), Difference(0, whole)) == text


def test_models_of_one_name_go_by_what_they_are_called_on_the_command_line(tmp_path: Path) -> None:
    copy = tmp_path / "mine.yaml"
    copy.write_text(Path(str(find("alexnet"))).read_text())
    reports = archcost.analyze("alexnet"), archcost.analyze(str(copy))
    assert compare(*reports).title == f"zoo:alexnet → {copy}"


@pytest.mark.parametrize(
    "command",
    [
        ("analyze",),
        ("memory",),
        ("memory", "--fused"),
        ("predict", "--device", "t4", "--device", "4090"),
        ("predict", "--device", "a100", "--samples", "1e9"),
    ],
)
def test_a_row_a_model_has_a_name_of_its_own(command: tuple[str, ...], run: Callable[..., Run], tmp_path: Path) -> None:
    """Two copies of one spec under two files; a third model keeps its name, on every device."""
    text = "archcost: 1\nname: {}\ninput: 8\nlayers: [linear: 4, relu]\n"
    for file, name in (("one.yaml", "net"), ("two.yaml", "net"), ("three.yaml", "other")):
        (tmp_path / file).write_text(text.format(name), encoding="utf-8")
    found = run(command[0], "one.yaml", "two.yaml", "three.yaml", *command[1:], cwd=tmp_path)
    assert found.code == 0
    rows = [line.split()[0] for line in found.out.splitlines() if line.split()[:1] and line.startswith(" ")]
    assert list(dict.fromkeys(row for row in rows if row in ("net", "other") or row.endswith(".yaml"))) == [
        "one.yaml",
        "two.yaml",
        "other",
    ]
