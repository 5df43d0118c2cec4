// worker_export: an installed version as one file, with every file's checksum and the kind of machine that it needs.
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import type { Manifest } from "../../lib/bundle/manifest.ts";
import { writeBundle } from "../../lib/bundle/write.ts";
import type { Input, Output } from "../../lib/contract/operations.ts";
import type { InstalledVersion } from "../../lib/contract/views.ts";
import { fail } from "../../lib/errors.ts";
import { thisMachine } from "../../lib/machine/kind.ts";
import { FILE_LIST } from "../../lib/store/trees.ts";
import type { Hive } from "../hive.ts";
import type { JobContext } from "../job.ts";

/** @throws WORKER_NOT_INSTALLED, FILE_EXISTS, TREE_CHANGED when a file is not the one that was installed. */
export async function workerExport(hive: Hive, job: JobContext, input: Input<"worker_export">): Promise<Output<"worker_export">> {
  if (input.file === undefined) throw fail("INVALID_INPUT", { field: "file", reason: "say where to write it" });
  const version = await hive.stores.get(input.worker_id);
  const { id, tree, digest, origin, entry, installed_at } = version;
  const machine = version.built_on ?? thisMachine();
  const file = targetOf(input.file, `${id}-${version.version}-${machine.os}-${machine.arch}.tar.zst`);
  if (existsSync(file) && !input.force) throw fail("FILE_EXISTS", { path: file });
  if (!existsSync(dirname(file))) throw fail("FILE_NOT_FOUND", { path: dirname(file) });
  const content = { entry, digest, origin, built_on: machine, built_at: installed_at, root: tree, except: [FILE_LIST] };
  const manifest = await writeBundle(file, content, { signal: job.signal, accept: (found) => requireUnchanged(version, found) });
  return { file, id, version: version.version, bytes: statSync(file).size, files: manifest.files.length };
}

function targetOf(file: string, name: string): string {
  return statSync(file, { throwIfNoEntry: false })?.isDirectory() ? join(file, name) : file;
}

const Installed = z.array(z.looseObject({ path: z.string(), sha256: z.string().optional() }));

/** What an engine writes beside its files may be there; what was installed must be as it was. */
function requireUnchanged({ id, version, tree }: InstalledVersion, { files }: Manifest): void {
  const found = new Map(files.map((file) => [file.path, file.type === "file" ? file.sha256 : undefined]));
  const installed = Installed.parse(JSON.parse(readFileSync(join(tree, FILE_LIST), "utf8")));
  const changed = installed.find(({ path, sha256 }) => !found.has(path) || found.get(path) !== sha256);
  if (changed) throw fail("TREE_CHANGED", { id, version, path: changed.path });
}
