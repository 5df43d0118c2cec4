// Ways to add a model: a search of the Hub, a file of this computer, an address or a path.
import { FileUp, Plus } from "lucide-react";
import { type DragEvent, type FormEvent, useId, useRef, useState } from "react";
import { Button } from "../parts/button.tsx";
import { useToasts } from "../parts/toasts.tsx";
import { useClient } from "../session.tsx";
import { texts } from "../texts.ts";
import { uploads } from "../upload-store.ts";
import { HubSearch } from "./hub-search.tsx";

const words = texts.models;

export function AddModel({ onAdded }: { onAdded: () => void }) {
  return (
    <section className="panel">
      <h2>{words.add}</h2>
      <HubSearch onStarted={onAdded} />
      <DropZone onAdded={onAdded} />
      <ByReference onAdded={onAdded} />
    </section>
  );
}

/** The whole zone takes a file that is dropped; the button in it is for everybody else. */
function DropZone({ onAdded }: { onAdded: () => void }) {
  const client = useClient();
  const { tell } = useToasts();
  const [isOver, setOver] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const send = (files: FileList | null) =>
    uploads.send(client, [...(files ?? [])], (id) => {
      tell(words.added(id));
      onAdded();
    });
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    send(event.dataTransfer.files);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is a second way; the button does the same
    <div
      className={`drop-zone ${isOver ? "over" : ""}`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <Button icon={<FileUp aria-hidden className="icon" />} onClick={() => field.current?.click()}>
        {words.chooseFile}
      </Button>
      <input
        ref={field}
        type="file"
        multiple
        hidden
        accept=".gguf,.bin"
        aria-label={words.chooseFile}
        onChange={(event) => {
          send(event.target.files);
          event.target.value = "";
        }}
      />
      <p className="quiet-text">{words.dropHelp}</p>
    </div>
  );
}

function ByReference({ onAdded }: { onAdded: () => void }) {
  const client = useClient();
  const { tell, attempt } = useToasts();
  const [written, setWritten] = useState("");
  const [isBusy, setBusy] = useState(false);
  const help = useId();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const model = written.trim();
    setBusy(true);
    // A file here is there at once; what is fetched takes its time and is shown below.
    const isLocal = model.startsWith("/");
    const isTaken = await attempt(async () => {
      if (isLocal) tell(words.added((await client.run("model_download", { model })).id));
      else await client.submit("model_download", { model });
    });
    setBusy(false);
    if (isTaken) setWritten("");
    onAdded();
  };
  return (
    <details className="by-reference">
      <summary>{words.byReference}</summary>
      <form className="row" onSubmit={(event) => void submit(event)}>
        <label className="field grow">
          <span>{words.path}</span>
          <input
            className="mono"
            value={written}
            onChange={(event) => setWritten(event.target.value)}
            placeholder="Qwen/Qwen3-0.6B-GGUF"
            autoComplete="off"
            spellCheck={false}
            required
            aria-describedby={help}
          />
        </label>
        <Button type="submit" look="main" icon={<Plus aria-hidden className="icon" />} disabled={isBusy}>
          {words.submit}
        </Button>
      </form>
      <p className="quiet-text" id={help}>
        {words.pathHelp}
      </p>
    </details>
  );
}
