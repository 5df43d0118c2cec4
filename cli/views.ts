// How a person sees what operations answer. One view for each operation, in the same order as the contract.

import { dirname } from "node:path";
import type { Output as Answer, OperationName } from "../lib/contract/operations.ts";
import type { WorkerProcess } from "../lib/contract/views.ts";
import { pathsFrom, shortPath } from "../lib/paths.ts";
import { oneLine, renderTable } from "../lib/table.ts";
import { formatBytes, formatCount, formatTime } from "../lib/units.ts";
import { describeBundle } from "./describe-bundle.ts";
import { renderFindings } from "./findings.ts";
import type { Output } from "./output.ts";

/** Prints an answer: what another program would want goes to stdout, the rest is told beside it. */
export type Views = { readonly [Name in OperationName]: (answer: Answer<Name>, output: Output) => void };

export const views: Views = {
  worker_catalog_list({ workers, notes }, output) {
    for (const note of notes) output.warn(note);
    // Where each comes from is of interest when they do not all come from one place.
    const isMixed = new Set(workers.map(({ origin }) => origin)).size > 1;
    const columns = [
      { title: "DESCRIPTION", minimum: 8 },
      { title: "ID" },
      { title: "NAME", minimum: 10 },
      { title: "PLATFORMS", minimum: 9.5 },
      { title: "TYPE" },
      ...(isMixed ? [{ title: "FROM", minimum: 8 }] : []),
    ];
    const rows = workers.map((worker) => [
      worker.description,
      worker.id + (worker.hides_builtin ? " (!)" : ""),
      worker.name,
      worker.platforms.join(", "),
      worker.worker_type,
      ...(isMixed ? [shortPath(worker.origin)] : []),
    ]);
    output.result(renderTable(columns, rows, output.tableWidth));
    for (const worker of workers.filter(({ hides_builtin }) => hides_builtin))
      output.warn(`${worker.id} comes from ${worker.origin} and hides the built-in one`);
  },
  worker_catalog_get: describeWorker,
  worker_list_installed({ workers, notes }, output) {
    for (const note of notes) output.warn(note);
    if (workers.length === 0) return output.note("No worker is installed. See what there is: rbee worker available");
    const columns = ["ID", "VERSION", "STATE", "TYPE", "SIZE"].map((title) => ({ title }));
    const rows = workers.map((worker) => [
      worker.id,
      worker.version,
      stateOf(worker),
      worker.worker_type,
      formatBytes(worker.size_bytes),
      worker.active ? shortPath(worker.binary) : "",
    ]);
    output.result(renderTable([...columns, { title: "BINARY", minimum: 20 }], rows, output.tableWidth));
  },
  worker_installed_get: describeWorker,
  worker_install: showInstalled,
  worker_lock: (lock, output) => output.result(JSON.stringify(lock, null, 2)),
  worker_check({ id, fits, findings }, output) {
    output.result(renderFindings(findings, output));
    output.note(fits ? `✓ Nothing stands in the way: rbee worker download ${id}` : `${id} cannot be installed here as it is`);
  },
  worker_remove({ removed, freed_bytes }, output) {
    output.note(`✅ Worker removed successfully (${formatBytes(freed_bytes)} freed)`);
    output.result(removed.map(programPath).join("\n"));
  },
  worker_outdated({ workers, notes }, output) {
    for (const note of notes) output.warn(note);
    if (workers.length === 0) return output.note("✓ Every worker is what its catalog has");
    const columns = ["ID", "VERSION", "OFFERED", "STATE"].map((title) => ({ title }));
    const rows = workers.map(({ id, version, offered, pinned }) => [
      id,
      version,
      offered === version ? `${offered}, other recipe` : offered,
      pinned ? "pinned" : "",
    ]);
    output.result(
      renderTable(
        [...columns, { title: "FROM", minimum: 8 }],
        rows.map((row, index) => [...row, workers[index]!.origin]),
        output.tableWidth,
      ),
    );
    output.note("hint: Upgrade them: rbee worker upgrade");
  },
  worker_upgrade({ worker, former, outcome }, output) {
    const words = {
      upgraded: `✅ ${worker.id} upgraded: ${former} -> ${worker.version}`,
      current: `✓ ${worker.id} ${worker.version} is what the catalog has`,
      pinned: `${worker.id} is pinned at ${worker.version}: passed over (rbee worker unpin ${worker.id})`,
    };
    output.note(words[outcome]);
    if (outcome === "upgraded") output.note(`hint: Back again: rbee worker rollback ${worker.id}`);
    output.result(worker.binary);
  },
  worker_rollback({ worker, former }, output) {
    const words =
      former === worker.version ? "is the active version already" : `is the active version now${former ? `, no more ${former}` : ""}`;
    output.note(`✅ ${worker.id} ${worker.version} ${words}`);
    if (!worker.pinned) output.note(`hint: The next upgrade moves it again; hold it: rbee worker pin ${worker.id}`);
    output.result(worker.binary);
  },
  worker_pin({ id, version }, output) {
    output.note(`✅ ${id} stays at ${version} until rbee worker unpin ${id}`);
    output.result(`${id}@${version}`);
  },
  worker_unpin({ id, version }, output) {
    output.note(`✅ ${id} is upgraded again`);
    output.result(`${id}@${version}`);
  },
  worker_export({ file, id, version, files, bytes }, output) {
    output.note(`✅ ${id} ${version} exported (${files} files, ${formatBytes(bytes)})`);
    output.result(file);
  },
  worker_import_plan: (plan, output) => output.result(describeBundle(plan)),
  worker_import: showInstalled,
  worker_spawn(process, output) {
    output.note(`✅ Worker spawned successfully (PID: ${process.pid})`);
    output.result(process.url);
  },
  worker_process_list({ processes }, output) {
    if (processes.length === 0) return output.note("No worker runs. Start one: rbee worker spawn");
    const columns = [
      { title: "ID" },
      { title: "STATE" },
      { title: "WORKER", minimum: 12 },
      { title: "MODEL", minimum: 11 },
      { title: "PID" },
      { title: "URL" },
      { title: "STARTED", minimum: 10 },
    ];
    const rows = processes.map(({ id, state, worker_id, model, pid, url, started_at }) => [
      id,
      state,
      worker_id,
      model ?? "",
      String(pid),
      url,
      formatTime(started_at),
    ]);
    output.result(renderTable(columns, rows, output.tableWidth));
  },
  worker_process_get: describeProcess,
  worker_process_delete(process, output) {
    output.note(`✅ Worker stopped (process ${process.id}, PID: ${process.pid})`);
    output.result(process.id);
  },
  model_download(model, output) {
    output.note(`✅ Model added: ${model.id} (${formatBytes(model.size_bytes)}, ${model.kept})`);
    output.result(model.path);
  },
  model_search({ models, hub }, output) {
    if (models.length === 0) return output.note(`Nothing at ${hub} is called so. Other words, or --any-format?`);
    const columns = [{ title: "REPOSITORY", minimum: 20 }, { title: "DOWNLOADS" }, { title: "LIKES" }, { title: "UPDATED" }, { title: "" }];
    const rows = models.map(({ repo, downloads, likes, updated_at, gated }) => [
      oneLine(repo),
      formatCount(downloads),
      formatCount(likes),
      formatTime(updated_at).slice(0, 10),
      gated ? "gated" : "",
    ]);
    output.result(renderTable(columns, rows, output.tableWidth));
    output.note("hint: Sizes, and what fits: rbee model variants REPOSITORY");
  },
  model_variants({ variants, memory_bytes }, output) {
    const columns = [{ title: "NAME" }, { title: "SIZE" }, { title: "NEEDS" }, { title: "FITS" }, { title: "REF", minimum: 20 }];
    const rows = variants.map(({ name, size_bytes, needs_bytes, fits, chosen, here, ref }) => [
      oneLine(name),
      formatBytes(size_bytes),
      formatBytes(needs_bytes),
      here ? "here" : fits ? (chosen ? "best" : "yes") : "no",
      oneLine(ref),
    ]);
    output.result(renderTable(columns, rows, output.tableWidth));
    output.note(`This machine has ${formatBytes(memory_bytes)} for models`);
    output.note("hint: Fetch one: rbee model download REF");
  },
  model_list({ models }, output) {
    if (models.length === 0) return output.note("No model is here. Add one: rbee model download ORG/REPO");
    const columns = [
      { title: "ID" },
      { title: "SIZE" },
      { title: "QUANT" },
      { title: "PARAMETERS" },
      { title: "CONTEXT" },
      { title: "FORMAT" },
      { title: "LAST USED" },
      { title: "RUNS IN" },
    ];
    const rows = models.map((model) => [
      model.id,
      formatBytes(model.size_bytes),
      model.quantization ?? "",
      model.parameters === undefined ? "" : formatCount(model.parameters),
      String(model.context_length ?? ""),
      model.format,
      model.last_used_at === undefined ? "" : formatTime(model.last_used_at),
      model.processes.join(" "),
    ]);
    output.result(renderTable(columns, rows, output.tableWidth));
  },
  model_get(model, output) {
    const needed = model.memory.map(({ context_length, bytes }) => `${formatBytes(bytes)} at a context of ${context_length}`);
    const header = Object.entries(model.header).map(([key, value]) => `${key} = ${oneLine(String(value)).slice(0, 100)}`);
    output.result(
      renderFields({
        id: model.id,
        path: model.path,
        size: formatBytes(model.size_bytes),
        format: model.format,
        architecture: model.architecture,
        quantization: model.quantization,
        parameters: model.parameters && formatCount(model.parameters),
        context: model.context_length,
        "removal frees": formatBytes(model.frees_bytes),
        memory: needed.join("\n"),
        workers: model.workers.join(", ") || "none that is installed can run it",
        "runs in": model.processes.join(" "),
        projector: model.projector,
        source: model.source,
        kept: model.kept,
        added: formatTime(model.added_at),
        "last used": model.last_used_at && formatTime(model.last_used_at),
        header: header.join("\n"),
      }),
    );
  },
  model_remove({ id, freed_bytes }, output) {
    output.note(`✅ Model removed: ${id} (${formatBytes(freed_bytes)} freed)`);
    output.result(id);
  },
  model_prune({ removed, freed_bytes, dry_run }, output) {
    const bytes = formatBytes(freed_bytes);
    output.note(removed.length === 0 ? "Nothing to remove" : dry_run ? `Would free ${bytes}` : `${bytes} freed`);
    output.result(removed.join("\n"));
  },
  infer({ text, tokens, ms, model }, output) {
    if (!text.endsWith("\n")) output.result("\n");
    const speed = tokens === null ? "" : `, ${tokens} tokens, ${((tokens * 1000) / Math.max(ms, 1)).toFixed(0)} tokens/s`;
    output.note(output.dim(`${model}: ${(ms / 1000).toFixed(2)} s${speed}`));
  },
  worker_install_plan({ id, place, obstacles, missing, command }, output) {
    if (place) output.note(`Will install to: ${place.bin}`);
    for (const { message } of obstacles) output.warn(message);
    if (missing.length > 0) output.warn(`Missing: ${missing.join(", ")} (${command ?? ""})`);
    output.result(id);
  },
  elevation_answer: () => {},
  doctor: ({ findings }, output) => output.result(renderFindings(findings, output)),
  config_list({ settings }, output) {
    const rows = settings.map(({ key, value, from, about }) => [key, value, shortPath(from), about]);
    const columns = [{ title: "KEY" }, { title: "VALUE", minimum: 12 }, { title: "FROM", minimum: 8 }, { title: "ABOUT", minimum: 6 }];
    output.result(renderTable(columns, rows, output.tableWidth));
  },
  config_set: ({ value }, output) => output.result(value),
  path_setup({ file, line, changed }, output) {
    output.note(
      changed ? `Changed ${shortPath(file)}; it counts in shells that you open from now on` : `Nothing to do in ${shortPath(file)}`,
    );
    output.result(line);
  },
  browser_link: ({ path }, output) => output.result(path),
  browser_list({ browsers }, output) {
    const rows = browsers.map(({ id, name, created_at }) => [id, name, formatTime(created_at)]);
    output.result(renderTable([{ title: "ID" }, { title: "NAME" }, { title: "SIGNED IN" }], rows, output.tableWidth));
  },
  browser_revoke: ({ id }, output) => output.result(id),
  hive_check(machine, output) {
    const list = (lines: readonly string[]) => (lines.length ? lines.join("\n") : "none");
    output.result(
      renderFields({
        platform: `${machine.platform} ${machine.architecture}`,
        cpu: `${machine.cpu.model}, ${machine.cpu.cores} cores`,
        features: machine.cpu.features.join(" ") || "unknown",
        memory: `${formatBytes(machine.memory.available_bytes)} of ${formatBytes(machine.memory.total_bytes)} available`,
        devices: list(
          machine.devices.map(({ id, name, memory_bytes }) => `${id}  ${name}${memory_bytes ? ` (${formatBytes(memory_bytes)})` : ""}`),
        ),
        disk: list(machine.disk.map(({ what, path, free_bytes }) => `${what}: ${formatBytes(free_bytes)} free (${shortPath(path)})`)),
        toolchains: list(machine.toolchains.map(({ name, version }) => `${name} ${version}`)),
        workers: list(machine.workers.map(({ id, version }) => `${id} ${version}`)),
        processes: machine.process_means,
        notes: list(machine.notes),
      }),
    );
  },
  disk_usage({ places, total_bytes, prunable_bytes }, output) {
    output.result(renderPlaces(places, output));
    output.note(`${formatBytes(total_bytes)} in all`);
    if (prunable_bytes > 0) output.note(`hint: ${formatBytes(prunable_bytes)} can go: rbee prune`);
  },
  prune({ dry_run, places, freed_bytes }, output) {
    if (places.length === 0) return output.note("Nothing to prune: the caches are empty, and no former version is here");
    output.result(renderPlaces(places, output));
    if (!dry_run) return output.note(`✓ ${formatBytes(freed_bytes)} freed`);
    output.note(`Nothing was removed; ${formatBytes(freed_bytes)} would be freed`);
    output.note("hint: Do it: rbee prune --yes");
  },
};

/** What a command exits with although it has answered: a look that found a problem is one. */
export const exitCodes: { readonly [Name in OperationName]?: (answer: Answer<Name>) => number } = {
  worker_check: ({ fits }) => (fits ? 0 : 4),
};

function showInstalled({ worker, already_installed, on_path }: Answer<"worker_install">, output: Output): void {
  if (!already_installed) output.note("✅ Worker installed");
  output.result(worker.binary);
  if (on_path) return;
  const bin = dirname(worker.binary);
  const forGood = worker.prefix === pathsFrom().userPrefix ? "; for good: rbee path setup" : "";
  output.note(`hint: ${shortPath(bin)} is not on PATH. For this shell: export PATH="${bin}:$PATH"${forGood}`);
}

function renderPlaces(places: Answer<"disk_usage">["places"], output: Output): string {
  const columns = [{ title: "SIZE" }, { title: "FILES" }, { title: "WHAT", minimum: 12 }, { title: "PATH", minimum: 8 }];
  const largestFirst = places.toSorted((a, b) => b.bytes - a.bytes);
  const rows = largestFirst.map(({ what, path, bytes, files }) => [formatBytes(bytes), String(files), what, shortPath(path)]);
  return renderTable(columns, rows, output.tableWidth);
}

/** A kept version has no link: it is started from its tree. */
function programPath({ active, binary, tree }: Answer<"worker_pin">): string {
  return active ? binary : tree;
}

/** Of the versions of a worker one is active; the others are kept for a rollback. */
function stateOf({ active, pinned }: Answer<"worker_pin">): string {
  return active ? (pinned ? "active, pinned" : "active") : "kept";
}

function describeWorker({ id, found_in, installed, catalog, recipe }: Answer<"worker_installed_get">, output: Output): void {
  const entry = catalog ?? installed[0]?.entry;
  if (!entry) return;
  output.result(
    renderFields({
      id,
      name: entry.name,
      description: entry.description,
      found: found_in === "installed" ? "installed" : "in the catalog, not installed",
      ...Object.fromEntries(
        installed.map((worker) => [`installed ${worker.version}`, `${stateOf(worker)}, ${shortPath(programPath(worker))}`]),
      ),
      version: entry.version,
      license: entry.license,
      type: entry.worker_type,
      platforms: `${entry.platforms.join(", ")} on ${entry.architectures.join(", ")}`,
      ...(catalog && catalog.unfit.length > 0 ? { "not for here": catalog.unfit.join("; ") } : {}),
      formats: entry.supported_formats.join(", "),
      context: entry.max_context_length,
      needs: [...entry.depends, ...entry.makedepends].join(", "),
      origin: catalog?.origin ?? installed[0]?.origin,
      verified: entry.verified_on?.length ? entry.verified_on.join(", ") : "not run to its end on any machine",
      digest: recipe?.digest ?? installed[0]?.digest,
    }),
  );
  if (recipe) output.result(`\n${recipe.text}`);
}

function describeProcess(process: WorkerProcess, output: Output): void {
  const { started_at, ready_at, ended_at, usage, memory_bytes, needs_bytes, ...facts } = process;
  output.result(
    renderFields({
      ...facts,
      memory: memory_bytes && formatBytes(memory_bytes),
      "memory expected": needs_bytes && formatBytes(needs_bytes),
      requests: usage && `${usage.requests}, ${usage.active} now, ${usage.waiting} waiting`,
      tokens: usage?.tokens,
      started: formatTime(started_at),
      ready: ready_at && formatTime(ready_at),
      ended: ended_at && formatTime(ended_at),
    }),
  );
}

/** `name: value` lines; a value of several lines is indented under its name. What is undefined is left out. */
function renderFields(fields: Readonly<Record<string, string | number | undefined>>): string {
  const known = Object.entries(fields).filter(([, value]) => value !== undefined && value !== "");
  const width = Math.max(...known.map(([name]) => name.length)) + 2;
  return known
    .map(
      ([name, value]) =>
        `${`${name}:`.padEnd(width)}${String(value)
          .split("\n")
          .join(`\n${" ".repeat(width)}`)}`,
    )
    .join("\n");
}
