"""Exit codes that several rooms give."""

from __future__ import annotations

INTERRUPTED = 130  # of a command that Ctrl-C ended, as shells have it: 128 and the number of the signal
