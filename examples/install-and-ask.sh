#!/bin/sh
# The same in a shell: stdout is the answer, everything else goes to stderr. sh examples/install-and-ask.sh MODEL.gguf
set -eu
rbee=${RBEE:-rbee}

binary=$($rbee worker download llama-node-cpu)
echo "installed $(basename "$binary")" >&2
path=$($rbee model download "$1")
model=$(basename "$path" .gguf)
$rbee infer "Once upon a time" --model "$model" --max-tokens 16 --temperature 0
$rbee hive stop >&2
$rbee model remove "$model" >&2
