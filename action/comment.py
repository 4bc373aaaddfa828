"""Keep one comment on a pull request up to date: found again by the hidden tag on its first line.

Reads the report's path and the pull request's number from the environment, and needs nothing but the standard library.
Where nothing changed and there is no comment yet, it stays quiet.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from typing import Any

TAG = "<!-- archcost -->"
QUIET = "nothing changed."
PER_PAGE = 100


def call(method: str, path: str, data: dict[str, str] | None = None) -> Any:
    """One request to the API; raises HTTPError."""
    api = os.environ.get("GITHUB_API_URL", "https://api.github.com")
    request = urllib.request.Request(
        f"{api}/repos/{os.environ['GITHUB_REPOSITORY']}{path}",
        data=json.dumps(data).encode() if data is not None else None,
        method=method,
        headers={
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {os.environ['GITHUB_TOKEN']}",
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


def existing(number: str) -> int | None:
    """The id of the comment that carries the tag, or None."""
    page = 1
    while True:
        comments = call("GET", f"/issues/{number}/comments?per_page={PER_PAGE}&page={page}")
        for comment in comments:
            if (comment.get("body") or "").startswith(TAG):
                return int(comment["id"])
        if len(comments) < PER_PAGE:
            return None
        page += 1


def main() -> None:
    """Create or update the comment; a refusal of the API is a warning, not a failure of the build."""
    with open(os.environ["ARCHCOST_REPORT"], encoding="utf-8") as file:
        body = file.read()
    if not body.startswith(TAG):
        sys.exit(f"the report does not start with {TAG}")
    number = os.environ["ARCHCOST_PULL_REQUEST"]
    try:
        comment = existing(number)
        if comment is not None:
            call("PATCH", f"/issues/comments/{comment}", {"body": body})
            print(f"updated comment {comment}")
        elif QUIET in body.partition("\n\n")[0]:
            print("nothing changed: no comment")
        else:
            print(f"wrote comment {call('POST', f'/issues/{number}/comments', {'body': body})['id']}")
    except urllib.error.URLError as error:
        print(f"::warning title=archcost::the comment could not be written: {error}")


if __name__ == "__main__":
    main()
