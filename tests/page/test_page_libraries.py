"""The libraries of the page: what is committed is what the lock file and the record beside it say."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import archcost
from archcost.render.page.page_script import PARTS
from archcost.render.page.shell import lean

PAGE = Path(archcost.__file__).parent / "render" / "page"
ASSETS = Path(__file__).parents[2] / "assets"
SCRIPT = {path.stem: path.read_text(encoding="utf-8") for path in (PAGE / "script").glob("*.js")}
MOST_LINES = 300
LICENCES = {"MIT", "ISC", "BSD-3-Clause", "Apache-2.0"}


def _json(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def test_the_bundle_is_the_one_on_record() -> None:
    record, bundle = _json(PAGE / "vendor.json"), (PAGE / "vendor.js").read_bytes()
    assert record["sha256"] == hashlib.sha256(bundle).hexdigest(), "run `make assets`"
    assert record["bytes"] == len(bundle)


def test_every_package_has_its_licence_and_the_locked_version() -> None:
    locked = _json(ASSETS / "package-lock.json")["packages"]
    packages = _json(PAGE / "vendor.json")["packages"]
    assert {"@dagrejs/dagre", "d3-hierarchy", "d3-scale", "d3-selection", "d3-zoom"} <= {
        each["name"] for each in packages
    }
    for package in packages:
        assert locked[f"node_modules/{package['name']}"]["version"] == package["version"]
        assert package["license"] in LICENCES
        assert "copyright" in package["licence_text"].lower()


def test_the_lock_file_names_no_host_and_pins_what_it_installs() -> None:
    text = (ASSETS / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in text
    assert re.findall(r"https?://(?!opencollective|github\.com/sponsors)[^\"]+", text) == []
    wanted = _json(ASSETS / "package.json")["devDependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())
    packages = {key: value for key, value in json.loads(text)["packages"].items() if key}
    assert all("integrity" in package for package in packages.values())


def test_our_script_runs_nothing_that_is_text_and_fetches_nothing() -> None:
    text = "".join(SCRIPT.values())
    assert not re.search(
        r"\beval\b|new Function|innerHTML|outerHTML|insertAdjacentHTML|document\.write|fetch\(|XMLHttp|import\(", text
    )
    assert not re.search(r"</script|<!--", text, re.IGNORECASE)
    assert not re.search(r"url\((?!#)|@import", (PAGE / "page.css").read_text(encoding="utf-8"))


def test_our_script_and_styles_leave_without_comments_and_indents() -> None:
    assert lean("/* a\n b */\n\n  /** c */\n  f(`d`); // e\n  // g\n* { h: 0 }\n") == "f(`d`); // e\n* { h: 0 }\n"
    lines = "".join(SCRIPT.values()).splitlines()
    assert [line for line in lines if line.count("`") % 2] == [], "a text of several lines would lose its indents"


def test_the_script_is_all_of_its_parts() -> None:
    assert sorted(PARTS) == sorted(SCRIPT)
    assert [name for name, text in SCRIPT.items() if text.count("\n") > MOST_LINES] == []
    assert [name for name, text in SCRIPT.items() if not text.startswith("// ")] == [], "say what it is for"


def test_parts_of_the_script_declare_a_name_once() -> None:
    declared = re.compile(r"^(?:async )?(?:function|const|let) (\w+)", re.MULTILINE)
    names = [name for part in PARTS for name in declared.findall(SCRIPT[part])]
    assert len(names) > 200
    assert [name for name, count in Counter(names).items() if count > 1] == []
