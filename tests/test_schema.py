"""The JSON Schemas: valid themselves, true of what the tool accepts and prints, and closed where it is."""

from __future__ import annotations

import json
import tomllib
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

import archcost
from archcost import model_zoo as zoo
from archcost.budget.config import KEYS, load_config
from archcost.budget.config_schema import config_schema
from archcost.errors import ConfigError, Source
from archcost.ops import REGISTRY
from archcost.render.schemas import document_schema
from archcost.spec.document import parse_document
from archcost.spec.loader import loads
from archcost.spec.schema import spec_schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Run

SPEC = jsonschema.Draft7Validator(spec_schema())
REPORT = jsonschema.Draft7Validator(document_schema("report"))
FILES = sorted(path for path in Path(zoo.folder()).rglob("*.yaml") if path.parent.name != "spaces")


def data(text: str) -> Any:
    return parse_document(Source("test", text))[0].plain()


def test_both_are_draft_07() -> None:
    for schema in (spec_schema(), document_schema("report")):
        jsonschema.Draft7Validator.check_schema(schema)
        assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_zoo_file_is_valid(path: Path) -> None:
    assert [error.message for error in SPEC.iter_errors(data(path.read_text(encoding="utf-8")))] == []


def test_every_op_is_described() -> None:
    definitions = spec_schema()["definitions"]
    assert set(REGISTRY) <= set(definitions)
    for kind, op in REGISTRY.items():
        text = json.dumps(definitions[kind])
        assert all(f'"{name}"' in text for name in op.fields)


HEAD = "archcost: 1\ninput: [3, 8, 8]\n"
WRONG = [
    "input: [3, 8, 8]\nlayers: [relu]\n",
    "archcost: 2\ninput: [3, 8, 8]\nlayers: [relu]\n",
    "archcost: 1\nlayers: [relu]\n",
    HEAD + "layer: [relu]\n",
    HEAD + "layers: relu\n",
    HEAD + "layers: [conv2d]\n",
    HEAD + "layers:\n  - conv2d: {out_channels: 4}\n",
    HEAD + "layers:\n  - conv2d: {out_channels: 0, kernel_size: 3}\n",
    HEAD + "layers:\n  - conv2d: {out_channels: four, kernel_size: 3}\n",
    HEAD + "layers:\n  - conv2d: {out_channels: 4, kernel_size: [3, 3, 3]}\n",
    HEAD + "layers:\n  - conv2d: {out_channels: 4, kernal_size: 3, kernel_size: 3}\n",
    HEAD + "layers:\n  - conv2d: {out_channels: 4, kernel_size: 3, bias: 1}\n",
    HEAD + "layers:\n  - conv2d: {out_channels: 4, kernel_size: 3, padding: some}\n",
    HEAD + "layers:\n  - dropout: half\n",
    HEAD + "layers:\n  - conv2d: 4\n",
    HEAD + "layers:\n  - relu: 0.5\n",
    HEAD + "layers:\n  - linear: [4]\n",
    HEAD + "layers:\n  - conv2d: {in_channels: three, out_channels: 4, kernel_size: 3}\n",
    HEAD + "layers:\n  - residual: []\n",
    HEAD + "layers:\n  - layers: [{conv2d: {out_channels: four, kernel_size: 3}}]\n",
    HEAD + "layers:\n  - relu:\n    repeat: -1\n",
    HEAD + "layers:\n  - relu:\n    id: a.b\n",
    HEAD + "layers:\n  - relu:\n    as: k\n",
    HEAD + "layers:\n  - concat:\n    branches: {}\n",
    HEAD + "layers: [relu]\nexpect: {parms: 0}\n",
    HEAD + "layers: [relu]\nexpect: {params: {tolerance: 1%}}\n",
    HEAD + "layers: [relu]\nbudgets: {speed: 1}\n",
    "archcost: 1\ninput: {shape: [3], dtype: float33}\nlayers: [relu]\n",
    "archcost: 1\ninput: [3, 0]\nlayers: [relu]\n",
]


@pytest.mark.parametrize("text", WRONG)
def test_wrong_specs_are_invalid_and_refused(text: str) -> None:
    assert list(SPEC.iter_errors(data(text)))
    with pytest.raises(archcost.SpecError):
        archcost.analyze(loads(text))


RIGHT = [
    "linear: 10",
    "linear: $(5 * 2)",
    "dropout: 0.5",
    "permute: [0, 2, 3, 1]",
    "conv2d: {in_channels: 3, out_channels: 4, kernel_size: 3}",
    "{id: 0, relu: }",
    "{layers: [relu, residual: [tanh]], repeat: 2}",
]


@pytest.mark.parametrize("step", RIGHT)
def test_short_forms_are_valid_and_read(step: str) -> None:
    text = HEAD + f"layers:\n  - {step}\n"
    assert list(SPEC.iter_errors(data(text))) == []
    assert archcost.analyze(loads(text)).layers


@pytest.mark.few
def test_reports_are_valid(cover_model: archcost.Report) -> None:
    REPORT.validate(cover_model.to_dict())


def test_error_reports_are_valid(run: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(HEAD + "layers:\n  - relu\n  - conv2d: {out_channels: 4, kernel_size: 99}\n")
    (tmp_path / "worse.yaml").write_text("layers: [}")
    names = ("bad.yaml", "worse.yaml", "missing.yaml")
    documents = json.loads(run("analyze", *names, "--format", "json", cwd=tmp_path).out)
    REPORT.validate(documents)
    assert [len(document["errors"]) for document in documents] == [1, 1, 1]


def test_the_command_prints_them(run: Callable[..., Run], tmp_path: Path) -> None:
    assert json.loads(run("schema", "spec").out) == spec_schema()
    target = tmp_path / "schema.json"
    run("schema", "report", "-o", str(target))
    assert json.loads(target.read_text()) == document_schema("report")


# --- configurations ---------------------------------------------------------------------------------------------------

CONFIG = jsonschema.Draft7Validator(config_schema())
RIGHT_CONFIGS = [
    "",
    'specs = ["*.yaml", "!old.yaml"]\nbaseline = "lock.json"\nallow_import = true\n',
    'specs = "net.yaml"\n[[budgets]]\nparams = "1%"\nmacs = {increase = "1%", floor = "10 k"}\nmessage = "agree"\n',
    '[[budgets]]\nspecs = ["net.yaml"]\nlayers = "stage_*"\nmacs = {max = "2 M", level = "warn"}\n',
    '[models.small]\nsource = "timm:resnet18"\ninput = "3x32x32"\nbudgets = {params = "60 k"}\n',
    '[models.pair]\nsource = "nets:build"\ninput = ["a=3x32x32", "ids=128:int64"]\n',
]
WRONG_CONFIGS = [
    'spec = "net.yaml"\n',
    "specs = []\n",
    'baseline = "lock.txt"\n',
    'allow_import = "yes"\n',
    '[[budgets]]\nspecs = "net.yaml"\n',
    '[[budgets]]\nparam = "1 k"\n',
    '[[budgets]]\nparams = "1 k"\nlevel = "loud"\n',
    '[[budgets]]\nparams = {floor = "1 k"}\n',
    '[models.small]\ninput = "3x32x32"\n',
    '[models.small]\nsource = "timm:resnet18"\nshape = "3x32x32"\n',
    '[models."@small"]\nsource = "timm:resnet18"\n',
    '[models."a.b"]\nsource = "timm:resnet18"\n',
]


@pytest.mark.parametrize("text", [*RIGHT_CONFIGS, *WRONG_CONFIGS])
def test_a_configuration_is_valid_where_it_is_read(text: str, tmp_path: Path) -> None:
    (tmp_path / "net.yaml").write_text(HEAD + "layers: [relu]\n")
    (tmp_path / "old.yaml").write_text(HEAD + "layers: [relu]\n")
    path = tmp_path / "archcost.toml"
    path.write_text(text)
    valid = not list(CONFIG.iter_errors(tomllib.loads(text)))
    assert valid == (text in RIGHT_CONFIGS)
    with nullcontext() if valid else pytest.raises(ConfigError):
        load_config(str(path))


def test_every_key_of_a_configuration_is_described() -> None:
    schema = config_schema()
    assert set(schema["properties"]) == set(KEYS)
    assert all("description" in each for each in schema["properties"].values())
