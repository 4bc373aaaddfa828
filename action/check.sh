#!/usr/bin/env bash
# Check specs against the base branch. Annotations go to the log and the summary to the job's page; the Markdown report
# and the exit code are handed on, so that a comment can be written before the job fails.
# Nothing of the checkout is run: Python is isolated (-I), and git runs no hook of it and follows no submodule.
set -ufo pipefail

here="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)" || exit 2
report="${ARCHCOST_REPORT:-${RUNNER_TEMP:-/tmp}/archcost.md}"

finish() { # CODE
  local outputs="exit-code=$1"$'\n'"report=$report"
  if [ -n "${GITHUB_OUTPUT:-}" ]; then
    printf '%s\n' "$outputs" >>"$GITHUB_OUTPUT"
  else
    printf '%s\n' "$outputs"
  fi
  exit 0
}

refuse() { # MESSAGE
  echo "::error title=archcost::$1"
  finish 2
}

quiet_git() {
  git -c core.fsmonitor=false -c core.hooksPath=/dev/null --no-pager "$@"
}

case "$report" in
  *$'\n'* | *$'\r'*)
    report=
    refuse "ARCHCOST_REPORT holds a line end"
    ;;
esac
rm -f -- "$report" # of an earlier step: it would pass for this one's

arguments=(--format github --export-markdown "$report")
if [ -n "${ARCHCOST_BASE:-}" ]; then
  ref="refs/remotes/origin/$ARCHCOST_BASE"
  quiet_git check-ref-format "$ref" || refuse "the base is no name of a branch"
  if ! quiet_git rev-parse --verify --quiet --end-of-options "$ref^{commit}" >/dev/null; then
    # A checkout of the usual depth has only the pull request's own commit.
    quiet_git fetch --quiet --no-tags --no-recurse-submodules --depth=1 origin \
      "+refs/heads/$ARCHCOST_BASE:$ref" || refuse "the base branch cannot be fetched"
  fi
  arguments+=(--baseline-ref "${ref#refs/}")
fi

python -I "$here/run.py" "${arguments[@]}"
finish "$?"
