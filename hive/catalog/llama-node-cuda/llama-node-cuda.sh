#!/bin/sh
# Starts the server with the rbee binary as its Bun. RBEE_BIN is given by the hive; by hand, rbee is found on PATH.
set -eu
here=$(dirname "$(readlink -f "$0")")
exec env BUN_BE_BUN=1 "${RBEE_BIN:-rbee}" "$here/../lib/llama-node-cuda/server.mjs" --gpu cuda "$@"
