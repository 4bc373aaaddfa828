#!/bin/sh
# Sees to a Chromium for tests/page: does nothing where there is one, and says so where it may not install one.
set -eu
if [ -n "${ARCHCOST_BROWSER:-}" ] || command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null; then
  exit 0
fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "no browser for tests/page: install Chromium, or name one in ARCHCOST_BROWSER; without it these tests are skipped"
  exit 0
fi
echo "installing Chromium for tests/page"
apt-get update -qq || true # what the package lists of before say may do
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
