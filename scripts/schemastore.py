"""Write what a request to SchemaStore adds, as its repository has it: ``make schemastore``, into build/schemastore.

The schema is that of ``archcost schema spec``, with its address as ``$id`` and in one line; the entry of the catalog
and the samples that it must accept and refuse are in schemastore/.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

from archcost.spec.schema import spec_schema

ROOT = Path(__file__).parents[1] / "schemastore"
NAME = "archcost"


def entry() -> dict[str, Any]:
    """The entry of the catalog."""
    found: dict[str, Any] = json.loads((ROOT / "catalog-entry.json").read_text(encoding="utf-8"))
    return found


def schema() -> dict[str, Any]:
    """The schema under its address."""
    made = spec_schema()
    return {"$schema": made.pop("$schema"), "$id": entry()["url"], **made}


def write(folder: Path) -> list[Path]:
    """The files below a folder, which is cleared: the schema, its samples, and the entry."""
    shutil.rmtree(folder, ignore_errors=True)
    target = folder / "src" / "schemas" / "json" / f"{NAME}.json"
    target.parent.mkdir(parents=True)
    target.write_text(json.dumps(schema(), ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    for samples in ("test", "negative_test"):
        shutil.copytree(ROOT / samples, folder / "src" / samples / NAME)
    shutil.copy(ROOT / "catalog-entry.json", folder)
    return sorted(path for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    for each in write(Path(sys.argv[1] if sys.argv[1:] else "build/schemastore")):
        print(each, each.stat().st_size)
