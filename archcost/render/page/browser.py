"""Opening a file in the browser of whoever sits here."""

from __future__ import annotations

import os
import sys
import webbrowser
from pathlib import Path


def opened(path: str) -> bool:
    """Open a file in a browser; False where there is no display, or no browser on it."""
    if not has_display():
        return False
    try:
        return webbrowser.open_new_tab(Path(path).resolve().as_uri())
    except (webbrowser.Error, OSError):
        return False


def has_display() -> bool:
    """Whether there is a screen: a browser of text would take over the terminal."""
    if sys.platform in ("darwin", "win32"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
