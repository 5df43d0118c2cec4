// Can it be written where it goes, will it be found there, may programs run where it is built.
import { accessSync, chmodSync, constants, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { partialName } from "../atomic.ts";
import type { Finding } from "../contract/views.ts";
import { RbeeError } from "../errors.ts";
import { isOnPath, type Place } from "../install-dir.ts";
import { ask } from "../machine/ask.ts";
import { shortPath } from "../paths.ts";
import { asRoot, fine, problem, warning } from "./finding.ts";

/** Where an install would go; a problem when it can go nowhere. */
export function checkPlace(choose: () => Place): { finding: Finding; place?: Place } {
  try {
    const place = choose();
    const note = place.note ? ` (${place.note})` : "";
    return { place, finding: fine("place", `Will install to: ${shortPath(place.bin)}${note}`) };
  } catch (error) {
    if (!(error instanceof RbeeError)) throw error;
    return { finding: problem("place", error.message, "rbee worker download ID --prefix DIR") };
  }
}

/** Will a shell find what is in `bin`? */
export function checkPath(bin: string, path: string, mend = `export PATH="${bin}:$PATH"`): Finding {
  if (isOnPath(bin, path)) return fine("path", `${shortPath(bin)} is on PATH`);
  return warning("path", `${shortPath(bin)} is not on PATH`, mend);
}

/** Is the program of that name the one in `bin`, or does another one come first? */
export function checkShadow(name: string, bin: string, path: string): Finding | undefined {
  const found = Bun.which(name, { PATH: path });
  if (!found || !isOnPath(bin, path) || dirname(found) === bin) return undefined;
  return warning("path", `Your shell finds ${found} before ${join(bin, name)}`, `export PATH="${bin}:$PATH"`);
}

/** Tries to write there; `mend` when the directory is somebody else's. */
export function checkWritable(what: string, directory: string): Finding {
  let existing = directory;
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing);
  try {
    accessSync(existing, constants.W_OK | constants.X_OK);
    return fine("rights", `${what} can be written (${shortPath(directory)})`);
  } catch {
    if (isReadOnly(existing)) return problem("rights", `Cannot write ${what}: ${existing} is read-only`, "export RBEE_HOME=DIR");
    return problem("rights", `Cannot write ${what}: ${existing}`, asRoot(`chown -R "$(id -un)" '${existing}'`));
  }
}

/** Rights would allow it, the file system does not. */
function isReadOnly(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
    return false;
  } catch (error) {
    return (error as { code?: string }).code === "EROFS";
  }
}

/** A file system mounted noexec makes every build fail late and strangely: tries a program there. Source: mount(8). */
export async function checkPrograms(directory: string): Promise<Finding | undefined> {
  if (process.platform === "win32") return undefined;
  const program = partialName(join(directory, "probe"));
  try {
    mkdirSync(directory, { recursive: true });
    writeFileSync(program, "#!/bin/sh\necho ran\n", { flag: "wx" });
    chmodSync(program, 0o700);
    if ((await ask([program]))?.trim() === "ran") return undefined;
    return problem(
      "rights",
      `No program may run under ${directory} (mounted noexec?)`,
      "export XDG_CACHE_HOME=DIR  # a directory where programs may run",
    );
  } catch {
    return undefined;
  } finally {
    // On a read-only file system even removing what is not there fails.
    if (existsSync(program)) rmSync(program, { force: true });
  }
}
