"""What is found without leaving the terminal: models, ops, a first spec, and the command that was meant."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

import archcost
from archcost import first_files, model_zoo
from archcost.cli import COMMANDS
from archcost.explaining.op_reference import op_references
from archcost.ops import REGISTRY
from archcost.ops.fields import REQUIRED
from archcost.spec.loader import loads
from archcost.zoo_index import INDEX, model_of
from tests.cover import zoo_models

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Run

ROOT = Path(__file__).parent.parent

# --- the zoo ----------------------------------------------------------------------------------------------------------

FOUND = [
    ("llama_3_8b", ["llama_3_8b"]),  # a name is that model, though tinyllama and others have it in theirs
    ("gpt2", ["gpt2"]),
    ("*gpt2*", ["gpt2", "gpt2_large", "gpt2_medium", "gpt2_xl"]),
    ("GPT-2", ["gpt2", "gpt2_large", "gpt2_medium", "gpt2_xl"]),  # a family, in its own spelling
    ("resnet?8", ["resnet18"]),
    ("vgg1[13]", ["vgg11", "vgg13"]),
    ("alexn", ["alexnet"]),
]


@pytest.mark.parametrize(("pattern", "names"), FOUND)
def test_models_are_found(pattern: str, names: list[str]) -> None:
    assert sorted(model.name for model in archcost.zoo(pattern)) == names


def test_a_family_and_a_pattern_narrow_each_other() -> None:
    assert [model.name for model in archcost.zoo("50", family="resnet")] == ["resnet50"]
    with pytest.raises(archcost.UsageError, match="no model 'resnet50' of the family VGG"):
        archcost.zoo("resnet50", family="VGG")


def test_what_fits_nothing_is_told_what_is_close(run: Callable[..., Run]) -> None:
    result = run("zoo", "resnt50")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: the zoo has no model 'resnt50'\nhelp: did you mean 'resnet50'")


def test_a_file_of_blocks_is_no_model(run: Callable[..., Run]) -> None:
    assert "it is a file of blocks, for `include: [zoo:blocks/common]` in a spec" in run("zoo", "blocks/common").err


def test_the_letters_of_formulas_stand_beside_them_on_a_page_of_80_columns(run: Callable[..., Run]) -> None:
    shown = run("ops", "conv2d", columns=80).out
    assert "in formulas" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_the_list_analyses_nothing(run: Callable[..., Run]) -> None:
    """In a process of its own: no spec is read, no op is there, and none of what computes figures."""
    code = (
        "import sys\nsys.argv = ['archcost', 'zoo', 'llama']\nfrom archcost.cli import main\n"
        "try:\n    main()\nexcept SystemExit as done:\n    assert not done.code\n"
        "rooms = ('archcost.graph', 'archcost.analysis', 'archcost.spec.loader', 'simpleeval', 'yaml')\n"
        "sys.exit(', '.join(name for name in sys.modules if name.startswith(rooms)) or 0)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert result.returncode == 0, result.stderr
    assert "llama_3_70b" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 100  # narrow where nobody says how wide


def test_a_model_that_the_index_lacks_is_analysed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what the index has without a spec is no model."""
    text = "archcost: 1\nfamily: Tiny\ninput: [4]\nlayers: [linear: {out_features: 3}]\n"
    (tmp_path / "new.yaml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(model_zoo, "folder", lambda: str(tmp_path))
    gone = model_of(archcost.analyze(loads(text, name="gone.yaml")))
    (tmp_path / INDEX).write_text(json.dumps([gone.to_dict()]), encoding="utf-8")
    (model,) = archcost.zoo()
    assert (model.name, model.params, model.macs, model.run_bytes) == ("new", 4 * 3 + 3, 4 * 3, 4 * (15 + 4 + 3))
    assert model.inputs == [{"name": "input", "shape": [1, 4], "dtype": "float32"}]
    (tmp_path / "broken.yaml").write_text("archcost: [\n", encoding="utf-8")
    with pytest.raises(archcost.SpecError):
        archcost.zoo()


def test_a_model_says_what_it_is(run: Callable[..., Run]) -> None:
    shown = run("zoo", "mobilenet_v2", columns=100).out
    for words in ("Sandler et al. 2018", "3,504,872", "300,774,272", "width_mult", "The rows of Table 2"):
        assert words in shown
    assert archcost.zoo("bert_large")[0].settings["layers"] == 24  # a variant's own, not those of what it extends


def test_a_copy_is_the_model_anywhere(tmp_path: Path, run: Callable[..., Run], pytestconfig: pytest.Config) -> None:
    """The same totals, and none of the figures that were expected of the model itself."""
    names = zoo_models(pytestconfig, few=True)
    for model in archcost.zoo():
        if model.name not in names:
            continue
        spec = loads(archcost.zoo_copy(model.name), name="copy.yaml", folder=str(tmp_path))
        totals = archcost.analyze(spec).totals
        assert (totals.params, totals.macs, totals.run_bytes) == (model.params, model.macs, model.run_bytes), model.name
        assert not spec.expect
    copied = run("zoo", "whisper_tiny", "--copy", "own/net.yaml", cwd=tmp_path)
    assert (copied.code, copied.out.startswith("wrote own/net.yaml: ")) == (0, True)
    assert "include: [zoo:blocks/whisper]" in (tmp_path / "own" / "net.yaml").read_text(encoding="utf-8")
    again = run("zoo", "gpt2", "--copy", "own/net.yaml", cwd=tmp_path)
    assert (again.code, again.err) == (2, "error: own/net.yaml is there already\nhelp: give another name\n")
    for words, message in (
        (("--copy", "x.yaml"), "--copy takes the name"),
        (("llama", "--copy", "x"), "no model 'llama'"),
    ):
        wrong = run("zoo", *words, cwd=tmp_path)
        assert (wrong.code, message in wrong.err) == (2, True)


# --- what zoo models take ---------------------------------------------------------------------------------------------

TAKEN = [  # MACs by hand or as published: see the comments of the specs
    ("gpt2", {"tokens": 2048}, 2048 * (12 * 768**2 * 12 + 50257 * 768) + 2 * 2048**2 * 768 * 12, None),
    ("mobilenet_v2", {"width_mult": 0.35, "head_mult": 0.35, "resolution": 144}, 23_499_152, 750_280),
    ("mobilenet_v2", {"width_mult": 0.35}, 59_285_808, 1_677_128),
    ("xception", {"resolution": 150}, 1_926_445_456, 22_855_952),
]


@pytest.mark.parametrize(("name", "params", "macs", "own"), TAKEN)
def test_models_take_what_their_networks_do(name: str, params: dict[str, Any], macs: int, own: int | None) -> None:
    totals = archcost.analyze(name, params=params).totals
    assert (totals.macs, totals.params if own else None) == (macs, own)


def test_a_longer_table_has_a_row_a_position() -> None:
    short, long = (archcost.analyze("gpt2", inputs=(tokens,)).totals.params for tokens in (512, 1500))
    assert (short, long - short) == (124_439_808, (1500 - 1024) * 768)
    decoding = archcost.analyze("gpt2", params={"past": 3000}, inputs=(1,)).totals.params
    assert decoding - short == (3001 - 1024) * 768


def test_image_models_take_images_that_are_no_squares(pytestconfig: pytest.Config) -> None:
    """Whatever has a resolution as a param, and asks for it nowhere else; what does is told so at its place."""
    refused: dict[str, str] = {}
    names = zoo_models(pytestconfig)
    for model in archcost.zoo():
        shapes = {one["name"]: one["shape"][1:] for one in model.inputs}
        if model.name not in names:
            continue
        if list(shapes) != ["input"] or len(shapes["input"]) != 3 or "resolution" not in model.settings:
            continue
        channels, height, width = shapes["input"]
        try:
            report = archcost.analyze(model.name, inputs=(channels, height, 2 * width))
        except archcost.SpecError as error:
            refused[model.family] = error.diagnostics[0].message
        else:
            assert report.totals.params >= model.params
            assert report.totals.macs > model.macs
    assert list(refused) == ["U-Net"]  # without padding: its two halves meet at few sizes
    assert "needs equal sizes in every other dim" in refused["U-Net"]


# --- ops --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", REGISTRY)
def test_every_op_has_an_example_and_formulas(kind: str) -> None:
    """The example is a spec of this op, sets what is required, and its formulas have the figures of its analysis."""
    (reference,) = op_references(kind)
    text = reference.example.text()
    report = archcost.analyze(loads(text))
    (layer,) = report.layers
    assert layer.op == kind
    required = {name for name, field in REGISTRY[kind].fields.items() if field.default is REQUIRED}
    assert required <= set(reference.example.attributes)
    formulas = dict(reference.formulas)
    assert (formulas["params"].value, formulas["MACs"].value, formulas["FLOPs"].value) == (
        layer.costs.params,
        layer.costs.macs,
        layer.costs.flops,
    )


def test_pages_of_torch_are_of_what_torch_has() -> None:
    """The address ends in a name that can be imported, so that the page is there as long as the name is."""
    import torch
    import torchvision

    places = {"torch": torch, "torchvision": torchvision}
    for reference in op_references():
        if reference.page:
            name = re.fullmatch(r"https://docs\.pytorch\.org/\w+/stable/generated/(\S+)\.html", reference.page)
            assert name is not None, reference.page
            found: Any = places
            for part in name[1].split("."):
                found = found[part] if isinstance(found, dict) else getattr(found, part)
            assert callable(found), reference.page


def test_ops_are_found(run: Callable[..., Run]) -> None:
    assert [one.kind for one in archcost.op_reference("ADAPTIVE-*2d")] == ["adaptive_avg_pool2d", "adaptive_max_pool2d"]
    assert [one.kind for one in archcost.op_reference("lstm")] == ["lstm"]
    assert {one.kind for one in archcost.op_reference("deform")} == {"deform_conv2d"}
    assert len(archcost.op_reference()) == len(REGISTRY)
    wrong = run("ops", "convd2")
    assert (wrong.code, wrong.err.splitlines()[0]) == (2, "error: there is no op 'convd2'")
    assert wrong.err.splitlines()[1].startswith("help: did you mean 'conv2d'")
    for word, kind in {"fc": "linear", "BN": "batch_norm2d", "swish": "silu", "dense": "linear"}.items():
        assert [one.kind for one in archcost.op_reference(word)] == [kind]
    several = run("ops", "adaptive", "--example")
    assert (several.code, "--example takes the name of an op" in several.err) == (2, True)


def test_an_example_is_printed_to_be_analysed(tmp_path: Path, run: Callable[..., Run]) -> None:
    assert run("ops", "conv2d", "--example", "-o", "net.yaml", cwd=tmp_path).code == 0
    shown = json.loads(run("analyze", "net.yaml", "--format", "json", cwd=tmp_path).out)
    assert shown["totals"]["macs"] == 14 * 14 * 128 * 3 * 3 * 64


# --- a first spec -----------------------------------------------------------------------------------------------------


def test_the_first_spec_is_right_and_within_its_budgets(tmp_path: Path, run: Callable[..., Run]) -> None:
    begun = run("init", cwd=tmp_path)
    assert (begun.code, begun.out.splitlines()[0]) == (0, "wrote net.yaml")
    assert run("validate", "net.yaml", cwd=tmp_path).code == 0
    checked = run("check", "net.yaml", cwd=tmp_path)
    assert (checked.code, "3 limits hold" in checked.out) == (0, True)
    assert json.loads(run("analyze", "net.yaml", "--format", "json", cwd=tmp_path).out)["spec"]["name"] == "net"
    for command in re.findall(r"`archcost (\w+)", (tmp_path / "net.yaml").read_text(encoding="utf-8")):
        assert command in COMMANDS


def test_nothing_is_written_over(tmp_path: Path, run: Callable[..., Run]) -> None:
    (tmp_path / "net.yaml").write_text("mine", encoding="utf-8")
    refused = run("init", cwd=tmp_path)
    assert (refused.code, "net.yaml is there already" in refused.err) == (2, True)
    assert (tmp_path / "net.yaml").read_text(encoding="utf-8") == "mine"
    assert run("init", "--force", cwd=tmp_path).code == 0
    assert run("validate", "net.yaml", cwd=tmp_path).code == 0
    (tmp_path / "archcost.toml").write_text("mine", encoding="utf-8")
    assert run("init", "other.yaml", "--ci", cwd=tmp_path).code == 2
    assert not (tmp_path / "other.yaml").exists()  # all or nothing
    assert not (tmp_path / ".github").exists()


def test_ci_is_ready_at_once(tmp_path: Path, run: Callable[..., Run]) -> None:
    """The configuration names the spec, and the workflow is looked at when it changes."""
    begun = run("init", "--ci", cwd=tmp_path)
    assert [line for line in begun.out.splitlines() if line.startswith("wrote")] == [
        "wrote specs/net.yaml",
        "wrote archcost.toml",
        "wrote .github/workflows/archcost.yml",
    ]
    assert run("baseline", "update", cwd=tmp_path).code == 0
    assert run("check", cwd=tmp_path).code == 0
    workflow = yaml.safe_load((tmp_path / first_files.WORKFLOW).read_text(encoding="utf-8"))
    assert workflow[True]["pull_request"]["paths"][0] == "specs/**"  # YAML 1.1 reads `on` as true


def test_ci_says_what_a_check_here_says(tmp_path: Path, run: Callable[..., Run]) -> None:
    """Growth that is meant passes both, once it is recorded: the workflow has no base branch to measure from."""
    assert run("init", "--ci", cwd=tmp_path).code == run("baseline", "update", cwd=tmp_path).code == 0
    spec = tmp_path / "specs" / "net.yaml"
    spec.write_text(spec.read_text(encoding="utf-8").replace("width: 16", "width: 17"), encoding="utf-8")
    assert run("check", cwd=tmp_path).code == 1
    assert run("baseline", "update", "--allow-increase", cwd=tmp_path).code == 0
    assert run("check", cwd=tmp_path).code == 0
    workflow = yaml.safe_load((tmp_path / first_files.WORKFLOW).read_text(encoding="utf-8"))
    *_, action = workflow["jobs"]["check"]["steps"]
    assert action["with"]["base"] == ""


def test_the_page_has_the_workflow() -> None:
    """The page leaves out the heading and says more of a line."""
    page = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    shown = re.search(r"```yaml\n# \.github/workflows/archcost\.yml\n(.*?)```", page, re.DOTALL)
    assert shown is not None
    own = yaml.safe_load(first_files.workflow_text())
    assert yaml.safe_load(shown[1]) == {key: value for key, value in own.items() if key != "name"}


@pytest.mark.parametrize("name", ["net.archcost.yaml", "models/net.archcost.yml", "net.yml"])
def test_ci_finds_specs_that_are_named_alike(name: str, tmp_path: Path, run: Callable[..., Run]) -> None:
    """And no other file of the folder, where the name says that it is a spec."""
    (tmp_path / "models").mkdir()
    for other in (tmp_path, tmp_path / "models"):
        (other / "environment.yaml").write_text("name: base\n", encoding="utf-8")
    assert run("init", name, cwd=tmp_path).code == 0
    begun = run("init", name, "--ci", cwd=tmp_path)
    assert f"git add {name} archcost.toml" in begun.out  # what is checked is committed, whoever wrote it
    assert run("baseline", "update", cwd=tmp_path).code == 0
    assert run("check", cwd=tmp_path).code == 0


def test_ci_for_a_spec_that_is_there(tmp_path: Path, run: Callable[..., Run]) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "own.yaml").write_text("archcost: 1\ninput: [3]\nlayers: [relu]\n", encoding="utf-8")
    result = run("init", "models/own.yaml", "--ci", cwd=tmp_path)
    assert (result.code, "wrote models/own.yaml" in result.out) == (0, False)
    assert 'specs = ["models/*.yaml"]' in (tmp_path / "archcost.toml").read_text(encoding="utf-8")
    assert (run("baseline", "update", cwd=tmp_path).code, run("check", cwd=tmp_path).code) == (0, 0)
    outside = run("init", "../own.yaml", "--ci", "--force", cwd=tmp_path)
    assert (outside.code, "--ci is for specs in a folder of this one" in outside.err) == (2, True)


def test_names_are_quoted_where_they_must_be() -> None:
    for name in ("net", "1x1", "a: b", "weiß", "#"):
        assert loads(first_files.spec_text(f"{name}.yaml")).name == name


def test_the_workflow_is_that_of_the_page_and_the_example() -> None:
    assert first_files.workflow_text() == (ROOT / "examples" / "github-workflow.yml").read_text(encoding="utf-8")


# --- the command that was meant ---------------------------------------------------------------------------------------

MEANT = [
    ("resnet50", "did you mean `archcost analyze resnet50`?"),
    ("net.yaml", "did you mean `archcost analyze net.yaml`?"),
    ("here", "did you mean `archcost analyze here`?"),
    ("analze", "did you mean 'analyze'?"),
    ("conv2d", "did you mean `archcost ops conv2d`?"),
    ("resnt50", "did you mean `archcost analyze resnet50`?"),
    ("xyzzy", "`archcost --help` lists them"),
]


@pytest.mark.parametrize(("word", "way_out"), MEANT)
def test_a_word_that_is_no_command(word: str, way_out: str, tmp_path: Path, run: Callable[..., Run]) -> None:
    (tmp_path / "here").write_text("", encoding="utf-8")
    result = run(word, cwd=tmp_path)
    assert (result.code, result.err) == (2, f"error: archcost has no command '{word}'\nhelp: {way_out}\n")


def test_an_op_in_place_of_a_spec(run: Callable[..., Run]) -> None:
    assert "help: conv2d is an op: `archcost ops conv2d` shows it" in run("explain", "conv2d").err
    assert "help: a param of a spec is set by `--set width=32`" in run("analyze", "resnet18", "width=32").err
