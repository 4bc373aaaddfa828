"""Pages of the docs with generated parts: each between a mark ``<!-- generated: name -->`` and ``<!-- end -->``."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def inserted(page: str, parts: dict[str, str]) -> str:
    """The page with its generated parts, by name, replaced."""
    for name, text in parts.items():
        mark = f"<!-- generated: {name} -->"
        part = f"{mark}\n\n{text}\n\n<!-- end -->"
        page = re.sub(rf"{re.escape(mark)}.*?<!-- end -->", lambda _, part=part: part, page, flags=re.DOTALL)
    return page


def renew(path: Path, module: str, renewed: Callable[[str, bool], str]) -> None:
    """Rewrite a page as ``renewed`` has it; with --check, which it is told of, only exit 1 if that changes anything."""
    page = path.read_text(encoding="utf-8")
    check = "--check" in sys.argv
    changed = renewed(page, check)
    if check and changed != page:
        sys.exit(f"{path.name} is out of step: python -m {module}")
    if not check:
        path.write_text(changed, encoding="utf-8")
