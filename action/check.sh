#!/usr/bin/env bash
# Check specs against the base branch. Annotations go to the log and the summary to the job's page; the Markdown report
# and the exit code are handed on, so that a comment can be written before the job fails.
set -uo pipefail

report="${ARCHCOST_REPORT:-${RUNNER_TEMP:-/tmp}/archcost.md}"
arguments=(--format github --export-markdown "$report")
if [ -n "${ARCHCOST_BASE:-}" ]; then
  ref="origin/$ARCHCOST_BASE"
  if ! git rev-parse --verify --quiet "$ref^{commit}" >/dev/null; then
    # A checkout of the usual depth has only the pull request's own commit.
    git fetch --quiet --no-tags --depth=1 origin "+refs/heads/$ARCHCOST_BASE:refs/remotes/$ref" || exit 2
  fi
  arguments+=(--baseline-ref "$ref")
fi
read -r -a specs <<<"${ARCHCOST_SPECS:-}"
read -r -a further <<<"${ARCHCOST_ARGUMENTS:-}"

archcost check ${specs[@]+"${specs[@]}"} "${arguments[@]}" ${further[@]+"${further[@]}"}
code=$?
{
  echo "exit-code=$code"
  echo "report=$report"
} >>"${GITHUB_OUTPUT:-/dev/stdout}"
