"""Pages of sweeps: what they hold, how a file is read, and how large they are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

import archcost
from archcost.render.page.sweep_page import MOST_DESIGNS, SweepPage, sweep_page
from archcost.render.page.swept_designs import SweptDesign, SweptDesigns
from archcost.render.schemas import document_schema
from archcost.strict_json import json_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

OFA = {"depths[*]": "2,3,4", "kernels[*]": "3,5,7", "expands[*]": "3,4,6"}
SVG = "{http://www.w3.org/2000/svg}"


def widths(**question: Any) -> SweepPage:
    space = archcost.space("mobilenet_v1", vary={"width": "0.25:1.5:0.25", "resolution": "128..224..32"})
    return sweep_page(space.sweep(**question))


def plain(page: SweepPage) -> dict[str, Any]:
    """What ``archcost sweep --format json`` writes of it."""
    document: dict[str, Any] = json.loads(json_text(page.document))
    return document


def test_the_document_is_what_its_schema_says() -> None:
    for page in (widths(), widths(where="macs <= 300 M", pareto="min:macs,max:params,min:flops")):
        jsonschema.validate(json.loads(json_text(page.to_dict())), document_schema("page"))
        jsonschema.validate(plain(page), document_schema("sweep"))


def test_the_front_is_that_of_the_space() -> None:
    page = widths(where="macs <= 300 M")
    space = archcost.space("mobilenet_v1", vary={"width": "0.25:1.5:0.25", "resolution": "128..224..32"})
    front = space.tables().front(min="macs", max="params", where="macs <= 300 M")
    on_page = [tuple(row["figures"]) for row in page.data["sweep"]["rows"] if row.get("front")]  # type: ignore[index]
    assert sorted(on_page) == sorted((design["params"], design["macs"]) for design in front)


@pytest.mark.parametrize(
    ("objectives", "front"),
    [
        ((("a", "min"), ("b", "max")), (0, 3)),  # 1 costs as much for less, 2 is equal to 0, and 3 has more
        ((("a", "min"), ("b", "min")), (1,)),
        ((("a", "max"), ("b", "min")), (3, 1)),
        ((("a", "min"), ("b", "max"), ("c", "min")), (0, 1, 3)),
    ],
)
def test_fronts(objectives: Any, front: tuple[int, ...]) -> None:
    figures = [(1, 5, 9), (1, 4, 8), (1, 5, 9), (2, 6, 9), (None, 9, 1)]
    designs = SweptDesigns("x", (), ("a", "b", "c"), [SweptDesign((), each) for each in figures], objectives)
    assert sorted(designs.front) == sorted(front)


def test_a_page_of_ten_thousand_designs_has_its_whole_front_and_says_what_is_left_out() -> None:
    space = archcost.space("mobilenet_v1", vary={"width": "0.25:1.5:0.0005", "resolution": "128..224..32"})
    page = sweep_page(space.sweep())
    sweep = page.data["sweep"]
    assert sweep is not None
    front = [row for row in sweep["rows"] if row.get("front")]
    assert len(front) == len(space.tables().front(min="macs", max="params"))
    assert len(sweep["rows"]) - len(front) <= MOST_DESIGNS
    assert len(page.designs.designs) == 2501 * 4
    assert f"of the {2501 * 4 - len(front):,} other designs" in sweep["notes"][-1]
    assert len(page.html.encode()) < 400 * 2**10


def test_a_front_of_45_axes_fits() -> None:
    page = sweep_page(archcost.space("ofa_mobilenet_v3", vary=OFA).sweep(pareto="min:macs,max:params"))
    sweep = page.data["sweep"]
    assert sweep is not None
    assert sweep["axes"] == ["depths[…]", "kernels[…]", "expands[…]"]
    assert len(sweep["rows"]) == 2317
    assert len(page.html.encode()) < 400 * 2**10


def test_designs_that_cannot_be_built_say_why() -> None:
    page = sweep_page(archcost.space("vit_b_16", vary={"patch": [16, 300]}).sweep())
    sweep = page.data["sweep"]
    assert sweep is not None
    assert [bool(row.get("note")) for row in sweep["rows"]] == [False, True]
    assert sweep["rows"][1]["figures"] == [None, None]
    assert [card["state"] for card in sweep["cards"] if card["label"] == "invalid settings"] == ["bad"]


def test_a_picture_has_a_point_a_design() -> None:
    picture = ET.fromstring(widths().svg)
    assert len(picture.findall(f".//{SVG}circle")) == 24
    said = [title.text or "" for title in picture.iter(f"{SVG}title")]
    assert any(text.startswith("width=0.25, resolution=128: ") for text in said)


# --- the commands -----------------------------------------------------------------------------------------------------


@pytest.fixture
def written(run: Callable[..., Run], tmp_path: Path) -> Path:
    path = tmp_path / "sweep.json"
    done = run("sweep", "mobilenet_v1", "--vary", "width=0.5,1.0", "--vary", "middle=3..5", "-o", str(path))
    assert done.code == 0
    return path


def test_a_file_gives_the_page_of_the_sweep(run: Callable[..., Run], written: Path, tmp_path: Path) -> None:
    at_once, read = tmp_path / "once.html", tmp_path / "read.html"
    words = ("mobilenet_v1", "--vary", "width=0.5,1.0", "--vary", "middle=3..5")
    assert run("sweep", *words, "-o", str(at_once)).code == 0
    assert run("report", "--sweep", str(written), "-o", str(read)).code == 0
    assert at_once.read_text(encoding="utf-8") == read.read_text(encoding="utf-8")
    assert "<title>mobilenet_v1 · archcost</title>" in read.read_text(encoding="utf-8").replace("&#183;", "·")
    picture = run("report", "--sweep", str(written), "--format", "svg")
    assert (picture.code, picture.out[:5]) == (0, "<svg ")


def changed(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8")


WRONG: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "another schema": (lambda d: d.update(schema="archcost.report/1"), "the file has the schema archcost.report/1"),
    "no schema": (lambda d: d.pop("schema"), "the file has no schema"),
    "no rows": (lambda d: d.pop("rows"), "counts alone"),
    "a key is missing": (lambda d: d["rows"][3].pop("figures"), "rows[3].figures is missing"),
    "a text for a figure": (lambda d: d["rows"][1]["figures"].update(macs="x"), "rows[1].figures.macs is 'x', not a w"),
    "a fraction": (lambda d: d["rows"][1]["figures"].update(macs=1.5), "rows[1].figures.macs is 1.5"),
    "a huge figure": (lambda d: d["rows"][1]["figures"].update(macs=10**200), "more than 100 digits"),
    "rows are no list": (lambda d: d.update(rows={}), "rows is a mapping, not a list"),
    "no axis": (lambda d: d.update(axes=[{"sets": [], "values": [[1]]}]), "axes[0].sets is a list, not of at least 1"),
    "no sense": (lambda d: d.update(pareto=[{"metric": "macs", "sense": "up"}]), "pareto[0].sense is 'up'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_with_a_file_is_told(name: str, run: Callable[..., Run], written: Path) -> None:
    change, said = WRONG[name]
    changed(written, change)
    result = run("report", "--sweep", str(written), "-o", str(written.with_suffix(".html")))
    assert result.code == 2
    assert said in " ".join(result.err.split())
    assert f"{written.name}:1:1" in result.err.replace("\n", "")
    assert "help: " in result.err
    assert not written.with_suffix(".html").exists()


TEXTS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", ":1:1"),
    "binary": (b"\xff\xfe\x00", "it is not UTF-8 text"),
    "cut": (b'{"schema": "archcost.sweep/1",\n  "rows": [', ":2:12"),
    "a key twice": (b'{"schema": "archcost.sweep/1", "rows": [], "rows": []}', "'rows' appears twice"),
    "NaN": (b'{"schema": "archcost.sweep/1", "batch": NaN}', "NaN is not a JSON number"),
    "deep": (b'{"schema": "archcost.sweep/1", "rows": ' + b"[" * 100_000, "nests too deep"),
    "a list": (b"[1]", "the file has no schema"),
    "half a character": (b'{"schema": "\\ud800"}', "half of a character"),
    "another file": (b"root:x:0:0:secret", "not JSON"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_file_that_is_no_sweep(name: str, run: Callable[..., Run], tmp_path: Path) -> None:
    path = tmp_path / "sweep.json"
    content, said = TEXTS[name]
    path.write_bytes(content)
    result = run("report", "--sweep", str(path), "-o", str(tmp_path / "r.html"))
    assert result.code == 2
    assert said in " ".join(result.err.split())
    assert "secret" not in result.err
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("report", "--sweep", "nowhere.json"), "there is no such file"),
        (("report", "conv5x5", "--sweep", "sweep.json"), "not both"),
        (("report",), "give a SPEC, two of them, or --sweep FILE.json"),
        (("report", "--sweep", "sweep.json", "--batch", "2"), "a sweep in a file is as it was made"),
        (("report", "--sweep", "sweep.json", "--device", "t4"), "a sweep in a file is as it was made"),
        (("sweep", "mobilenet_v1", "--vary", "width=1,2", "--count", "-o", "r.html"), "counts alone"),
    ],
)
def test_what_cannot_be_a_page(
    words: tuple[str, ...], said: str, run: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*words)
    assert result.code == 2
    assert said in " ".join(result.err.split())
    assert not list(tmp_path.iterdir())
