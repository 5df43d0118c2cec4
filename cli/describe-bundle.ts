// What a person reads before they install what was built elsewhere.
import type { ImportPlan } from "../lib/contract/views.ts";
import { formatBytes, formatTime } from "../lib/units.ts";

export function describeBundle({ id, version, description, origin, built_on, built_at, files, bytes, unfit, digest }: ImportPlan): string {
  const { os, arch, libc } = built_on;
  return [
    `${id} ${version}: ${description}`,
    `  recipe from   ${origin}`,
    `  built         ${formatTime(built_at)} on ${[os, arch, libc].filter(Boolean).join(" ")}`,
    `  holds         ${files} files, ${formatBytes(bytes)}`,
    `  digest        ${digest}`,
    ...unfit.map((reason) => `  not for here  ${reason}`),
    "It was built on another machine: its programs will run here as you.",
  ].join("\n");
}
