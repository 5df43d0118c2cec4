// What may follow which words: every command of the tree with its children, flags, settings and the kind of id that it takes.
import { SETTINGS } from "../../lib/config.ts";
import type { IdKind } from "../../lib/known-ids.ts";
import { type Command, writtenFlag } from "../argv.ts";

export interface Place {
  /** The words that lead here, joined by spaces; empty for the root. */
  readonly path: string;
  readonly words: readonly { readonly word: string; readonly summary: string }[];
  /** What the first word is an id of. */
  readonly ids?: IdKind | undefined;
}

/** What the first word of a command is an id of. */
export function idsOf(path: string): IdKind | undefined {
  return IDS.find(([pattern]) => pattern.test(path))?.[1];
}

/** The words whose next word is an id that is known here. */
const IDS: readonly (readonly [pattern: RegExp, kind: IdKind])[] = [
  [/^worker (get|remove|upgrade|rollback|pin|export)$/, "workers"],
  [/^worker process (get|stop|logs)$/, "processes"],
  [/^model (get|remove)$/, "models"],
  [/^job (get|logs|cancel)$/, "jobs"],
];

/** Flags whose value is one. */
export const FLAG_IDS: Readonly<Record<string, IdKind>> = { "--model": "models", "--worker": "workers" };

/** Every command with the words that may follow it, under each of its names. `canonical` is the way without aliases. */
export function places(command: Command, path: readonly string[] = [], canonical = path.join(" ")): Place[] {
  const children = (command.children ?? []).map(({ name, summary }) => ({ word: name, summary }));
  const flags = Object.entries(command.args ?? {}).flatMap(([key, definition]) =>
    definition.type === "positional" ? [] : [{ word: writtenFlag(key, definition), summary: definition.description ?? "" }],
  );
  const settings = takesSetting(canonical) ? Object.entries(SETTINGS).map(([word, { about }]) => ({ word, summary: about })) : [];
  return [
    { path: path.join(" "), words: [...children, ...settings, ...flags], ids: idsOf(canonical) },
    ...(command.children ?? []).flatMap((child) =>
      [child.name, ...(child.aliases ?? [])].flatMap((name) => places(child, [...path, name], `${canonical} ${child.name}`.trim())),
    ),
  ];
}

/** Is the first word of that command a setting's name? */
export function takesSetting(path: string): boolean {
  return /^config (get|set|unset)$/.test(path);
}
