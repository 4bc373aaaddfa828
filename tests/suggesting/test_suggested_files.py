"""Changed specs whose text is in several files, or under settings: each is one file that stands by itself."""

from __future__ import annotations

import os
from time import process_time
from typing import TYPE_CHECKING

import pytest

import archcost
from archcost.analysis.report import analyze
from archcost.named_specs import read_spec
from archcost.settings import InputShape, Settings
from archcost.spec.loader import loads
from archcost.suggesting.edits import LocalChange, NewSteps
from archcost.suggesting.grounds import MAX_LAYERS, grounded
from archcost.suggesting.places import JointChange
from archcost.suggesting.rewrites.convolutions import Reduction
from archcost.suggesting.rewriting import rewritten
from archcost.suggesting.yaml_text import UnwritableError
from tests.shared import zoo_report

if TYPE_CHECKING:
    from pathlib import Path

    from archcost.graph.model import Graph

LONGER = NewSteps("longer", ("relu", "relu"))
COMMON = """archcost: 1
include: [deep/act.yaml, zoo:blocks/inception]
blocks:
  twice:   # two of them
    params:
      width:
    layers:
      - act
      - conv_relu: {out: $width, kernel: 1}
      - {id: end, act}
"""
ACT = "archcost: 1\nblocks: {act: {layers: [relu]}}\n"
NET = """archcost: 1
name: net
include: blocks/common.yaml
params: {width: 4, depth: 2}
input: [3, 8, 8]
layers:
  - {id: body, repeat: $depth, twice: $width}
expect:
  params: 260
budgets: {params: 1 k}
"""
VARIANT = """archcost: 1
name: wide
extends: nets/net.yaml
source: "nobody"
params:
  width: $(max(8, 6))
budgets:
  params: 2 k   # a limit of its own
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A spec that extends another one, which includes blocks, which include blocks."""
    for name, text in {
        "wide.yaml": VARIANT,
        "nets/net.yaml": NET,
        "nets/blocks/common.yaml": COMMON,
        "nets/blocks/deep/act.yaml": ACT,
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def changed(graph: Graph, paths: list[str], where: Path, name: str = "") -> str:
    """A spec with relus doubled, written to a folder."""
    index = {node.path: number for number, node in enumerate(graph.nodes)}
    change = LocalChange({index[path]: LONGER for path in paths})
    return rewritten(grounded(graph, folder=str(where), name=name), [JointChange(Reduction, (change,))]).text


@pytest.mark.parametrize("elsewhere", [False, True])
@pytest.mark.parametrize("file", ["wide.yaml", "nets/net.yaml"])
def test_a_spec_of_several_files_becomes_one(folder: Path, file: str, elsewhere: bool) -> None:
    graph = archcost.analyze(folder / file).graph
    where = folder / "other" if elsewhere else (folder / file).parent
    where.mkdir(exist_ok=True)
    text = changed(graph, ["body.0.end.relu", "body.1.end.relu"], where, "changed")
    (where / "changed.yaml").write_text(text, encoding="utf-8")
    report = archcost.analyze(where / "changed.yaml")
    assert report.name == "changed"
    assert len(report.layers) == len(graph.nodes) + 2
    assert ("deep/act.yaml" in text, "extends" in text, "expect" in text) == (False, False, False)
    if elsewhere:
        assert 'include: ["zoo:blocks/inception"]' in text
        assert os.listdir(where) == ["changed.yaml"]


def test_what_a_variant_says_is_what_holds(folder: Path) -> None:
    text = changed(archcost.analyze(folder / "wide.yaml").graph, ["body.0.act.relu"], folder)
    assert 'params: {width: "$(max(8, 6))", depth: 2}' in text
    assert "budgets:\n  params: 2 k" in text
    assert "1 k" not in text
    assert "name: wide\n" in text
    assert "# made of wide: nobody\n" in text
    assert "source:" not in text  # it is not that model any more
    assert "include: nets/blocks/common.yaml\n" in text


def test_blocks_of_other_files_are_copied_and_not_changed(folder: Path) -> None:
    graph = archcost.analyze(folder / "nets/net.yaml").graph
    before = {path: path.read_text(encoding="utf-8") for path in folder.rglob("*.yaml")}
    text = changed(graph, ["body.1.end.relu"], folder / "nets")
    assert {path: path.read_text(encoding="utf-8") for path in folder.rglob("*.yaml")} == before
    assert "  twice_changed:   # two of them\n    params:\n      width:\n    layers:\n      - act\n" in text
    assert "      - {id: end, act_reduction}\n" in text
    assert '$("twice" if i == 0 else "twice_changed")' in text


def test_params_that_were_set_are_defaults_of_the_changed_spec(folder: Path) -> None:
    spec = read_spec(str(folder / "nets/net.yaml"))
    graph = analyze(spec, Settings(params={"depth": 3})).graph
    text = changed(graph, ["body.2.end.relu"], folder / "nets")
    assert "params: {width: 4, depth: 3}" in text
    (folder / "nets/changed.yaml").write_text(text, encoding="utf-8")
    assert len(archcost.analyze(folder / "nets/changed.yaml").layers) == len(graph.nodes) + 1


def test_sizes_of_inputs_that_are_params_are_too() -> None:
    graph = analyze(read_spec("vgg11"), Settings(inputs={"": InputShape((3, 64, 64))})).graph
    ground = grounded(graph)
    assert "params: {resolution: 64," in ground.spec.text
    assert analyze(ground.spec).inputs == {"input": (1, 3, 64, 64)}


def test_files_of_the_zoo_are_named_as_such(tmp_path: Path) -> None:
    graph = zoo_report("resnet34").graph
    text = changed(graph, ["relu"], tmp_path)
    assert 'include: ["zoo:blocks/resnet"]' in text
    assert "depths: [3, 4, 6, 3]" in text


def test_what_is_too_large_is_not_looked_at() -> None:
    text = f"archcost: 1\ninput: [3]\nlayers: [{{relu, repeat: {MAX_LAYERS + 1}}}]\n"
    graph = analyze(loads(text)).graph
    with pytest.raises(UnwritableError, match="only models of up to 100,000 layers"):
        grounded(graph)


def test_two_suggestions_for_one_layer_are_refused() -> None:
    graph = analyze(loads("archcost: 1\ninput: [3]\nlayers: [relu]\n")).graph
    one = JointChange(Reduction, (LocalChange({0: LONGER}),))
    other = JointChange(Reduction, (LocalChange({0: LONGER._replace(name="other")}),))
    with pytest.raises(UnwritableError, match="two suggestions change relu"):
        rewritten(grounded(graph), [one, other])


def test_a_change_of_shapes_outside_is_refused() -> None:
    graph = analyze(loads("archcost: 1\ninput: [3, 8, 8]\nlayers: [max_pool2d: 2, relu]\n")).graph
    larger = JointChange(Reduction, (LocalChange({0: NewSteps("none", ("relu",))}),))
    with pytest.raises(UnwritableError, match="relu would have other shapes than before"):
        rewritten(grounded(graph), [larger])


def test_many_rounds_take_little_more_than_their_analysis() -> None:
    """In seconds of this process, side by side: the text is read twice and analysed twice, and changed once."""
    text = "archcost: 1\ninput: [3]\nlayers: [{relu, repeat: 60000}]\n"
    start = process_time()
    graph = analyze(loads(text)).graph
    alone = process_time() - start
    change = LocalChange(dict.fromkeys(range(6000), LONGER))
    start = process_time()
    rewritten(grounded(graph), [JointChange(Reduction, (change,))])
    assert process_time() - start < 25 * alone


def test_blocks_that_are_used_in_too_many_ways_are_refused() -> None:
    """Each of 3,000 uses would need a text of its own: which of 16 rounds change is another set in each."""
    text = (
        "archcost: 1\ninput: [3]\nblocks:\n  unit: {layers: [{relu, repeat: 16}]}\n"
        "layers: [{id: all, repeat: 3000, unit}]\n"
    )
    graph = analyze(loads(text)).graph
    chosen = [index for index in range(len(graph.nodes)) if (index // 16) >> (index % 16) & 1]
    with pytest.raises(UnwritableError, match="used in too many ways"):
        rewritten(grounded(graph), [JointChange(Reduction, (LocalChange(dict.fromkeys(chosen, LONGER)),))])
