// Installs a worker, adds a model, asks it, and stops what it started; a second run builds nothing: rbee run examples/install-and-ask.ts MODEL.gguf
import { $, rbee } from "rbee";

const [file = "model.gguf"] = process.argv.slice(2);

const { worker } = await rbee.worker.install(
  { worker_id: "llama-node-cpu" },
  {
    onEvent: (event) => {
      if (event.event === "step" && event.data.status === "done")
        console.error(`${event.data.index}/${event.data.total} ${event.data.name}`);
    },
  },
);
console.error(`installed ${(await $`basename ${worker.binary}`.text()).trim()}`);

const model = await rbee.model.download({ model: file });
const answer = await rbee.infer({ prompt: "Once upon a time", model: model.id, max_tokens: 16, temperature: 0 });
console.log(answer.text);

await rbee.worker.processDelete({ id: answer.process });
await rbee.model.remove({ id: model.id });
