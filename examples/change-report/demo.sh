#!/bin/sh
# What `make demo` shows: a workflow over this very repository, and what was recorded of it.
set -eu
here=$(dirname "$0")

echo "The first model that answers here sums up; every fact comes from git and from an index of the code."
echo
savant index --quiet || true  # without an index the report says what is missing
savant run "$here/.savant/workflows/change-report.yaml" -i commits="${COMMITS:-10}"
echo
echo "Every step of it is recorded. It begins:"
savant runs show | head -14
echo
echo "The report is in savant-report.md. Next:"
echo "  . .venv/bin/activate"
echo "  savant runs show --step 1    one step, with its input and output in full"
echo "  savant runs show             all steps;  savant runs list: what has run so far"
echo "  savant init                  in another repository: a project of your own"
