"""Mixtures of experts of transformers: what torch's counter sees of them, and what it does not, by a formula."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import pytest

import archcost
from archcost.importers.importing import Ask, import_anew
from archcost.importers.sources import required_source
from archcost.named_specs import load_spec
from archcost.settings import InputShape
from archcost.spec.loader import loads
from tests.cover import one_of_each
from tests.importers.torch.recording_support import counted
from tests.importers.torch.transformers_models import MODELS, maker

if TYPE_CHECKING:
    from pathlib import Path

TOKENS, FEATURES, EXPERTS, TOP_K = 16, 32, 4, 2


class Mixture(NamedTuple):
    """Layers with experts, the width of an expert, and whether a router and its experts are one op."""

    layers: int
    hidden: int
    is_one_op: bool = True


MIXTURES = {
    "mixtral": Mixture(2, 64),
    "qwen2_moe": Mixture(2, 48),  # beside a shared expert, which is plain layers
    "qwen3_moe": Mixture(2, 48),
    "olmoe": Mixture(2, 64),
    "granitemoe": Mixture(2, 64),
    "phimoe": Mixture(2, 64),
    "glm4_moe": Mixture(1, 48),  # the first layer is dense
    "deepseek_v3": Mixture(1, 48),  # likewise
    "gpt_oss": Mixture(2, 64, is_one_op=False),  # its experts are clamped
    "ernie4_5_moe": Mixture(1, 48, is_one_op=False),  # its shares are normalized
}


@pytest.mark.parametrize("kind", one_of_each(MIXTURES, lambda kind: MIXTURES[kind].is_one_op))
def test_macs_are_those_of_the_counter_and_of_the_formula(kind: str, tmp_path: Path) -> None:
    options, shapes = MODELS[kind]
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"model_type": kind, **options}))
    source = f"transformers:{config}"
    inputs = {name: InputShape(shape) for name, shape in shapes.items()}
    spec = loads(import_anew(Ask(required_source(source), inputs)).text, name=kind)
    report = archcost.analyze(spec)

    mixture = MIXTURES[kind]
    # Each token goes through two experts of four, and each of these has three matrices of features × hidden:
    # gate and up, which the models keep as one, and down.
    grouped = mixture.layers * TOKENS * TOP_K * 3 * FEATURES * mixture.hidden
    router = mixture.layers * TOKENS * FEATURES * EXPERTS if mixture.is_one_op else 0
    op = "mixture_of_experts" if mixture.is_one_op else "custom"
    assert sum(layer.macs for layer in report.layers if layer.op == op) == grouped + router
    # The plain model, run on the CPU and counted by torch alone: it sees the router, and nothing of the experts.
    assert report.totals.macs == counted(*maker(kind), 1, "cpu") + grouped

    verification = archcost.verify(spec, against=source)
    assert [str(mismatch) for mismatch in verification.mismatches] == []
    against = verification.against
    assert against is not None
    assert (against.unseen_macs, against.other_macs) == (grouped, report.totals.macs)
    assert f"{grouped:,} MACs of {source} are grouped products of experts" in verification.notes[-1]
    assert (len(against.pairs), against.only_other) == (against.layers, ())


@pytest.mark.parametrize("kind", ["mixtral", pytest.param("qwen3_moe", marks=pytest.mark.long)])
def test_a_file_of_a_mixture_is_proved_against_the_library(kind: str, tmp_path: Path) -> None:
    """The op of the family spec is the router and the grouped products of the library, of which one more is told."""
    options, _ = MODELS[kind]
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"model_type": kind, **options}))
    spec = load_spec(str(config))
    against = f"transformers:{config}"
    usual = archcost.verify(spec, against=against, params={"tokens": TOKENS})
    assert usual.against is not None
    assert (usual.mismatches, usual.against.kind_unknown, usual.proved) == ((), 0, True)
    more = archcost.verify(spec, against=against, params={"tokens": TOKENS, "experts_per_token": TOP_K + 1})
    assert any(found.path.endswith("experts") and found.metric == "macs" for found in more.mismatches)
