"""Every format of ``check``: goldens, the schemas of the hosts, escaping, and their limits of size."""

from __future__ import annotations

import csv
import io
import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archcost import model_zoo
from archcost.budget.data import StatusCounts
from archcost.budget.verdict import Contributor, Finding, SpecVerdict, Verdict
from archcost.budget.verdict_words import Rule, Status
from archcost.errors import Diagnostic, Mark, Source
from archcost.printable import visible
from archcost.render import verdict_sarif
from archcost.render.document import Line, Table
from archcost.render.finding_locations import located
from archcost.render.schemas import document_schema
from archcost.render.verdict import VerdictDocument
from archcost.render.verdict_full import to_concise, to_full
from archcost.render.verdict_github import MAX_ANNOTATIONS, command, escape_data, escape_property, to_github
from archcost.render.verdict_gitlab import to_gitlab
from archcost.render.verdict_junit import to_junit
from archcost.render.verdict_markdown import MAX_COMMENT, MAX_SUMMARY, TAG, cell, to_markdown
from archcost.render.verdict_output import render
from archcost.render.verdict_sarif import MAX_RESULTS, to_sarif
from archcost.render.wrapping import shortened
from archcost.spec.budget_limits import Limit
from archcost.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Run

DATA = Path(__file__).parent.parent / "data"
SARIF = jsonschema.Draft7Validator(json.loads((DATA / "sarif-2.1.0.schema.json").read_text(encoding="utf-8")))
VERDICT = jsonschema.Draft7Validator(document_schema("verdict"))
ENDINGS = {
    "full": "txt",
    "concise": "txt",
    "json": "json",
    "markdown": "md",
    "github": "txt",
    "gitlab": "json",
    "junit": "xml",
    "sarif": "json",
    "table": "txt",
    "tree": "tree",
    "csv": "csv",
    "latex": "tex",
}
# The keys that GitLab's documentation of the Code Quality report requires, and its severities.
GITLAB = jsonschema.Draft7Validator(
    {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["description", "check_name", "fingerprint", "severity", "location"],
            "additionalProperties": False,
            "properties": {
                "description": {"type": "string", "minLength": 1},
                "check_name": {"type": "string", "minLength": 1},
                "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
                "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
                "location": {
                    "type": "object",
                    "required": ["path", "lines"],
                    "properties": {
                        "path": {"type": "string", "pattern": "^[^./]"},
                        "lines": {
                            "type": "object",
                            "required": ["begin"],
                            "properties": {"begin": {"type": "integer", "minimum": 1}},
                        },
                    },
                },
            },
        },
    }
)


def stable(text: str) -> str:
    """Output without the version of archcost."""
    return text.replace(f'"{__version__}"', '"X"')


@pytest.mark.parametrize("name", ENDINGS)
def test_everything_in_every_format(
    name: str, everything: Path, run: Callable[..., Run], golden: Callable[[str, str], None]
) -> None:
    result = run("check", "--format", name, cwd=everything)
    assert result.code == 2
    golden(f"check/{name}.{ENDINGS[name]}", stable(result.out))


def test_several_files_in_one_run_while_the_output_stays(everything: Path, run: Callable[..., Run]) -> None:
    names = [name for name in ENDINGS if name not in ("full", "table", "tree", "csv", "latex")]
    exports = [word for name in names for word in (f"--export-{name}", f"{name}.out")]
    result = run("check", *exports, cwd=everything)
    assert result.out == run("check", cwd=everything).out
    for name in names:
        assert (everything / f"{name}.out").read_text(encoding="utf-8") == run(
            "check", "--format", name, cwd=everything
        ).out


def test_one_file_that_cannot_be_written_does_not_keep_the_others(everything: Path, run: Callable[..., Run]) -> None:
    result = run("check", "--export-json", "no/where.json", "--export-sarif", "out.sarif", cwd=everything)
    assert result.code == 2
    assert "cannot write no/where.json" in result.err
    assert (everything / "out.sarif").exists()
    assert "failures" in result.out


def test_output_to_a_file(everything: Path, run: Callable[..., Run]) -> None:
    result = run("check", "-o", "out.txt", cwd=everything)
    assert result.out == ""
    assert "3 failures" in (everything / "out.txt").read_text(encoding="utf-8")


def nasty() -> st.SearchStrategy[str]:
    chars = st.sampled_from("%\r\n,:;|`<>&[]()_*~#\"'\\\x00\x1b\u2028é😀 ab")
    return st.text(chars, max_size=40)


def mark(name: str = "specs/net.yaml", line: int = 3) -> Mark:
    return Mark(Source(name, ""), line, 4, 6)


def failing(
    name: str = "net", message: str = "", path: str = "stem", count: int = 1, spec: str = "specs/net.yaml"
) -> Verdict:
    """A verdict with ``count`` failures of one spec."""
    limit = Limit("params", path, 60_000, None, 0, "error", message, "60 k", mark())
    layers = (Contributor(f"{path}.conv2d", "conv2d", 40_000), Contributor("other", "linear", 30_000))
    finding = Finding(
        Rule.MAXIMUM, Status.FAIL, spec, name, "params", path, limit, 72_345, 60_000, layers=layers, mark=limit.mark
    )
    return Verdict((SpecVerdict(spec, name, findings=(finding,) * count),))


@cache
def large(specs: int, findings: int = 3) -> Verdict:
    """A verdict of many specs that all fail, and some that cannot be judged."""
    found = [
        failing(f"network_{index:05d}", "please ask", "block", findings, f"specs/{index}.yaml")
        for index in range(specs)
    ]
    broken = SpecVerdict(
        "specs/broken.yaml", "broken", diagnostics=(Diagnostic("it is broken", mark(), "mend it"),) * 3
    )
    return Verdict((*(verdict.specs[0] for verdict in found), broken))


@given(nasty(), nasty(), nasty())
def test_nothing_in_a_name_breaks_a_format(name: str, message: str, path: str) -> None:
    verdict = failing(name, message, path or "x")
    VERDICT.validate(json.loads(render(verdict, "json")))
    GITLAB.validate(json.loads(to_gitlab(verdict)))
    SARIF.validate(json.loads(to_sarif(verdict)))
    case = ET.fromstring(to_junit(verdict)).find("testsuite/testcase/failure")
    assert case is not None
    assert len(to_concise(verdict).splitlines()) == 2
    assert "\x1b" not in to_full(verdict, 80)
    annotations = [line for line in to_github(verdict).split("\n") if line.startswith("::")]
    assert len(annotations) == 1
    table = [line for line in to_markdown(verdict).split("\n") if line.startswith("| ❌")]
    assert len(table) == 1
    assert len(re.findall(r"(?<!\\)\|", table[0])) == 8


@given(nasty(), nasty())
def test_workflow_commands_can_be_read_back(title: str, message: str) -> None:
    text = command("error", mark("a,b:c%.yaml"), title, message)
    assert "\n" not in text
    assert "\r" not in text
    match = re.fullmatch(r"::error ([^:]*)::(.*)", text, re.DOTALL)
    assert match is not None
    properties = dict(part.split("=", 1) for part in match[1].split(","))
    assert unescape(properties["title"]) == shown(title)
    assert unescape(properties["file"]) == "a,b:c%.yaml"
    assert (properties["line"], properties["col"]) == ("4", "5")
    assert unescape(match[2]) == shown(message)


def shown(text: str) -> str:
    """The text with all but its line ends visible."""
    return "".join(char if char in "\r\n" else visible(char) for char in text)


def unescape(text: str) -> str:
    for code, char in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, char)
    return text


def test_escapes_of_workflow_commands() -> None:
    assert escape_data("100%: a,b\r\nc") == "100%25: a,b%0D%0Ac"
    assert escape_property("100%: a,b\r\nc") == "100%25%3A a%2Cb%0D%0Ac"


def test_cells_hold_no_markup() -> None:
    assert cell("a|b `c` *d* [e](f) <g> ~h~ # i\nj & k") == r"a\|b \`c\` \*d\* \[e\](f) \<g\> `~h~` \# i j & k"


def test_at_most_ten_annotations() -> None:
    lines = to_github(large(5)).splitlines()
    annotations = [line for line in lines if line.startswith("::")]
    assert len(annotations) == MAX_ANNOTATIONS == 10
    assert "archcost: 8 more findings in the summary" in lines
    assert lines[-1].startswith("archcost: 6 specs: 3 errors, 15 failures")


def test_errors_come_first_in_annotations() -> None:
    first = to_github(large(1)).splitlines()[0]
    assert first.startswith(
        "::error file=specs/net.yaml,line=4,col=5,title=archcost cannot judge this::it is broken%0Amend it"
    )


@pytest.mark.parametrize(
    ("limit", "specs"),
    [
        pytest.param(limit, specs, marks=[pytest.mark.long] * (specs > most))
        for limit, most in ((MAX_COMMENT, 1000), (MAX_SUMMARY, 100), (2000, 100), (200, 100))
        for specs in (1, 10, 100, 1000, 3000)
    ],
)
def test_markdown_stays_within_the_limit_and_says_so(limit: int, specs: int) -> None:
    text = to_markdown(large(specs), limit)
    assert len(text.encode()) <= limit
    assert text.startswith(TAG)
    assert f"{3 * specs:,} limits exceeded" in text or limit == 200
    assert text.count("<details>") == text.count("</details>")
    if specs == 1000 and limit == MAX_COMMENT:
        assert "_… and 2,800 more._" in text


def test_details_are_left_out_before_the_table_is_cut() -> None:
    whole = to_markdown(large(100), MAX_SUMMARY)
    room = len(whole.encode()) - 1
    folded = to_markdown(large(100), room)
    assert whole.count("<details>") == 100
    assert 0 < folded.count("<details>") < 100
    assert "Details are left out here" in folded
    assert whole.count("| ❌ |") == folded.count("| ❌ |") == 300


def test_the_comment_is_quiet_when_nothing_changed(project: Path, run: Callable[..., Run]) -> None:
    text = run("check", "--format", "markdown", cwd=project).out
    assert text == f"{TAG}\n✅ **Within budget.** 2 specs: 13 limits hold; nothing changed.\n"


def test_sarif_has_no_more_results_than_the_host_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """5,000 of 2,000 specs; the schema is asked of 500 of 200."""
    assert len(json.loads(to_sarif(large(2000)))["runs"][0]["results"]) == MAX_RESULTS
    monkeypatch.setattr(verdict_sarif, "MAX_RESULTS", 500)
    document = json.loads(to_sarif(large(200)))
    SARIF.validate(document)
    results = document["runs"][0]["results"]
    assert len(results) == 500
    assert results[0]["ruleId"] == "archcost/error"


@pytest.mark.parametrize("name", ["everything", "project"])
def test_the_schemas_of_the_hosts(name: str, request: pytest.FixtureRequest, run: Callable[..., Run]) -> None:
    folder = request.getfixturevalue(name)

    def printed(kind: str) -> Any:
        return json.loads(run("check", "--format", kind, cwd=folder).out)

    VERDICT.validate(printed("json"))
    GITLAB.validate(printed("gitlab"))
    SARIF.validate(printed("sarif"))
    validate_junit(ET.fromstring(run("check", "--format", "junit", cwd=folder).out))


def test_the_verdict_schema_is_printed(run: Callable[..., Run]) -> None:
    assert json.loads(run("schema", "verdict").out) == document_schema("verdict")
    jsonschema.Draft7Validator.check_schema(document_schema("verdict"))


# (where, what is wrong): places of a verdict that more than a type, or a key, is asked of
WRONG: list[tuple[tuple[str | int, ...], object]] = [
    (("schema",), "archcost.report/1"),
    (("tool", "name"), "another"),
    (("exit_code",), 3),
    (("judged",), None),
    (("summary", "not measured"), -1),
    (("left_out",), None),
    (("specs", 2, "batch"), 0),
    (("specs", 2, "totals", "macs", "figure"), None),
    (("specs", 2, "totals", "macs", "baseline"), -1),
    (("specs", 2, "findings", 0, "rule"), "other"),
    (("specs", 2, "findings", 0, "status"), "error"),
    (("specs", 2, "findings", 0, "unit"), "ms"),
    (("specs", 2, "findings", 0, "figure"), "many"),
    (("specs", 2, "findings", 0, "overshoot"), None),
    (("specs", 2, "findings", 0, "line"), 0),
    (("specs", 2, "findings", 0, "cause"), ""),
    (("specs", 2, "findings", 0, "count"), 0),
    (("specs", 2, "findings", 0, "unknown"), "stem"),
    (("specs", 2, "findings", 0, "expected"), {"value": 1}),
    (("specs", 2, "findings", 0, "layers", 0, "figure"), -1),
    (("specs", 2, "findings", 0, "limit", "level"), "info"),
    (("specs", 2, "findings", 0, "limit", "max"), -1),
    (("specs", 2, "findings", 0, "limit", "increase_percent"), -0.5),
    (("specs", 0, "errors", 0, "column"), 0),
]


@pytest.mark.parametrize(("where", "wrong"), WRONG, ids=str)
def test_the_schema_of_a_verdict_asks_for_more_than_types(
    where: tuple[str | int, ...], wrong: object, everything: Path, run: Callable[..., Run]
) -> None:
    document = json.loads(run("check", "--format", "json", cwd=everything).out)
    assert VERDICT.is_valid(document)
    *path, last = where
    place: Any = document
    for step in path:
        place = place[step]
    place[last] = wrong
    assert not VERDICT.is_valid(document)


def test_every_status_is_counted() -> None:
    assert list(get_type_hints(StatusCounts)) == [status.value for status in Status]


def test_a_row_for_every_finding_and_every_problem(everything: Path, run: Callable[..., Run]) -> None:
    document = json.loads(run("check", "--format", "json", cwd=everything).out)
    rows = list(csv.DictReader(io.StringIO(run("check", "--format", "csv", cwd=everything).out)))
    found = [finding for spec in document["specs"] for finding in spec["findings"]] + document["findings"]
    problems = [error for spec in document["specs"] for error in spec["errors"]] + document["errors"]
    told = [row for row in rows if row["status"] != "error"]
    assert [(row["status"], row["message"]) for row in told] == [(one["status"], one["message"]) for one in found]
    assert [row["message"] for row in rows if row["status"] == "error"] == [one["message"] for one in problems]
    for row, one in zip(told, found, strict=True):
        assert (row["allowed"], row["baseline"]) == tuple(
            "" if one[name] is None else str(one[name]) for name in ("allowed", "baseline")
        )


# stem: 108 params, body: 32, 140 of both; the headroom is what is allowed minus the figure
ROOMS = [  # budgets, status, figure, allowed, headroom, row of the table
    ("{params: 150}", "ok", "140", "150", "10", "ok net params 140 150 10 6.7% specs/net.yaml:8"),
    ("{params: 140}", "ok", "140", "140", "0", "ok net params 140 140 0 0.0% specs/net.yaml:8"),
    (
        "{params: 70}",
        "fail",
        "140",
        "70",
        "-70",
        "fail net params 140 70 −70 −100.0% specs/net.yaml:8",
    ),
]


@pytest.mark.parametrize(("budgets", "status", "figure", "allowed", "headroom", "line"), ROOMS)
def test_the_headroom_of_a_limit(
    budgets: str,
    status: str,
    figure: str,
    allowed: str,
    headroom: str,
    line: str,
    net: Callable[..., Path],
    run: Callable[..., Run],
) -> None:
    folder = net(budgets)
    (row,) = csv.DictReader(io.StringIO(run("check", "specs/net.yaml", "--format", "csv", cwd=folder).out))
    assert (row["status"], row["figure"], row["allowed"], row["headroom"]) == (status, figure, allowed, headroom)
    table = run("check", "specs/net.yaml", "--format", "table", cwd=folder).out
    assert line.split() in [one.split() for one in table.splitlines()]


def test_a_figure_that_is_not_known_has_no_headroom(tmp_path: Path, run: Callable[..., Run]) -> None:
    (tmp_path / "net.yaml").write_text(
        "archcost: 1\nname: net\ninput: [8]\nbudgets: {macs: 1 k}\n"
        "layers: [{linear: {out_features: 8}}, {id: fft, custom: {name: fft, output: [$batch, 8], params: 3}}]\n"
    )
    (row,) = csv.DictReader(io.StringIO(run("check", "net.yaml", "--format", "csv", cwd=tmp_path).out))
    assert (row["status"], row["cause"]) == ("fail", "unknown")
    assert (row["figure"], row["headroom"], row["percent"]) == ("", "", "")
    table = run("check", "net.yaml", "--format", "table", cwd=tmp_path).out
    assert "≥ 64" in table  # 8 × 8 of the linear layer
    assert "fail: net: MACs cannot be judged by the limit of 1 k: unknown for fft" in table
    tree = run("check", "net.yaml", "--format", "tree", cwd=tmp_path).out
    assert "└── fail: net: MACs cannot be judged by the limit of 1 k: unknown for fft" in tree


def test_long_tables_are_cut_and_say_so() -> None:
    document = VerdictDocument(large(4))  # 4 × 3 failures with a message each, and 3 errors
    blocks = list(document.blocks(5))
    (table,) = [block for block in blocks if isinstance(block, Table)]
    lines = [block.text for block in blocks if isinstance(block, Line)]
    assert len(table.columns[0].cells) == 5
    assert lines[0] == "5 of 12 limits: `--format csv` has all of them"
    assert lines[-1] == "✗ 5 specs: 3 errors, 12 failures"
    assert len(lines) <= 1 + 5 + 1 + 1


@pytest.mark.parametrize(
    ("path", "format_"),
    [("a.csv", "csv"), ("a.tex", "latex"), ("a.md", "markdown"), ("a.json", "json"), ("a.txt", "full"), ("a", "full")],
)
def test_the_name_of_the_file_decides(path: str, format_: str, everything: Path, run: Callable[..., Run]) -> None:
    assert run("check", "-o", path, cwd=everything).out == ""
    written = (everything / path).read_text(encoding="utf-8")
    assert written == run("check", "--format", format_, "-o", "again", cwd=everything).out + (
        everything / "again"
    ).read_text(encoding="utf-8")


COUNTS = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}


def validate_junit(root: ET.Element) -> None:
    """What the XSD of the Jenkins xUnit plugin says of the elements that are used: names, attributes, order, counts."""
    assert root.tag == "testsuites"
    assert set(root.attrib) == {"name", *COUNTS}
    for suite in root:
        assert suite.tag == "testsuite"
        assert set(suite.attrib) == {"name", "time", *COUNTS}
        for case in suite:
            assert case.tag == "testcase"
            assert set(case.attrib) == {"name", "classname", "time"}
            tags = [child.tag for child in case]
            assert tags in ([], ["failure"], ["error"], ["skipped"], ["system-out"])
            for child in case:
                assert set(child.attrib) <= {"message", "type"}
        names = [case.get("name") for case in suite]
        assert len(names) == len(set(names))
        for attribute, tag in COUNTS.items():
            assert suite.get(attribute) == str(len(list(suite.iter(tag))))
    for attribute, tag in COUNTS.items():
        assert root.get(attribute) == str(len(list(root.iter(tag))))


def test_fingerprints_outlive_figures_and_lines(net: Callable[..., Path], run: Callable[..., Run]) -> None:
    folder = net("{params: 1, macs: {max: 2, level: warn}}")

    def marks() -> list[str]:
        return [
            issue["fingerprint"]
            for issue in json.loads(run("check", "specs/net.yaml", "--format", "gitlab", cwd=folder).out)
        ]

    first = marks()
    path = folder / "specs" / "net.yaml"
    path.write_text("# a line more\n" + path.read_text().replace("width: 4", "width: 9"))
    assert marks() == first
    assert len(set(first)) == 2
    sarif = json.loads(run("check", "specs/net.yaml", "--format", "sarif", cwd=folder).out)
    assert [result["partialFingerprints"]["archcost/v1"] for result in sarif["runs"][0]["results"]] == first


def test_equal_limits_have_fingerprints_of_their_own() -> None:
    issues = json.loads(to_gitlab(failing(count=3)))
    assert len({issue["fingerprint"] for issue in issues}) == 3


def test_paths_are_relative_to_the_repository(
    net: Callable[..., Path], run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = net("{params: 1}")
    (folder / ".git").mkdir()
    result = run("check", "net.yaml", "--format", "gitlab", cwd=folder / "specs")
    assert json.loads(result.out)[0]["location"]["path"] == "specs/net.yaml"
    monkeypatch.setenv("GITHUB_WORKSPACE", str(folder.parent))
    assert "file=net/specs/net.yaml,line=8" in run("check", "net.yaml", "--format", "github", cwd=folder / "specs").out
    sarif = json.loads(run("check", "net.yaml", "--format", "sarif", cwd=folder / "specs").out)
    location = sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert unquote(location["artifactLocation"]["uri"]) == "net/specs/net.yaml"
    assert location["region"] == {"startLine": 8, "startColumn": 11}


def test_a_model_of_the_zoo_has_no_path_of_the_installation(
    run: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host of code finds no such file in the repository; in archcost's own it does, and gets the path."""
    arguments = ("check", "googlenet", "--set", "depth=3", "--format", "sarif")  # it has no such param
    places = json.loads(run(*arguments, cwd=tmp_path).out)["runs"][0]["results"][0]["locations"]
    assert unquote(places[0]["physicalLocation"]["artifactLocation"]["uri"]) == "zoo:googlenet"
    mark = Mark(Source(f"{model_zoo.folder()}/nin.yaml", "", name="zoo:nin"), 2, 4)
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    assert located(mark, "") == ("zoo:nin", 3, 5)
    monkeypatch.setenv("GITHUB_WORKSPACE", str(Path(model_zoo.folder()).parent))
    assert located(mark, "") == ("specs/nin.yaml", 3, 5)


def test_in_github_actions_annotations_and_summary_come_by_themselves(
    everything: Path, run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    # the fixture `run` clears the variable at its start only
    result = run("check", cwd=everything)
    assert result.code == 2
    assert result.out.startswith("::error ")
    text = summary.read_text(encoding="utf-8")
    assert text.startswith(f"before\n{TAG}\n")
    assert "could not judge everything" in text
    assert run("check", "--format", "concise", cwd=everything).out.startswith("specs/")
    assert run("check", "-o", "out.txt", cwd=everything).out == ""
    assert (everything / "out.txt").read_text(encoding="utf-8").startswith("fail: ")


def test_the_summary_takes_what_room_is_left(
    everything: Path, run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    for used in (MAX_SUMMARY - 600, MAX_SUMMARY - 1, MAX_SUMMARY):
        summary.write_text("x" * used)
        assert run("check", cwd=everything).code == 2
        assert used <= summary.stat().st_size <= MAX_SUMMARY
    summary.unlink()
    summary.mkdir()
    result = run("check", cwd=everything)
    assert result.code == 2
    assert "cannot write the step summary" in result.err


def test_paths_are_shortened_in_their_middle() -> None:
    assert shortened("inception_3a.5x5.conv", 12) == "incep…5.conv"
    assert shortened("stem", 12) == "stem"
