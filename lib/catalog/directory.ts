// A catalog in a directory: `<id>/entry.json`, `<id>/PKGBUILD` and the recipe's local files beside them.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Catalog } from "../catalog.ts";
import { fail } from "../errors.ts";
import { messageOf } from "../issues.ts";
import { containedPath } from "../paths.ts";

export function directoryCatalog(directory: string): Catalog {
  const checkThere = () => {
    if (!existsSync(directory)) throw fail("CATALOG_UNREACHABLE", { catalog: directory, reason: "there is no such directory" });
  };
  const entryOf = (id: string) => {
    const file = join(containedPath(directory, id), "entry.json");
    return existsSync(file) ? parseEntry(id, readFileSync(file, "utf8")) : undefined;
  };
  return {
    origin: directory,
    isRemote: false,
    async list() {
      checkThere();
      const ids = readdirSync(directory).filter((name) => existsSync(join(directory, name, "entry.json")));
      return ids.map(entryOf);
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
