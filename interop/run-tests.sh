#!/usr/bin/env bash
# `npm test`: all tests, the interop ones included. As root on Debian it sets up the lab (container engine and images)
# itself; where it cannot, the interop tests are counted as skipped and the reason is said.
# The last line is 'N passed, N failed, N skipped'.
set -uo pipefail
cd "$(dirname "$0")/.."
report=$(mktemp -d)
trap 'rm -rf "$report"' EXIT
status=0
if [ -x interop/lab/prepare.sh ]; then
  CATBIRD_LAB=$(interop/lab/prepare.sh) || CATBIRD_LAB=
  export CATBIRD_LAB
fi
npx --no-install vitest run --reporter=default --reporter=json --outputFile.json="$report/vitest.json" "$@" || status=$?
node interop/summary.ts "$report/vitest.json" || status=1
exit "$status"
