"""The table of what people write is in step with the ops, and is read when an error is told."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import pytest

from archcost.dtypes import DTYPE_BYTES, STORED_BITS
from archcost.errors import Mark, Source
from archcost.meter import Meter
from archcost.ops import REGISTRY
from archcost.spec.helps import synonyms
from archcost.spec.helps.kinds import meaning_of
from archcost.spec.helps.synonyms import KINDS, candidates, is_among, squashed, without_dims
from archcost.spec.vocabulary import MODIFIERS, TOP_KEYS
from archcost.spec.ways_out import Surroundings

WORDS = [word for words in KINDS for word in words.split()]
FIELDS = {field for op in REGISTRY.values() for field in op.fields}
ALIKE = {squashed(kind): kind for kind in REGISTRY}


def around(rank: int = 4) -> Surroundings:
    return Surroundings((), {}, Meter(), Mark(Source("net.yaml", ""), 0, 0), (1,) * rank)


def test_there_are_enough_words() -> None:
    assert len(WORDS) >= 300


def test_no_word_is_a_kind() -> None:
    assert [word for word in WORDS if squashed(word) in ALIKE] == [], "these are ops: their rows are never read"


def test_no_word_has_two_rows() -> None:
    assert [word for word, count in Counter(map(squashed, WORDS)).items() if count > 1] == []


@pytest.mark.parametrize("rank", [3, 4, 5])
def test_every_word_leads_to_ops_that_there_are_to_a_note_or_to_custom(rank: int) -> None:
    for word in WORDS:
        meaning = meaning_of(word, around(rank))
        assert meaning is not None, word
        assert meaning.steps or meaning.here.note or meaning.here.custom, word
        assert all(op.kind in REGISTRY and set(preset) <= set(op.fields) for op, preset in meaning.steps), word


def test_attributes_lead_to_attributes_of_ops() -> None:
    assert {target for targets in synonyms.ATTRIBUTES.values() for target in targets.split()} <= FIELDS


def test_dtypes_keys_and_modifiers_lead_to_such_as_there_are() -> None:
    assert {one for words in synonyms.DTYPES.values() for one in words.split()} <= {*DTYPE_BYTES, *STORED_BITS}
    keys = {*TOP_KEYS, "shape", "batch"}
    assert {one for words in synonyms.KEYS.values() for one in words.split()} <= keys
    assert set(synonyms.MODIFIERS.values()) <= set(MODIFIERS)


def test_no_modifier_is_a_word_for_another() -> None:
    assert not [word for word in MODIFIERS if candidates(synonyms.MODIFIERS, word)]


@pytest.mark.parametrize("kind", REGISTRY)
def test_a_kind_in_the_spelling_of_torch_is_found_by_rule(kind: str) -> None:
    spellings = [kind, kind.upper(), kind.replace("_", "-"), "".join(part.title() for part in kind.split("_"))]
    for word in [*spellings, REGISTRY[kind].__name__.strip("_") if REGISTRY[kind].stem != kind else kind]:
        meaning = meaning_of(word, around())
        assert meaning is not None
        assert [op.kind for op, _ in meaning.steps] == [kind]


@pytest.mark.parametrize(
    ("word", "rank", "kind"),
    [
        ("conv", 3, "conv1d"),
        ("conv", 4, "conv2d"),
        ("conv", 5, "conv3d"),
        ("batchnorm", 2, "batch_norm1d"),
        ("batchnorm", 3, "batch_norm1d"),
        ("BatchNorm", 5, "batch_norm3d"),
        ("maxpool", 4, "max_pool2d"),
        ("global_avg_pool", 3, "adaptive_avg_pool1d"),
        ("deconv", 5, "conv_transpose3d"),
        ("Conv1D", 4, "conv1d"),
    ],
)
def test_spatial_dims_follow_from_the_word_or_else_from_the_input(word: str, rank: int, kind: str) -> None:
    meaning = meaning_of(word, around(rank))
    assert meaning is not None
    assert [op.kind for op, _ in meaning.steps] == [kind]


def test_dims_stand_anywhere_in_a_word() -> None:
    assert without_dims("conv2dtranspose") == ("convtranspose", 2)
    assert without_dims("maxpool1d") == ("maxpool", 1)
    assert without_dims("relu6") == ("relu6", 0)


def test_words_are_compared_without_capitals_and_underscores() -> None:
    assert is_among(synonyms.IGNORED, "kernelInitializer")
    assert candidates(synonyms.DTYPES, "FP16") == ["float16"]


def test_the_table_is_read_only_where_an_error_is_told() -> None:
    code = (
        "import sys, archcost\n"
        "archcost.analyze('resnet18')\n"
        "print([name for name in sys.modules if name.startswith('archcost.spec.helps')])\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
