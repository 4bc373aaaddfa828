"""Random models, flat and of nested blocks: the source computes what archcost's module computes."""

from __future__ import annotations

import json
import random
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings

import archcost
from archcost.spec.loader import loads
from tests.export.support import assert_same_outputs, assert_tidy, both_models, exported
from tests.profiles import examples
from tests.pytorch.support import document
from tests.pytorch.test_random_graphs import layers
from tests.spec.strategies import sound_specs

if TYPE_CHECKING:
    from pathlib import Path

    from archcost.analysis.report import Report

Step = dict[str, Any]
SEEDS = range(120)
MAX_LAYERS, MAX_PARAMS, MAX_BYTES = 200, 100_000, 10_000_000


@pytest.mark.filterwarnings("ignore")  # torch warns of unusual layers
@settings(max_examples=examples(60, usual=25), suppress_health_check=list(HealthCheck))
@given(layers())
def test_random_layers(parts: dict[str, Any]) -> None:
    if not parts["layers"]:
        return
    text, report = exported(document(parts))
    both_models(text, report)
    assert_same_outputs(text, report.graph)


@settings(max_examples=examples(40, usual=25), suppress_health_check=list(HealthCheck))
@given(sound_specs())
def test_rounds_streams_and_several_outputs(spec: dict[str, Any]) -> None:
    try:
        text, report = exported(loads(json.dumps(spec)))
    except archcost.SpecError:
        return
    if 0 < report.totals.layers <= MAX_LAYERS:
        both_models(text, report)
        assert_same_outputs(text, report.graph)


class Blocks:
    """Draws blocks that use each other, with params, conditions, branches and rounds; all keep (N, C, 6, 6)."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.blocks: dict[str, Step] = {}

    def parts(self) -> dict[str, Any]:
        for name in ("block_a", "block_b", "block_c")[: self.draw.randint(1, 3)]:
            self.blocks[name] = self.block()
        return {"input": [4, 6, 6], "blocks": self.blocks, "layers": self.steps(2, [], [], self.draw.randint(2, 6))}

    def block(self) -> Step:
        numbers = self.draw.choice([["width", "out"], ["out"]])
        flags = self.draw.choice([[], ["flag"]])
        params = {name: self.draw.choice([None, 8]) for name in numbers}
        params |= {name: self.draw.choice([None, False]) for name in flags} | {"rounds": 2}
        return {"params": params, "layers": self.steps(2, numbers, flags, self.draw.randint(1, 4))}

    def steps(self, depth: int, numbers: list[str], flags: list[str], count: int) -> list[Any]:
        return [self.step(depth, numbers, flags) for _ in range(count)]

    def step(self, depth: int, numbers: list[str], flags: list[str]) -> Any:
        forms = [self.convolution, self.convolution, self.plain, self.use]
        if depth:
            forms += [self.residual, self.joined, self.gated]
        step = self.draw.choice(forms)(depth, numbers, flags)
        if flags and "branches" not in step and self.draw.random() < 0.2:
            step["when"] = f"${self.draw.choice(flags)}"
        elif "branches" not in step and self.draw.random() < 0.25:
            step["repeat"] = self.draw.choice([2, 3, "$rounds" if numbers else 4])
        return step

    def channels(self, numbers: list[str]) -> Any:
        own = [f"${name}" for name in numbers] + [f"$(2 * {name})" for name in numbers]
        return self.draw.choice([*own, *own, "$in_channels", "$(in_channels // 2 + 1)", 4, 6])

    def convolution(self, depth: int, numbers: list[str], flags: list[str]) -> Step:
        kernel = self.draw.choice([1, 3])
        given = {"out_channels": self.channels(numbers), "kernel_size": kernel, "padding": kernel // 2}
        return {"conv2d": given}

    def plain(self, depth: int, numbers: list[str], flags: list[str]) -> Step:
        return {self.draw.choice(["batch_norm2d", "relu", "tanh"]): None}

    def use(self, depth: int, numbers: list[str], flags: list[str]) -> Step:
        if not self.blocks:
            return self.plain(depth, numbers, flags)
        name = self.draw.choice(list(self.blocks))
        given: Step = {}
        for param in self.blocks[name]["params"]:
            known = {"flag": flags, "rounds": []}.get(param, numbers)
            values = {"flag": [True, False], "rounds": [1, 2, 3]}.get(param, [4, 6, 8])
            given[param] = self.draw.choice([*values, *[f"${own}" for own in known]])
        return {name: given}

    def residual(self, depth: int, numbers: list[str], flags: list[str]) -> Step:
        body = self.steps(depth - 1, numbers, flags, self.draw.randint(0, 2))
        align = {"conv2d": {"out_channels": 4, "kernel_size": 1}}
        skip: list[Any] = [align]
        return {"add": None, "branches": {self.draw.choice(["main", "5x5"]): [*body, align], "skip": skip}}

    def joined(self, depth: int, numbers: list[str], flags: list[str]) -> Step:
        first, second = (self.steps(depth - 1, numbers, flags, self.draw.randint(0, 2)) for _ in range(2))
        return {"concat": None, "branches": {self.draw.choice(["p", "1x1"]): first, "q": second}}

    def gated(self, depth: int, numbers: list[str], flags: list[str]) -> Step:
        squeeze = {"mean": {"dim": [2, 3], "keepdim": True}}
        gate = [squeeze, {"conv2d": {"out_channels": "$in_channels", "kernel_size": 1}}, "sigmoid"]
        return {"mul": None, "branches": {"gate": gate, "skip": []}}


@cache
def drawn(seed: int) -> tuple[str, Report] | None:
    spec = document(Blocks(seed).parts())
    totals = archcost.analyze(spec).totals
    is_small = totals.layers < MAX_LAYERS and totals.params < MAX_PARAMS and totals.activation_bytes < MAX_BYTES
    return exported(spec) if is_small else None


@pytest.mark.parametrize("seed", SEEDS)
def test_random_blocks(seed: int) -> None:
    found = drawn(seed)
    if found is None:
        pytest.skip("too large")
    text, report = found
    both_models(text, report)
    assert_same_outputs(text, report.graph)


def test_random_blocks_are_tidy(tmp_path: Path) -> None:
    found = {f"blocks_{seed}": drawn(seed) for seed in SEEDS}
    assert_tidy({name: source[0] for name, source in found.items() if source is not None}, tmp_path)
    assert sum(source is not None for source in found.values()) > len(SEEDS) / 2
