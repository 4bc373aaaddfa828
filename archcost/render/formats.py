"""The formats of what is printed, by name: the module that prints each, and the file names that ask for it."""

from __future__ import annotations

FORMATS = {  # of every document; the module of a printer is loaded when it is asked for
    "table": "terminal",
    "tree": "tree",
    "json": "data",
    "csv": "sheet",
    "markdown": "markdown",
    "latex": "latex",
}
SUFFIXES = {".json": "json", ".csv": "csv", ".md": "markdown", ".tex": "latex", ".txt": "table"}
FULL, CONCISE, GITHUB, JUNIT, SARIF = "full", "concise", "github", "junit", "sarif"
FOR_HOSTS = (GITHUB, "gitlab", JUNIT, SARIF)
OF_VERDICTS = (FULL, CONCISE, *FOR_HOSTS)  # beside those of every document
HTML = "html"
OF_PAGES = (HTML, "svg", "json")  # what a page is written as; its first one where nothing is said
OF_PAGES_ALONE = {  # formats that people ask of other commands, and where they are
    name: f"`archcost report SPEC -o FILE.{name}` writes {what}"
    for name, what in ((HTML, "a page for a browser"), ("svg", "a picture"))
}
BADGE = "badge"  # of a verdict, in a file beside what is printed
