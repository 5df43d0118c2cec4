// A catalog in a directory: `<id>/entry.json`, `<id>/PKGBUILD` and the recipe's local files beside them.
import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fail } from "../errors.ts";
import { messageOf } from "../issues.ts";
import { containedPath, isInside } from "../paths.ts";
import { Reread } from "../reread.ts";
import type { Catalog } from "./catalog.ts";

export function directoryCatalog(directory: string): Catalog {
  const checkThere = () => {
    if (!existsSync(directory)) throw fail("CATALOG_UNREACHABLE", { catalog: directory, reason: "there is no such directory" });
  };
  const read = new Reread<unknown>();
  const entryAt = (place: string) => read.of(place, () => parseEntry(basename(dirname(place)), readFileSync(place, "utf8")));
  return {
    origin: directory,
    isRemote: false,
    async list() {
      checkThere();
      const places = readdirSync(directory).map((id) => join(directory, id, "entry.json"));
      read.keepOnly(places);
      return places.map(orError(entryAt)).filter((entry) => entry !== undefined);
    },
    async get(id) {
      checkThere();
      return entryAt(join(containedPath(directory, id), "entry.json"));
    },
    async file(id, name) {
      const place = containedPath(directory, id);
      const file = containedPath(place, name);
      if (!existsSync(file)) return undefined;
      const real = realpathSync(file);
      // A catalog may come from anywhere: a link in it must not bring a private file of this machine.
      if (![place, directory].some((each) => isInside(realpathSync(each), real))) throw fail("UNSAFE_PATH", { path: name, root: place });
      return readFileSync(real);
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
