// Reads the built-in entries when the binary is made (a Bun macro), so that adding one means adding a directory.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Every directory here: id -> file name -> text. */
export function embedCatalog(): Record<string, Record<string, string>> {
  const ids = readdirSync(import.meta.dir, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return Object.fromEntries(
    ids.map(({ name: id }) => {
      const directory = join(import.meta.dir, id);
      return [id, Object.fromEntries(readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), "utf8")]))];
    }),
  );
}
