// Finds models on the Hub while somebody types; one of them opens what it offers.
import { Download, Heart, Lock } from "lucide-react";
import { useEffect, useState } from "react";
import type { HubModel } from "../../../lib/contract/views.ts";
import { formatCount, formatDay } from "../format.ts";
import { Dialog } from "../parts/dialog.tsx";
import { Empty, ErrorNotice, Waiting } from "../parts/notice.tsx";
import { ScrollRegion } from "../parts/scroll-region.tsx";
import { SearchField } from "../parts/search-field.tsx";
import { useQuery } from "../query.ts";
import { texts } from "../texts.ts";
import { HubVariants } from "./hub-variants.tsx";

const words = texts.hub;
/** After the last key: nobody wants an answer to each letter. */
const PAUSE_MS = 350;

export function HubSearch({ onStarted }: { onStarted: () => void }) {
  const [written, setWritten] = useState("");
  const query = usePaused(written.trim());
  // Found: what comes is shown below.
  const start = () => {
    setWritten("");
    onStarted();
  };
  return (
    <search className="hub-search">
      <SearchField
        label={words.search}
        value={written}
        onChange={setWritten}
        onKeyDown={(event) => event.key === "Escape" && setWritten("")}
      />
      {/* Over what stands below, which does not move. */}
      {written.trim() !== "" && (
        <ScrollRegion className="hub-results" label={words.results}>
          {query === "" ? <Waiting label={texts.loading} /> : <Results query={query} onStarted={start} />}
        </ScrollRegion>
      )}
    </search>
  );
}

function Results({ query, onStarted }: { query: string; onStarted: () => void }) {
  const { data, error } = useQuery("model_search", { query });
  if (error) return <ErrorNotice error={error} title={words.unreachable} />;
  if (!data) return <Waiting label={texts.loading} />;
  return (
    <>
      <p className="visually-hidden" role="status">
        {words.found(data.models.length)}
      </p>
      {data.models.length === 0 && (
        <Empty title={words.none}>
          <p>{words.noneBody}</p>
        </Empty>
      )}
      <ul className="plain-list">
        {data.models.map((model) => (
          <Result key={model.repo} model={model} onStarted={onStarted} />
        ))}
      </ul>
    </>
  );
}

function Result({ model: { repo, downloads, likes, updated_at, gated }, onStarted }: { model: HubModel; onStarted: () => void }) {
  const [isOpen, setOpen] = useState(false);
  const start = () => {
    setOpen(false);
    onStarted();
  };
  const trigger = (
    <button type="button" className="hub-result">
      <span className="hub-name">{repo}</span>
      <span className="hub-facts">
        {gated && (
          <span className="badge warn">
            <Lock aria-hidden className="icon" />
            {words.gated}
          </span>
        )}
        <span>
          <Download aria-hidden className="icon" />
          <span className="visually-hidden">{words.downloads}: </span>
          {formatCount(downloads)}
        </span>
        <span>
          <Heart aria-hidden className="icon" />
          <span className="visually-hidden">{words.likes}: </span>
          {formatCount(likes)}
        </span>
        <span>{words.updated(formatDay(updated_at))}</span>
      </span>
    </button>
  );
  return (
    <li>
      <Dialog trigger={trigger} title={repo} isOpen={isOpen} onOpenChange={setOpen} isWide>
        <HubVariants repo={repo} isGated={gated} onStarted={start} onClose={() => setOpen(false)} />
      </Dialog>
    </li>
  );
}

/** The text, once it has stood still for a moment. */
function usePaused(text: string): string {
  const [paused, setPaused] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setPaused(text), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return text === "" ? "" : paused;
}
