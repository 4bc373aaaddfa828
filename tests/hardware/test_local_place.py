"""Where the device that was measured lies: nothing there, or something that cannot be read."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from archcost.errors import UsageError
from archcost.hardware.local import VARIABLE, local_device

if TYPE_CHECKING:
    from pathlib import Path

SAID = {
    "none/local.toml": "this machine was not measured: there is no ",
    "file/local.toml": "this machine was not measured: there is no ",
    "loop/local.toml": f"cannot read .*: {os.strerror(errno.ELOOP).lower()}$",
}


@pytest.mark.parametrize(("name", "message"), SAID.items())
def test_what_is_not_there_is_told_from_what_cannot_be_reached(
    name: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to("loop")
    monkeypatch.setenv(VARIABLE, str(tmp_path / name))
    with pytest.raises(UsageError, match=message):
        local_device()
