// A recipe, coloured as bash.
import bash from "highlight.js/lib/languages/bash";
import { createLowlight } from "lowlight";
import { createElement, type ReactNode, useMemo } from "react";
import { ScrollRegion } from "./scroll-region.tsx";

const lowlight = createLowlight({ bash });
type Nodes = ReturnType<typeof lowlight.highlight>["children"];

export function Recipe({ text, label }: { text: string; label: string }) {
  const nodes = useMemo(() => lowlight.highlight("bash", text).children, [text]);
  return (
    <ScrollRegion className="recipe" label={label}>
      <pre>
        <code>{draw(nodes)}</code>
      </pre>
    </ScrollRegion>
  );
}

/** As React's own elements: text from a recipe never becomes markup. */
function draw(nodes: Nodes | undefined): ReactNode[] {
  return (nodes ?? []).map((node, at) => {
    if (node.type === "text") return node.value;
    if (node.type !== "element") return null;
    const className = ([] as unknown[]).concat(node.properties.className ?? []).join(" ");
    return createElement("span", { key: at, className }, draw(node.children as Nodes));
  });
}
