// What a repository offers: each file with its size, what it needs of this machine's memory, and the button that fetches it.
import { Check, Download } from "lucide-react";
import type { ModelVariant } from "../../../lib/contract/views.ts";
import { formatBytes } from "../format.ts";
import { Button } from "../parts/button.tsx";
import { ErrorNotice, Notice, Waiting } from "../parts/notice.tsx";
import { ScrollRegion } from "../parts/scroll-region.tsx";
import { useToasts } from "../parts/toasts.tsx";
import { useQuery } from "../query.ts";
import { useClient } from "../session.tsx";
import { texts } from "../texts.ts";

const words = texts.hub;

interface HubVariantsProps {
  readonly repo: string;
  readonly isGated: boolean;
  readonly onStarted: () => void;
  readonly onClose: () => void;
}

export function HubVariants({ repo, isGated, onStarted, onClose }: HubVariantsProps) {
  const { data, error } = useQuery("model_variants", { model: repo });
  return (
    <>
      <p className="dialog-text">{words.memory(data ? formatBytes(data.memory_bytes) : "…")}</p>
      <ScrollRegion className="variants" label={words.variants}>
        {isGated && <Notice kind="warn" title={words.gatedHelp(repo)} />}
        {error && <ErrorNotice error={error} />}
        {!data && !error && <Waiting label={texts.loading} />}
        <ul className="plain-list">
          {data?.variants.map((variant) => (
            <Variant key={variant.ref} variant={variant} memory={data.memory_bytes} onStarted={onStarted} />
          ))}
        </ul>
      </ScrollRegion>
      <div className="actions end">
        <Button onClick={onClose}>{texts.close}</Button>
      </div>
    </>
  );
}

function Variant({ variant, memory, onStarted }: { variant: ModelVariant; memory: number; onStarted: () => void }) {
  const client = useClient();
  const { attempt, tell } = useToasts();
  const { ref, name, size_bytes, needs_bytes, here } = variant;
  const fetch = async () => {
    if (!(await attempt(() => client.submit("model_download", { model: ref })))) return;
    tell(words.started(ref));
    onStarted();
  };
  const share = Math.min(100, Math.round((100 * needs_bytes) / memory));
  return (
    <li className="variant">
      <div className="variant-head">
        <strong className="mono">{name}</strong> <Fit variant={variant} />
      </div>
      <meter min={0} max={100} high={99} value={share} aria-label={words.share(share)} />
      <span className="quiet-text">{words.sizes(formatBytes(size_bytes), formatBytes(needs_bytes))}</span>
      <Button
        look={variant.chosen && !here ? "main" : "plain"}
        icon={<Download aria-hidden className="icon" />}
        disabled={here}
        aria-label={`${words.fetch} ${name}`}
        onClick={() => void fetch()}
      >
        {words.fetch}
      </Button>
    </li>
  );
}

function Fit({ variant: { here, chosen, fits } }: { variant: ModelVariant }) {
  if (here)
    return (
      <span className="badge good">
        <Check aria-hidden className="icon" />
        {words.here}
      </span>
    );
  if (!fits) return <span className="badge bad">{words.tooLarge}</span>;
  return <span className="badge good">{chosen ? words.best : words.fits}</span>;
}
