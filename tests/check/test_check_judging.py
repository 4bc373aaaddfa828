"""Findings: which statuses figures get, for models, blocks and layers, latencies and published figures."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest

import archcost
from archcost import model_zoo as zoo
from archcost.analysis.report import analyze
from archcost.analysis.tree import build_tree
from archcost.budget import check as checking
from archcost.budget.baseline import Baseline, Pace, entry_of
from archcost.budget.cases import Request
from archcost.budget.contributors import named
from archcost.budget.judge import Case, judge
from archcost.budget.latency import MeasuredPace
from archcost.budget.verdict import Contributor, Finding, SpecVerdict, Verdict
from archcost.budget.verdict_figures import amount, pair, percent
from archcost.budget.verdict_sentences import sentence, summary
from archcost.budget.verdict_words import Rule, Status
from archcost.settings import AS_IT_STANDS, Settings
from archcost.spec.loader import loads
from tests.shared import zoo_report

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from conftest import Run

TEXT = """\
archcost: 1
name: net
input: [3, 8, 8]
params: {width: 4}
blocks:
  unit:
    params: {out: }
    layers:
      - {id: conv, conv2d: {out_channels: $out, kernel_size: 1, bias: false}}
      - relu
layers:
  - {id: stem, conv2d: {out_channels: $width, kernel_size: 1, bias: false}}
  - {id: unit_a, unit: {out: 8}}
  - {id: unit_b, unit: {out: 16}}
"""
# stem: 3 * 4 = 12 params, unit_a: 4 * 8 = 32, unit_b: 8 * 16 = 128; MACs are 64 times that


def verdict(budgets: str, *, width: int | None = None, text: str = TEXT, **values: Any) -> SpecVerdict:
    spec = loads(f"{text}budgets: {budgets}\n" if budgets else text, name="net.yaml")
    report = analyze(spec, Settings({"width": width} if width else {}))
    return judge(Case("net.yaml", "net.yaml", report, **values))


def against(before: int) -> dict[str, Any]:
    """A baseline of the net with another width."""
    entry = entry_of(analyze(loads(TEXT, name="net.yaml"), Settings({"width": before})), AS_IT_STANDS)
    return {"baseline": Baseline("lock.json", entries={"net.yaml": entry}), "entry": entry}


def statuses(found: SpecVerdict) -> list[str]:
    return [finding.status.value for finding in found.findings]


@pytest.mark.parametrize(
    ("budgets", "expected"),
    [
        ("{params: 172}", ["ok"]),  # 12 + 32 + 128: the limit itself is within the limit
        ("{params: 171}", ["fail"]),
        ("{params: {max: 171, level: warn}}", ["warn"]),
        ("{macs: 11008}", ["ok"]),
        ("{macs: 11007}", ["fail"]),
        ("{weight_bytes: 688 B}", ["ok"]),
        ("{weight_bytes: 687 B}", ["fail"]),
        ("{params: 0}", ["fail"]),
        ("{latency: 1 ms}", ["not measured"]),
        ("{layers: {stem: {params: 12}}}", ["ok"]),
        ("{layers: {stem: {params: 11}}}", ["fail"]),
        ("{layers: {'unit_*': {params: 100}}}", ["ok", "fail"]),
        ("{layers: {'*.conv': {params: 32}}}", ["ok", "fail"]),
        ("{layers: {'*': {params: 12}}}", ["ok", "fail", "fail"]),  # the outermost: stem, unit_a, unit_b
    ],
)
def test_maxima(budgets: str, expected: list[str]) -> None:
    assert statuses(verdict(budgets)) == expected


def test_a_failure_names_figure_overshoot_and_the_heaviest_layers() -> None:
    (finding,) = verdict("{params: 100}").findings
    assert (finding.figure, finding.allowed, finding.overshoot, finding.share) == (172, 100, 72, Fraction(72, 100))
    assert [(weight.path, weight.figure) for weight in finding.layers] == [
        ("unit_b.conv", 8 * 16), ("unit_a.conv", 4 * 8), ("stem", 3 * 4),
    ]  # fmt: skip
    assert str(finding.mark) == "net.yaml:15:11"
    assert sentence(finding) == "net: params 172, over the limit of 100 by 72 (72.0%)"


def test_a_pattern_sums_what_is_inside_of_a_block() -> None:
    (finding,) = verdict("{layers: {unit_b: {activation_bytes: 1 B}}}").findings
    assert finding.figure == 2 * 16 * 8 * 8 * 4
    assert sentence(finding).startswith("net: activation bytes of unit_b 8,192 B, over the limit of 1 B by 8,191 B")


@pytest.mark.parametrize(
    ("pattern", "paths"),
    [
        ("stem", ["stem"]),
        ("unit_*", ["unit_a", "unit_b"]),
        ("*_b", ["unit_b"]),
        ("*.relu", ["unit_a.relu", "unit_b.relu"]),
        ("unit_[ab]", ["unit_a", "unit_b"]),
        ("unit_a.*", ["unit_a.conv", "unit_a.relu"]),
        ("*conv", []),
        ("**conv", ["unit_a.conv", "unit_b.conv"]),
        ("**.conv", ["unit_a.conv", "unit_b.conv"]),
        ("**.unit_?", ["unit_a", "unit_b"]),
        ("unit_a.**", ["unit_a.conv", "unit_a.relu"]),
        ("Stem", []),
    ],
)
def test_patterns(pattern: str, paths: list[str]) -> None:
    tree = build_tree(analyze(loads(TEXT)))
    assert [found.path for found in named(tree, pattern).trees] == paths


def test_a_pattern_that_names_nothing_is_a_problem_of_the_spec() -> None:
    found = verdict("{layers: {unit_c: {params: 1, macs: 1}}}")
    assert [d.message for d in found.diagnostics] == ["no layer or block of net matches 'unit_c'"] * 2
    assert "did you mean 'unit_" in found.diagnostics[0].help
    assert str(found.diagnostics[0].mark) == "net.yaml:15:29"


@pytest.mark.parametrize(
    ("budgets", "before", "now", "expected"),
    [
        ("{params: 5%}", 4, 4, ["ok", "stale"]),  # the text of the limit is new
        ("{params: 5%}", 4, 3, ["ok", "stale"]),  # an improvement
        ("{params: 5%}", 4, 5, ["fail"]),  # 12 + 32 → 15 + 40: 172 → 183, 6.4%
        ("{params: 7%}", 4, 5, ["ok", "stale"]),
        ("{params: {increase: 5%, level: warn}}", 4, 5, ["warn", "stale"]),
        ("{params: {increase: 5%, floor: 10}}", 4, 5, ["fail"]),
        ("{params: {increase: 5%, floor: 11}}", 4, 5, ["ok", "stale"]),  # it grew by 11, not by more
        ("{layers: {stem: {params: 20%}}}", 4, 5, ["fail"]),
        ("{layers: {unit_b: {params: 0%}}}", 4, 5, ["ok", "stale"]),
        ("{params: {max: 180, increase: 50%}}", 4, 5, ["fail", "ok", "stale"]),
    ],
)
def test_growth(budgets: str, before: int, now: int, expected: list[str]) -> None:
    found = verdict(budgets, width=now, **against(before))
    assert statuses(found) == expected


def test_what_grew_most_comes_first() -> None:
    finding = verdict("{params: 1%}", width=6, **against(4)).findings[0]
    assert [(w.path, w.baseline, w.figure) for w in finding.layers] == [
        ("unit_a.conv", 4 * 8, 6 * 8), ("stem", 3 * 4, 3 * 6),
    ]  # fmt: skip
    assert finding.growth == 22
    assert sentence(finding) == (
        "net: params grew by 22 (12.8%), from 172 to 194: 21 more than the allowed 1%"  # ⌊172 · 1.01⌋ = 173
    )


def test_a_new_block_has_nothing_to_grow_from() -> None:
    text = TEXT.replace("  - {id: unit_b, unit: {out: 16}}\n", "")
    entry = entry_of(analyze(loads(text, name="net.yaml")), AS_IT_STANDS)
    found = verdict("{layers: {unit_b: {params: 1%}}}", baseline=Baseline("x", is_lock=False), entry=entry)
    assert statuses(found) == ["warn"]
    assert "unit_b is new" in sentence(found.findings[0])


def test_growth_over_nothing_has_no_percentage() -> None:
    text = TEXT.replace("- relu", "- relu\n      - when: $(width > 4)\n        id: extra\n        batch_norm2d:")
    entry = entry_of(analyze(loads(text, name="net.yaml")), AS_IT_STANDS)
    spec = loads(text + "budgets: {layers: {unit_a: {params: 1%}}}\n", name="net.yaml")
    report = analyze(spec, Settings({"width": 5}))
    found = judge(Case("net.yaml", "net.yaml", report, baseline=Baseline("x", is_lock=False), entry=entry))
    assert [w.baseline for w in found.findings[0].layers] == [None, 32]  # the norm is new


PACES: list[tuple[str, int, int, tuple[int, int] | None, str]] = [  # limit, median and spread in ms, before, status
    ("12 ms", 10, 1, None, "ok"),
    ("12 ms", 12, 0, None, "ok"),
    ("12 ms", 13, 2, None, "inconclusive"),  # 11 … 15
    ("12 ms", 11, 2, None, "inconclusive"),
    ("12 ms", 15, 2, None, "fail"),
    ("10%", 105, 1, (100, 1), "ok"),
    ("10%", 110, 3, (100, 3), "inconclusive"),
    ("10%", 115, 3, (100, 3), "inconclusive"),  # 5 above the allowed 110, the spreads together 6
    ("10%", 117, 3, (100, 3), "fail"),
    ("10%", 117, 3, None, "warn"),  # nothing to grow from
]


@pytest.mark.parametrize(("text", "median", "spread", "before", "status"), PACES)
def test_latency_fails_only_beyond_its_spread(
    text: str, median: int, spread: int, before: tuple[int, int] | None, status: str
) -> None:
    ms = 10**6
    past = Pace(before[0] * ms, before[1] * ms, 1, "") if before else None
    measured = MeasuredPace(
        Pace(median * ms, spread * ms, 1, ""), "a machine", (Contributor("stem", "conv2d", ms),), past
    )
    found = verdict(f"{{latency: {text}}}", measured=measured, **against(4))
    finding = found.findings[0]
    assert finding.status.value == status
    assert "latency" in sentence(finding)
    if status in ("fail", "inconclusive"):
        assert [weight.path for weight in finding.layers] == ["stem"]


UNTIMED: list[tuple[str, int, tuple[int, int] | None, str, str]] = [  # limit, median, before, status, cause
    ("12 ms", 10, None, "fail", "unknown"),  # what is declared takes longer than nothing
    ("{max: 12 ms, level: warn}", 10, None, "warn", "unknown"),
    ("12 ms", 15, None, "fail", ""),  # over it without the declared layer's time, too
    ("10%", 100, (100, 1), "fail", "unknown"),
    ("10%", 100, None, "warn", "no latency"),
]


@pytest.mark.parametrize(("text", "median", "before", "status", "cause"), UNTIMED)
def test_a_time_without_what_is_declared_keeps_within_no_limit(
    text: str, median: int, before: tuple[int, int] | None, status: str, cause: str
) -> None:
    ms = 10**6
    past = Pace(before[0] * ms, before[1] * ms, 1, "") if before else None
    measured = MeasuredPace(Pace(median * ms, ms, 1, ""), "a machine", (), past, ("scan", "mix"))
    finding = verdict(f"{{latency: {text}}}", measured=measured, **against(4)).findings[0]
    assert (finding.status.value, finding.cause.value) == (status, cause)
    if cause == "unknown":
        assert sentence(finding).endswith("unknown for scan, mix, for which a stand-in ran")


def test_latency_growth_without_any_baseline_cannot_be_judged() -> None:
    measured = MeasuredPace(Pace(10, 1, 1, ""), "a machine")
    found = verdict("{latency: 10%}", measured=measured)
    assert (found.findings, len(found.unjudged)) == ((), 1)


EXPECT = "expect: {params: {value: 172, source: Table 1}, macs: 11 k, layers: {stem: {params: 12}}}\n"


def test_published_figures_are_checked_both_ways() -> None:
    found = verdict("", text=TEXT + EXPECT, expect=True)
    (finding,) = found.findings
    assert (finding.rule, finding.status, finding.metric) == (Rule.EXPECT, Status.FAIL, "macs")
    assert sentence(finding) == "net: macs are 11,008, stated 11,000"
    less = verdict(
        "", text=(TEXT + EXPECT).replace("172", "173").replace("11 k", "{value: 11 k, tolerance: 1%}"), expect=True
    )
    assert sentence(less.findings[0]) == "net: params are 172, published 173 (Table 1)"
    assert statuses(verdict("", text=(TEXT + EXPECT).replace("11 k", "11008"), expect=True)) == ["ok"]
    assert statuses(verdict("", expect=True)) == []


def test_expect_on_the_command_line(net: Callable[..., Path], run: Callable[..., Run]) -> None:
    folder = net("{params: 1 k}")
    path = folder / "specs" / "net.yaml"
    path.write_text(path.read_text() + "expect: {params: {value: 141, source: Table 7}, output: [1, 8, 8, 8]}\n")
    assert run("check", "specs/net.yaml", cwd=folder).code == 0
    result = run("check", "specs/net.yaml", "--expect", cwd=folder)
    assert result.code == 1
    assert "params are 140, published 141 (Table 7)" in result.out
    assert "specs/net.yaml:9:10" in result.out
    assert run("check", "specs/net.yaml", "--expect", "--batch", "2", cwd=folder).code == 2


def test_the_zoo_holds_its_published_figures() -> None:
    verdicts = {name: judge(Case(name, name, zoo_report(name), expect=True)) for name in zoo.names()}
    assert sum(len(found.findings) for found in verdicts.values()) > len(verdicts) / 2
    wrong = [sentence(each) for found in verdicts.values() for each in found.findings if each.status is not Status.OK]
    assert wrong == []


@pytest.mark.long
def test_the_zoo_holds_its_published_figures_on_the_command_line(run: Callable[..., Run]) -> None:
    result = run("check", "specs/*.yaml", "--expect")
    assert result.code == 0, result.out


def test_one_broken_spec_does_not_hide_the_others(everything: Path, run: Callable[..., Run]) -> None:
    result = run("check", "--format", "json", "--export-concise", "out.txt", cwd=everything)
    assert result.code == 2
    document = json.loads(result.out)
    assert {spec["path"]: len(spec["errors"]) for spec in document["specs"]}["specs/broken.yaml"] == 1
    assert document["summary"]["fail"] == 3
    assert "kernal_size" in result.err
    assert "fail:" in (everything / "out.txt").read_text()


def test_exit_zero_hides_failures_and_no_errors(net: Callable[..., Path], run: Callable[..., Run]) -> None:
    folder = net("{params: 1}")
    assert run("check", "specs/net.yaml", cwd=folder).code == 1
    assert run("check", "specs/net.yaml", "--exit-zero", cwd=folder).code == 0
    assert run("check", "specs/none.yaml", "--exit-zero", cwd=folder).code == 2


def test_limits_of_the_configuration_go_by_globs(net: Callable[..., Path], run: Callable[..., Run]) -> None:
    config = 'specs = ["specs/*.yaml"]\n[[budgets]]\nspecs = ["specs/*.yaml", "!specs/net.yaml"]\nparams = 1\n'
    folder = net("{params: 1 k}", config)
    (folder / "specs" / "big.yaml").write_text((folder / "specs" / "net.yaml").read_text())
    document = json.loads(run("check", "--format", "json", cwd=folder).out)
    assert {spec["path"]: [f["status"] for f in spec["findings"]] for spec in document["specs"]} == {
        "specs/big.yaml": ["ok", "fail"],
        "specs/net.yaml": ["ok"],
    }
    below = json.loads(run("check", "--format", "json", "big.yaml", cwd=folder / "specs").out)
    assert [finding["status"] for finding in below["specs"][0]["findings"]] == ["ok", "fail"]
    assert below["specs"][0]["findings"][1]["file"] == "../archcost.toml"


def test_unused_budgets_are_told_when_all_specs_are_judged(net: Callable[..., Path], run: Callable[..., Run]) -> None:
    config = (
        'specs = ["specs/*.yaml"]\n[[budgets]]\nspecs = ["none/*"]\nparams = 1\n'
        '[[budgets]]\nlayers = "nothing_*"\nmacs = 1\n[[budgets]]\nlayers = "stem"\nmacs = "1 G"\n'
    )
    folder = net("", config)
    result = run("check", "-q", cwd=folder)
    assert result.code == 0
    assert "this budget is for no spec" in result.out
    assert "archcost.toml:2:1" in result.out
    assert "no layer or block matches 'nothing_*'" in result.out
    assert "stem" not in result.out
    named = run("check", "specs/net.yaml", cwd=folder)
    assert named.code == 0
    assert "no layer or block matches 'nothing_*' in any checked spec" in named.out
    assert "this budget is for no spec" not in named.out  # it may be for one that is not checked


def test_files_of_blocks_are_no_specs(project: Path, run: Callable[..., Run]) -> None:
    (project / "archcost.toml").write_text('specs = ["specs/**/*.yaml"]\n')
    document = json.loads(run("check", "--format", "json", cwd=project).out)
    assert [spec["name"] for spec in document["specs"]] == ["doorbell", "keyword"]


def test_settings_and_batch(net: Callable[..., Path], run: Callable[..., Run]) -> None:
    folder = net("{params: 150, macs: 10 k}")
    assert run("check", "specs/net.yaml", cwd=folder).code == 0
    assert "params 175" in run("check", "specs/net.yaml", "--set", "width=5", cwd=folder).out
    assert "MACs 17,920" in run("check", "specs/net.yaml", "--batch", "2", cwd=folder).out
    assert run("check", "specs/net.yaml", "--set", "depth=5", cwd=folder).code == 2


def test_two_baselines_are_a_contradiction(net: Callable[..., Path], run: Callable[..., Run]) -> None:
    result = run("check", "specs/net.yaml", "--baseline", "x", "--baseline-ref", "main", cwd=net("{params: 1 k}"))
    assert result.code == 2
    assert "two baselines" in result.err


@pytest.mark.parametrize("count", [8])
def test_processes_judge_as_one_process_does(
    count: int, net: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, run: Callable[..., Run]
) -> None:
    folder = net("{params: {max: 100, increase: 1%}, layers: {stem: {macs: 1}}}", 'specs = ["specs/*.yaml"]\n')
    text = (folder / "specs" / "net.yaml").read_text()
    for index in range(count):
        (folder / "specs" / f"{index}.yaml").write_text(text.replace("width: 4", f"width: {index + 1}"))
    run("baseline", "update", cwd=folder)
    (folder / "specs" / "5.yaml").write_text(text.replace("width: 4", "width: 60"))
    monkeypatch.chdir(folder)

    def told(found: Verdict) -> list[tuple[Any, ...]]:
        return [(f.name, f.status, f.metric, f.figure, str(f.mark), f.layers) for f in found.all_findings()]

    one = checking.check(Request())
    monkeypatch.setattr(checking, "_POOL_FROM", 1)
    many = checking.check(Request())
    assert told(one) == told(many)
    assert one.exit_code == many.exit_code == 1


ROUNDED: list[tuple[int, int, str, tuple[str, str]]] = [
    (60_001, 60_000, "params", ("60,001", "60,000")),
    (72_345, 60_000, "params", ("72.3 k", "60.0 k")),
    (2_097_153, 2_097_152, "weight_bytes", ("2,097,153 B", "2,097,152 B")),
    (12_000_001, 12_000_000, "latency", ("12,000,001 ns", "12,000,000 ns")),
    (5, 5, "params", ("5", "5")),
]


@pytest.mark.parametrize(("one", "other", "metric", "texts"), ROUNDED)
def test_figures_that_would_look_equal_are_printed_exactly(
    one: int, other: int, metric: str, texts: tuple[str, str]
) -> None:
    assert pair(one, other, metric) == texts


@pytest.mark.parametrize(
    ("share", "beyond", "text"),
    [
        (Fraction(1, 3), None, "33.3%"),
        (Fraction(1, 100), None, "1.0%"),
        (Fraction(104, 10_000), Fraction(1, 100), "1.04%"),
        (Fraction(100_001, 10_000_000), Fraction(1, 100), "1.00001%"),
        (Fraction(1, 100_000), None, "<0.1%"),
        (Fraction(-1, 8), None, "−12.5%"),
        (Fraction(123), None, "12,300.0%"),
        (None, None, ""),
    ],
)
def test_percentages(share: Fraction | None, beyond: Fraction | None, text: str) -> None:
    assert percent(share, beyond) == text


def test_amounts_are_exact_where_asked() -> None:
    assert amount(1_234_567, "macs") == "1,234,567"
    assert amount(1_234_567, "macs", exact=False) == "1.23 M"
    assert amount(2048, "weight_bytes") == "2,048 B"


def exits(*findings: Status, broken: bool = False) -> int:
    found: Sequence[Finding] = [Finding(Rule.MAXIMUM, status, "s", "n") for status in findings]
    from archcost.errors import Diagnostic

    spec = SpecVerdict("s", "n", findings=tuple(found), diagnostics=(Diagnostic("x"),) if broken else ())
    return Verdict((spec,)).exit_code


def test_only_fail_fails_and_what_cannot_be_judged_is_2() -> None:
    for status in Status:
        assert exits(status) == (1 if status is Status.FAIL else 0)
    assert exits(Status.FAIL, broken=True) == 2
    assert exits() == 0


@pytest.mark.parametrize(
    ("budgets", "told"),
    [
        ("", "1 spec: no limits to judge; 1 expected figure: --expect judges it"),
        ("budgets: {params: 1 k}\n", "1 spec: 1 warning, 1 limit holds"),
    ],
)
def test_expected_figures_that_are_not_asked_for_are_no_limits(budgets: str, told: str, tmp_path: Path) -> None:
    """The linear layer has 4 · 2 + 2 = 10 params."""
    path = tmp_path / "net.yaml"
    text = "archcost: 1\nname: net\ninput: [4]\nlayers: [linear: {out_features: 2}]\nexpect: {params: 11}\n"
    path.write_text(text + budgets, encoding="utf-8")
    assert summary(archcost.check([path])) == told


@pytest.mark.parametrize(("detail", "verb"), [("1 of 12", "is not met: "), ("10 of 12", "are not met, the first: ")])
def test_one_figure_is_not_met_and_ten_are_not(detail: str, verb: str, tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    text = "archcost: 1\nname: net\ninput: [4]\nlayers: [linear: {out_features: 2}]\nexpect: {params: 11}\n"
    path.write_text(text, encoding="utf-8")
    (finding,) = archcost.check([path]).all_findings()
    assert sentence(finding).startswith("net: 1 of 1 expected figures is not met: ")
    assert sentence(replace(finding, detail=detail)).startswith(f"net: {detail} expected figures {verb}")
