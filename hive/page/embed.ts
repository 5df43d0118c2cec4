// Reads the bundled page when the binary is made (a Bun macro); from source there is none and the page is bundled when it is asked for.
import { readFileSync } from "node:fs";
import type { PageFiles } from "./bundle.ts";

/** scripts/build.ts names the file that holds the page. */
export function embedPage(): PageFiles | null {
  const file = process.env.RBEE_EMBED_PAGE;
  return file ? (JSON.parse(readFileSync(file, "utf8")) as PageFiles) : null;
}
