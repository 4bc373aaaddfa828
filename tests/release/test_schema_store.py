"""What goes to SchemaStore: a schema under its address, an entry, and samples that archcost judges alike."""

from __future__ import annotations

import fnmatch
import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

import archcost
from archcost.errors import Source
from archcost.ops import REGISTRY
from archcost.spec.document import parse_document
from archcost.spec.loader import load
from archcost.spec.schema import spec_schema
from scripts import schemastore

if TYPE_CHECKING:
    from pathlib import Path

GOOD = sorted((schemastore.ROOT / "test").iterdir())
BAD = sorted((schemastore.ROOT / "negative_test").iterdir())
SCHEMA = jsonschema.Draft7Validator(schemastore.schema())


def data(path: Path) -> Any:
    return parse_document(Source(path.name, path.read_text(encoding="utf-8")))[0].plain()


def test_the_files_are_where_schemastore_has_them(tmp_path: Path) -> None:
    written = {path.relative_to(tmp_path).as_posix() for path in schemastore.write(tmp_path)}
    samples = {f"src/test/archcost/{path.name}" for path in GOOD}
    samples |= {f"src/negative_test/archcost/{path.name}" for path in BAD}
    assert written == {"src/schemas/json/archcost.json", "catalog-entry.json", *samples}
    text = (tmp_path / "src" / "schemas" / "json" / "archcost.json").read_text(encoding="utf-8")
    assert json.loads(text) == schemastore.schema()
    assert text.count("\n") == 1
    assert len(text.encode()) < 256 * 1024


def test_the_schema_is_that_of_the_command_under_its_address() -> None:
    made = schemastore.schema()
    jsonschema.Draft7Validator.check_schema(made)
    assert made["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert made.pop("$id") == schemastore.entry()["url"] == "https://www.schemastore.org/archcost.json"
    assert made == spec_schema()


def test_the_entry_is_of_files_with_our_ending() -> None:
    entry = schemastore.entry()
    assert set(entry) == {"name", "description", "fileMatch", "url"}
    for name in [path.name for path in [*GOOD, *BAD]]:
        assert any(fnmatch.fnmatch(name, each) for each in entry["fileMatch"])
    for name in ("net.yaml", "archcost.yaml", "docker-compose.yaml", "notarchcost.yaml"):
        assert not any(fnmatch.fnmatch(name, each) for each in entry["fileMatch"])


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.name)
def test_good_samples_are_valid_and_analysed(path: Path) -> None:
    assert [error.message for error in SCHEMA.iter_errors(data(path))] == []
    spec = load(str(path))
    if spec.main.steps:  # one is a library of blocks
        assert archcost.analyze(spec).layers


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.name)
def test_bad_samples_are_invalid_and_refused(path: Path) -> None:
    assert list(SCHEMA.iter_errors(data(path)))
    with pytest.raises(archcost.SpecError):
        archcost.analyze(str(path))


def test_samples_show_all_of_the_language() -> None:
    """Every key of a spec and every modifier of a step is in a sample, so that a schema that loses one is noticed."""
    text = "".join(path.read_text(encoding="utf-8") for path in GOOD)
    made = spec_schema()
    step = made["definitions"]["step"]["anyOf"][1]["properties"]
    keys = (set(made["properties"]) | {key for key in step if key not in REGISTRY}) - {"family"}  # which is the zoo's
    assert {key for key in keys if f"{key}:" not in text} == set()
