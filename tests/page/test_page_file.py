"""The file of a page: nothing in it is fetched or breaks out, it is small, and the same each time."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
import zlib
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
import yaml

import archcost
from archcost import model_zoo
from archcost.render.page.shell import STYLES, escaped
from archcost.spec.loader import loads
from archcost.strict_json import compact_json
from tests.page.zoo_pages import zoo_html, zoo_page

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Run

VOID = {"meta", "br", "hr", "img", "input", "link"}
SVG = "{http://www.w3.org/2000/svg}"

HOSTILE = (
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "--></svg></style><img src=x onerror=alert(1)>",
    "\"'><b>&amp;",
    "##[error]command ::error::command",
    "]]></title>",
)


class Reader(HTMLParser):
    """Reads a page strictly: every element is closed in order; keeps attributes, scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs)
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert "svg" in self.open
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self.open[-1] if self.open else "", data))

    def of(self, tag: str) -> list[str]:
        return [text for each, text in self.texts if each == tag]

    def attributes(self, tag: str) -> list[dict[str, str | None]]:
        return [found for each, found in self.elements if each == tag]


def document_in(page: str) -> Any:
    """The document that a script finds in a page."""
    reader = Reader(page)
    (found,) = [each for each in reader.attributes("script") if each.get("id") == "archcost-data"]
    text = next(text for text in reader.of("script") if text.startswith(("{", "eN")))
    if found.get("data-packed"):
        return json.loads(zlib.decompress(base64.b64decode(text)))
    return json.loads(text)


def hostile(text: str) -> archcost.Spec:
    spec = {
        "archcost": 1,
        "name": text,
        "source": text,
        "params": {"word": text},
        "input": [4],
        "layers": [{"id": "a", "linear": {"out_features": 2}}],
    }
    return loads(yaml.safe_dump(spec))


@pytest.mark.parametrize(
    "names",
    [pytest.param(("googlenet",), marks=pytest.mark.long), ("llama_3_8b",), ("resnet18", "resnet34")],
    ids=" ".join,
)
def test_a_page_is_well_formed_and_asks_for_nothing(names: tuple[str, ...]) -> None:
    page = zoo_html(*names)
    reader = Reader(page)
    assert page.startswith("<!doctype html>\n")
    for tag, attributes in reader.elements:
        assert tag not in ("link", "img", "iframe", "object", "base", "form")
        assert not [name for name in attributes if name.startswith("on") or name in ("src", "href", "style")]
    assert len(reader.of("title")) >= 1
    assert reader.attributes("html") == [{"lang": "en"}]
    assert all(name in page for name in names)


def test_the_policy_names_what_is_there_and_nothing_else() -> None:
    reader = Reader(zoo_html("conv5x5"))
    (policy,) = [
        each["content"] or ""
        for each in reader.attributes("meta")
        if each.get("http-equiv") == "Content-Security-Policy"
    ]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert set(rules) == {"default-src", "style-src", "script-src", "img-src", "base-uri", "form-action"}
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert "unsafe" not in policy
    assert "http" not in policy
    styles = reader.of("style")
    scripts = [text for text in reader.of("script") if not text.startswith("{")]
    assert rules["style-src"].split() == [_hash(text) for text in styles]
    assert rules["script-src"].split() == ([_hash(text) for text in scripts] or ["'none'"])
    assert len(styles) == len(STYLES)
    assert len(scripts) == 2  # the libraries, and ours


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@pytest.mark.parametrize("text", HOSTILE)
def test_words_of_others_stay_words(text: str, tmp_path: Path) -> None:
    page = archcost.page(hostile(text))
    path = tmp_path / "page.html"
    page.save(path)
    written = path.read_text(encoding="utf-8")
    (model,) = document_in(written)["models"]
    assert model["name"] == text
    assert model["source"] == text
    assert model["params"] == {"word": text}
    reader, plain = Reader(written), Reader(archcost.page(hostile("plain")).html)
    assert [tag for tag, _ in reader.elements] == [tag for tag, _ in plain.elements]
    assert not re.search(r"##\w*\[", written)
    assert not re.search("[\x00-\x09\x0b-\x1f\u2028\u2029\u202e]", written)


@pytest.mark.parametrize("text", HOSTILE)
def test_words_of_others_stay_words_in_a_picture(text: str, tmp_path: Path) -> None:
    path = tmp_path / "picture.svg"
    archcost.page(hostile(text)).save(path)
    picture = ET.fromstring(path.read_text(encoding="utf-8"))
    plain = ET.fromstring(archcost.page(hostile("plain")).svg)
    assert [each.tag for each in picture.iter()] == [each.tag for each in plain.iter()]


def test_what_moves_a_cursor_or_ends_a_line_is_escaped() -> None:
    text = "line\u2028separator\u2029and\u202eright\x07to\x1b[31mleft\U000e0001"
    written = escaped(compact_json([text]))
    assert written.isprintable()
    assert json.loads(written) == [text]


def test_a_page_means_the_same_in_every_encoding() -> None:
    name = "\u00d7 \u4e2d \U0001f600"
    for called, html in (("googlenet", zoo_html("googlenet")), (name, archcost.page(hostile(name)).html)):
        assert html.isascii()
        assert document_in(html)["models"][0]["name"] == called


@pytest.mark.parametrize("name", ["googlenet", pytest.param("swin_v2_b", marks=pytest.mark.long)])
def test_the_document_in_a_page_is_the_document(name: str) -> None:
    page = zoo_page(name)
    assert document_in(page.html) == json.loads(json.dumps(page.to_dict()))


def test_a_long_document_is_packed() -> None:
    packed = 'data-packed="deflate"'
    assert packed in zoo_html("swin_v2_b")
    assert packed not in zoo_html("resnet18")


def test_the_same_model_gives_the_same_page() -> None:
    first, second = (archcost.page(archcost.analyze("resnet18"), device="t4") for _ in range(2))
    assert first.html == second.html
    assert first.svg == second.svg


LARGE = ("resnet50_v2", "unet")


def test_pages_are_small(pytestconfig: pytest.Config) -> None:
    """Of the largest page, and of a large one that is made soon; of all under ``--all``."""
    for name in model_zoo.names() if pytestconfig.getoption("--all") else LARGE:
        assert len(zoo_html(name).encode()) < 400 * 2**10, name


# --- the picture ------------------------------------------------------------------------------------------------------


def cells(svg: str) -> list[tuple[str, float, float, float]]:
    """Of each cell what it says, where it begins, how high it is, and its width."""
    found = []
    for group in ET.fromstring(svg).iter(f"{SVG}g"):
        if group.get("class") == "ac-cell":
            box, said = group.find(f"{SVG}rect"), group.find(f"{SVG}title")
            assert box is not None
            assert said is not None
            found.append((said.text or "", *(float(box.get(name) or 0) for name in ("x", "y", "width"))))
    return found


def test_a_cell_is_as_wide_as_its_share() -> None:
    found = cells(zoo_page("googlenet").svg)
    (first,) = [each for each in found if each[0].startswith("conv1 (conv_relu): 118,013,952 MACs")]
    assert first[1] == 0
    assert first[3] == pytest.approx(960 * 118_013_952 / 1_582_671_872 - 1, abs=0.1)
    (last,) = [each for each in found if each[0].startswith("linear") and "params" in each[0]]
    assert last[3] == pytest.approx(960 * (1024 * 1000 + 1000) / 6_998_552 - 1, abs=0.1)
    assert last[1] + last[3] + 1 == pytest.approx(960, abs=0.2)


def test_macs_go_up_and_params_down_from_the_middle() -> None:
    found = cells(zoo_page("resnet18").svg)
    up = {said.split(" ")[0]: y for said, _, y, _ in found if "MACs" in said}
    down = {said.split(" ")[0]: y for said, _, y, _ in found if "params" in said}
    assert up["layer1.0"] < up["layer1"] < down["layer1"] < down["layer1.0"]


def test_two_models_are_coloured_by_their_change() -> None:
    grown, shrunk = zoo_page("resnet18", "resnet34"), zoo_page("resnet34", "resnet18")
    assert "resnet18 → resnet34 · in the order of the run; red is more, blue is less" in grown.svg
    assert "#f4a582" in grown.svg
    assert "#92c5de" not in grown.svg
    assert "#92c5de" in shrunk.svg
    assert "#f4a582" not in shrunk.svg


def test_two_of_one_name_are_told_apart_wherever_they_are_named() -> None:
    half = archcost.page("mobilenet_v1", archcost.analyze("mobilenet_v1", params={"width": 0.5}))
    title = "mobilenet_v1 → mobilenet_v1 width=0.5"
    assert half.title == title == archcost.compare(*[model.report for model in half.models]).title
    assert half.to_dict()["comparison"]["labels"] == title.split(" → ")
    assert f"{title} · in the order of the run" in half.svg
    escaped = title.replace("→", "&#8594;")
    assert f"<title>{escaped} · archcost</title>".replace("·", "&#183;") in half.html
    assert f"<h1>{escaped}</h1>" in half.html
    assert title in (half._repr_html_() or "").replace("&#8594;", "→")


PARTLY = """
archcost: 1
name: partly
input: [8]
layers:
  - linear: {out_features: 4, bias: false}
  - custom: {name: fft, output: [$batch, 4], params: 3}
"""


def test_the_picture_of_what_is_known_in_part_is_a_bound() -> None:
    svg = archcost.page(archcost.analyze(loads(PARTLY))).svg
    assert "<title>partly: ≥ 32 MACs, 35 params</title>" in svg  # 8 · 4, and 3 more params
    assert ">≥ 32 MACs ↑<" in svg
    assert "linear (linear): 32 MACs, ≤ 100.0%" in svg


def test_the_table_without_a_script_has_bounds_and_tells_two_apart() -> None:
    report = archcost.analyze(loads(PARTLY))
    plain = archcost.page(report).html
    assert '<th scope="row">total</th><td></td><td></td><td class="num">35</td><td class="num">&#8805; 32</td>' in plain
    assert (
        '<th scope="row">linear</th><td>linear</td><td>1&#215;4</td><td class="num">32</td><td class="num">32</td>'
        in plain
    )
    two = archcost.page(report, archcost.analyze(loads(PARTLY), batch=2)).html
    assert "<h2>partly</h2>" in two
    assert "<h2>partly batch=2</h2>" in two


def test_names_of_wide_letters_stay_within_their_cells() -> None:
    """A letter of Chinese is as wide as two of Latin."""
    steps = "".join([f"  - {{id: {place}中文名字中文名字中文名字, linear: 8}}\n" for place in range(9)])
    svg = archcost.page(archcost.analyze(loads(f"archcost: 1\nname: wide\ninput: 8\nlayers:\n{steps}"))).svg
    texts = [
        (text.text or "", float(box.get("width") or 0))
        for cell in ET.fromstring(svg).iter(f"{SVG}g")
        for box, text in zip(cell.findall(f"{SVG}rect"), cell.findall(f"{SVG}text"), strict=False)
        if cell.get("class") == "ac-cell"
    ]
    assert len(texts) == 2 * 9
    for text, width in texts:
        assert text.endswith("…")
        assert 11 * sum(not letter.isascii() for letter in text[:-1]) + 8 < width  # at 11 px a letter


def test_a_model_without_macs_has_a_picture() -> None:
    report = archcost.analyze(loads("archcost: 1\ninput: [4]\nlayers: [relu]\n"))
    assert cells(archcost.page(report).svg) == []
    assert "0 MACs" in archcost.page(report).html


# --- the command ------------------------------------------------------------------------------------------------------


def test_the_name_of_the_file_is_the_format(run: Callable[..., Run], tmp_path: Path) -> None:
    for suffix, start in ((".html", "<!doctype html>"), (".svg", "<svg "), (".json", "{"), ("", "<!doctype html>")):
        path = tmp_path / f"net{suffix}"
        result = run("report", "conv5x5", "-o", str(path))
        assert (result.code, result.out, result.err) == (0, "", "")
        assert path.read_text(encoding="utf-8").startswith(start)
        format = suffix.removeprefix(".") or "html"  # noqa: A001 - as the option
        assert path.read_text(encoding="utf-8") == run("report", "conv5x5", "--format", format).out


# (options of one of the two, what differs): a linear layer of 8 → k for each of n rows
OF_ONE = [
    (("--set-b", "k=6"), "macs", (8 * 4, 8 * 6)),
    (("--set-a", "k=5", "--set", "k=6"), "macs", (8 * 5, 8 * 6)),
    (("--input-a", "3x8", "--input-b", "x=5x8"), "macs", (3 * 8 * 4, 5 * 8 * 4)),
    (("--dtype-b", "float16"), "weight_bytes", (4 * (8 * 4 + 4), 2 * (8 * 4 + 4))),
    (("--weight-dtype-b", "int8"), "weight_bytes", (4 * (8 * 4 + 4), 8 * 4 + 4 * 4)),
]


@pytest.mark.parametrize(("words", "metric", "figures"), OF_ONE)
def test_two_specs_have_settings_of_their_own(
    words: tuple[str, ...], metric: str, figures: tuple[int, int], run: Callable[..., Run], tmp_path: Path
) -> None:
    """With the options of ``compare``, and as there."""
    net = "archcost: 1\nname: net\nparams: {k: 4}\ninputs: {x: [1, 8]}\nlayers: [linear: $k]\n"
    (tmp_path / "net.yaml").write_text(net)
    page = run("report", "net.yaml", "net.yaml", *words, "--format", "json", cwd=tmp_path)
    assert page.code == 0, page.err
    assert tuple(model["totals"][metric] for model in json.loads(page.out)["models"]) == figures
    compared = run("compare", "net.yaml", "net.yaml", *words, "--format", "json", cwd=tmp_path)
    total = json.loads(compared.out)["totals"][metric]
    assert (total["before"], total["after"]) == figures


def test_an_input_that_one_has_is_of_that_one(run: Callable[..., Run], tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("archcost: 1\ninputs: {x: [1, 8]}\nlayers: [linear: 4]\n")
    (tmp_path / "b.yaml").write_text("archcost: 1\ninputs: {y: [1, 8]}\nlayers: [linear: 4]\n")
    result = run("report", "a.yaml", "b.yaml", "--input", "y=5x8", "--format", "json", cwd=tmp_path)
    assert [model["totals"]["macs"] for model in json.loads(result.out)["models"]] == [8 * 4, 5 * 8 * 4]
    found = archcost.page(tmp_path / "a.yaml", tmp_path / "b.yaml", inputs={"y": (5, 8)}).models
    assert [model.report.totals.macs for model in found] == [8 * 4, 5 * 8 * 4]


def test_a_hyphen_is_standard_output(run: Callable[..., Run], tmp_path: Path) -> None:
    for words in (
        ("report", "conv5x5"),
        ("analyze", "conv5x5"),
        ("export", "conv5x5"),
        ("sweep", "mobilenet_v1", "--vary", "width=0.5,1"),
        ("suggest", "googlenet", "--apply", "1"),
    ):
        assert run(*words, "-o", "-", cwd=tmp_path).out == run(*words, cwd=tmp_path).out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("report", "a", "b", "c"), "one model, or two"),
        (("report", "conv5x5", "-o", "net.pdf"), "no format of a page ends in '.pdf'"),
        (("report", "conv5x5", "--format", "table"), "'table'"),
        (("report", "conv5x5", "--device", "abacus"), "abacus"),
        (("report", "nowhere.yaml"), "nowhere.yaml"),
        (("report", "mobilenet_v1", "--set-b", "width=0.5"), "--set-b is for two specs"),
        (("report", "mobilenet_v1", "--weight-dtype-b", "int8"), "--weight-dtype-b is for two specs"),
        (("report", "--sweep", "a.json", "--set-b", "width=0.5"), "as it was made"),
        (("report",), "SPEC"),
    ],
)
def test_what_cannot_be_is_told(words: tuple[str, ...], said: str, run: Callable[..., Run]) -> None:
    result = run(*words)
    assert result.code == 2
    assert said in result.err
    assert "Traceback" not in result.err


def test_without_a_display_it_says_where_the_page_is(
    run: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    result = run("report", "conv5x5", "--open")
    assert result.code == 0
    (page,) = tmp_path.glob("archcost-*.html")
    assert str(page) in result.out
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_with_a_display_the_page_is_opened(
    run: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr("webbrowser.open_new_tab", lambda address: opened.append(address) or True)
    path = tmp_path / "net.html"
    result = run("report", "conv5x5", "--open", "-o", str(path))
    assert (result.code, result.out) == (0, "")
    assert opened == [path.as_uri()]


def test_analysing_loads_nothing_of_it() -> None:
    code = (
        "import sys\n"
        "from archcost.cli import main\n"
        "sys.argv = ['archcost', 'analyze', 'conv5x5']\n"
        "try:\n    main()\n"
        "except SystemExit:\n    pass\n"
        "sys.exit(', '.join(name for name in sys.modules if name.startswith('archcost.render.page')) or 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
