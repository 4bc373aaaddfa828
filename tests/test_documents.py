"""Documents: every format of the commands that make them, and JSON that its schema describes."""

from __future__ import annotations

import csv
import json
import re
from typing import TYPE_CHECKING, Annotated, Any, Never, NotRequired, get_args, get_type_hints, is_typeddict

import jsonschema
import pytest
from markdown_it import MarkdownIt

from archcost import model_zoo
from archcost.comparing.data import ChangeData, TotalDifferencesData, TotalsData
from archcost.documents import AtLeast, Identified, Matches, schema_of
from archcost.errors import UsageError
from archcost.figures import OF_LAYERS, TOTALS
from archcost.render.document import Cell, Column, Fact, Facts, Heading, Line, Table, TreeLine, branches_of
from archcost.render.formats import FORMATS
from archcost.render.printers.markdown import table_lines
from archcost.render.printing import format_of
from archcost.render.schemas import DOCUMENTS, SCHEMAS, document_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from conftest import Run

UNKNOWN = "archcost: 1\ninput: [8]\nlayers: [custom: {name: fft, output: [$batch, 8], params: 3}]\n"
LIMITED = """archcost: 1
input: [8]
layers: [{id: head, linear: {out_features: 8}}, {id: fft, custom: {name: fft, output: [$batch, 8], params: 3}}]
budgets: {params: 70, macs: 1 k, latency: 1 ms, layers: {head: {params: 72}}}
expect: {params: {value: 74, source: a paper}, output: [1, 9], layers: {nowhere: {params: 1}}}
"""
FAMILY = ("--family", "Building blocks")
CLOCK = ("--device", "cpu", "--threads", "1")
COMMANDS = {  # the schema of what a command prints
    "verdict": (
        ("check", "conv1x1"),
        ("check", "limited.yaml", "unknown.yaml", "--expect", "--exit-zero"),
        ("check", "limited.yaml", "--batch", "2", "--exit-zero"),
    ),
    "report": (
        ("analyze", "conv5x5_reduced"),
        ("analyze", "conv5x5", "inception_reduced", "--convention", "fvcore"),
        ("analyze", "unknown.yaml", "--columns", "intensity,receptive_field", "--weight-dtype", "int8"),
        ("analyze", "unknown.yaml", "--convention", "calflops", "--sort", "macs"),
        ("analyze", "transformer_base", "mixtral_8x7b"),
    ),
    "suggest": (
        ("suggest", "inception_naive"),
        ("suggest", "conv5x5", "--goal", "latency@t4", "--target", "99%"),
        ("suggest", "conv1x1"),
        ("suggest", "unknown.yaml", "--goal", "params"),
    ),
    "rewrites": (("suggest", "--list"),),
    "sweep": (
        ("sweep", "mobilenet_v1", "--vary", "width=0.5,1.0", "--vary", "middle=3,5", "--where", "params <= 3 M"),
        (
            "sweep",
            "resnet18",
            "--vary",
            "batch=1,2",
            "--zip",
            "resolution,num_classes=224/10,64/1000",
            "--sort",
            "-macs",
        ),
        ("sweep", "mobilenet_v1", "--vary", "width=0.5,1.0", "--count", "--where", "macs <= 50%"),
        ("sweep", "mobilenet_v1", "--vary", "width=0.5,1.0", "--histogram", "macs"),
        ("sweep", "mobilenet_v1", "--vary", "width=0.5,1.0", "--pareto", "min:macs,max:params", "--sample", "3"),
    ),
    "memory": (
        ("memory", "conv5x5_reduced"),
        ("memory", "conv5x5_reduced", "--schedule", "min-peak"),
        ("memory", "resnet18", "--optimizer", "adam", "--mixed", "float16", "--checkpoint", "layer?"),
        ("memory", "conv5x5", "conv5x5_reduced"),
    ),
    "microcontroller": (
        ("memory", "mcunet_vww0", "--fused"),
        ("memory", "conv5x5", "conv5x5_reduced", "--fused", "--dtype", "int8", "--inplace"),
    ),
    "prediction": (
        ("predict", "conv5x5", "--device", "rtx4090"),
        ("predict", "conv5x5", "conv1x1", "--device", "t4", "--batch", "1,64", "--mixed", "float16", "--compile"),
        ("predict", "conv5x5", "--device", "t4", "--optimizer", "adamw"),
    ),
    "training-cost": (
        ("predict", "gpt2", "--device", "a100", "--tokens", "300B", "--dtype", "bfloat16", "--price", "2.5"),
        ("predict", "conv5x5", "conv1x1", "--device", "t4", "--samples", "1M", "--devices", "8", "--mfu", "30%"),
    ),
    "page": (
        ("report", "conv5x5_reduced", "--device", "t4"),
        ("report", "inception_naive", "inception_reduced"),
        ("report", "unknown.yaml"),
        ("report", "llama_3_8b", "--set", "layers=2", "--training"),
    ),
    "comparison": (
        ("compare", "conv5x5", "conv1x1", "--device", "t4"),
        ("compare", "inception_naive", "inception_reduced"),
        ("compare", "mobilenet_v1", "mobilenet_v1", "--set-b", "width=0.5"),
        ("compare", "unknown.yaml", "conv5x5"),
        ("compare", "conv5x5", "conv5x5"),
    ),
    "side-by-side": (
        ("compare", "conv5x5", "conv5x5_reduced", "conv1x1"),
        ("compare", "unknown.yaml", "conv5x5", "conv1x1", "--sort", "macs"),
    ),
    "explanation": (
        ("explain", "googlenet"),
        ("explain", "inception_reduced", "5x5"),
        ("explain", "conv5x5", "conv5x5"),
        ("explain", "unknown.yaml"),
        ("explain", "unknown.yaml", "--in", "batch"),
        ("explain", "conv1x1", "mix", "--in", "size"),
    ),
    "reconciliation": (
        ("reconcile", "conv5x5"),
        ("reconcile", "resnet18", "--published", "1.8 GMACs", "--with", "fvcore,thop"),
        ("reconcile", "unknown.yaml"),
    ),
    "verification": (
        ("verify", "conv5x5_reduced"),
        ("verify", "conv5x5_reduced", *CLOCK, "--latency"),
        ("verify", "conv5x5_reduced", *CLOCK, "--latency", "--predict-device", "i9-10940x"),
        ("verify", "resnet18", "--against", "torchvision:resnet18"),
        ("verify", "unknown.yaml", "conv5x5"),
    ),
    "bench": (
        ("bench", "conv5x5_reduced", *CLOCK),
        ("bench", "conv5x5_reduced", *CLOCK, "--predict-device", "i9-10940x"),
        ("bench", "conv5x5_reduced", "unknown.yaml", "conv5x5", *CLOCK),
    ),
    "fits": (
        ("fits", "resnet18"),
        ("fits", "mcunet_vww0", "conv1x1"),
        ("fits", "llama_3_8b", "--device", "4090", "--kv-dtype", "float8", "--context", "4096"),
        ("fits", "resnet18", "--device", "t4", "--device", "4090", "--training"),
        ("fits", "mcunet_vww0", "--device", "stm32f746"),
    ),
    "devices": (("devices",), ("devices", "4090"), ("devices", "microcontroller")),
    "ops": (("ops", "*pool2d"), ("ops", "conv2d"), ("ops", "scaled_dot_product_attention")),
    "zoo": (("zoo", *FAMILY), ("zoo", "conv5x5"), ("zoo", "llama")),
    "zoo-check": (("zoo", "--check", *FAMILY),),
}
CASES = [(name, words) for name, commands in COMMANDS.items() for words in commands]


pytestmark = pytest.mark.usefixtures("fixed_clock")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a spec of which not all is known, and one that has limits of every kind."""
    (tmp_path / "limited.yaml").write_text(LIMITED, encoding="utf-8")
    (tmp_path / "unknown.yaml").write_text(UNKNOWN, encoding="utf-8")
    return tmp_path


# --- schemas ----------------------------------------------------------------------------------------------------------


def test_every_document_is_printed_by_a_case() -> None:
    assert set(COMMANDS) == set(DOCUMENTS)
    assert set(DOCUMENTS) < set(SCHEMAS)


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_draft_07(name: str, run: Callable[..., Run]) -> None:
    schema = json.loads(run("schema", name).out)
    jsonschema.Draft7Validator.check_schema(schema)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert name not in DOCUMENTS or schema == document_schema(name)


@pytest.mark.parametrize(("name", "words"), CASES)
def test_what_is_printed_follows_its_schema(
    name: str, words: tuple[str, ...], run: Callable[..., Run], folder: Path
) -> None:
    result = run(*words, "--format", "json", cwd=folder)
    assert result.code == 0, result.err
    assert model_zoo.folder() not in result.out  # a file of the zoo goes by its name
    printed = json.loads(result.out)
    strict = jsonschema.Draft7Validator(_closed(document_schema(name)))
    assert [error.message for error in strict.iter_errors(printed)] == []
    documents = printed if isinstance(printed, list) else [printed]
    own = None if name.startswith("zoo") else f"archcost.{name}/1"  # which `archcost schema` prints
    assert [each.get("schema") for each in documents] == [own] * len(documents)
    one = documents[0]
    schema = _one(name, one)
    assert set(schema["required"]) <= set(one) <= set(schema["properties"])
    bare = jsonschema.Draft7Validator({word: value for word, value in schema.items() if word != "properties"})
    for key in one:  # the properties hold, as all of it does
        rest = {other: value for other, value in one.items() if other != key}
        assert bare.is_valid(rest) is (key not in schema["required"])


def _closed(schema: Any) -> Any:
    """The schema without the leave to add keys: a key that has no type is a mistake of ours."""
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items()}
    return {"additionalProperties": False, **closed} if "properties" in schema else closed


def _one(name: str, document: dict[str, Any]) -> dict[str, Any]:
    """The schema of a single document: of those of several types, the one that it has."""
    types = [kind for kind in (get_args(DOCUMENTS[name]) or (DOCUMENTS[name],)) if is_typeddict(kind)]
    schemas = [schema_of(kind, name) for kind in types]
    (schema,) = [each for each in schemas if set(document) <= set(each["properties"])]
    return schema


def test_an_unknown_schema_is_bad_usage(run: Callable[..., Run]) -> None:
    result = run("schema", "nothing")
    assert result.code == 2
    assert "the name of a schema is one of spec, " in result.err
    assert "not 'nothing'" in result.err
    assert "Traceback" not in result.err


def test_a_difference_is_told_of_every_total() -> None:
    assert tuple(get_type_hints(TotalsData)) == TOTALS
    assert set(get_type_hints(TotalDifferencesData)) == set(TOTALS)
    assert tuple(get_type_hints(ChangeData))[: len(OF_LAYERS)] == OF_LAYERS


def test_a_schema_of_one_or_several_names_itself_in_each() -> None:
    class Sample(Identified):
        """A sample."""

    for kind in (Sample | list[Sample], list[Sample]):
        schema = schema_of(kind, "sample")
        assert schema["definitions"]["Sample"]["properties"] == {"schema": {"const": "archcost.sample/1"}}
    assert schema_of(Sample, "sample")["properties"] == {"schema": {"const": "archcost.sample/1"}}


FIGURES = {"batch": 1, "dtype": "float32", "inputs": [], "outputs": [], "totals": {}, "layers": []}


def test_a_failed_report_has_errors_and_no_figures(run: Callable[..., Run], folder: Path) -> None:
    (folder / "wrong.yaml").write_text("layers: [}", encoding="utf-8")
    failed = json.loads(run("analyze", "wrong.yaml", "--format", "json", cwd=folder).out)
    schema = jsonschema.Draft7Validator(document_schema("report"))
    assert schema.is_valid(failed)
    assert not schema.is_valid({**failed, "errors": []})
    assert not any(schema.is_valid({**failed, name: value}) for name, value in FIGURES.items())


OF_SEVERAL = {  # the commands of which specs may be wrong, by the schema of their documents
    "report": ("analyze",),
    "memory": ("memory",),
    "microcontroller": ("memory", "--fused"),
    "verification": ("verify",),
    "fits": ("fits", "--device", "t4"),
    "prediction": ("predict", "--device", "t4", "--batch", "1,2"),
    "training-cost": ("predict", "--device", "a100", "--samples", "1M"),
}


def test_every_document_that_may_be_of_a_wrong_spec_is_among_them() -> None:
    types = {name: {one.__name__ for one in get_args(kind) if is_typeddict(one)} for name, kind in DOCUMENTS.items()}
    assert {name for name, found in types.items() if {"FailedData", "FailedReportData"} & found} == set(OF_SEVERAL)


@pytest.mark.parametrize("name", OF_SEVERAL)
def test_a_wrong_spec_has_a_document_of_its_command(name: str, run: Callable[..., Run], folder: Path) -> None:
    """Alone, and beside others in a list: as the schema has it, with its problems and without a figure."""
    (folder / "wrong.yaml").write_text("archcost: 1\ninput: [3]\nlayers: [rellu]\n", encoding="utf-8")
    words = (*OF_SEVERAL[name], "--format", "json")
    alone = run(*words, "wrong.yaml", cwd=folder)
    beside = run(*words, "conv1x1", "wrong.yaml", cwd=folder)
    assert (alone.code, beside.code) == (2, 2)
    *others, last = json.loads(beside.out)
    assert len(others) == (2 if "1,2" in words else 1)  # a document for each batch
    schema = jsonschema.Draft7Validator(_closed(document_schema(name)))
    for printed in (json.loads(alone.out), [*others, last]):
        assert [error.message for error in schema.iter_errors(printed)] == []
    assert last["schema"] == f"archcost.{name}/1"
    assert [error["message"] for error in last["errors"]] == ["unknown kind 'rellu'"]
    assert not any("errors" in each for each in others)
    assert json.loads(alone.out) == last


@pytest.mark.parametrize(("name", "column"), [("fits", "run_bytes"), ("prediction", "op"), ("training-cost", "flops")])
def test_a_wrong_spec_has_a_row_beside_others(name: str, column: str, run: Callable[..., Run], folder: Path) -> None:
    """With its name and nothing else."""
    (folder / "wrong.yaml").write_text("archcost: 1\ninput: [3]\nlayers: [rellu]\n", encoding="utf-8")
    words = (*OF_SEVERAL[name], "conv1x1", "wrong.yaml", "--format", "csv")
    *others, last = csv.DictReader(run(*words, cwd=folder).out.splitlines())
    assert [value for value in last.values() if value] == [last["model"]]
    assert last["model"].startswith("wrong")
    assert column in last
    assert all(each["model"] == "conv1x1" for each in others)


# (where, what is wrong): the places of a report that more than a type is asked of
WRONG: list[tuple[tuple[str | int, ...], object]] = [
    (("unknown",), {}),
    (("unknown", "macs"), []),
    (("unknown", "macs"), "custom"),
    (("errors",), []),
    (("partial",), False),
    (("batch",), 0),
    (("inputs", 0, "shape", 0), 0),
    (("totals", "macs"), None),
    (("totals", "convention", "unit"), "ops"),
    (("totals", "convention", "figure"), -1),
    (("layers", 0, "convention", "figure"), -1),
    (("layers", 0, "macs"), -1),
    (("layers", 0, "line"), 0),
    (("layers", 0, "receptive_field"), {"size": [], "jump": [1]}),
    (("layers", 0, "receptive_field"), {"size": [[3]], "jump": ["half"]}),
    (("layers", 0, "receptive_field"), {"size": [[3]], "jump": [0.5]}),
    (("layers", 0, "receptive_field"), {"size": [[3]], "start": [1]}),
]


@pytest.mark.parametrize(("where", "wrong"), WRONG, ids=str)
def test_the_schema_of_a_report_asks_for_more_than_types(
    where: tuple[str | int, ...], wrong: object, run: Callable[..., Run], folder: Path
) -> None:
    words = ("analyze", "unknown.yaml", "--convention", "fvcore", "--format", "json")
    document = json.loads(run(*words, cwd=folder).out)
    right = {"size": [[3]], "start": ["-1/2"], "jump": ["1/2"]}
    document["layers"][0]["receptive_field"] = right
    schema = jsonschema.Draft7Validator(document_schema("report"))
    assert schema.is_valid(document)
    *path, last = where
    place: Any = document
    for step in path:
        place = place[step]
    place[last] = wrong
    assert not schema.is_valid(document)


def test_marks_of_a_type_become_words_of_its_schema() -> None:
    class Marked(Identified):
        """Marked places."""

        texts: Annotated[list[str], AtLeast(2), "Some text."]
        sizes: Annotated[dict[str, int], AtLeast(1)]
        ratio: Annotated[int | Annotated[str, Matches("^a$")], "A ratio."]
        never: NotRequired[Never]

    properties = schema_of(Marked, "marked")["properties"]
    assert properties["texts"] == {
        "type": "array",
        "items": {"type": "string"},
        "minItems": 2,
        "description": "Some text.",
    }
    assert properties["sizes"] == {"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 1}
    assert properties["ratio"] == {
        "anyOf": [{"type": "integer"}, {"type": "string", "pattern": "^a$"}],
        "description": "A ratio.",
    }
    assert properties["never"] == {"not": {}}


# --- formats ----------------------------------------------------------------------------------------------------------

SUFFIXES = {".json": "json", ".csv": "csv", ".md": "markdown", ".tex": "latex", ".txt": "table", "": "table"}
SHOWN = [commands[0] for name, commands in COMMANDS.items() if name != "page"]  # which has formats of its own
OWN_PAGE = ("--check", "check")  # commands with a page of their own, which is no table


def _written() -> Iterator[Any]:
    """Every command with every ending; two endings of each are not long, another two for the next command."""
    for number, words in enumerate(SHOWN):
        for place, suffix in enumerate(SUFFIXES):
            yield pytest.param(words, suffix, marks=[pytest.mark.long] if (number + place) % 3 else [])


@pytest.mark.parametrize(("words", "suffix"), list(_written()))
def test_the_name_of_a_file_decides(
    words: tuple[str, ...], suffix: str, run: Callable[..., Run], tmp_path: Path
) -> None:
    if words[0] == "sweep" and not suffix:
        return  # a folder of parts: tests/sweeping/test_output_folder.py
    own_page = SUFFIXES[suffix] == "table" and any(word in words for word in OWN_PAGE)
    listed = () if own_page else ("--format", SUFFIXES[suffix])
    expected = run(*words, *listed)
    written = run(*words, "-o", str(tmp_path / f"out{suffix}"))
    assert (written.code, written.out) == (0, "")
    assert (tmp_path / f"out{suffix}").read_text(encoding="utf-8") == expected.out


@pytest.mark.parametrize("words", SHOWN, ids=" ".join)
def test_a_format_that_is_asked_for_goes_before_the_name_of_the_file(
    words: tuple[str, ...], run: Callable[..., Run], tmp_path: Path
) -> None:
    assert run(*words, "--format", "csv", "-o", str(tmp_path / "out.json")).code == 0
    first, *_ = csv.reader((tmp_path / "out.json").read_text(encoding="utf-8").splitlines())
    assert all(heading.isidentifier() for heading in first)


@pytest.mark.parametrize("words", SHOWN, ids=" ".join)
def test_text_is_a_table_and_other_words_are_bad_usage(words: tuple[str, ...], run: Callable[..., Run]) -> None:
    assert run(*words, "--format", "text").out == run(*words, "--format", "table").out
    wrong = run(*words, "--format", "pdf")
    assert wrong.code == 2
    assert all(name in wrong.err for name in ("'pdf'", *FORMATS))
    assert "Traceback" not in wrong.err


def test_the_check_lists_every_figure_only_where_a_format_is_asked_for(run: Callable[..., Run]) -> None:
    summary, table = run("zoo", "--check", *FAMILY).out, run("zoo", "--check", *FAMILY, "--format", "table").out
    assert table.endswith(f"\n{summary}")
    assert "stated" in table.splitlines()[0]
    assert "stated  " not in summary


@pytest.mark.parametrize("path", ["a.JSON", "a.b/c.csv", None, "-", "/dev/stdout", "a.b/c"])
def test_a_name_without_an_ending_is_a_table(path: str | None) -> None:
    assert format_of(path) == {"a.JSON": "json", "a.b/c.csv": "csv"}.get(str(path), "table")


@pytest.mark.parametrize("path", ["a.md.gz", "a.html", "a.yaml", "a.xml"])
def test_an_ending_that_names_no_format_is_an_error(path: str) -> None:
    with pytest.raises(UsageError, match=re.escape(path)) as raised:
        format_of(path)
    assert all(f"{ending} ({name})" in raised.value.help for ending, name in SUFFIXES.items() if ending)


def test_an_ending_may_name_a_format_that_not_every_command_has(run: Callable[..., Run], tmp_path: Path) -> None:
    for name, beginning in (("a.sarif", '{\n  "$schema"'), ("a.xml", "<?xml")):
        assert run("check", "conv1x1", "-o", str(tmp_path / name)).code == 0
        assert (tmp_path / name).read_text(encoding="utf-8").startswith(beginning)
    assert run("verify", "conv1x1", "-o", str(tmp_path / "b.xml")).code == 0
    assert (tmp_path / "b.xml").read_text(encoding="utf-8").startswith("<?xml")
    assert run("analyze", "conv1x1", "-o", str(tmp_path / "c.xml")).code == 2


# --- names of anybody -------------------------------------------------------------------------------------------------

ODD = ["a|b", "a`b`", "a\\b", "a&b", "100%_of", "@here", "a$x^2$", "<b>", "#1", "x{}~"]
NET = """archcost: 1
name: {name}
family: {name}
source: {name}
input: [8]
layers:
  - linear: {{out_features: {width}}}
expect: {{params: {{value: 1, source: {name}}}}}
"""


SEVERAL = ("analyze", "0.yaml", "1.yaml")
FIGURES_OF_NAMES: tuple[tuple[str, ...], ...] = (
    ("analyze", "0.yaml", "--convention", "thop", "--columns", "flops"),
    SEVERAL,
    (*SEVERAL, "--depth", "1"),
    ("compare", "0.yaml", "1.yaml"),
    ("compare", "0.yaml", "1.yaml", "2.yaml"),
    ("zoo",),
    ("check", "0.yaml"),
    ("zoo", "--check"),
)
PROOFS: tuple[tuple[str, ...], ...] = (
    ("verify", "0.yaml"),
    ("verify", "0.yaml", "1.yaml"),
    ("verify", "0.yaml", *CLOCK, "--latency"),
    ("bench", "0.yaml", *CLOCK),
    ("bench", "0.yaml", "1.yaml", *CLOCK),
)


def _printed(
    name: str, commands: Iterable[tuple[str, ...]], run: Callable[..., Run], folder: Path
) -> dict[tuple[str, ...], tuple[str, str, str]]:
    """What documents of models of a name are as Markdown, LaTeX and trees, by the command."""
    for number in range(3):
        text = NET.format(name=json.dumps(f"{name}{number}"), width=8 + number)
        (folder / f"{number}.yaml").write_text(text, encoding="utf-8")
    shown = {}
    for words in commands:
        results = [run(*words, "--format", kind, cwd=folder) for kind in ("markdown", "latex", "tree")]
        assert [result.err for result in results] == ["", "", ""]
        markdown, latex, tree = (result.out for result in results)
        shown[words] = (markdown, latex, tree)
    return shown


def test_names_are_no_markup(
    run: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config
) -> None:
    """A document has as many elements, cells and lines as that of a model with a plain name.

    What is run with PyTorch is printed for every name with all tests, and else for two names each.
    """
    monkeypatch.setattr("archcost.model_zoo.folder", lambda: str(tmp_path))
    every = len(PROOFS) if not pytestconfig.getoption("--all") else 1
    plain = _printed("plain", (*FIGURES_OF_NAMES, *PROOFS), run, tmp_path)
    for number, name in enumerate(ODD):
        shown = _printed(name, (*FIGURES_OF_NAMES, *PROOFS[number % every :: every]), run, tmp_path)
        assert {words: _built(*texts) for words, texts in shown.items()} == {
            words: _built(*plain[words]) for words in shown
        }, name
        assert all(latex.isascii() for _, latex, _ in shown.values()), name


def _built(markdown: str, latex: str, tree: str) -> tuple[list[str], list[str], int]:
    """What each is made of: elements, commands, lines."""
    return _shape(markdown), _commands(latex), tree.count("\n")


_ESCAPED = re.compile(
    r"\\textbackslash\{\}|\\text(?:asciitilde|asciicircum|less|greater|bar|quotedbl|asciigrave)\{\}|\\[{}$&#%_]|\{\}|\{`\}"
)


def _commands(latex: str) -> list[str]:
    """What LaTeX runs or reads: commands, groups, cells and formulas."""
    return re.findall(r"\\[a-z]+|\\.|[{}&$%#_^~]", _ESCAPED.sub("", latex))


def _shape(text: str) -> list[str]:
    """The elements of Markdown, but for code, as which a name may be shown."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    return [part.type for token in tokens for part in (token, *(token.children or ())) if part.type not in _TEXT]


_TEXT = ("text", "code_inline", "text_special")


# --- marks ------------------------------------------------------------------------------------------------------------


def test_marks_stand_in_a_column_of_their_own() -> None:
    table = Table(
        [
            Column("change", [Cell("a", mark="+"), Cell("b", level=2, mark=" ")]),
            Column("MACs", ["1", Cell("2,000", "2 k")], right=True),
            Column("", [Cell(""), ""]),
        ]
    )
    assert list(table_lines(table)) == [
        "|  | change | MACs |",
        "| :-- | :-- | --: |",
        "| `+` | a | 1 |",
        "|  | &emsp;b | 2,000 |",
    ]
    assert list(branches_of([Heading("t"), table, Line("end", head="the ")])) == [
        TreeLine(0, "t"),
        TreeLine(1, "+ a: MACs 1"),
        TreeLine(2, "b: MACs 2 k"),
        TreeLine(0, "the end"),
    ]


def test_facts_are_exact_but_on_terminals_and_trees() -> None:
    facts = Facts([Fact("weights", Cell("2,048 B", "2.00 KiB"), "as int8"), Fact("FLOPs", Cell("1,000"))])
    assert facts.text(short=False) == "weights 2,048 B as int8 · FLOPs 1,000"
    assert list(branches_of([facts])) == [TreeLine(0, "weights 2.00 KiB as int8 · FLOPs 1,000")]
