"""LaTeX as strictly as a test can read it: what TeX would refuse, or set otherwise than it is meant, is an error.

It knows the commands of LaTeX, amsmath, amssymb and booktabs that the output may have, and in which mode each stands.
"""

from __future__ import annotations

import re

BOTH = {"quad", "ldots", "texttt"}
TEXT = BOTH | {
    *("textbackslash", "textasciitilde", "textasciicircum", "textasciigrave", "textless", "textgreater", "textbar"),
    *("u", "r", "H", "v", "c", "ss", "ae", "AE", "oe", "OE", "o", "O", "l", "L", "i"),  # accents and letters
    *("textbf", "paragraph", "dag", "begin", "end", "toprule", "midrule", "bottomrule"),
}
MATH = BOTH | {
    *("times", "cdot", "to", "leftarrow", "geq", "leq", "approx", "pm", "Delta", "surd", "lfloor", "rfloor", "lceil"),
    *("rceil", "mu", "alpha", "beta", "gamma", "epsilon", "lambda", "sigma", "Sigma", "Vert", "frac", "infty", "top"),
    *("checkmark", "triangleleft", "triangleright", "text", "left", "right", "max", "min", "sqrt", "bmod", "sum"),
}
WORDS = {"texttt", "textbf", "text", "paragraph"}  # their argument is text
RULES = {"toprule", "midrule", "bottomrule"}
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\n[ ]*\n|[{}$&#%_^~]|[^\\{}$&#%_^~\n]+|\n", re.DOTALL)
_SIDES = re.compile(r"\{([lr]+)\}")
_NAME = re.compile(r"\{([a-z]+)\}")


class LatexError(Exception):
    """What TeX would refuse, and where."""


class _Reader:
    """A stack of what is open, each with its mode; the cells of the row that is being read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0
        self.open: list[tuple[str, bool]] = []  # by what, and whether it is mathematics
        self.columns = self.ends = 0
        self.fresh = True  # nothing of the row is there yet
        self.rows: list[int] = []  # cells of each row of all tables

    @property
    def math(self) -> bool:
        return bool(self.open) and self.open[-1][1]

    @property
    def in_table(self) -> bool:
        return bool(self.open) and self.open[-1][0] == "tabular"

    def fail(self, why: str) -> LatexError:
        line = self.text.count("\n", 0, self.place) + 1
        return LatexError(f"line {line}: {why}: …{self.text[max(0, self.place - 30) : self.place + 30]!r}…")

    def require(self, condition: object, why: str) -> None:
        if not condition:
            raise self.fail(why)

    def take(self, pattern: re.Pattern[str], why: str) -> str:
        found = pattern.match(self.text, self.place)
        if found is None:
            raise self.fail(why)
        self.place = found.end()
        return found[1]

    def close(self, opener: str) -> None:
        self.require(self.open and self.open[-1][0] == opener, f"the end of {opener} does not close it")
        self.open.pop()

    def read(self) -> list[int]:
        if not self.text.isascii():
            raise LatexError("not in ASCII")
        while self.place < len(self.text):
            found = _TOKEN.match(self.text, self.place)
            if found is None:
                raise self.fail("a backslash at the end")
            token = found[0]
            before = self.place
            self.place = found.end()
            self.one(token)
            self.require(self.place > before, "nothing read")
        self.require(not self.open, f"{self.open} stay open")
        return self.rows

    def one(self, token: str) -> None:
        """A token, which is part of a row unless it is a space, or says itself where it stands."""
        if token == "\\\\":
            self.row()
        elif token[0] == "\\" and token[1].isalpha():
            self.command(token[1:])
        elif token.strip():
            self.fresh = False
            self.sign(token)
        else:
            self.require(not self.open or token.count("\n") < 2, "a new paragraph in what is open")

    def sign(self, token: str) -> None:
        """What is no command of letters."""
        if token == "{":
            self.open.append(("{", self.math))
        elif token == "}":
            self.close("{")
        elif token in ("$", r"\(", r"\)"):
            self.formula(token)
        elif token == "&":
            self.require(self.in_table, "& outside of a table's row")
            self.ends += 1
        elif token in ("_", "^"):
            self.require(self.math, f"{token} outside of a formula")
        elif token[0] == "\\":
            accent = token[1] in "`'^~=.\"" and not self.math and self.text[self.place : self.place + 1] == "{"
            self.require(accent or token[1] in "{}$&#%_, ", f"unknown {token}")
        else:
            self.require(token not in "#%~", f"a bare {token}")
            self.require('"' not in token, "a double quote, which some languages make a command")

    def formula(self, token: str) -> None:
        if token == r"\(" or (token == "$" and not self.math):
            self.require(not self.math, "a formula in a formula")
            self.open.append((token, True))
        else:
            self.close(r"\(" if token == r"\)" else "$")

    def row(self) -> None:
        if not self.in_table:
            self.require(not self.fresh, r"\\ where no line is")
            return
        self.require(self.ends + 1 == self.columns, f"{self.ends + 1} cells in {self.columns} columns")
        self.rows.append(self.columns)
        self.start()

    def start(self) -> None:
        """A row may begin; what looks like an argument belongs to what was before it."""
        self.ends, self.fresh = 0, True
        self.require(not re.match(r"\s*[\[*]", self.text[self.place :]), "a row that begins as an argument")

    def command(self, name: str) -> None:
        self.require(name in (MATH if self.math else TEXT), f"\\{name} is no command of this mode")
        if name == "begin":
            self.require(not self.open, f"a table in {self.open}")
            self.require(self.take(_NAME, "no name") == "tabular", "another environment")
            self.columns = len(self.take(_SIDES, "no columns"))
            self.open.append(("tabular", False))
            self.start()
        elif name == "end":
            self.require(self.take(_NAME, "no name") == "tabular" and self.fresh, "an end within a row")
            self.close("tabular")
        elif name in RULES:
            self.require(self.in_table and self.fresh, f"\\{name} within a row, or outside of a table")
            self.start()
        elif name in WORDS:
            self.take(re.compile(r"(\{)"), "no argument")
            self.open.append(("{", False))
            self.fresh = False
        else:
            self.fresh = False


def table_rows(text: str) -> list[int]:
    """The number of cells in each row of all tables of a text; raises LatexError for what is no LaTeX."""
    return _Reader(text).read()
