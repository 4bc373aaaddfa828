"""Helps cost little, whatever a spec makes of them: each is counted, and nothing is written out that is long."""

from __future__ import annotations

import pytest

from archcost.analysis.report import analyze
from archcost.errors import MAX_MESSAGE, SpecError
from archcost.meter import BUDGET
from archcost.spec.helps.kinds import MAX_BLOCKS
from archcost.spec.helps.steps import WORK
from archcost.spec.loader import reads
from archcost.spec.problems import MAX_PROBLEMS

HEAD = "archcost: 1\nname: net\ninput: [8, 16, 16]\n"


def error(text: str) -> SpecError:
    with pytest.raises(SpecError) as caught:
        analyze(reads(HEAD + text, name="net.yaml"))
    return caught.value


def test_a_help_counts_on_the_meter() -> None:
    spec = reads(HEAD + "layers:\n" + "  - dense: {units: 3}\n" * 50, name="net.yaml")
    assert spec.meter.spent >= 50 * WORK


def test_many_unknown_kinds_are_told_up_to_the_limit() -> None:
    found = error("layers:\n" + "".join(f"  - unknown_{index}: {{units: 3}}\n" for index in range(20_000)))
    assert len(found.diagnostics) == MAX_PROBLEMS + 1


@pytest.mark.parametrize("kind", ["linear", "body"])
def test_helps_of_one_step_are_few_and_each_counts_what_it_reads(kind: str) -> None:
    count = 2_000
    unknown = ", ".join(f"widht{index}: 3" for index in range(count))
    blocks = "blocks: {body: {params: {width: 1}, layers: [linear: $width]}}\n"
    spec = reads(HEAD + f"{blocks}layers:\n  - {kind}: {{{unknown}}}\n", name="net.yaml")
    assert 50 * (WORK + count) <= spec.meter.spent < 100 * (WORK + count)
    with pytest.raises(SpecError) as caught:
        analyze(spec)
    assert "'widht0', 'widht1'" in caught.value.diagnostics[0].message


def test_an_unknown_kind_in_a_block_that_is_unrolled_again_and_again_ends_with_the_budget() -> None:
    blocks = "blocks: {body: {params: {w: }, layers: [{id: side, dense: {units: $w}}, {relu, from: input}]}}\n"
    found = error(f"{blocks}layers:\n  - {{repeat: 100000, body: {{w: $i}}}}\n")
    assert any("steps of work" in problem.message for problem in found.diagnostics) or BUDGET < 100_000 * WORK
    assert len(found.diagnostics) <= 2


KEYS = ", ".join(f"k{index}: 3" for index in range(20_000))
BRANCHES = ", ".join(f"k{index}: [relu]" for index in range(5_000))


@pytest.mark.parametrize(
    "step",
    [
        f"conv2d: {{out_channels: {'1 + ' * 200_000}1, kernel_size: 3}}",
        f"conv2d: {{out_channels: [{'w, ' * 50_000}], kernel_size: 3}}",
        f"dense: {{units: [{'3, ' * 50_000}]}}",
        f"Conv2d({'1, ' * 100_000})",
        f"Conv2d({'(' * 100_000}",
        f"[{'[' * 40}{']' * 40}]",
        f"{{type: conv2d, {KEYS}}}",
        f"{{add: {{branches: {{{BRANCHES}}}}}}}",
        f"{{relu, from: '-{'9' * 5_000}'}}",
    ],
)
def test_what_is_long_is_not_written_out(step: str) -> None:
    for problem in error(f"params: {{w: 3}}\nlayers:\n  - {step}\n").diagnostics:
        assert len(problem.help) <= MAX_MESSAGE + 1


def test_blocks_whose_names_are_compared_are_few() -> None:
    blocks = "".join(f"  b{index}: {{layers: [relu]}}\n" for index in range(3 * MAX_BLOCKS))
    found = error(f"blocks:\n{blocks}layers:\n" + "".join(f"  - B_{index}\n" for index in (0, 3 * MAX_BLOCKS - 1)))
    assert found.diagnostics[0].help == "write `b0`"
    assert "write" not in found.diagnostics[1].help
