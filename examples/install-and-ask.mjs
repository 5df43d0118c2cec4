// The same from Node (20 or later) or Bun, with the package: npm install rbee-0.1.0.tgz; node install-and-ask.mjs MODEL.gguf
import { connect, RbeeError } from "rbee";

const [file = "model.gguf"] = process.argv.slice(2);
const { rbee, cancelAll } = connect();

// Ctrl+C cancels what was started, and waits until nothing of it lives.
process.once("SIGINT", () => cancelAll().then(() => process.exit(130)));

try {
  await rbee.worker.install({ worker_id: "llama-node-cpu" }, { onEvent: tellStep });
  const model = await rbee.model.download({ model: file });
  const answer = await rbee.infer({ prompt: "Once upon a time", model: model.id, max_tokens: 16, temperature: 0 });
  console.log(answer.text);
  await rbee.worker.processDelete({ id: answer.process });
  await rbee.model.remove({ id: model.id });
} catch (error) {
  if (!(error instanceof RbeeError)) throw error;
  console.error(`${error.code}: ${error.message}\n${error.hint ?? ""}`);
  process.exitCode = 1;
}

function tellStep({ event, data }) {
  if (event === "step" && data.status === "done") console.error(`${data.index}/${data.total} ${data.name}`);
}
