"""The same from Python, with nothing but its standard library: python3 examples/install_and_ask.py MODEL.gguf"""
import json
import subprocess
import sys

RBEE = sys.argv[2] if len(sys.argv) > 2 else "rbee"


def rbee(*words):
    """Runs a command with --json. Returns the answer of a query, or the result among a job's events."""
    result = None
    with subprocess.Popen([RBEE, *words, "--json"], stdout=subprocess.PIPE, text=True) as program:
        for line in program.stdout:
            value = json.loads(line)
            if "event" not in value:
                result = value
            elif value["event"] == "result":
                result = value["data"]
            elif value["event"] == "step" and value["data"]["status"] == "done":
                print("{index}/{total} {name}".format(**value["data"]), file=sys.stderr)
    if program.returncode != 0:
        sys.exit(program.returncode)
    return result


rbee("worker", "download", "llama-node-cpu")
model = rbee("model", "download", sys.argv[1])
answer = rbee("infer", "Once upon a time", "--model", model["id"], "--max-tokens", "16", "--temperature", "0")
print(answer["text"])
rbee("worker", "process", "stop", answer["process"])
rbee("model", "remove", model["id"])
