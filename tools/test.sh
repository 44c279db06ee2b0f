#!/bin/sh
# npm test: every check of the project, one after the other (see tools/test.ts).
set -eu
here=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
exec "$here/tools/run.sh" tools/test.ts "$@"
