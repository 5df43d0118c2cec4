#!/bin/sh
# Starts the server with the packages that lie beside it.
set -eu
here=$(dirname "$(readlink -f "$0")")
PYTHONPATH="$here/../lib/mlx-lm" exec python3.12 -m mlx_lm.server "$@"
