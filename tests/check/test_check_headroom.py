"""How near a check is to its limits: a line a limit, the nearest first, also when it passes; the badge."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

import archcost
from archcost.render.verdict_headroom import MOST, percent_of, uses
from archcost.render.verdict_output import render

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run


@pytest.mark.parametrize("columns", [60, 80, 100, 160])
def test_a_line_a_limit(
    columns: int, project: Path, run: Callable[..., Run], golden: Callable[[str, str], None]
) -> None:
    result = run("check", columns=columns, cwd=project)
    assert result.code == 0
    assert max(map(len, result.out.splitlines())) <= columns
    golden(f"check/headroom_{columns}.txt", result.out)


def test_the_nearest_comes_first(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    verdict = archcost.check()
    found = uses(verdict)
    shares = [use.share for use in found]
    assert shares == sorted(shares, reverse=True)
    first, params = found[0], next(use for use in found if use.finding.metric == "params")
    assert (first.finding.path, first.used, first.allowed) == ("stem", 995_328, 10**6)
    assert (params.used, params.allowed, percent_of(params.share)) == (37_538, 50_000, "75%")
    assert len(found) == sum(finding.is_judged for finding in verdict.all_findings())


# NET has one linear layer of 8 inputs and 8 outputs: 72 params, 64 MACs.
SPEC = "archcost: 1\nname: net\ninput: [8]\nlayers: [{linear: 8, id: fc}]\nbudgets: "


def lines(folder: Path, budgets: str, run: Callable[..., Run], *options: str) -> list[str]:
    (folder / "net.yaml").write_text(SPEC + budgets + "\n")
    shown = run("check", "net.yaml", *options, cwd=folder).out.splitlines()
    return [line.strip() for line in shown if line.startswith("  ") and " of " in line]


@pytest.mark.parametrize(
    ("budgets", "told"),
    [
        ("{params: 144}", ["params  72 of 144  █████      50%"]),
        ("{params: 72}", ["params  72 of 72  ██████████ 100%"]),
        ("{params: 73}", ["params  72 of 73  █████████▊ 98%"]),  # never full before it is
        ("{params: 70}", ["params  72 of 70  ██████████ 103%"]),  # 102.9%
        ("{params: 1 M}", ["params  72 of 1.00 M  ▏          <1%"]),
        ("{params: 100, macs: 65}", ["MACs    64 of 65   █████████▊ 98%", "params  72 of 100  ███████▏   72%"]),
        ("{params: 0}", ["params  72 of 0  ██████████ over"]),
        ("{layers: {fc: {macs: 128}}}", ["MACs of fc  64 of 128  █████      50%"]),
        ("{latency: 5 ms}", []),  # not measured, so that nothing is known of it
    ],
)
def test_what_is_told(budgets: str, told: list[str], tmp_path: Path, run: Callable[..., Run]) -> None:
    found = lines(tmp_path, budgets, run)
    assert [line for line in found if "%" in line or "over" in line] == told


def test_growth_is_told_of_what_it_may_be(tmp_path: Path, run: Callable[..., Run]) -> None:
    (tmp_path / "archcost.toml").write_text('specs = ["net.yaml"]\n[[budgets]]\nparams = "50%"\n')
    (tmp_path / "net.yaml").write_text(SPEC + "{}\n")
    assert run("baseline", "update", cwd=tmp_path).code == 0
    (tmp_path / "net.yaml").write_text((SPEC + "{}\n").replace("linear: 8", "linear: 10"))
    shown = run("check", cwd=tmp_path).out
    # 72 params may be 108, and are 90: 18 of 36
    assert "growth of params  +18 of +36  █████      50%" in shown
    (tmp_path / "net.yaml").write_text((SPEC + "{}\n").replace("linear: 8", "linear: 4"))
    assert "growth of params  −36 of +36             0%" in run("check", cwd=tmp_path).out


def test_what_is_quiet_tells_failures_and_the_sum(project: Path, run: Callable[..., Run]) -> None:
    assert run("check", "-q", cwd=project).out == "✓ 2 specs: 13 limits hold\n"
    path = project / "specs" / "doorbell.yaml"
    path.write_text(path.read_text().replace("params: 50 k", "params: 30 k"))
    quiet, full = run("check", "-q", cwd=project), run("check", cwd=project)
    assert quiet.code == full.code == 1
    assert quiet.out.startswith("fail: doorbell")
    assert "of 30.0 k" not in quiet.out
    assert "37.5 k of 30.0 k" in full.out


def test_many_limits_are_counted(tmp_path: Path, run: Callable[..., Run]) -> None:
    count = MOST + 30
    layers = "".join(f"  - {{linear: 8, id: l{k}}}\n" for k in range(count))
    limits = "".join(f"    l{k}: {{params: {100 + k}}}\n" for k in range(count))
    text = f"archcost: 1\nname: net\ninput: [8]\nlayers:\n{layers}budgets:\n  layers:\n{limits}"
    (tmp_path / "net.yaml").write_text(text)
    shown = run("check", "net.yaml", cwd=tmp_path).out.splitlines()
    assert len([line for line in shown if "params of l" in line]) == MOST
    assert "  and 30 more with more room" in shown


BADGES = [
    ("{params: 144}", {"message": "1 of 1 hold, 50% used", "color": "brightgreen"}),
    ("{params: 75}", {"message": "1 of 1 hold, 96% used", "color": "yellowgreen"}),
    ("{params: 70}", {"message": "1 failure", "color": "red"}),
    ("{params: {max: 70, level: warn}}", {"message": "1 warning", "color": "yellow"}),
    ("{}", {"message": "no limits", "color": "lightgrey"}),
    ("{params: 70, macs: {max: 3, level: warn}}", {"message": "1 failure", "color": "red"}),
    ("{latency: 5 ms}", {"message": "no limits", "color": "lightgrey"}),
    ("{macs: 5%}", {"message": "not judged", "color": "lightgrey"}),  # there is no baseline
]


@pytest.mark.parametrize(("budgets", "told"), BADGES)
def test_the_badge(budgets: str, told: dict[str, str], tmp_path: Path, run: Callable[..., Run]) -> None:
    (tmp_path / "net.yaml").write_text(SPEC + budgets + "\n")
    texts = []
    for name in ("one.json", "two.json"):
        run("check", "net.yaml", "--badge", name, cwd=tmp_path)
        texts.append((tmp_path / name).read_text())
    assert texts[0] == texts[1]
    # the keys that https://shields.io/badges/endpoint-badge asks for
    assert json.loads(texts[0]) == {"schemaVersion": 1, "label": "budgets", **told}


def test_a_badge_that_cannot_be_written_is_an_error(project: Path, run: Callable[..., Run]) -> None:
    result = run("check", "--badge", "no/such/folder/badge.json", cwd=project)
    assert result.code == 2
    assert "cannot write no/such/folder/badge.json" in result.err
    assert "13 limits hold" in result.out  # what can be written is


@pytest.mark.parametrize("option", ["--badge", "--export-json", "--export-sarif"])
def test_what_goes_beside_the_verdict_is_no_file_named_minus(
    option: str, project: Path, run: Callable[..., Run]
) -> None:
    result = run("check", option, "-", cwd=project)
    assert result.code == 2
    assert f"{option} writes a file beside the verdict, and - is standard output" in result.err
    assert not (project / "-").exists()


def test_a_badge_in_python(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    assert json.loads(render(archcost.check(), "badge"))["message"] == "13 of 13 hold, 99% used"


def test_percent() -> None:
    shares = [Fraction(1, 1000), Fraction(999, 1000), Fraction(1), Fraction(1001, 1000), Fraction(0)]
    assert list(map(percent_of, shares)) == ["<1%", "99%", "100%", "101%", "0%"]
