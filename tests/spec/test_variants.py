"""Specs that extend another: other defaults for the same layers, figures of their own, and ways to get it wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import archcost
from archcost.errors import SpecError
from archcost.revisions import Revision
from archcost.spec.loader import load

if TYPE_CHECKING:
    from pathlib import Path

BASE = """archcost: 1
family: Nets
source: the paper
params: {width: 8, twice: $(2 * width)}
input: [3, 4, 4]
layers:
  - {id: stem, conv2d: {out_channels: $width, kernel_size: 1}}
  - {id: body, conv2d: {out_channels: $twice, kernel_size: 1}}
expect: {params: 176}
budgets: {params: 200}
"""


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def test_a_variant_is_its_base_under_other_defaults(tmp_path: Path) -> None:
    write(tmp_path, base=BASE, wide="archcost: 1\nextends: base.yaml\nparams: {width: 16}\n")
    base, wide = archcost.analyze(tmp_path / "base.yaml"), archcost.analyze(tmp_path / "wide.yaml")
    assert base.totals.params == (3 * 8 + 8) + (8 * 16 + 16)
    assert wide.totals.params == (3 * 16 + 16) + (16 * 32 + 32)
    assert wide.params == {"width": 16, "twice": 32}
    assert [layer.path for layer in wide.layers] == ["stem", "body"]
    assert archcost.analyze(tmp_path / "wide.yaml", params={"width": 8}).totals == base.totals


def test_labels_are_inherited_and_figures_are_not(tmp_path: Path) -> None:
    write(tmp_path, base=BASE, wide="archcost: 1\nextends: base.yaml\nexpect: {macs: 2432}\n")
    wide = load(tmp_path / "wide.yaml")
    assert (wide.name, wide.family, wide.source) == ("wide", "Nets", "the paper")
    assert list(wide.expect[""].figures) == ["macs"]
    assert wide.budgets == []
    write(tmp_path, own="archcost: 1\nname: mine\nfamily: Others\nsource: a blog\nextends: base.yaml\n")
    own = load(tmp_path / "own.yaml")
    assert (own.name, own.family, own.source, own.expect) == ("mine", "Others", "a blog", {})


def test_a_dtype_is_inherited_or_the_variants_own(tmp_path: Path) -> None:
    half = "archcost: 1\nextends: base.yaml\ndtype: float16\n"
    write(tmp_path, base=BASE, half=half, of_half="archcost: 1\nextends: half.yaml\nparams: {width: 8}\n")
    params = (3 * 8 + 8) + (8 * 16 + 16)
    assert archcost.analyze(tmp_path / "base.yaml").totals.weight_bytes == 4 * params
    assert archcost.analyze(tmp_path / "half.yaml").totals.weight_bytes == 2 * params
    assert archcost.analyze(tmp_path / "of_half.yaml").totals.weight_bytes == 2 * params


def test_variants_of_variants(tmp_path: Path) -> None:
    write(
        tmp_path,
        base=BASE,
        wide="archcost: 1\nextends: base.yaml\nparams: {width: 16}\n",
        odd="archcost: 1\nextends: wide.yaml\nparams: {twice: $(width + 1)}\n",
    )
    assert archcost.analyze(tmp_path / "odd.yaml").params == {"width": 16, "twice": 17}
    assert [source.name[-9:] for source in load(tmp_path / "odd.yaml").bases] == ["wide.yaml", "base.yaml"]


def test_a_base_in_a_folder_includes_from_there(tmp_path: Path) -> None:
    (tmp_path / "nets" / "parts").mkdir(parents=True)
    write(tmp_path / "nets", base="archcost: 1\ninclude: [parts/unit.yaml]\ninput: [8]\nlayers: [unit]\n")
    write(tmp_path / "nets" / "parts", unit="archcost: 1\nblocks: {unit: {layers: [relu]}}\n")
    write(tmp_path, spec="archcost: 1\nextends: nets/base.yaml\n")
    report = archcost.analyze(tmp_path / "spec.yaml")
    assert [layer.path for layer in report.layers] == ["unit.relu"]
    assert report.layers[0].file.endswith("unit.yaml")


def test_the_hash_covers_the_base(tmp_path: Path) -> None:
    write(tmp_path, base=BASE, wide="archcost: 1\nextends: base.yaml\n")
    before = load(tmp_path / "wide.yaml").sha256
    write(tmp_path, base=BASE.replace("8", "9"))
    assert load(tmp_path / "wide.yaml").sha256 != before


@pytest.mark.parametrize(
    ("files", "message", "place", "hint"),
    [
        ({"spec": "extends: bass.yaml"}, "cannot extend 'bass.yaml': there is no such file", "2:10", "'base.yaml'?"),
        ({"spec": "extends: spec.yaml"}, "specs may not extend themselves", "2:10", "its own `layers`"),
        (
            {"spec": "extends: other.yaml", "other": "extends: spec.yaml"},
            "specs may not extend themselves",
            "2:10",
            "its own `layers`",
        ),
        ({"spec": "extends: ../base.yaml"}, "'../base.yaml' is outside the spec's folder", "2:10", "extended"),
        ({"spec": "extends: [base.yaml]"}, "'extends' must be text, got a list", "2:10", ""),
        ({"spec": "extends: ''"}, "'extends' names no file", "2:10", "resnet50.yaml"),
        ({"spec": "extends: $base"}, "'extends' must be text, got $base", "2:10", "not read here"),
        ({"spec": "extends: ."}, "cannot extend '.': it is not a file", "2:10", ""),
        (
            {"spec": "extends: base.yaml\nlayers: [relu]"},
            "unknown key 'layers' in a spec that extends another",
            "3:1",
            "known keys: archcost, name, family, source, extends, dtype, params, budgets, expect",
        ),
        (
            {"spec": "extends: base.yaml\nparams: {widht: 3}"},
            "'widht' is no param of the spec that this one extends",
            "3:10",
            "did you mean 'width'?",
        ),
        ({"spec": "extends: base.yaml\nparams: {width: 0}"}, "'out_channels' of conv2d", "base.yaml:7:25", ""),
        ({"spec": "extends: broken.yaml", "broken": "input: [3]\nlayers: [rleu]"}, "unknown kind 'rleu'", "3:10", ""),
        (
            {"spec": "extends: text.yaml", "text": "- 1\n"},
            "cannot extend 'text.yaml': it is no spec",
            "2:10",
            "archcost: 1",
        ),
    ],
)
def test_wrong_variants(files: dict[str, str], message: str, place: str, hint: str, tmp_path: Path) -> None:
    write(tmp_path, base=BASE, **{name: "archcost: 1\n" * (text[0] != "-") + text for name, text in files.items()})
    with pytest.raises(SpecError) as caught:
        archcost.analyze(tmp_path / "spec.yaml")
    first = caught.value.diagnostics[0]
    assert message in first.message
    assert str(first.mark).endswith(place)
    assert hint in (first.help or "")


@pytest.mark.parametrize("files", [("spec",), ("spec", "other"), ("spec", "other", "third")])
def test_a_circle_of_variants_is_one_error(files: tuple[str, ...], tmp_path: Path) -> None:
    following = zip(files, (*files[1:], files[0]), strict=True)
    write(tmp_path, **{name: f"archcost: 1\nextends: {base}.yaml\n" for name, base in following})
    with pytest.raises(SpecError) as caught:
        archcost.analyze(tmp_path / "spec.yaml")
    assert [problem.message for problem in caught.value.diagnostics] == ["specs may not extend themselves"]


def test_variants_at_a_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import subprocess

    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=a", "-c", "user.email=a@b")
        subprocess.run(["git", *identity, *arguments], check=True, capture_output=True, cwd=tmp_path)

    write(tmp_path, base=BASE, wide="archcost: 1\nextends: base.yaml\nparams: {width: 16}\n")
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "specs")
    write(tmp_path, base=BASE.replace("width: 8", "width: 4"))
    monkeypatch.chdir(tmp_path)
    with Revision("HEAD") as revision:
        spec = revision.load("wide.yaml")
    assert spec.path == "HEAD:wide.yaml"
    assert [source.name for source in spec.bases] == ["HEAD:base.yaml"]
    assert archcost.analyze(spec).params["width"] == 16
