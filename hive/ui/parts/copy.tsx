// Text that is meant to be taken along: a line with its button.
import { Copy } from "lucide-react";
import { texts } from "../texts.ts";
import { Button, IconButton } from "./button.tsx";
import { ScrollRegion } from "./scroll-region.tsx";
import { useToasts } from "./toasts.tsx";

/** Copies and says so. */
export function useCopy(): (text: string) => Promise<void> {
  const { tell, attempt } = useToasts();
  return async (text) => {
    const isCopied = await attempt(async () => {
      if (!navigator.clipboard) throw new Error(texts.copyFailed);
      await navigator.clipboard.writeText(text);
    });
    if (isCopied) tell(texts.copied);
  };
}

export function CopyLine({ text, label }: { text: string; label: string }) {
  const copy = useCopy();
  return (
    <div className="copy-line">
      <ScrollRegion className="copy-text" label={label}>
        <pre>
          <code>{text}</code>
        </pre>
      </ScrollRegion>
      <Button icon={<Copy aria-hidden className="icon" />} onClick={() => void copy(text)}>
        {texts.copy}
      </Button>
    </div>
  );
}

export function CopyIcon({ text, label }: { text: string; label: string }) {
  const copy = useCopy();
  return <IconButton label={label} icon={<Copy aria-hidden className="icon" />} onClick={() => void copy(text)} />;
}
