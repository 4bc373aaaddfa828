"""The action in a hostile checkout, and its comment against a hostile host."""

from __future__ import annotations

import io
import json
import os
import re
import runpy
import subprocess
import sys
import threading
from contextlib import redirect_stderr, redirect_stdout
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest.mock import patch

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parent.parent.parent
BIN = Path(sys.executable).parent
TAG = "<!-- archcost -->"
REPORT = f"{TAG}\n❌ **Over budget.**\n\ndetails\n"
QUIET = f"{TAG}\n✅ **Within budget.** 1 spec: 1 limit holds; nothing changed.\n"
TOKEN = "ghs_secret"
SPEC = "archcost: 1\nname: {name}\ninput: [8]\nlayers: [{{linear: {{out_features: 8}}}}]\n"
RAN = "print('CODE OF THE CHECKOUT RAN')\nopen('RAN', 'w').close()\n"


def action() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    return loaded


def step(name: str) -> dict[str, Any]:
    return next(step for step in action()["runs"]["steps"] if step.get("name") == name)


class Checked(NamedTuple):
    """What the check's step left: its outputs, and its log."""

    outputs: dict[str, str]
    log: str


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with specs over budget (one limit each), and one within."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    for name, limit in (("a", 1), ("b", 2), ("my net", 3), ("good", 100)):
        (folder / f"{name}.yaml").write_text(SPEC.format(name=name) + f"budgets: {{params: {limit}}}\n")
    return folder


def check(folder: Path, **environment: str) -> Checked:
    outputs = folder.parent / "outputs"
    outputs.write_text("")
    base = {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder.parent),
        "GITHUB_OUTPUT": str(outputs),
        "RUNNER_TEMP": str(folder.parent),
        "GITHUB_ACTION_PATH": str(ROOT),
    }
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step("Check")["run"]]
    done = subprocess.run(
        command, cwd=folder, env={**base, **environment}, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return Checked(dict(line.split("=", 1) for line in outputs.read_text().splitlines()), done.stdout + done.stderr)


WORDS = {
    "spaces": ("a.yaml b.yaml", 2),
    "lines": ("a.yaml\nb.yaml", 2),
    "a block": ("\n  a.yaml\n  b.yaml\n\n", 2),
    "tabs": ("a.yaml\tb.yaml", 2),
    "carriage returns": ("a.yaml\r\nb.yaml\r\n", 2),
    "mixed": (" a.yaml \n\n\t b.yaml   good.yaml\n", 2),
    "quotes": ("a.yaml 'my net.yaml'", 2),
    "double quotes over lines": ('a.yaml\n"my net.yaml"\nb.yaml', 3),
    "a glob of archcost": ("*.yaml", 3),
    "a glob in quotes": ("'[ab].yaml'", 2),
}


# What these have is in the others, or in "mixed".
SINGLE = ("spaces", "lines", "a block", "tabs", "quotes", "a glob of archcost")


@pytest.mark.parametrize(
    ("specs", "failures"),
    [pytest.param(*case, id=name, marks=[pytest.mark.long] * (name in SINGLE)) for name, case in WORDS.items()],
)
def test_every_spec_of_the_input_is_judged(checkout: Path, specs: str, failures: int) -> None:
    done = check(checkout, ARCHCOST_SPECS=specs)
    assert done.outputs["exit-code"] == "1"
    assert f"{failures} failure" in done.log
    assert done.log.count("::error") == failures


@pytest.mark.parametrize(
    ("specs", "message"),
    [
        ("--exit-zero", "cannot read --exit-zero"),
        ("$(touch RAN)", "cannot read"),
        pytest.param("`touch RAN`", "cannot read", marks=pytest.mark.long),
        ("a.yaml;touch RAN", "cannot read"),
        pytest.param("${HOME}/a.yaml", "cannot read ${HOME}", marks=pytest.mark.long),
        ("'a.yaml", "a quote in ARCHCOST_SPECS is not closed"),
        ("~/a.yaml", "cannot read ~"),
    ],
)
def test_words_are_neither_options_nor_code(checkout: Path, specs: str, message: str) -> None:
    done = check(checkout, ARCHCOST_SPECS=specs)
    assert done.outputs["exit-code"] == "2"
    assert message in done.log
    assert not (checkout / "RAN").exists()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param("--exit-zero", "0", marks=pytest.mark.long),
        pytest.param("--batch 2\n--exit-zero", "0", marks=pytest.mark.long),
        ("\n--batch\n2\n\n--exit-zero\n", "0"),
        ("--config 'no such file.toml'", "2"),
        ("--nope", "2"),
    ],
)
def test_arguments_stay_whole(checkout: Path, arguments: str, code: str) -> None:
    done = check(checkout, ARCHCOST_SPECS="a.yaml", ARCHCOST_ARGUMENTS=arguments)
    assert done.outputs["exit-code"] == code
    if "toml" in arguments:
        assert "no such file.toml" in done.log


BASES = ["--upload-pack=touch RAN", "a b", "x:y", "-n", "..", "a..b", "^x", "@{-1}", "nope", "$(touch RAN)"]


@pytest.mark.parametrize("base", BASES)
def test_a_hostile_base_is_an_error_and_runs_nothing(checkout: Path, base: str) -> None:
    subprocess.run(["git", "init", "-q"], cwd=checkout, check=True)
    done = check(checkout, ARCHCOST_SPECS="good.yaml", ARCHCOST_BASE=base)
    assert done.outputs["exit-code"] == "2"
    assert "::error title=archcost::the base" in done.log
    assert not (checkout / "RAN").exists()


def test_a_line_end_in_the_report_s_path_writes_no_other_output(checkout: Path) -> None:
    done = check(checkout, ARCHCOST_SPECS="a.yaml", ARCHCOST_REPORT="report.md\nexit-code=0")
    assert done.outputs == {"exit-code": "2", "report": ""}


def test_an_old_report_is_not_taken_for_a_new_one(checkout: Path) -> None:
    assert Path(check(checkout, ARCHCOST_SPECS="a.yaml").outputs["report"]).exists()
    done = check(checkout, ARCHCOST_SPECS="a.yaml", ARCHCOST_ARGUMENTS="--nope")
    assert not Path(done.outputs["report"]).exists()


HOSTILE = [
    "archcost/__init__.py",
    "archcost/__main__.py",
    "archcost/cli.py",
    "yaml.py",
    "yaml/__init__.py",
    "typer.py",
    "json.py",
    "pip.py",
    "pip/__main__.py",
    "shlex.py",
    "sitecustomize.py",
    "usercustomize.py",
    "encodings/__init__.py",
    "setup.py",
]


@pytest.fixture
def hostile(checkout: Path) -> Path:
    """A checkout in which every file that Python or pip might take up says that it ran."""
    for name in HOSTILE:
        (checkout / name).parent.mkdir(exist_ok=True)
        (checkout / name).write_text(RAN)
    (checkout / "setup.cfg").write_text("[metadata]\nname = x\n")
    (checkout / "pyproject.toml").write_text('[build-system]\nrequires = []\nbuild-backend = "setup"\n')
    (checkout / "pip.conf").write_text("[global]\nindex-url = file:///nowhere\n")
    (checkout / "pyvenv.cfg").write_text("home = .\n")
    return checkout


def test_no_file_of_the_checkout_runs_in_the_check(hostile: Path) -> None:
    done = check(hostile, ARCHCOST_SPECS="a.yaml good.yaml", PYTHONPATH=str(hostile), PYTHONSTARTUP="setup.py")
    assert done.outputs["exit-code"] == "1"
    assert "2 specs: 1 failure" in done.log
    assert "RAN" not in done.log
    assert not (hostile / "RAN").exists()


@pytest.mark.parametrize("name", ["Install archcost", "Comment"])
def test_no_file_of_the_checkout_runs_in_the_other_steps(hostile: Path, name: str) -> None:
    """They run in the checkout here, which is worse than where they run."""
    environment = {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "GITHUB_ACTION_PATH": str(ROOT) if name == "Comment" else str(hostile / "nothing"),
        "HOME": str(hostile.parent),
        "PIP_NO_INDEX": "1",
        "PYTHONPATH": str(hostile),
    }
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step(name)["run"]]
    done = subprocess.run(
        command, cwd=hostile, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert "RAN" not in done.stdout + done.stderr
    assert not (hostile / "RAN").exists()


def test_the_steps_isolate_python_and_interpolate_nothing() -> None:
    for one in action()["runs"]["steps"]:
        script = one.get("run", "")
        assert "${{" not in script
        for words in re.findall(r"\bpython\b(.*)", script):
            assert words.startswith(" -I ")
    assert step("Install archcost")["working-directory"] == "${{ runner.temp }}"
    assert re.search(r"^\s*python -I ", (ROOT / "action" / "check.sh").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize(("code", "ends"), [("0", 0), ("1", 1), ("2", 2), ("", 2), ("x", 2)])
def test_the_verdict_fails_where_there_is_none(code: str, ends: int) -> None:
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step("Verdict")["run"]]
    done = subprocess.run(command, env={**os.environ, "ARCHCOST_EXIT_CODE": code}, capture_output=True, check=False)
    assert done.returncode == ends


class Host(BaseHTTPRequestHandler):
    """A host whose answers are given by the test; it records what it is asked."""

    answers: Callable[[str, str], tuple[int, bytes, dict[str, str]]]
    asked: list[tuple[str, str]]
    bodies: list[str]

    def serve(self) -> None:
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.asked.append((self.command, self.path.partition("?")[0].replace("/repos/team/models", "")))
        if data:
            self.bodies.append(json.loads(data)["body"])
        status, body, headers = type(self).answers(self.command, self.path)
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def host() -> Iterator[tuple[str, type[Host]]]:
    methods = dict.fromkeys(("do_GET", "do_POST", "do_PATCH"), Host.serve)
    handler = type("Handler", (Host,), {"asked": [], "bodies": [], **methods})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", handler
    server.shutdown()
    server.server_close()
    thread.join()


def comment(url: str, report: Path, **environment: str) -> str:
    """Run the comment's script in this process; what it prints. It never fails, and never shows the token."""
    given = {
        "GITHUB_API_URL": url,
        "GITHUB_REPOSITORY": "team/models",
        "GITHUB_TOKEN": TOKEN,
        "ARCHCOST_PULL_REQUEST": "7",
        "ARCHCOST_REPORT": str(report),
        "no_proxy": "*",
        **environment,
    }
    out, err, code = io.StringIO(), io.StringIO(), None
    with patch.dict(os.environ, given, clear=True), redirect_stdout(out), redirect_stderr(err):
        try:
            runpy.run_path(str(ROOT / "action" / "comment.py"), run_name="__main__")
        except SystemExit as end:
            code = end.code
    assert (code or 0, err.getvalue()) == (0, "")
    said = out.getvalue()
    assert TOKEN not in said
    assert all(line.startswith("::warning title=archcost::") or "::" not in line for line in said.splitlines())
    return said


def by(login: str, number: Any = 11, body: Any = REPORT) -> dict[str, Any]:
    return {"id": number, "user": {"login": login, "type": "User"}, "body": body}


LIST, USER, POST = ("GET", "/issues/7/comments"), ("GET", "/user"), ("POST", "/issues/7/comments")
PATCH = ("PATCH", "/issues/comments/11")
BOT = "github-actions[bot]"


class Answered(NamedTuple):
    """Comments that the host lists, who it says asks, the status of an update; and what must be asked of it."""

    comments: Any
    user: Any
    patch: int
    asked: list[tuple[str, str]]


ANSWERED = {
    "no comment": Answered([], None, 200, [LIST, POST]),
    "own, of a workflow": Answered([by(BOT)], None, 200, [LIST, USER, PATCH]),
    "own, of a person": Answered([by("me")], {"login": "me"}, 200, [LIST, USER, PATCH]),
    "another's": Answered([by("somebody")], None, 200, [LIST, USER, POST]),
    "another's, before one's own": Answered([by("somebody", 10), by(BOT)], None, 200, [LIST, USER, PATCH]),
    "the workflow's, and this is a person": Answered([by(BOT)], {"login": "me"}, 200, [LIST, USER, POST]),
    "a name like the workflow's": Answered([by("github-actions")], None, 200, [LIST, USER, POST]),
    "another bot's": Answered([by("other[bot]")], None, 200, [LIST, USER, POST]),
    "without the tag": Answered([by(BOT, body="hi")], None, 200, [LIST, POST]),
    "with the tag further down": Answered([by(BOT, body=f"hi\n{TAG}")], None, 200, [LIST, POST]),
    "an update that is forbidden": Answered([by(BOT)], None, 403, [LIST, USER, PATCH, POST]),
    "an update of what is gone": Answered([by(BOT)], None, 404, [LIST, USER, PATCH, POST]),
    "comments that are none": Answered([None, 1, "x", [], {}], None, 200, [LIST, POST]),
    "an id that is text": Answered([by(BOT, "11/../../../x")], None, 200, [LIST, POST]),
    "an id that is true": Answered([by(BOT, number=True)], None, 200, [LIST, POST]),
    "a body that is none": Answered([by(BOT, body=None), by(BOT, body=3)], None, 200, [LIST, POST]),
    "an author that is none": Answered([{"id": 11, "user": None, "body": REPORT}], None, 200, [LIST, POST]),
    "a user that is a list": Answered([by(BOT)], [1], 200, [LIST, USER, PATCH]),
    "a user without a name": Answered([by(BOT)], {"login": None}, 200, [LIST, USER, PATCH]),
}


def answering(case: Answered) -> Callable[[str, str], tuple[int, bytes, dict[str, str]]]:
    def answer(method: str, path: str) -> tuple[int, bytes, dict[str, str]]:
        if path == "/user":
            return (403 if case.user is None else 200), json.dumps(case.user).encode(), {}
        if method == "GET":
            return 200, json.dumps(case.comments).encode(), {}
        return (case.patch if method == "PATCH" else 201), b'{"id": 12}', {}

    return answer


@pytest.mark.parametrize("case", ANSWERED.values(), ids=ANSWERED)
def test_only_one_s_own_comment_is_updated(host: tuple[str, type[Host]], tmp_path: Path, case: Answered) -> None:
    url, handler = host
    handler.answers = staticmethod(answering(case))
    report = tmp_path / "report.md"
    report.write_text(REPORT, encoding="utf-8")
    said = comment(url, report)
    assert handler.asked == case.asked
    assert said == ("updated comment 11\n" if case.asked[-1] == PATCH else "wrote comment 12\n")
    assert handler.bodies[-1] == REPORT


WRONG = {
    "forbidden": (403, b"{}", {}),
    "not found": (404, b"", {}),
    "a broken host": (500, b"<html>", {}),
    "an overloaded host": (503, b"", {"Retry-After": "1000000"}),
    "no JSON": (200, b"<html>hello</html>", {}),
    "no text": (200, b"\xff\xfe\x00", {}),
    "nothing": (200, b"", {}),
    "a mapping": (200, b'{"message": "hello"}', {}),
    "null": (200, b"null", {}),
    "deep": (200, b"[" * 100_000, {}),
    "a large number": (200, b"9" * 10_000, {}),
    "cut": (200, b"[", {"Content-Length": "100000"}),
    "a wrong length": (200, b"[]", {"Content-Length": "x"}),
    "a redirect without a place": (302, b"", {}),
}


@pytest.mark.parametrize("answer", WRONG.values(), ids=WRONG)
def test_an_unusual_answer_is_a_warning(
    host: tuple[str, type[Host]], tmp_path: Path, answer: tuple[int, bytes, dict[str, str]]
) -> None:
    url, handler = host
    handler.answers = staticmethod(lambda *_: answer)
    report = tmp_path / "report.md"
    report.write_text(REPORT, encoding="utf-8")
    said = comment(url, report)
    if answer[1] == b"[]":
        assert said == "wrote a comment\n"
    else:
        assert said.startswith("::warning title=archcost::the comment could not be written: ")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_token_follows_no_redirect(host: tuple[str, type[Host]], tmp_path: Path, status: int) -> None:
    url, handler = host
    elsewhere = f"{url}/elsewhere"
    handler.answers = staticmethod(lambda *_: (status, b"", {"Location": elsewhere}))
    report = tmp_path / "report.md"
    report.write_text(REPORT, encoding="utf-8")
    assert comment(url, report).startswith("::warning")
    assert handler.asked == [LIST]


def test_pages_end(host: tuple[str, type[Host]], tmp_path: Path) -> None:
    url, handler = host
    full = json.dumps([by("somebody", body="hi")] * 100).encode()
    handler.answers = staticmethod(lambda method, _: (200, full if method == "GET" else b'{"id": 12}', {}))
    report = tmp_path / "report.md"
    report.write_text(REPORT, encoding="utf-8")
    assert comment(url, report) == "wrote comment 12\n"
    assert handler.asked == [LIST] * 50 + [POST]


def test_without_a_report_an_old_comment_does_not_stay_green(host: tuple[str, type[Host]], tmp_path: Path) -> None:
    url, handler = host
    handler.answers = staticmethod(answering(Answered([], None, 200, [])))
    said = comment(url, tmp_path / "nothing.md")
    assert said.startswith("::warning title=archcost::there is no report")
    assert handler.asked == [LIST]
    handler.asked.clear()
    handler.answers = staticmethod(answering(Answered([by(BOT, body=QUIET)], None, 200, [])))
    said = comment(url, tmp_path / "nothing.md")
    assert handler.asked == [LIST, USER, PATCH]
    assert handler.bodies == [f"{TAG}\n❌ **archcost wrote no report.** The log of the check says why."]


@pytest.mark.parametrize(
    ("headline", "quiet"),
    [
        ("✅ **Within budget.** 1 spec: 1 limit holds; nothing changed.", True),
        ("⚠️ **Within budget, with 1,234 warnings.** 1 spec: 1 warning; nothing changed.", True),
        ("✅ **Within budget.** 1 spec: 1 limit holds; 1 spec changed.", False),
        ("✅ **Within budget.** 1 spec: 1 limit holds.", False),
        ("❌ **nothing changed.: params 8 exceed 1.**", False),
        ("❌ **✅ \\*\\*Within budget.\\*\\* x; nothing changed.: params 8 exceed 1.**", False),
        ("❌ **x: 8 exceed 1; nothing changed.**", False),
        ("❌ **2 limits are exceeded in 1 spec.** 1 spec: 2 failures; nothing changed.", False),
    ],
)
def test_only_our_own_headline_is_quiet(
    headline: str, quiet: bool, host: tuple[str, type[Host]], tmp_path: Path
) -> None:
    """A name in the headline of a failing check does not keep the comment away."""
    url, handler = host
    handler.answers = staticmethod(answering(Answered([], None, 200, [])))
    report = tmp_path / "report.md"
    report.write_text(f"{TAG}\n{headline}\n\n; nothing changed.\n", encoding="utf-8")
    assert comment(url, report) == ("no comment\n" if quiet else "wrote comment 12\n")


def test_a_report_that_is_too_long_is_cut(host: tuple[str, type[Host]], tmp_path: Path) -> None:
    url, handler = host
    handler.answers = staticmethod(answering(Answered([], None, 200, [])))
    report = tmp_path / "report.md"
    report.write_text(REPORT + "é 😀 line\n\n" * 20_000, encoding="utf-8")
    assert comment(url, report) == "wrote comment 12\n"
    assert len(handler.bodies[0]) <= 65_536
    assert handler.bodies[0].endswith("line\n\n_The rest is left out: it is longer than a comment may be._\n")


@pytest.mark.parametrize(
    "environment",
    [
        {"GITHUB_TOKEN": ""},
        {"GITHUB_REPOSITORY": ""},
        {"ARCHCOST_PULL_REQUEST": ""},
        {"ARCHCOST_PULL_REQUEST": "7/../8"},
        {"ARCHCOST_PULL_REQUEST": "٣"},
        {"GITHUB_TOKEN": f"{TOKEN}\r\nX-Other: 1"},
        {"GITHUB_TOKEN": f"{TOKEN}é"},
        {"GITHUB_API_URL": "file:///etc"},
        {"GITHUB_API_URL": "nowhere"},
        {"GITHUB_API_URL": "http://127.0.0.1:1"},
        {"GITHUB_API_URL": "http://[x"},
        {"GITHUB_REPOSITORY": "team/mo dels\n"},
        {"ARCHCOST_REPORT": ""},
        {"ARCHCOST_REPORT": "/"},
    ],
)
def test_an_unusual_environment_is_a_warning(
    host: tuple[str, type[Host]], tmp_path: Path, environment: dict[str, str]
) -> None:
    url, handler = host
    handler.answers = staticmethod(answering(Answered([], None, 200, [])))
    report = tmp_path / "report.md"
    report.write_text(REPORT, encoding="utf-8")
    assert comment(url, report, **environment).startswith("::warning title=archcost::")
    assert POST not in handler.asked
