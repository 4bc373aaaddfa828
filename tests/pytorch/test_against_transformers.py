"""Imported models of transformers against the models themselves: a cover of the ways in which they are written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import archcost
from archcost.importers.importing import Ask, import_anew
from archcost.importers.sources import required_source
from archcost.settings import InputShape
from archcost.spec.loader import loads
from tests.cover import some
from tests.importers.torch.transformers_models import MODELS

if TYPE_CHECKING:
    from pathlib import Path

# By model type: the class of the model, where it is not the bare one, and what its layers have that others have not.
COVER = {
    "bert": "BertForMaskedLM",  # a head that shares a matrix, with a bias of its own
    "gpt2": "",  # matrices in × out; masks that are read
    "llama": "LlamaForCausalLM",  # norms that are written out
    "deberta-v2": "",  # a table that goes through layers; numbers of the ids that are read
    "mamba": "",  # a layer whose tensors others take one by one
    "rwkv": "",  # weights that are scaled in place before the first run
    "wav2vec2": "",  # a weight that is normalized
    "whisper": "",  # an encoder and a decoder
    "swin": "",  # tables of biases
    "falcon": "",  # plain products
}


@pytest.mark.parametrize("kind", some(COVER, {"bert", "llama", "wav2vec2", "whisper"}))
def test_every_layer_is_aligned(kind: str, tmp_path: Path) -> None:
    options, shapes = MODELS[kind]
    named = {"architectures": [COVER[kind]]} if COVER[kind] else {}
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"model_type": kind, **options, **named}))
    source = f"transformers:{config}"
    inputs = {name: InputShape(shape) for name, shape in shapes.items()}
    spec = loads(import_anew(Ask(required_source(source), inputs)).text, name=kind)
    verification = archcost.verify(spec, against=source)
    assert [str(mismatch) for mismatch in verification.mismatches] == []
    against = verification.against
    assert against is not None
    assert (len(against.pairs), against.only_spec, against.only_other) == (against.layers, (), ())
    assert (against.other_params, against.other_macs) == (against.params, against.macs)
