#!/bin/sh
# RBEE_BIN is given by the hive: with BUN_BE_BUN=1 it is a whole Bun.
set -eu
here=$(dirname "$(readlink -f "$0")")
exec env BUN_BE_BUN=1 "${RBEE_BIN:-rbee}" "$here/../lib/hello-worker/server.mjs" "$@"
