// A catalog in a directory: `<id>/entry.json`, `<id>/PKGBUILD` and the recipe's local files beside them.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fail } from "../errors.ts";
import { messageOf } from "../issues.ts";
import { containedPath } from "../paths.ts";
import type { Catalog } from "./catalog.ts";

export function directoryCatalog(directory: string): Catalog {
  const checkThere = () => {
    if (!existsSync(directory)) throw fail("CATALOG_UNREACHABLE", { catalog: directory, reason: "there is no such directory" });
  };
  /** Entries as they were last read: of thousands, few have changed since. */
  const read = new Map<string, { readonly stamp: string; readonly entry: unknown }>();
  const entryOf = (id: string) => {
    const file = join(containedPath(directory, id), "entry.json");
    const found = statSync(file, { throwIfNoEntry: false });
    const stamp = found && `${found.ino} ${found.size} ${found.mtimeMs} ${found.ctimeMs}`;
    const former = read.get(id);
    if (former && former.stamp === stamp) return former.entry;
    read.delete(id);
    if (!stamp) return undefined;
    const entry = parseEntry(id, readFileSync(file, "utf8"));
    read.set(id, { stamp, entry });
    return entry;
  };
  return {
    origin: directory,
    isRemote: false,
    async list() {
      checkThere();
      const ids = new Set(readdirSync(directory));
      for (const id of read.keys()) if (!ids.has(id)) read.delete(id);
      return [...ids].map(orError(entryOf)).filter((entry) => entry !== undefined);
    },
    async get(id) {
      checkThere();
      return entryOf(id);
    },
    async file(id, name) {
      const file = containedPath(containedPath(directory, id), name);
      return existsSync(file) ? readFileSync(file) : undefined;
    },
  };
}

/** @throws ENTRY_INVALID for what is not JSON. */
export function parseEntry(id: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw fail("ENTRY_INVALID", { id, reason: `entry.json: ${messageOf(error)}` });
  }
}

/** Hands on what `read` throws as a value: one broken entry does not hide the others. */
export function orError<Argument>(read: (argument: Argument) => unknown): (argument: Argument) => unknown {
  return (argument) => {
    try {
      return read(argument);
    } catch (error) {
      return error;
    }
  };
}
