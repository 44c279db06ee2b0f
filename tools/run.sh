#!/bin/sh
# Runs one of the project's own scripts with the project's Node: tools/run.sh bench/dhcp.ts
set -eu
here=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
. "$here/tools/node.sh"
script=$1; shift
exec "$NODE" "$here/$script" "$@"
