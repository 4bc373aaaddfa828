"""Keep one comment on a pull request up to date: found again by its author, and by the hidden tag on its first line.

Reads the report's path and the pull request's number from the environment, and needs nothing but the standard library.
Where nothing changed and there is no comment yet, it stays quiet.

The comment that is updated is one that this token wrote: its author is the login that ``GET /user`` gives for the
token, or ``github-actions[bot]``, whose token may not ask that. The tag alone proves nothing, because anybody can write
it. What goes wrong here is a warning and no failure: whether the build fails is for the check to say.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import sys
import time
import urllib.error
import urllib.request
from typing import Any

TAG = "<!-- archcost -->"
# The whole headline of a verdict that nobody has to read; names stand in headlines, and none can write this one.
QUIET = re.compile(r"(?:✅|⚠️) \*\*Within budget(?:, with [\d,]+ warnings?)?\.\*\* .*; nothing changed\.")
ACTIONS = "github-actions[bot]"  # who comments with the token of a workflow
NO_REPORT = f"{TAG}\n❌ **archcost wrote no report.** The log of the check says why."
CUT = "\n\n_The rest is left out: it is longer than a comment may be._\n"
MAX_BODY = 65_536  # characters of a comment
MAX_ANSWER = 64 * 2**20  # bytes of an answer
PER_PAGE = 100
MAX_PAGES = 50
PATIENCE = 30  # seconds that the host may take for a word, and twice as much for a whole answer
GONE_OR_NOT_OURS = (403, 404)


class CommentError(Exception):
    """The comment cannot be written; the message holds nothing that is secret."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirect, because the token would go along."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Nowhere: the answer is an error."""


class Host:
    """The API of the repository's host."""

    def __init__(self) -> None:
        """Raises CommentError for an environment that lacks what a runner sets."""
        self.api = os.environ.get("GITHUB_API_URL") or "https://api.github.com"
        self.repository = required("GITHUB_REPOSITORY")
        self.token = required("GITHUB_TOKEN")
        if not self.api.startswith(("https://", "http://")):
            raise CommentError("GITHUB_API_URL is no address")
        if not (self.token.isascii() and self.token.isprintable()):
            raise CommentError("the token holds characters that no token has")
        self.opener = urllib.request.build_opener(NoRedirect)

    def call(self, method: str, path: str, body: str | None = None) -> Any:
        """One request; raises CommentError for whatever is no answer in JSON."""
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
        }
        data = None if body is None else json.dumps({"body": body}).encode()
        try:
            request = urllib.request.Request(self.api + path, data=data, method=method, headers=headers)
            with self.opener.open(request, timeout=PATIENCE) as response:
                return json.loads(whole(response))
        except urllib.error.HTTPError as error:
            raise CommentError(f"the host answers {error.code} to {method}", error.code) from None
        except urllib.error.URLError as error:
            raise CommentError(f"the host cannot be reached: {error.reason}") from None
        except (OSError, http.client.HTTPException) as error:
            raise CommentError(f"the connection failed: {type(error).__name__}") from None
        except (ValueError, RecursionError):
            raise CommentError(f"the answer to {method} is not JSON") from None


def required(name: str) -> str:
    """A variable of the environment; raises CommentError without it."""
    value = os.environ.get(name, "").strip()
    if not value:
        raise CommentError(f"{name} is not set")
    return value


def pull_request() -> str:
    """The number of the pull request; raises CommentError."""
    number = required("ARCHCOST_PULL_REQUEST")
    if not (number.isascii() and number.isdigit()):
        raise CommentError("ARCHCOST_PULL_REQUEST is no number")
    return number


def whole(response: Any) -> bytes:
    """The whole of an answer, within bounds of size and time; raises CommentError beyond."""
    end = time.monotonic() + 2 * PATIENCE
    pieces, size = [], 0
    while piece := response.read1(2**16):
        pieces.append(piece)
        size += len(piece)
        if size > MAX_ANSWER or time.monotonic() > end:
            raise CommentError("the answer does not end")
    return b"".join(pieces)


def tagged(host: Host, number: str) -> list[tuple[int, str]]:
    """Id and author of every comment that begins with the tag."""
    found = []
    for page in range(1, MAX_PAGES + 1):
        path = f"/repos/{host.repository}/issues/{number}/comments?per_page={PER_PAGE}&page={page}"
        comments = host.call("GET", path)
        if not isinstance(comments, list):
            raise CommentError("the host lists no comments")
        found += [known for comment in comments if (known := identified(comment)) is not None]
        if len(comments) < PER_PAGE:
            break
    return found


def identified(comment: Any) -> tuple[int, str] | None:
    """Id and author of a comment that begins with the tag; None for any other, and for what is no comment."""
    if not isinstance(comment, dict):
        return None
    body, number, user = comment.get("body"), comment.get("id"), comment.get("user")
    login = user.get("login") if isinstance(user, dict) else None
    if not isinstance(body, str) or not body.startswith(TAG) or type(number) is not int or not isinstance(login, str):
        return None
    return number, login


def own_login(host: Host) -> str:
    """The login that the token writes under; the token of a workflow may not ask."""
    try:
        user = host.call("GET", "/user")
    except CommentError:
        return ACTIONS
    login = user.get("login") if isinstance(user, dict) else None
    return login if isinstance(login, str) and login else ACTIONS


def own_comment(host: Host, number: str) -> int | None:
    """The first comment with the tag that this token wrote."""
    candidates = tagged(host, number)
    if not candidates:
        return None
    login = own_login(host)
    return next((comment for comment, author in candidates if author == login), None)


def report() -> str | None:
    """The text of the comment; None where there is no report."""
    try:
        with open(required("ARCHCOST_REPORT"), encoding="utf-8", errors="replace") as file:
            text = file.read(MAX_BODY + 1)
    except (OSError, ValueError, CommentError):
        return None
    if not text.startswith(TAG):
        return None
    if len(text) <= MAX_BODY:
        return text
    kept = text[: MAX_BODY - len(CUT)]
    return (kept.rpartition("\n\n")[0] or kept) + CUT


def is_quiet(body: str) -> bool:
    """Whether a report says that all holds and nothing changed."""
    headline = body.removeprefix(TAG).lstrip("\r\n").partition("\n")[0]
    return QUIET.fullmatch(headline.rstrip("\r")) is not None


def write(host: Host, number: str, body: str, *, new: bool) -> str:
    """Update the own comment, or write one where ``new`` allows it; returns what was done."""
    comment = own_comment(host, number)
    if comment is not None:
        try:
            host.call("PATCH", f"/repos/{host.repository}/issues/comments/{comment}", body)
        except CommentError as error:
            if error.status not in GONE_OR_NOT_OURS:
                raise
        else:
            return f"updated comment {comment}"
    if not new:
        return "no comment"
    written = host.call("POST", f"/repos/{host.repository}/issues/{number}/comments", body)
    known = written.get("id") if isinstance(written, dict) else None
    return f"wrote comment {known}" if type(known) is int else "wrote a comment"


def warn(message: str) -> None:
    """A warning of the job; nothing in it begins another command."""
    escaped = message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    print(f"::warning title=archcost::{escaped.encode('ascii', 'backslashreplace').decode()}")


def main() -> None:
    """Create or update the comment."""
    body = report()
    if body is None:
        warn("there is no report to write as a comment: the log of the check says why")
    try:
        number = pull_request()
        print(write(Host(), number, body or NO_REPORT, new=body is not None and not is_quiet(body)))
    except CommentError as error:
        warn(f"the comment could not be written: {error}")


if __name__ == "__main__":
    sys.exit(main())
