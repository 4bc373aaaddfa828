"""The example repository, from a green build to every way in which a build fails."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import archcost

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Run


def edit(project: Path, name: str, old: str, new: str) -> None:
    path = project / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_within_budget(project: Path, run: Callable[..., Run]) -> None:
    result = run("check", "--quiet", cwd=project)
    assert (result.code, result.err) == (0, "")
    assert result.out == "✓ 2 specs: 13 limits hold\n"


def test_the_lock_file_is_up_to_date(project: Path, run: Callable[..., Run]) -> None:
    before = (project / "archcost.lock.json").read_bytes()
    result = run("baseline", "update", cwd=project)
    assert result.out == "nothing to record: 2 specs in archcost.lock.json: 2 the same\n"
    assert (project / "archcost.lock.json").read_bytes() == before


def test_over_budget(project: Path, run: Callable[..., Run], golden: Callable[[str, str], None]) -> None:
    edit(project, "specs/doorbell.yaml", "stage: {out: $(round(128 * width))}", "stage: {out: 192}")
    result = run("check", cwd=project)
    assert result.code == 1
    assert "doorbell: params" in result.out
    assert "over the limit of 50 k" in result.out
    assert "specs/doorbell.yaml:23:3" in result.out
    golden("check/story_over.txt", result.out)
    golden("check/story_over.md", run("check", "--format", "markdown", cwd=project).out)


def test_regressed(project: Path, run: Callable[..., Run], golden: Callable[[str, str], None]) -> None:
    edit(project, "specs/keyword.yaml", "repeat: 4", "repeat: 5")
    result = run("check", cwd=project)
    assert result.code == 1
    assert "keyword: params grew by 888 (18.4%)" in result.out  # 24 * 9 + 24 * 24 + 2 * 2 * 24
    assert "separable.4.pointwise" in result.out
    assert "growth is agreed on in the weekly meeting" in result.out
    assert "`archcost baseline update specs/keyword.yaml --allow-increase`" in result.out
    golden("check/story_regressed.txt", result.out)
    refused = run("baseline", "update", cwd=project)
    assert refused.code == 1
    golden("check/story_refused.txt", refused.err)
    assert run("baseline", "update", "specs/keyword.yaml", "--allow-increase", cwd=project).code == 0
    assert run("check", cwd=project).code == 0


def test_improved(project: Path, run: Callable[..., Run]) -> None:
    edit(project, "specs/keyword.yaml", "repeat: 4", "repeat: 3")
    result = run("check", cwd=project)
    assert result.code == 0
    assert "changed: keyword: params 4,836 → 3,948 (−18.4%)" in result.out
    assert "stale: keyword has changed since its baseline was recorded; run `archcost baseline update`" in result.out
    assert run("baseline", "update", cwd=project).code == 0
    assert run("check", "-q", cwd=project).out == "✓ 2 specs: 13 limits hold\n"


def test_stale(project: Path, run: Callable[..., Run]) -> None:
    edit(project, "specs/blocks/separable.yaml", "blocks:", "# used by both\nblocks:")
    result = run("check", cwd=project)
    assert result.code == 0
    assert "✓ 2 specs: 2 stale, 13 limits hold" in result.out
    assert "the text of doorbell has changed" in result.out


def test_missing_baseline(project: Path, run: Callable[..., Run]) -> None:
    (project / "archcost.lock.json").unlink()
    result = run("check", cwd=project)
    assert result.code == 2
    assert "4 growth limits need a baseline, and there is no archcost.lock.json" in result.err
    assert "pyproject.toml:9:1" in result.err
    assert "`archcost baseline update`" in result.err


def test_malformed_configuration(project: Path, run: Callable[..., Run]) -> None:
    edit(project, "pyproject.toml", 'params = "1%"', 'parms = "1%"')
    result = run("check", "--export-json", "out.json", cwd=project)
    assert result.code == 2
    assert "unknown key 'parms' in a budget" in result.err
    assert "pyproject.toml:9:1" in result.err
    assert "did you mean 'params'?" in result.err
    document = json.loads((project / "out.json").read_text())
    assert (document["errors"][0]["line"], document["exit_code"]) == (9, 2)


def test_a_broken_spec(project: Path, run: Callable[..., Run]) -> None:
    edit(project, "specs/keyword.yaml", "linear: 12", "linear: {out_feature: 12}")
    edit(project, "specs/doorbell.yaml", "params: 50 k", "params: 30 k")
    result = run("check", cwd=project)
    assert result.code == 2
    assert "unknown attribute 'out_feature'" in result.err
    assert "doorbell: params 37,538, over the limit of 30 k" in result.out
    assert "1 error, 1 failure" in result.out


@pytest.mark.parametrize("ending", ["\r\n"])
def test_windows_line_endings(ending: str, project: Path, run: Callable[..., Run]) -> None:
    for path in project.rglob("*"):
        if path.is_file() and path.suffix in (".yaml", ".toml", ".json"):
            path.write_bytes(path.read_bytes().replace(b"\n", ending.encode()))
    assert run("check", "-q", cwd=project).out == "✓ 2 specs: 13 limits hold\n"
    path = project / "specs" / "doorbell.yaml"
    path.write_bytes(path.read_bytes().replace(b"params: 50 k", b"params: 30 k"))
    shown = run("check", cwd=project).out
    assert "specs/doorbell.yaml:23:3" in shown
    assert "\r" not in shown


def test_the_python_api(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    verdict = archcost.check()
    assert (verdict.ok, verdict.exit_code, len(verdict.specs)) == (True, 0, 2)
    wide = archcost.check([project / "specs" / "doorbell.yaml"], params={"width": 2.0}, config="pyproject.toml")
    assert wide.exit_code == 2  # growth over a baseline of another width
    failed = [finding for finding in wide.all_findings() if finding.status == "fail"]
    assert [(finding.metric, finding.path) for finding in failed] == [
        ("params", ""), ("macs", ""), ("peak_activation_bytes", ""), ("macs", "stem"),
    ]  # fmt: skip
    assert failed[0].overshoot == (failed[0].figure or 0) - 50_000


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
    )


@pytest.fixture
def repository(project: Path) -> Path:
    (project / "archcost.lock.json").unlink()
    git(project, "init", "--quiet", "--initial-branch", "main")
    git(project, "add", ".")
    git(project, "commit", "--quiet", "--message", "first")
    return project


def test_a_revision_needs_no_lock_file(repository: Path, run: Callable[..., Run]) -> None:
    assert run("check", "-q", "--baseline-ref", "main", cwd=repository).out == "✓ 2 specs: 13 limits hold\n"
    edit(repository, "specs/keyword.yaml", "repeat: 4", "repeat: 5")
    grown = run("check", "--baseline-ref", "HEAD", cwd=repository)
    assert grown.code == 1
    assert "keyword: params grew by 888 (18.4%)" in grown.out
    assert "baseline update" not in grown.out
    assert "raise the limit at pyproject.toml:9:1" in grown.out
    edit(repository, "specs/keyword.yaml", "repeat: 5", "repeat: 3")
    smaller = run("check", "--baseline-ref", "HEAD", cwd=repository)
    assert smaller.code == 0
    assert "stale" not in smaller.out
    assert "changed: keyword: params 4,836 → 3,948" in smaller.out


def test_an_included_block_that_changed_is_compared(repository: Path, run: Callable[..., Run]) -> None:
    edit(repository, "specs/blocks/separable.yaml", "kernel_size: 3", "kernel_size: 5")
    result = run("check", "--baseline-ref", "main", cwd=repository)
    assert result.code == 1
    assert "doorbell: params grew" in result.out
    assert "keyword: params grew" in result.out


def test_a_revision_is_analysed_with_the_same_settings(repository: Path, run: Callable[..., Run]) -> None:
    result = run(
        "check", "specs/doorbell.yaml", "--baseline-ref", "main", "--batch", "1", "--set", "width=0.5", cwd=repository
    )
    assert result.code == 0
    assert "changed" not in result.out


def test_new_and_gone_specs_of_a_revision(repository: Path, run: Callable[..., Run]) -> None:
    (repository / "specs" / "keyword.yaml").rename(repository / "specs" / "wake.yaml")
    edit(repository, "specs/wake.yaml", "name: keyword", "name: wake")
    result = run("check", "--baseline-ref", "main", cwd=repository)
    assert result.code == 0
    assert "warn: wake is new" in result.out  # git sees no rename of a file that is not added
    assert "gone: keyword is gone" in result.out
    assert "separable" not in result.out  # a file of blocks is no spec


def test_a_spec_that_was_broken_has_nothing_to_grow_from(repository: Path, run: Callable[..., Run]) -> None:
    good = (repository / "specs" / "keyword.yaml").read_text()
    edit(repository, "specs/keyword.yaml", "linear: 12", "linear: {out_feature: 12}")
    git(repository, "commit", "--quiet", "--all", "--message", "break it")
    (repository / "specs" / "keyword.yaml").write_text(good)
    result = run("check", "--baseline-ref", "HEAD", cwd=repository)
    assert result.code == 0
    wrong = "warn: keyword cannot be compared with its baseline: it is wrong at HEAD:specs/keyword.yaml:"
    assert wrong in result.out
    assert "unknown attribute 'out_feature' of linear" in " ".join(result.out.split())


def test_an_unknown_revision(repository: Path, run: Callable[..., Run]) -> None:
    result = run("check", "--baseline-ref", "nope", cwd=repository)
    assert result.code == 2
    assert "nope" in result.err


def test_from_a_folder_below(repository: Path, run: Callable[..., Run]) -> None:
    edit(repository, "specs/keyword.yaml", "repeat: 4", "repeat: 5")
    result = run("check", "keyword.yaml", "--baseline-ref", "main", "--format", "concise", cwd=repository / "specs")
    assert result.code == 1
    assert "../pyproject.toml:9:1: fail: keyword: params grew by 888 (18.4%)" in result.out


def test_the_documentation_shows_what_is_printed() -> None:
    root = Path(__file__).parent.parent.parent
    page = (root / "docs" / "budgets.md").read_text(encoding="utf-8")
    golden = root / "tests" / "golden" / "check"
    for name in ("story_regressed.txt", "story_refused.txt", "story_over.md"):
        assert (golden / name).read_text(encoding="utf-8") in page, name
    example = root / "examples" / "ci"
    assert (example / "pyproject.toml").read_text(encoding="utf-8").partition("[tool.archcost]")[2] in page
    assert (
        "budgets:" + (example / "specs" / "doorbell.yaml").read_text(encoding="utf-8").partition("budgets:")[2] in page
    )
