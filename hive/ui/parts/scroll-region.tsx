// Content that scrolls in itself: named, and reached by the keyboard. Source: WCAG 2.1.1.
import type { ComponentProps } from "react";

export function ScrollRegion({ label, ...rest }: { label: string } & ComponentProps<"section">) {
  // biome-ignore lint/a11y/noNoninteractiveTabindex: who has no mouse scrolls with the arrow keys, once it has the focus
  return <section tabIndex={0} aria-label={label} {...rest} />;
}
