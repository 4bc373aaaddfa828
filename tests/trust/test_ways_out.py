"""What a failed check tells of its causes is so, and what it proposes leads out."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

import archcost
from archcost.budget.baseline import Baseline, entry_of
from archcost.budget.judge import Case, judge
from archcost.settings import AS_IT_STANDS
from archcost.spec.loader import loads

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

NET = """\
archcost: 1
name: net
input: [3, 16, 16]
layers:
  - {id: stem, conv2d: {out_channels: 16, kernel_size: 3, padding: 1}}
  - batch_norm2d
  - relu
"""
# stem and batch_norm2d: 16 * 16 * 16 * 4 = 16,384 bytes each; the input: 3 * 16 * 16 * 4 = 3,072
MODELS = ("googlenet", "resnet18", "unet", "densenet121", "gpt2", "vit_b_16", "mobilenet_v2")
GROWTH = 'specs = ["*.yaml"]\n[[budgets]]\nparams = "1%"\n'
UNUSED = {
    "a pattern": 'layers = "nothing_*"\nparams = "1 k"\n',
    "a pattern of growth": 'layers = "nothing_*"\nparams = "1%"\n',
    "globs": 'specs = ["other/*.yaml"]\nparams = "1 k"\n',
}


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
    )


@pytest.fixture
def folder(tmp_path: Path, run: Callable[..., Run]) -> Path:
    """A repository with one spec, whose growth is limited, committed and recorded."""
    (tmp_path / "archcost.toml").write_text(GROWTH)
    (tmp_path / "net.yaml").write_text(NET)
    assert run("baseline", "update", cwd=tmp_path).code == 0
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "first")
    return tmp_path


def one_line(text: str) -> str:
    """What was wrapped, in a line again."""
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("model", MODELS)
def test_behind_a_peak_is_what_memory_says_is_alive_there(model: str, tmp_path: Path, run: Callable[..., Run]) -> None:
    (tmp_path / "archcost.toml").write_text('[[budgets]]\npeak_activation_bytes = "1 B"\n')
    document = json.loads(run("check", model, "--format", "json", cwd=tmp_path).out)
    (finding,) = document["specs"][0]["findings"]
    told = [(layer["path"], layer["figure"]) for layer in finding["layers"]]
    study = json.loads(run("memory", model, "--no-what-if", "--format", "json", cwd=tmp_path).out)
    assert study["peak_bytes"] == finding["figure"]
    assert told == [(part["path"], part["bytes"]) for part in study["at_peak"]][:3]
    assert sum(size for _, size in told) <= finding["figure"]


@pytest.mark.parametrize("limit", ["30 KiB", "1%"])
def test_a_peak_names_the_same_in_every_format(limit: str, tmp_path: Path, run: Callable[..., Run]) -> None:
    (tmp_path / "archcost.toml").write_text(f'specs = ["*.yaml"]\n[[budgets]]\npeak_activation_memory = "{limit}"\n')
    (tmp_path / "net.yaml").write_text(NET.replace("16, 16]", "8, 16]"))
    run("baseline", "update", cwd=tmp_path)
    (tmp_path / "net.yaml").write_text(NET)
    full = run("check", cwd=tmp_path).out
    # of 2 * 16,384 + 3,072 = 35,840 bytes
    assert re.search(r"at peak +stem +conv2d +16,384 B 45.7%\n +batch_norm2d +batch_norm2d +16,384 B 45.7%\n", full)
    assert re.search(r"\n +input +input +3,072 B +8.6%\n", full)
    assert "relu" not in full
    concise = run("check", "--format", "concise", cwd=tmp_path).out
    assert "; at peak: stem 16,384 B, batch_norm2d 16,384 B, input 3,072 B\n" in concise
    markdown = run("check", "--format", "markdown", cwd=tmp_path).out
    for row in ("stem | conv2d | 16,384 B | 45.7%", "batch\\_norm2d | batch\\_norm2d | 16,384 B | 45.7%"):
        assert f"| peak activations | {row} |" in markdown
    assert "| peak activations | input | input | 3,072 B | 8.6% |" in markdown


def test_what_a_layer_needs_for_itself_is_its_workspace() -> None:
    text = "archcost: 1\nname: net\ninput: [1024, 64]\nlayers: [{multihead_attention: {num_heads: 8}}]\n"
    report = archcost.analyze(loads(text + "budgets: {peak_activation_bytes: 1 B}\n"))
    (finding,) = judge(Case("net.yaml", "net.yaml", report)).findings
    assert sum(weight.figure for weight in finding.layers) <= (finding.figure or 0)
    assert ("multihead_attention", "workspace") in [(weight.path, weight.op) for weight in finding.layers]


@pytest.mark.parametrize(
    ("width", "over", "growth"),
    [
        (18, "56 (11.6%)", "+12.5%"),  # 540 params
        (20, "116 (24.0%)", "+25.0%"),  # 600
        (64, "1,436 (296.7%)", "+300.0%"),  # 1,920
    ],
)
def test_over_by_is_the_overshoot_wherever_it_stands(
    width: int, over: str, growth: str, folder: Path, run: Callable[..., Run]
) -> None:
    # a channel has 3 * 3 * 3 + 1 + 2 = 30 params; 16 of them 480, of which 1% more are 484
    (folder / "net.yaml").write_text(NET.replace("out_channels: 16", f"out_channels: {width}"))
    assert f"\n  over by   {over}\n" in run("check", cwd=folder).out
    header, row = [
        [cell.strip() for cell in line.split("|")]
        for line in run("check", "--format", "markdown", cwd=folder).out.splitlines()
        if "over by" in line or "archcost.toml:3" in line
    ]
    cells = dict(zip(header, row, strict=True))
    assert cells["over by"] == over
    assert cells["now"].endswith(f"({growth})")


@pytest.mark.parametrize("table", UNUSED.values(), ids=UNUSED)
def test_a_limit_that_guards_nothing_takes_the_tick_and_fails_under_strict(
    table: str, folder: Path, run: Callable[..., Run]
) -> None:
    (folder / "archcost.toml").write_text(f"{GROWTH}[[budgets]]\n{table}")
    plain, strict = run("check", cwd=folder), run("check", "--strict", cwd=folder)
    assert (plain.code, strict.code) == (0, 1)
    assert plain.out.splitlines()[-1] == "! 1 spec: 1 warning, 1 limit holds"
    assert strict.out.splitlines()[-1] == "✗ 1 spec: 1 failure, 1 limit holds"
    assert "⚠️ **Some limits guard nothing.**" in run("check", "--format", "markdown", cwd=folder).out
    (folder / "archcost.toml").write_text(f'{GROWTH}[[budgets]]\nlevel = "warn"\n{table}')
    mild = run("check", "--strict", cwd=folder)
    assert (mild.code, mild.out.splitlines()[-1][0]) == (0, "!")


def test_a_headline_names_the_ways_in_which_limits_fail(folder: Path, run: Callable[..., Run]) -> None:
    tables = "".join(f"[[budgets]]\n{table}" for table in UNUSED.values())
    (folder / "archcost.toml").write_text(GROWTH + tables)
    (folder / "two.yaml").write_text(NET.replace("name: net", "name: two"))
    headline = run("check", "--strict", "--format", "markdown", cwd=folder).out.splitlines()[1]
    assert headline.startswith("❌ **4 limits have no baseline or guard nothing in 1 spec.**")


def baseline_finding(document: dict[str, Any]) -> dict[str, Any]:
    """The only finding about a baseline."""
    (found,) = [one for spec in document["specs"] for one in spec["findings"] if one["rule"] == "baseline"]
    return dict(found)


def test_a_new_spec_gets_past_strict_as_the_help_says(folder: Path, run: Callable[..., Run]) -> None:
    (folder / "two.yaml").write_text(NET.replace("name: net", "name: two").replace("s: 16", "s: 8"))
    assert run("baseline", "update", cwd=folder).code == 0
    git(folder, "add", ".")
    refused = run("check", "--strict", "--baseline-ref", "HEAD", "--format", "json", cwd=folder)
    told = baseline_finding(json.loads(refused.out))["help"]
    assert refused.code == 1
    assert "rename" not in told  # nothing is gone
    assert "leave out --strict" in told
    assert run("check", "--baseline-ref", "HEAD", cwd=folder).code == 0
    assert "without --baseline-ref" in told
    assert run("check", "--strict", cwd=folder).code == 0


@pytest.mark.parametrize("name", ["net", "other"])  # the same name, or the same figures
@pytest.mark.parametrize("reference", [(), ("--baseline-ref", "HEAD")], ids=["lock", "revision"])
def test_a_new_spec_that_is_like_one_that_is_gone_asks(
    name: str, reference: tuple[str, ...], folder: Path, run: Callable[..., Run]
) -> None:
    (folder / "net.yaml").rename(folder / "other.yaml")
    (folder / "other.yaml").write_text(NET.replace("name: net", f"name: {name}"))
    told = baseline_finding(json.loads(run("check", *reference, "--format", "json", cwd=folder).out))["help"]
    assert told.startswith("was net.yaml before? then ")
    if reference:
        assert "`git add`" in told
        git(folder, "add", "--all")
    else:
        lock = folder / "archcost.lock.json"
        assert f"give its entry in {lock.name} the new path" in told
        lock.write_text(lock.read_text().replace('"net.yaml"', '"other.yaml"'))
    assert run("check", "--strict", *reference, cwd=folder).code == 0
    (folder / "other.yaml").write_text(NET.replace("out_channels: 16", "out_channels: 17"))
    assert run("check", *reference, cwd=folder).code == 1  # and its growth is judged


def test_a_new_spec_that_is_like_none_does_not_ask(folder: Path, run: Callable[..., Run]) -> None:
    (folder / "net.yaml").unlink()
    (folder / "two.yaml").write_text(
        NET.replace("name: net", "name: two").replace("out_channels: 16", "out_channels: 8")
    )
    for reference in ((), ("--baseline-ref", "HEAD")):
        assert "before?" not in one_line(run("check", *reference, cwd=folder).out)


@pytest.mark.parametrize("spec", ["googlenet", "net two.yaml"])
def test_the_command_that_records_names_what_was_named(spec: str, folder: Path, run: Callable[..., Run]) -> None:
    (folder / "net two.yaml").write_text(NET)
    quoted = f"'{spec}'" if " " in spec else spec
    told = run("check", spec, cwd=folder).out
    assert f"help: run `archcost baseline update {quoted}`\n" in told
    (folder / "archcost.lock.json").unlink()
    assert f"`archcost baseline update {quoted}`" in one_line(run("check", spec, cwd=folder).err)
    assert run("baseline", "update", spec, cwd=folder).code == 0
    assert run("check", "--strict", spec, cwd=folder).code == 0


def test_the_table_of_another_file_is_told_apart(folder: Path, run: Callable[..., Run]) -> None:
    (folder / "archcost.toml").write_text('[tool.archcost]\nspecs = ["*.yaml"]\n')
    told = one_line(run("check", cwd=folder).err)
    assert "error: 'tool' is a table of pyproject.toml --> archcost.toml:1:2" in told
    assert "help: in archcost.toml keys are written without `[tool.archcost]`" in told
    (folder / "archcost.toml").write_text('specs = ["*.yaml"]\n')
    assert run("check", cwd=folder).code == 0


def test_growth_of_a_peak_is_told_by_what_is_alive() -> None:
    before = archcost.analyze(loads(NET))
    report = archcost.analyze(loads(NET.replace("16, 16]", "32, 32]") + "budgets: {peak_activation_bytes: 1%}\n"))
    (finding, *_) = judge(
        Case(
            "net.yaml",
            "net.yaml",
            report,
            baseline=Baseline("HEAD", is_lock=False),
            entry=entry_of(before, AS_IT_STANDS),
        )
    ).findings
    # 4 times the pixels: 65,536 + 65,536 + 12,288
    assert [(weight.path, weight.figure) for weight in finding.layers] == [
        ("stem", 65_536), ("batch_norm2d", 65_536), ("input", 12_288),
    ]  # fmt: skip
    assert sum(weight.figure for weight in finding.layers) == finding.figure
