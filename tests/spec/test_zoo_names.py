"""``zoo:`` in include and extends: what comes with archcost, from anywhere, and nothing else."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

import archcost
from archcost import model_zoo
from archcost.spec.loader import load, loads

COMMON = Path(model_zoo.folder()) / "blocks" / "common.yaml"
DOCS = Path(__file__).parents[2] / "docs"


def test_a_model_of_the_zoo_is_extended() -> None:
    report = archcost.analyze(loads("archcost: 1\nextends: zoo:resnet50\nparams: {num_classes: 10}\n"))
    assert report.totals.params == 25_557_032 - 990 * 2_049
    assert report.totals.macs == 4_089_184_256 - 990 * 2_048
    assert report.spec.family == "ResNet"


def test_blocks_of_a_family_are_included() -> None:
    spec = loads("archcost: 1\ninput: [64, 56, 56]\ninclude: [zoo:resnet]\nlayers: [bottleneck: {width: 64}]\n")
    report = archcost.analyze(spec)
    assert report.totals.params == 4_096 + 36_864 + 16_384 + 16_384 + 1_280
    assert report.totals.macs == 56 * 56 * 73_728
    assert {layer.file for layer in report.layers} == {"zoo:blocks/resnet"}


def test_documents_name_a_file_of_the_zoo_as_specs_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However it was asked for; a file of one's own keeps its path, whatever it is called."""
    shipped = Path(model_zoo.folder()) / "googlenet.yaml"
    for name in ("googlenet", "zoo:googlenet", shipped):
        document = archcost.analyze(name).to_dict()
        assert document["spec"]["path"] == "zoo:googlenet"
        assert {layer["file"] for layer in document["layers"]} == {"zoo:googlenet", "zoo:blocks/inception"}
    own = tmp_path / "googlenet.yaml"
    own.write_text("archcost: 1\nextends: zoo:googlenet\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    document = archcost.analyze("googlenet.yaml").to_dict()
    assert document["spec"]["path"] == "googlenet.yaml"
    assert {layer["file"] for layer in document["layers"]} == {"zoo:googlenet", "zoo:blocks/inception"}
    assert load("googlenet").path == str(shipped)  # a program still finds the file


NAMED = {
    "googlenet": "zoo:googlenet",
    "zoo:googlenet": "zoo:googlenet",
    "nothing": "nothing",
    "own.yaml": "own.yaml",
    "main:net.yaml": "main:net.yaml",
    "specs_of_ours/googlenet.yaml": "specs_of_ours/googlenet.yaml",
    f"{model_zoo.folder()}/blocks/inception.yaml": "zoo:blocks/inception",
    f"{model_zoo.folder()}_of_ours/googlenet.yaml": f"{model_zoo.folder()}_of_ours/googlenet.yaml",
    "@small": "@small",
    "": "",
}


@pytest.mark.parametrize("name", NAMED)
def test_what_a_document_calls_a_spec(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert model_zoo.told(name) == NAMED[name]


def test_a_file_that_is_called_like_a_model_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "googlenet").write_text("archcost: 1\ninput: [8]\nlayers: [relu]\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert model_zoo.told("googlenet") == "googlenet"


def test_the_folder_of_the_spec_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "net.yaml"
    path.write_text("archcost: 1\nextends: zoo:googlenet\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert archcost.analyze(path).totals == archcost.analyze("googlenet").totals
    assert archcost.analyze("net.yaml").totals == archcost.analyze("googlenet").totals


def test_a_file_is_read_once_under_whatever_name(tmp_path: Path) -> None:
    text = "archcost: 1\nextends: zoo:resnet18\n"
    own = "archcost: 1\ninput: [8]\ninclude: [zoo:vit, zoo:blocks/vit, zoo:blocks/common]\nlayers: [mlp]\n"
    assert len(loads(text).included) == 2  # the base, and its blocks
    assert archcost.analyze(loads(own)).totals.params == 8 * 32 + 32 + 32 * 8 + 8
    whole = sha256(text.encode())
    for name in ("resnet18.yaml", "blocks/resnet.yaml"):
        whole.update((Path(model_zoo.folder()) / name).read_text(encoding="utf-8").encode())
    (tmp_path / "net.yaml").write_text(text, encoding="utf-8")
    assert load(tmp_path / "net.yaml").sha256 == whole.hexdigest()


def test_blocks_of_one_name_are_told_with_both_places_and_nothing_that_follows() -> None:
    text = "archcost: 1\ninput: [3, 8, 8]\ninclude: [zoo:mobilenet_v2, zoo:blocks/common]\nlayers: [mbconv: {out: 8}]\n"
    with pytest.raises(archcost.SpecError) as caught:
        loads(text)
    twice = ("squeeze_excite", "conv_bn_act", "conv_bn")  # of blocks/mbconv, which mobilenet_v2 includes
    assert [problem.message for problem in caught.value.diagnostics] == [
        f"the block '{name}' is defined twice" for name in twice
    ]
    for problem in caught.value.diagnostics:
        assert str(problem.mark).startswith("zoo:blocks/mbconv:")
        assert problem.notes[0].startswith("it is defined at zoo:blocks/common:")
        assert problem.help.startswith("include one of the two files, and write what you need of the other")


def test_the_same_block_by_two_ways_is_one(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(
        "archcost: 1\ninclude: zoo:blocks/common\nblocks:\n  stem: {layers: [conv_bn: {out: 8}]}\n", encoding="utf-8"
    )
    text = "archcost: 1\ninput: [3, 8, 8]\ninclude: [own.yaml, zoo:blocks/common]\nlayers: [stem, conv_bn: {out: 4}]\n"
    report = archcost.analyze(loads(text, folder=str(tmp_path)))
    assert report.totals.params == 3 * 8 + 2 * 8 + 8 * 4 + 2 * 4


REFUSED = {
    "zoo:../pyproject": "",
    "zoo:blocks/../../secret": "",
    "zoo:/etc/passwd": "",
    "zoo:resnet50.yaml": "did you mean 'zoo:resnet50'",
    "zoo:": "`archcost zoo` lists the models",
    "zoo:reznet50": "did you mean 'zoo:resnet50'",
    "zoo:blocks/comon": "",
    "zoo:.": "",
}


@pytest.mark.parametrize("verb", ["include", "extend"])
@pytest.mark.parametrize("name", REFUSED)
def test_other_names_are_refused_and_nothing_is_opened(name: str, verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Any] = []
    monkeypatch.setattr("archcost.files.Disk.read", lambda *arguments: opened.append(arguments) or b"")
    text = (
        f"archcost: 1\n{verb}s: '{name}'\n" if verb == "extend" else f"archcost: 1\ninput: [3]\ninclude: ['{name}']\n"
    )
    with pytest.raises(archcost.SpecError) as caught:
        loads(text)
    problem = caught.value.diagnostics[0]
    assert problem.message == f"cannot {verb} '{name}': the zoo has none of this name"
    assert problem.help
    if REFUSED[name] and verb == "extend":
        assert problem.help.startswith(REFUSED[name])
    assert not opened


def test_files_of_blocks_are_proposed_by_their_short_names() -> None:
    with pytest.raises(archcost.SpecError, match="did you mean 'zoo:resnet'"):
        loads("archcost: 1\ninput: [3]\ninclude: ['zoo:resnett']\nlayers: [relu]\n")


def test_who_forgets_the_word_is_told(tmp_path: Path) -> None:
    for text, named in (("extends: resnet50", "resnet50"), ("include: [resnet.yaml]\nlayers: []", "blocks/resnet")):
        with pytest.raises(archcost.SpecError, match=f"did you mean 'zoo:{named}'"):
            loads(f"archcost: 1\n{text}\n", folder=str(tmp_path))


def test_an_error_in_a_block_of_the_zoo_is_placed_there() -> None:
    text = "archcost: 1\ninput: [8]\ninclude: [zoo:blocks/common]\nlayers: [layer_norm2d]\n"
    with pytest.raises(archcost.SpecError) as caught:
        archcost.analyze(loads(text))
    (problem,) = caught.value.diagnostics
    assert str(problem.mark).startswith("zoo:blocks/common:")


# --- the blocks of common.yaml: an input without the batch, params, and the arithmetic of their figures ---------------

BLOCKS: dict[str, tuple[list[int], str, int, int]] = {
    "conv_bn": ([8, 6, 6], "{out: 4, kernel: 3, stride: 2}", 4 * 8 * 9 + 2 * 4, 9 * 4 * 8 * 9),
    "conv_bn_act": ([8, 6, 6], "{out: 4, groups: 2, act: silu}", 4 * 4 + 2 * 4, 36 * 4 * 4),
    "depthwise_separable": ([8, 6, 6], "{out: 4}", 8 * 9 + 16 + 8 * 4 + 8, 36 * 8 * 9 + 36 * 8 * 4),
    "squeeze_excite": ([8, 6, 6], "{ratio: 4}", 8 * 2 + 2 + 2 * 8 + 8, 2 * 8 * 2),
    "layer_norm2d": ([8, 6, 6], "", 16, 0),
    "patch_embedding": ([8, 6, 6], "{width: 5, patch: 3}", 5 * 8 * 9 + 5, 4 * 5 * 8 * 9),
    "mlp": ([3, 8], "", 8 * 32 + 32 + 32 * 8 + 8, 3 * 2 * 8 * 32),
    "gated_mlp": ([3, 8], "{hidden: 5}", 3 * 8 * 5, 3 * 3 * 8 * 5),
    "split_heads": ([3, 8], "{heads: 2}", 0, 0),
    "merge_heads": ([2, 3, 4], "", 0, 0),
    "lora_linear": ([3, 8], "{out: 6, rank: 2, dropout: 0.1}", 8 * 6 + 6 + 8 * 2 + 2 * 6, 3 * (8 * 6 + 8 * 2 + 2 * 6)),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_the_common_blocks(name: str) -> None:
    shape, params, weights, macs = BLOCKS[name]
    text = f"archcost: 1\ninput: {shape}\ninclude: [zoo:blocks/common]\nlayers: [{name}: {params}]\n"
    report = archcost.analyze(loads(text))
    assert (report.totals.params, report.totals.macs) == (weights, macs)
    assert archcost.verify(loads(text)).ok


def test_a_lora_trains_the_update_alone() -> None:
    text = "archcost: 1\ninput: [8]\ninclude: [zoo:blocks/common]\nlayers: [lora_linear: {out: 6, rank: 2}]\n"
    assert archcost.analyze(loads(text)).totals.trainable_params == 8 * 2 + 2 * 6


def test_every_common_block_is_tried_and_on_the_page() -> None:
    names = list(load(COMMON).blocks)
    assert sorted(names) == sorted(BLOCKS)
    page = (DOCS / "language.md").read_text(encoding="utf-8")
    assert [name for name in names if not re.search(rf"(?m)^\| [^|]*`{name}`", page)] == []


def test_every_common_block_is_documented() -> None:
    lines = COMMON.read_text(encoding="utf-8").splitlines()
    for name in BLOCKS:
        before = lines[lines.index(f"  {name}:") - 1]
        assert before.startswith("  # ") or name == "merge_heads", name
