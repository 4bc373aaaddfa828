"""``analyze --columns``: further figures in every format for people and in CSV, summed for scopes."""

from __future__ import annotations

import csv
import io
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

import archcost
from archcost.quantities import format_bytes
from archcost.render.optional_columns import LABELS

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Run

ALL = "receptive_field,intensity,bytes_read,bytes_written"
COMMANDS: dict[str, tuple[int | None, tuple[str, ...]]] = {
    "columns_160.txt": (160, ("inception_reduced", "--columns", ALL)),
    "columns_80.txt": (80, ("googlenet", "--columns", "receptive_field", "--columns", "intensity")),
    "columns_relative.txt": (
        120,
        ("googlenet", "--depth", "2", "--columns", "receptive_field", "--relative-to", "inception_3a"),
    ),
    "columns.md": (None, ("inception_reduced", "--columns", ALL, "--format", "markdown")),
    "columns.csv": (None, ("inception_reduced", "--columns", f"{ALL},flops,buffers", "--format", "csv")),
    "columns.tree": (None, ("inception_reduced", "--depth", "1", "--columns", f"{ALL},flops", "--format", "tree")),
    "columns.tex": (None, ("inception_reduced", "--depth", "1", "--columns", ALL, "--format", "latex")),
    "columns_folded.txt": (120, ("resnet50", "--depth", "2", "--columns", "receptive_field,bytes_read")),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_output(name: str, run: Callable[..., Run], golden: Callable[[str, str], None]) -> None:
    columns, arguments = COMMANDS[name]
    result = run("analyze", *arguments, columns=columns)
    assert result.code == 0, result.err
    if columns:
        assert max(map(len, result.out.splitlines())) <= columns
    golden(name, result.out)


def test_bytes_read_are_inputs_and_weights() -> None:
    report = archcost.analyze("inception_reduced")
    traffic = dict(zip([layer.path for layer in report.layers], report.traffic(), strict=True))
    conv = traffic["5x5.conv_relu_1.conv2d"]
    assert conv.read == 4 * (16 * 28 * 28 + 5 * 5 * 16 * 32 + 32)
    assert conv.written == 4 * 32 * 28 * 28
    assert conv.flops == 2 * 28 * 28 * 32 * 5 * 5 * 16 + 28 * 28 * 32
    assert conv.intensity == Fraction(conv.flops, conv.read + conv.written)
    concat = traffic["concat"]
    assert (concat.read, concat.written) == (4 * (64 + 128 + 32 + 32) * 28 * 28, 4 * 256 * 28 * 28)
    assert concat.intensity == 0


def read_by(text: str) -> list[int]:
    from archcost.spec.loader import loads

    return [traffic.read for traffic in archcost.analyze(loads(text)).traffic()]


def test_a_tensor_that_comes_in_twice_is_read_once() -> None:
    assert read_by("archcost: 1\ninput: [8]\nlayers:\n  - mul:\n    from: [input, input]\n") == [8 * 4]


def test_shared_weights_are_read_wherever_they_are_used() -> None:
    text = (
        "archcost: 1\ninput: [8]\nlayers:\n  - {id: a, linear: {out_features: 8}}\n"
        "  - {id: b, linear: {out_features: 8}, share: a}\n"
    )
    assert read_by(text) == [4 * (8 + 8 * 8 + 8)] * 2


def test_an_embedding_reads_the_rows_that_are_looked_up() -> None:
    text = (
        "archcost: 1\ninput: {shape: [5], dtype: int64}\n"
        "layers: [embedding: {num_embeddings: 1000, embedding_dim: 16}]\n"
    )
    assert read_by(text) == [5 * 8 + 5 * 16 * 4]


def test_nothing_is_moved_without_a_tensor() -> None:
    from archcost.analysis.traffic import Traffic

    assert Traffic().intensity is None


@pytest.mark.parametrize("name", ["googlenet", "resnet50", "mobilenet_v1"])
def test_scopes_are_the_sums_of_their_layers(name: str, run: Callable[..., Run]) -> None:
    report = archcost.analyze(name)
    rows = list(csv.DictReader(io.StringIO(run("analyze", name, "--columns", ALL, "--format", "csv").out)))
    assert [int(row["bytes_read"]) for row in rows] == [traffic.read for traffic in report.traffic()]
    total = run("analyze", name, "--columns", "bytes_read,bytes_written", columns=300).out
    assert format_bytes(sum(int(row["bytes_read"]) for row in rows)) in total
    assert format_bytes(sum(int(row["bytes_written"]) for row in rows)) in total
    views = {row["op"] for row in rows if int(row["bytes_written"]) != int(row["activation_bytes"])}
    assert views <= {"flatten", "dropout"}
    assert all(int(row["activation_bytes"]) == 0 for row in rows if row["op"] in views)


def test_columns_that_a_csv_has_already_are_not_repeated(run: Callable[..., Run]) -> None:
    out = run("analyze", "vgg16", "--columns", "flops,buffers", "--format", "csv").out
    heading = out.splitlines()[0].split(",")
    assert heading.count("flops") == 1
    assert heading[-1] == "buffers"


REFUSED = {
    ("--columns", "receptive_feild"): "did you mean 'receptive_field'?",
    ("--columns", "flops,zzz"): "known columns: flops, active_params, trainable_params, buffers",
    ("--relative-to", "inception_3a"): "--relative-to needs --columns receptive_field",
    ("--columns", "receptive_field", "--relative-to", "inception_3"): "did you mean 'inception_3b'",
}


@pytest.mark.parametrize("arguments", REFUSED, ids=str)
def test_what_cannot_be_shown_is_refused(arguments: tuple[str, ...], run: Callable[..., Run]) -> None:
    result = run("analyze", "googlenet", *arguments)
    assert (result.code, result.out) == (2, "")
    assert REFUSED[arguments] in result.err


def test_params_and_macs_are_in_every_table_and_may_be_asked_for(run: Callable[..., Run]) -> None:
    plain = run("analyze", "googlenet", "--columns", "weight_bytes").out
    assert run("analyze", "googlenet", "--columns", "params, weight_bytes,macs").out == plain


def test_several_specs_print_a_table_each(run: Callable[..., Run]) -> None:
    out = run("analyze", "conv5x5", "conv5x5_reduced", "--columns", "intensity", columns=120).out
    assert out.count("FLOPs/B") == 2


def test_help_names_every_column(run: Callable[..., Run]) -> None:
    text = run("analyze", "--help", columns=300).out
    assert all(name in text for name in LABELS)


def test_a_figure_to_sort_by_and_to_show_has_one_column(run: Callable[..., Run]) -> None:
    table = run("analyze", "resnet18", "--sort", "flops", "--columns", "flops", "--top", "2", columns=160).out
    heads = next(line for line in table.splitlines() if "params" in line)
    assert heads.split() == ["layer", "op", "output", "params", "MACs", "FLOPs", "share", "of", "FLOPs"]
