"""What sources make: models of libraries and of one's own, and what each takes."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import nn

import archcost
from archcost.errors import UsageError
from archcost.given_inputs import read_inputs
from archcost.importers.sources import required_source
from archcost.importers.torch.samples import sample_of
from archcost.importers.torch.targets import live_target, target_of

if TYPE_CHECKING:
    from pathlib import Path

TINY = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64, "vocab_size": 99}
TINY_T5 = {"d_model": 32, "d_kv": 16, "d_ff": 64, "num_layers": 1, "num_heads": 2, "vocab_size": 99}
TINY_WHISPER = {
    "d_model": 32, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2, "decoder_attention_heads": 2,
    "num_mel_bins": 8, "max_source_positions": 20, "max_target_positions": 12, "vocab_size": 99, "pad_token_id": 0,
    "encoder_ffn_dim": 64, "decoder_ffn_dim": 64, "bos_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 1,
}  # fmt: skip


def sample(text: str, *words: str) -> str:
    """What a source is run with, as it is told."""
    target = target_of(required_source(text))
    with torch.device("meta"):
        model = target.make()
    return str(sample_of(read_inputs(words), target.sample(model), model, text))


def configuration(folder: Path, **data: Any) -> str:
    (folder / "config.json").write_text(json.dumps(data))
    return f"transformers:{folder}"


# --- libraries --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "takes"),
    [
        ("torchvision:resnet18", "3x224x224"),
        ("torchvision:inception_v3", "3x299x299"),
        ("torchvision:fcn_resnet50", "3x520x520"),
        ("torchvision:r3d_18", "3x16x112x112"),
        ("torchvision:vit_h_14", "3x224x224"),  # its best weights are those of a larger one, of 518
        ("timm:resnet18", "3x224x224"),
        ("timm:resnet18.a1_in1k", "3x224x224"),
        ("timm:vit_tiny_patch16_384", "3x384x384"),
    ],
)
def test_libraries_say_what_their_models_take(text: str, takes: str) -> None:
    assert sample(text) == takes
    assert sample(text, "3x64x64") == "3x64x64"


def test_optical_flow_is_of_two_images() -> None:
    assert sample("torchvision:raft_small") == "image1=3x512x512, image2=3x512x512"


@pytest.mark.long
def test_optical_flow_has_its_published_figures() -> None:
    totals = archcost.analyze(archcost.import_model("torchvision:raft_small")).totals
    assert (totals.params, totals.macs) == (990_162, 47_655_157_760)  # published: 990162 and 47.655 G


@pytest.mark.parametrize(
    ("data", "takes"),
    [
        ({"model_type": "bert", **TINY, "max_position_embeddings": 64}, "input_ids=64:int64"),
        ({"model_type": "bert", **TINY}, "input_ids=128:int64"),
        ({"model_type": "t5", **TINY_T5}, "input_ids=128:int64, decoder_input_ids=128:int64"),
        ({"model_type": "vit", **TINY, "image_size": 32}, "pixel_values=3x32x32"),
        ({"model_type": "vit", **TINY, "image_size": [32, 48], "num_channels": 1}, "pixel_values=1x32x48"),
        ({"model_type": "whisper", **TINY_WHISPER}, "input_features=8x40, decoder_input_ids=12:int64"),
        ({"model_type": "bert", **TINY, "dtype": "bfloat16"}, "input_ids=128:int64"),
        ({"model_type": "vit", **TINY, "image_size": 32, "dtype": "bfloat16"}, "pixel_values=3x32x32:bfloat16"),
    ],
)
def test_what_a_model_of_transformers_takes_follows_from_its_configuration(
    data: dict[str, Any], takes: str, tmp_path: Path
) -> None:
    assert sample(configuration(tmp_path, **data)) == takes


def test_the_class_is_that_of_the_configuration(tmp_path: Path) -> None:
    source = configuration(tmp_path, model_type="bert", **TINY, architectures=["BertForMaskedLM"])
    with torch.device("meta"):
        named = target_of(required_source(source)).make()
        bare = target_of(required_source(configuration(tmp_path, model_type="bert", **TINY))).make()
    assert (type(named).__name__, type(bare).__name__) == ("BertForMaskedLM", "BertModel")
    assert {parameter.device.type for parameter in named.parameters()} == {"meta"}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "has no 'model_type'"),
        ({"model_type": 3}, "has no 'model_type'"),
        ({"model_type": "brt"}, "has no model_type 'brt'\nhelp: did you mean 'bert'"),
        ({"model_type": "own", "auto_map": {"AutoModel": "net.Net"}}, "the code of a repository is not run"),
        ({"model_type": "bert", "architectures": ["BertForNothing"]}, "has no model 'BertForNothing'"),
        ({"model_type": "bert", "architectures": ["AutoModel"]}, "has no model 'AutoModel'"),
        ({"model_type": "bert", "hidden_size": "wide"}, "cannot be read"),
    ],
)
def test_configurations_that_name_no_model(data: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message):
        target_of(required_source(configuration(tmp_path, **data)))


@pytest.mark.parametrize(("text", "message"), [("{", "is not JSON"), ("[]", "holds no configuration"), ("", "is not")])
def test_files_that_are_no_configuration(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(UsageError, match=message):
        target_of(required_source(f"transformers:{tmp_path}/config.json"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("torchvision:resnet51", "torchvision has no model 'resnet51'\nhelp: did you mean 'resnet5"),
        ("timm:resnet51", "timm has no model 'resnet51'\nhelp: did you mean 'resnet5"),
        ("timm:hf-hub:a/b", "timm has no model"),
        ("transformers:nowhere/config.json", "cannot read nowhere/config.json: there is no such file"),
    ],
)
def test_models_that_a_library_does_not_have(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        target_of(required_source(text))


@pytest.mark.parametrize("library", ["torchvision", "timm", "transformers"])
def test_a_library_that_is_missing_is_named_with_the_command(
    library: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from archcost import extras

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))  # nothing is kept of an earlier import
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == library else name)
    with pytest.raises(archcost.MissingExtraError, match=rf"pip install 'archcost\[import\]' {library}"):
        archcost.load(f"{library}:resnet18")
    monkeypatch.setattr(extras, "find_spec", lambda _: None)
    with pytest.raises(archcost.MissingExtraError, match=r"needs torch.*\n.*pip install 'archcost\[import\]'"):
        archcost.load(f"{__name__}:Net")


# --- inputs -----------------------------------------------------------------------------------------------------------


class Net(nn.Module):
    """Two inputs, and tensors of every kind that a module holds."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(10, 4)
        self.head = nn.Linear(4, 4)
        self.other = nn.Linear(4, 4)
        self.other.weight = self.head.weight
        self.register_buffer("shift", torch.ones(4))
        self.plain = torch.ones(4)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        embedded = self.table(ids) * mask.unsqueeze(-1)
        return self.other(self.head(embedded + self.shift) * self.plain)


INSTANCE = Net()
SOURCE = f"{__name__}:Net"


def test_inputs_go_by_name_or_by_place() -> None:
    assert sample(SOURCE, "ids=3:int64", "mask=3:bool") == "ids=3:int64, mask=3:bool"
    assert sample(f"{__name__}:INSTANCE", "mask=3", "ids=3:int32") == "mask=3, ids=3:int32"
    assert sample("torch.nn:ReLU", "7") == "7"
    assert sample("torch.nn:ReLU", "input=7") == "7"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            (),
            r"does not know what .*:Net takes\nhelp: .*`--input ids=128:int64 --input mask=128` \(it takes ids, mask\)",
        ),
        (("idx=3",), r"the model has no input 'idx'\nhelp: did you mean 'ids'"),
    ],
)
def test_inputs_that_nobody_knows(words: tuple[str, ...], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        sample(SOURCE, *words)


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_numbers_of_inputs_are_places_truths_or_chance(device: str) -> None:
    target = target_of(required_source(SOURCE))
    with torch.device("meta"):
        made = sample_of(read_inputs(["ids=3:int64", "mask=3:bool"]), None, target.make(), SOURCE)
    inputs = made(2, torch.device(device))
    assert (inputs.args, inputs.names) == ((), ("ids", "mask"))
    shapes = {name: (tuple(tensor.shape), tensor.dtype) for name, tensor in inputs.kwargs.items()}
    assert shapes == {"ids": ((2, 3), torch.int64), "mask": ((2, 3), torch.bool)}
    if device == "cpu":
        assert not inputs.kwargs["ids"].any()
        assert inputs.kwargs["mask"].all()


# --- modules that are there -------------------------------------------------------------------------------------------


def state(module: nn.Module) -> list[tuple[str, int, bool, str]]:
    tensors = module.state_dict(keep_vars=True)
    return [(name, id(each), each.requires_grad, each.device.type) for name, each in tensors.items()]


@pytest.mark.parametrize("device", ["meta", "cpu"])
def test_a_live_module_is_copied_and_stays_as_it_is(device: str) -> None:
    module = Net().train()
    before = state(module)
    with torch.device(device):
        first, second = (live_target(module).make() for _ in range(2))
    assert state(module) == before
    assert module.training
    assert {parameter.device.type for parameter in first.parameters()} == {device}
    assert {first.plain.device.type, first.shift.device.type} == {device}
    assert first.head.weight is first.other.weight
    mine, others = set(map(id, first.parameters())), set(map(id, second.parameters()))
    assert mine.isdisjoint(others | set(map(id, module.parameters())))
    if device == "cpu":
        assert first.head.weight.data_ptr() != module.head.weight.data_ptr()
        assert torch.equal(first.head.weight, module.head.weight)


def test_a_module_is_imported_from_python() -> None:
    """Params: 10·4 in the table, 4·4 shared, two biases of 4. MACs: two layers of 4·4 for each of 3 tokens."""
    module = Net()
    before = state(module)
    spec = archcost.import_model(module, {"ids": (3,), "mask": (3,)} | dict(read_inputs(["ids=3:int64"])))
    assert state(module) == before
    report = archcost.analyze(spec, batch=5)
    assert (report.totals.params, report.totals.macs) == (10 * 4 + 4 * 4 + 2 * 4, 5 * 3 * 2 * 4 * 4)
    assert (spec.name, report.spec.path) == ("Net", "Net")
    assert spec.text.startswith("archcost: 1\nname: Net\n")
    assert archcost.import_model(SOURCE, "ids=3:int64 mask=3").inputs.keys() == {"ids", "mask"}


def test_modules_that_cannot_be_copied_are_told() -> None:
    module = Net()
    module.handle = sys.stderr  # no file can be copied
    with pytest.raises(UsageError, match="Net cannot be made: TypeError: cannot pickle"):
        archcost.import_model(module, "ids=3:int64 mask=3")
