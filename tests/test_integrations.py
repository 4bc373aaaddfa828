"""At home in CI: the action's scripts against a local host, the hooks, the examples, and the pytest plugin."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
SPEC = (
    "archcost: 1\nname: net\nparams: {{width: {width}}}\ninput: [16]\nlayers:\n  - linear: {{out_features: $width}}\n"
)
CONFIG = '[[budgets]]\nparams = "1%"\n'


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=Someone", "-c", "user.email=someone@example.org")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def pull_request(tmp_path: Path) -> Path:
    """A shallow checkout of a pull request's commit, whose origin has a main branch that it does not know yet."""
    origin = tmp_path / "origin"
    (origin / "specs").mkdir(parents=True)
    (origin / "specs" / "net.yaml").write_text(SPEC.format(width=32))
    (origin / "archcost.toml").write_text('specs = ["specs/*.yaml"]\n' + CONFIG)
    git(origin, "init", "-q", "-b", "main")
    git(origin, "add", ".")
    git(origin, "commit", "-q", "-m", "A net")
    git(origin, "switch", "-q", "-c", "change")
    (origin / "specs" / "net.yaml").write_text(SPEC.format(width=64))
    git(origin, "commit", "-q", "-a", "-m", "Double it")
    checkout = tmp_path / "checkout"
    git(tmp_path, "clone", "-q", "--depth=1", "--branch=change", origin.as_uri(), str(checkout))
    return checkout


def check(folder: Path, **extra: str) -> tuple[dict[str, str], str]:
    """Run the action's check; its outputs, and its log."""
    outputs = folder.parent / "outputs"
    outputs.write_text("")
    environment = {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder.parent),
        "GITHUB_ACTIONS": "true",
        "GITHUB_OUTPUT": str(outputs),
        "GITHUB_STEP_SUMMARY": str(folder.parent / "summary.md"),
        "GITHUB_WORKSPACE": str(folder),
        "RUNNER_TEMP": str(folder.parent),
        **extra,
    }
    done = subprocess.run(
        ["bash", str(ROOT / "action" / "check.sh")],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(line.split("=", 1) for line in outputs.read_text().splitlines()), done.stdout + done.stderr


def test_the_action_fails_a_pull_request_that_doubles_a_model(pull_request: Path) -> None:
    outputs, log = check(pull_request, ARCHCOST_BASE="main")
    assert outputs["exit-code"] == "1"
    assert "::error file=archcost.toml,line=3" in log
    for text in (Path(outputs["report"]).read_text(), (pull_request.parent / "summary.md").read_text()):
        assert "1,088" in text  # 16 * 64 + 64
        assert "net" in text


def test_the_action_passes_what_does_not_grow(pull_request: Path) -> None:
    (pull_request / "specs" / "net.yaml").write_text(SPEC.format(width=32))
    outputs, log = check(pull_request, ARCHCOST_BASE="main")
    assert outputs["exit-code"] == "0", log
    assert "nothing changed" in Path(outputs["report"]).read_text()


def test_the_action_takes_specs_and_arguments(pull_request: Path) -> None:
    outputs, _ = check(
        pull_request, ARCHCOST_BASE="main", ARCHCOST_SPECS="specs/net.yaml", ARCHCOST_ARGUMENTS="--exit-zero"
    )
    assert outputs["exit-code"] == "0"


def test_the_action_cannot_judge_a_broken_spec(pull_request: Path) -> None:
    (pull_request / "specs" / "net.yaml").write_text("layers: [}")
    outputs, log = check(pull_request, ARCHCOST_BASE="main")
    assert outputs["exit-code"] == "2"
    assert "specs/net.yaml" in log


class Host(BaseHTTPRequestHandler):
    """Enough of GitHub's comments API: list, create, update."""

    comments: dict[int, str]
    refuse = False

    def _answer(self, data: Any, code: int = 200) -> None:
        body = json.dumps(data).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _body(self) -> str:
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"]

    def do_GET(self) -> None:
        assert self.headers["Authorization"] == "Bearer secret"
        path, _, query = self.path.partition("?")
        if path == "/user":  # which the token of a workflow may not ask
            self._answer({"message": "Resource not accessible by integration"}, 403)
            return
        assert path == "/repos/team/models/issues/7/comments"
        page = int(query.rpartition("page=")[2])
        listed = [
            {"id": number, "user": {"login": "github-actions[bot]"}, "body": body}
            for number, body in sorted(self.comments.items())
        ]
        self._answer(listed[100 * (page - 1) : 100 * page])

    def do_POST(self) -> None:
        if self.refuse:
            self._answer({"message": "Resource not accessible"}, 403)
            return
        number = 1000 + len(self.comments)
        self.comments[number] = self._body()
        self._answer({"id": number}, 201)

    def do_PATCH(self) -> None:
        number = int(self.path.rpartition("/")[2])
        self.comments[number] = self._body()
        self._answer({"id": number})

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def host() -> Iterator[tuple[str, type[Host]]]:
    handler = type("Handler", (Host,), {"comments": {number: f"comment {number}" for number in range(150)}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", handler
    server.shutdown()
    server.server_close()
    thread.join()


def comment(url: str, report: Path) -> str:
    environment = {
        "GITHUB_API_URL": url,
        "GITHUB_REPOSITORY": "team/models",
        "GITHUB_TOKEN": "secret",
        "ARCHCOST_PULL_REQUEST": "7",
        "ARCHCOST_REPORT": str(report),
        "no_proxy": "127.0.0.1",
    }
    command = [sys.executable, str(ROOT / "action" / "comment.py")]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def test_the_comment_is_written_once_and_then_updated(host: tuple[str, type[Host]], tmp_path: Path) -> None:
    url, handler = host
    report = tmp_path / "report.md"
    report.write_text("<!-- archcost -->\n❌ **Over budget.**\n\ndetails\n")
    assert "wrote comment" in comment(url, report)
    report.write_text("<!-- archcost -->\n✅ **Within budget.** 1 spec: 1 limit holds; nothing changed.\n")
    assert "updated comment" in comment(url, report)
    tagged = [body for body in handler.comments.values() if body.startswith("<!-- archcost -->")]
    assert tagged == [report.read_text()]


def test_nothing_changed_is_not_worth_a_comment(host: tuple[str, type[Host]], tmp_path: Path) -> None:
    url, handler = host
    report = tmp_path / "report.md"
    report.write_text("<!-- archcost -->\n✅ **Within budget.** 1 spec: 1 limit holds; nothing changed.\n")
    assert "no comment" in comment(url, report)
    assert len(handler.comments) == 150


def test_a_refused_comment_is_a_warning(host: tuple[str, type[Host]], tmp_path: Path) -> None:
    url, handler = host
    handler.refuse = True
    report = tmp_path / "report.md"
    report.write_text("<!-- archcost -->\n❌ **Over budget.**\n")
    assert comment(url, report).startswith("::warning")


def test_the_action_names_files_that_exist() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    assert action["runs"]["using"] == "composite"
    commands = "\n".join(step.get("run", "") for step in action["runs"]["steps"])
    for script in ("action/check.sh", "action/comment.py"):
        assert script in commands
        assert (ROOT / script).exists()
    used = {name for name in action["inputs"] if f"inputs.{name}" in (ROOT / "action.yml").read_text(encoding="utf-8")}
    assert used == set(action["inputs"])


@pytest.mark.parametrize(
    ("path", "judged"),
    [
        ("specs/net.yaml", True),
        ("specs/deep/net.yml", True),
        ("models/net.archcost.yaml", True),
        ("net.archcost.yml", True),
        ("models/net.yaml", False),
        ("myspecs/net.yaml", False),
        ("notarchcost.yaml", False),
    ],
)
def test_the_hooks_run_for_specs(path: str, judged: bool) -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert [bool(re.search(hook["files"], path)) for hook in hooks] == [judged] * 2


def test_the_hooks_run_commands_that_exist() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    for hook in hooks:
        program, command = hook["entry"].split()[:2]
        shown = subprocess.run([BIN / program, command, "--help"], capture_output=True, text=True, check=True)
        assert "Usage" in shown.stdout


def run_pytest(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", str(cwd), "-q", *arguments]
    # Other plugins take longer to load than a run, and what this run was asked for is not asked of that one.
    alone = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    return subprocess.run(command, cwd=cwd, env=alone, capture_output=True, text=True, check=False)


def test_the_pytest_example_passes() -> None:
    done = run_pytest(cwd=ROOT / "examples" / "pytest")
    assert "2 passed" in done.stdout, done.stdout
    assert "archcost:" not in done.stdout


def test_a_run_that_judges_no_spec_says_so(tmp_path: Path) -> None:
    """A folder that holds none, and a configuration that lists models alone."""
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["archcost.pytest_plugin"]\n')
    (tmp_path / "archcost.toml").write_text('specs = ["specs/*.yaml"]\n')
    for folder in ("specs", "elsewhere"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "net.yaml").write_text(SPEC.format(width=32) + "budgets: {params: 1 k}\n")
    told = "archcost: nothing that was collected is a spec that the configuration lists"
    assert told in run_pytest("--archcost", "elsewhere", cwd=tmp_path).stdout
    assert told not in run_pytest("elsewhere", cwd=tmp_path).stdout
    done = run_pytest("--archcost", "specs", cwd=tmp_path)
    assert ("1 passed" in done.stdout, told in done.stdout) == (True, False)


@pytest.mark.parametrize(("params", "outcome"), [("1 k", "1 passed"), ("100", "1 failed")])
def test_specs_are_collected_as_tests(tmp_path: Path, params: str, outcome: str) -> None:
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["archcost.pytest_plugin"]\n')
    (tmp_path / "archcost.toml").write_text(f'specs = ["net.yaml"]\n[[budgets]]\nparams = "{params}"\n')
    (tmp_path / "net.yaml").write_text(SPEC.format(width=32))
    (tmp_path / "other.yaml").write_text("not: a spec\n")
    done = run_pytest("--archcost", cwd=tmp_path)
    assert outcome in done.stdout, done.stdout
    assert ("544" in done.stdout) is (outcome == "1 failed")  # 16 * 32 + 32
    assert "Traceback" not in done.stdout


def test_specs_are_collected_by_the_command_in_the_docs(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    (command,) = [line.strip() for line in page.splitlines() if line.startswith("    pytest ")]
    assert command in (ROOT / "examples" / "pytest" / "test_budget.py").read_text(encoding="utf-8")
    arguments = command.split()[1:]
    for folder, specs in {"ci": 2, "pytest": 1}.items():
        done = run_pytest("-rp", *arguments, cwd=ROOT / "examples" / folder)
        assert (done.returncode, done.stdout.count("PASSED ")) == (0, specs), done.stdout
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "net.yaml").write_text(SPEC.format(width=32))
    (tmp_path / ".git").mkdir()  # where the search for a configuration ends
    lost = run_pytest(*arguments, cwd=tmp_path)
    assert lost.returncode == pytest.ExitCode.INTERRUPTED
    assert "no specs are given, and there is no configuration" in lost.stdout + lost.stderr
    assert "pytest_plugin.py" not in lost.stdout + lost.stderr  # no frames


def test_the_page_of_the_action_is_complete() -> None:
    page = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    rows = [line.split("`")[1] for line in page.splitlines() if line.startswith("| `")]
    assert rows == list(action["inputs"])
    example = (ROOT / "examples" / "github-workflow.yml").read_text(encoding="utf-8")
    gitlab = (ROOT / "examples" / "gitlab-ci.yml").read_text(encoding="utf-8")
    for text in (page, example, gitlab):
        for name in ("specs/**", "pyproject.toml", "archcost.toml", "archcost.lock.json"):
            assert name in text
    pins = re.findall(r"archcost/archcost@(\S+)|rev: (\S+)", page + example)
    assert len({version for pin in pins for version in pin if version}) == 1, pins


def test_files_with_nothing_to_judge_are_skipped(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["archcost.pytest_plugin"]\n')
    (tmp_path / "archcost.toml").write_text('specs = ["*.yaml"]\n')
    (tmp_path / "net.yaml").write_text(SPEC.format(width=32))
    (tmp_path / "blocks.yaml").write_text("archcost: 1\nblocks: {unit: {layers: [relu]}}\n")
    (tmp_path / "good.yaml").write_text(SPEC.format(width=32) + "budgets: {params: 544}\n")  # 16 * 32 + 32
    (tmp_path / "wrong.yaml").write_text("archcost: 1\nblocks: {unit: {layers: [rellu]}}\n")
    done = run_pytest("--archcost", "-rs", cwd=tmp_path)
    assert "1 failed, 1 passed, 2 skipped" in done.stdout, done.stdout
    assert "it holds only blocks" in done.stdout
    assert "no limits to judge" in done.stdout


def test_what_is_not_judged_says_why(tmp_path: Path) -> None:
    """Also without -rs, which shows no reasons; and files that stand for specs are collected as well."""
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["archcost.pytest_plugin"]\n')
    (tmp_path / "archcost.toml").write_text('specs = ["*.yaml", "config.json"]\n')
    (tmp_path / "net.yaml").write_text(SPEC.format(width=32))
    (tmp_path / "config.json").write_text('{"model_type": "llama", "num_hidden_layers": 1}')
    done = run_pytest("--archcost", "-q", cwd=tmp_path)
    for name in ("net.yaml", "config.json"):
        assert f"archcost: {name}: 1 spec: no limits to judge" in done.stdout


def test_what_cannot_be_judged_says_why_in_a_test(tmp_path: Path) -> None:
    """A spec that is not there, one that is wrong, and a baseline of other settings: as the command has it."""
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["archcost.pytest_plugin"]\n')
    (tmp_path / "archcost.toml").write_text('specs = ["net.yaml", "wrong.yaml"]\n' + CONFIG)
    (tmp_path / "net.yaml").write_text(SPEC.format(width=32))
    (tmp_path / "wrong.yaml").write_text("archcost: 1\ninput: [3]\nlayers: [rellu]\n")
    subprocess.run([BIN / "archcost", "baseline", "update", "net.yaml"], cwd=tmp_path, check=True, capture_output=True)
    (tmp_path / "test_net.py").write_text(
        "def test_lost(archcost_budget):\n    archcost_budget('lost.yaml')\n\n\n"
        "def test_net(archcost_budget):\n    archcost_budget('net.yaml', width=64)\n"
    )
    done = run_pytest("--archcost", cwd=tmp_path)
    assert "1 passed" in done.stdout
    assert "3 failed" in done.stdout
    assert "error: cannot read lost.yaml: there is no such file" in done.stdout
    assert "was recorded without --set width=64: growth cannot be judged" in done.stdout
    assert "error: unknown kind 'rellu'" in done.stdout
    assert "wrong.yaml:3:10" in done.stdout


def test_the_fixture_fails_with_the_report(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["archcost.pytest_plugin"]\n')
    (tmp_path / "net.yaml").write_text(SPEC.format(width=32) + "budgets: {params: 100}\n")
    (tmp_path / "test_net.py").write_text("def test_net(archcost_budget):\n    archcost_budget('net.yaml', width=64)\n")
    done = run_pytest(cwd=tmp_path)
    assert done.returncode == 1
    assert "1,088" in done.stdout
