"""A verdict is exact over any number of layers, and its text is bounded in every format; so is the work behind it."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import archcost
from archcost.analysis import expectations
from archcost.budget import contributors
from archcost.budget.judge import Case, judge
from archcost.budget.outcomes import LISTED, ROOM, LimitPlace, LimitTally, Outcome, Rest, Room, told
from archcost.budget.verdict_sentences import sentence, summary
from archcost.budget.verdict_words import Rule, Status
from archcost.render.schemas import document_schema
from archcost.render.verdict_output import FORMATS, render
from archcost.spec.loader import loads

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

    from archcost.budget.verdict import Finding, SpecVerdict, Verdict


def spec(layers: str, patterns: dict[str, str], more: str = "") -> str:
    limits = "".join(f"    '{pattern}': {limit}\n" for pattern, limit in patterns.items())
    return f"archcost: 1\nname: net\ninput: [8]\nbudgets:\n  layers:\n{limits}layers: {layers}\n{more}"


def judged(text: str) -> SpecVerdict:
    return judge(Case("net.yaml", "net.yaml", archcost.analyze(loads(text))))


def equal(count: int) -> str:
    """Layers x.0, x.1 …, of 8 * 8 + 8 = 72 params each."""
    return f"[{{id: x, repeat: {count}, linear: {{out_features: 8}}}}]"


def rising(count: int) -> str:
    """Layers x.0, x.1 …: x.k has (k + 1) * (k + 1 + 1) params, but for the first, of 8 inputs, which has 8 + 1."""
    return f'[{{id: x, repeat: {count}, linear: {{out_features: "$(i + 1)"}}}}]'


def counts(verdict: SpecVerdict) -> Counter[Status]:
    found: Counter[Status] = Counter()
    for finding in verdict.findings:
        found[finding.status] += finding.count
    return found


# --- one limit on many layers ----------------------------------------------------------------------------------------
def test_all_are_judged_and_the_worst_are_listed() -> None:
    found = judged(spec(rising(100), {"x.*": "{params: 4000}"}))
    # x.k has k * (k + 1) + (k + 1) = (k + 1) ** 2 params: x.63 has 4096, so that 37 of 100 are over
    failed = [finding for finding in found.findings if finding.status is Status.FAIL]
    assert [finding.path for finding in failed[:-1]] == [f"x.{k}" for k in range(99, 79, -1)]
    assert [finding.figure for finding in failed[:2]] == [100 * 100, 99 * 99]
    assert (failed[-1].is_rest, failed[-1].count) == (True, 100 - 63 - 20)
    assert sentence(failed[-1]) == "net: and 17 more layers of 'x.*', whose params are over the limit of 4000"
    held = [finding for finding in found.findings if finding.status is Status.OK]
    assert [finding.path for finding in held[:2]] == ["x.62", "x.61"]  # the nearest to the limit
    assert counts(found) == {Status.FAIL: 37, Status.OK: 63}


@pytest.mark.parametrize(("count", "listed", "rest"), [(1, 1, 0), (20, 20, 0), (21, 21, 0), (22, 20, 2)])
def test_no_single_layer_is_left_to_be_counted(count: int, listed: int, rest: int) -> None:
    found = judged(spec(equal(count), {"x.*": "{params: 1}"})).findings
    assert [finding.path for finding in found if not finding.is_rest] == [f"x.{k}" for k in range(listed)]
    assert sum(finding.count for finding in found if finding.is_rest) == rest


def test_one_layer_over_the_limit_among_many_is_never_lost() -> None:
    many = equal(5000)[1:-1]
    layers = f"[{many}, {{id: y, linear: {{out_features: 9}}}}, {many.replace('id: x', 'id: z')}]"
    found = judged(spec(layers, {"*.*": "{params: 72}", "y": "{params: 80}", "[xyz]*": "{params: 1 G}"}))
    (failed,) = [finding for finding in found.findings if finding.status is Status.FAIL and finding.path == "y"]
    assert (failed.figure, failed.allowed) == (9 * 8 + 9, 80)
    # z.0 takes 9 inputs: 9 * 8 + 8 = 80 params, over 72
    assert [finding.path for finding in found.findings if finding.status is Status.FAIL] == ["z.0", "y"]


@given(
    st.lists(st.tuples(st.integers(0, 50), st.sampled_from([Status.OK, Status.FAIL]), st.integers(1, 40)), max_size=60),
    st.integers(-5, 60),
)
def test_a_tally_is_the_sorted_list_with_its_tail_counted(outcomes: list[tuple[int, Status, int]], room: int) -> None:
    tally, every = LimitTally(), {}
    number = 0
    for figure, status, size in outcomes:
        places = [LimitPlace(number + k, f"p{number + k}") for k in range(size)]
        number += size
        tally.add(Outcome(Rule.MAXIMUM, status, figure, 25), places)
        every.setdefault(status, []).extend([(-figure, *place) for place in places])
    listed = list(tally.listed(Room(room)))
    for status, found in every.items():
        shown = [one.path for one in listed if isinstance(one, Outcome) and one.status is status]
        rest = sum(one.size for one in listed if isinstance(one, Rest) and one.like.status is status)
        assert shown == [path for _, _, path in sorted(found)[: len(shown)]]
        assert len(shown) + rest == len(found)
        assert 1 <= len(shown) <= LISTED + 1
        assert rest != 1


# --- growth, and what is not known -----------------------------------------------------------------------------------
def update(run: Callable[..., Run], folder: Path, text: str) -> None:
    (folder / "net.yaml").write_text(text)
    assert run("baseline", "update", "net.yaml", cwd=folder).code == 0


def check(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> Verdict:
    (folder / "net.yaml").write_text(text)
    monkeypatch.chdir(folder)
    return archcost.check(["net.yaml"])


def test_growth_and_new_layers_are_counted_too(
    tmp_path: Path, run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = {"x.*": "{params: 1%}"}
    before = "[{id: x, repeat: 100, linear: {out_features: 8, bias: false}}]"  # 64 params each
    update(run, tmp_path, spec(before, limits))
    verdict = check(tmp_path, spec(equal(130), limits), monkeypatch)
    rests = [finding for finding in verdict.all_findings() if finding.is_rest]
    assert [sentence(finding) for finding in rests] == [
        "net: and 80 more layers of 'x.*', whose params grew by more than the allowed 1%",
        "net: and 10 more layers of 'x.*' are new, so there is nothing that their params could grow from",
    ]
    assert (verdict.count(Status.FAIL), verdict.count(Status.WARN), verdict.exit_code) == (100, 30, 1)
    assert summary(verdict) == "1 spec: 100 failures, 30 warnings"


def test_layers_without_figures_are_named_up_to_a_bound() -> None:
    layers = "[{id: x, repeat: 50, custom: {name: fft, output: [1, 8], params: 1}}]"
    found = judged(spec(layers, {"x": "{macs: 1 G}", "x.*": "{flops: 1 G}"}))
    whole = found.findings[0]
    assert whole.unknown == tuple(f"x.{k}" for k in range(20))
    assert sentence(whole).endswith("unknown for " + ", ".join(f"x.{k}" for k in range(20)) + " and 30 more")
    assert counts(found) == {Status.FAIL: 1 + 50}
    assert sentence(found.findings[-1]).startswith("net: and 30 more layers of 'x.*', whose FLOPs cannot be judged by")


def test_a_growth_limit_on_many_layers_is_one_that_lacks_a_baseline() -> None:
    assert len(judged(spec(equal(500), {"x.*": "{params: 1%}"})).unjudged) == 1


# --- every format ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", [*FORMATS])
def test_every_format_is_bounded_and_tells_the_count(name: str, tmp_path: Path, run: Callable[..., Run]) -> None:
    patterns = {"x." + "*" * (k + 1): "{params: 1}" for k in range(20)}
    (tmp_path / "net.yaml").write_text(spec(equal(3000), patterns))
    result = run("check", "net.yaml", "--format", name, cwd=tmp_path)
    assert result.code == 1
    assert len(result.out) < 1_000_000
    told_count = "59,990 more findings" if name == "github" else "2,980 more layers of 'x.*'"
    assert told_count in result.out.replace("&#42;", "*").replace("\\*", "*").replace("<code>", "").replace("`", "")
    if name == "json":
        document = json.loads(result.out)
        jsonschema.validate(document, document_schema("verdict"))
        assert document["summary"]["fail"] == 20 * 3000
        assert sum(finding.get("count", 1) for finding in document["specs"][0]["findings"]) == 20 * 3000
    elif name in ("full", "concise", "github", "markdown"):
        assert "60,000 failures" in result.out or "60,000 limits" in result.out
    elif name == "junit":
        assert ET.fromstring(result.out).get("failures") == str(20 * 21)


def test_beyond_its_room_a_spec_lists_the_worst_alone() -> None:
    patterns = {"x." + "*" * (k + 1): "{params: 1}" for k in range(200)}
    found = judged(spec(equal(30), patterns))
    assert counts(found) == {Status.FAIL: 200 * 30}
    # 50 limits list 20 each, the other 150 list 1; all have a rest
    assert len(found.findings) == ROOM + 150 + 200
    assert {(finding.path, finding.count) for finding in found.findings[-2:]} == {("x.0", 1), ("", 29)}


def test_names_are_told_up_to_a_bound() -> None:
    assert told(["a", "b"]) == "a, b"
    assert told(["a"] * (LISTED + 1000)) == ", ".join(["a"] * LISTED) + " and 1,000 more"


# --- expected figures ------------------------------------------------------------------------------------------------
LIMITED = "archcost: 1\nname: net\ninput: [8]\nbudgets: {params: 1 k}\nlayers: [{linear: {out_features: 8}}]\n"  # 72


@pytest.mark.parametrize(
    ("expect", "arguments", "mark", "end"),
    [
        ("{params: 72}", [], "✓", "1 limit holds"),
        ("{params: 73}", [], "!", "1 warning, 1 limit holds"),
        ("{params: 73, macs: 1, output: [1, 8]}", [], "!", "1 warning, 1 limit holds"),
        ("{params: 73}", ["--strict"], "!", "1 warning, 1 limit holds"),
        ("{params: 72}", ["--expect"], "✓", "1 limit holds, all expected figures hold"),
        ("{params: 73}", ["--expect"], "✗", "1 failure, 1 limit holds"),
        (
            "{params: 73}",
            ["--batch", "2"],
            "✓",
            "1 limit holds; 1 expected figure not judged: --set, --input and --batch change what it is of",
        ),
    ],
)
def test_expected_figures_are_never_passed_over(
    expect: str, arguments: list[str], mark: str, end: str, tmp_path: Path, run: Callable[..., Run]
) -> None:
    (tmp_path / "net.yaml").write_text(f"{LIMITED}expect: {expect}\n")
    result = run("check", "net.yaml", *arguments, cwd=tmp_path)
    assert result.out.splitlines()[-1] == f"{mark} 1 spec: {end}"
    assert result.code == (1 if mark == "✗" else 0)


def test_unmet_figures_are_told_in_every_format(tmp_path: Path, run: Callable[..., Run]) -> None:
    (tmp_path / "net.yaml").write_text(f'{LIMITED}expect: {{params: {{value: 73, source: "Table 1"}}, macs: 1}}\n')
    words = "2 of 2 expected figures are not met, the first: params are 72, published 73 (Table 1)"
    for name in FORMATS:
        out = run("check", "net.yaml", "--format", name, cwd=tmp_path).out
        assert words in out.replace("%3A", ":").replace("&#58;", ":"), name
    assert "--expect judges them" in run("check", "net.yaml", cwd=tmp_path).out
    markdown = run("check", "net.yaml", "--format", "markdown", cwd=tmp_path).out
    assert "⚠️ **Not all expected figures are met.**" in markdown


def test_many_expected_figures_are_bounded_and_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = "".join(f"    x.{k}: {{params: 73}}\n" for k in range(1500))
    text = f"archcost: 1\nname: net\ninput: [8]\nlayers: {equal(1500)}\nexpect:\n  layers:\n{rows}"
    monkeypatch.setattr(expectations, "layers_at", None)  # which looks at every layer
    report = archcost.analyze(loads(text))
    found = judge(Case("net.yaml", "net.yaml", report, expect=True)).findings
    assert len(found) == ROOM + 1
    assert sentence(found[-1]) == "net: and 500 more expected figures are not met"
    (unasked,) = judge(Case("net.yaml", "net.yaml", report)).findings
    assert sentence(unasked).startswith(
        "net: 1,500 of 1,500 expected figures are not met, the first: x.0: params are 72"
    )


# --- work ------------------------------------------------------------------------------------------------------------
def test_equal_layers_are_judged_once_for_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    from archcost.budget import limit_checks

    calls = []
    maximum = limit_checks._maximum
    monkeypatch.setattr(limit_checks, "_maximum", lambda *given: calls.append(1) or maximum(*given))
    judged(spec(equal(2000), {"x.*": "{params: 1, macs: 1}"}))
    assert len(calls) == 2  # one for each limit: all layers have 72 params and 64 MACs


@pytest.mark.parametrize("pattern", ["x.{}", "x.*{}"])
def test_patterns_beyond_the_budget_end_the_check(
    pattern: str, tmp_path: Path, run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A budget of 10,000, and 300 for each of 500 layers, is used up by some 30 patterns of 10 steps a layer."""
    monkeypatch.setattr(contributors, "BUDGET", 10_000)
    letter = "*" if pattern == "x.{}" else "y"
    patterns = {pattern.format(letter * (k + 1)): "{params: 1}" for k in range(900)}
    (tmp_path / "net.yaml").write_text(spec(equal(500), patterns))
    result = run("check", "net.yaml", cwd=tmp_path)
    assert result.code == 2
    assert "more than 160,000 steps of work" in result.err + result.out


LONG = pytest.mark.long  # as above, of more layers or of the whole budget


def limited() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
    resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param(spec(equal(10_000), {"x." + "*" * (k + 1): "{params: 1}" for k in range(20)}), 1, marks=LONG),
        (spec(equal(50_000), {"x.*": "{params: 1, macs: 1}"}), 1),
        pytest.param(spec(equal(50_000), {f"x.{'*' * (k + 1)}": "{params: 1}" for k in range(900)}), 2, marks=LONG),
        pytest.param(spec(equal(50_000), {f"x.*{'y' * (k + 1)}": "{params: 1}" for k in range(900)}), 2, marks=LONG),
        (spec(equal(20_000), {"x" + "*" * k: "{params: 1, macs: 1, flops: 1}" for k in range(900)}), 1),
    ],
    ids=["20 patterns", "50,000 layers", "900 patterns", "900 that match nothing", "900 for one scope"],
)
def test_hostile_limits_end(text: str, code: int, tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(text)
    command = [sys.executable, "-m", "archcost", "check", "net.yaml", "--format", "json", "-o", "out.json"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, preexec_fn=limited, check=False, env={**os.environ}
    )
    assert done.returncode == code, done.stderr[-500:]
    assert "Traceback" not in done.stderr
    assert (tmp_path / "out.json").stat().st_size < 8_000_000


def test_python_gets_the_counts(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(spec(equal(300), {"x.*": "{params: 1}"}))
    verdict = archcost.check([path])
    findings: list[Finding] = list(verdict.all_findings())
    assert (len(findings), verdict.count(Status.FAIL)) == (LISTED + 1, 300)
    assert "300 failures" in render(verdict, "full")
