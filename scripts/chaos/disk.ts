// Installs on a file system with ever a little more room, so that each write in turn is the one that fails, then gives it room and tries again.
// Also: the same read-only. bun scripts/chaos/disk.ts [--step 8] [--most 400]   (KiB of room; needs root or user namespaces)
import { existsSync, mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { renderTable } from "../../lib/table.ts";
import { makeHome, until } from "../../tests/harness.ts";
import { writeRecipe } from "../../tests/recipes.ts";
import { numberFlag } from "./dice.ts";
import { namesIn, processesWith } from "./witness.ts";

const SIZE = "16m";
/** What an error may be called here. Anything else, above all INTERNAL, is a fault. */
const CLEAR = /code: (DISK_FULL|PERMISSION_DENIED|HIVE_UNREACHABLE|BUILD_FAILED|RECIPE_REFUSED|NO_INSTALL_DIR)/;

if (process.argv.includes("--inside")) process.exit(await inside(numberFlag("step", 8), numberFlag("most", 400)));
else process.exit(outside());

/** A mount namespace of our own: nothing of this is seen on the machine, and nothing stays. */
function outside(): number {
  const mapping = process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"];
  const again = [process.execPath, import.meta.path, ...process.argv.slice(2), "--inside"];
  return Bun.spawnSync(["unshare", ...mapping, "--mount", "--", ...again], { stdio: ["ignore", "inherit", "inherit"] }).exitCode;
}

async function inside(step: number, most: number): Promise<number> {
  const answers = new Map<string, number>();
  const faults: string[] = [];
  await using home = makeHome();
  const place = join(home.path, "small");
  mkdirSync(place);
  run("mount", "-t", "tmpfs", "-o", `size=${SIZE}`, "tmpfs", place);
  using _mount = { [Symbol.dispose]: () => run("umount", "--lazy", place) };
  const catalog = join(home.path, "catalog");
  writeRecipe(catalog, "hello", {
    package: `install -d "$pkgdir/usr/bin"; head -c 100000 /dev/zero >"$pkgdir/usr/bin/data"; printf '#!/bin/sh\\necho hello\\n' >"$pkgdir/usr/bin/hello"; chmod 755 "$pkgdir/usr/bin/hello"`,
  });
  const env = { RBEE_HOME: place, RBEE_SYSTEM_PREFIX: join(place, "system"), RBEE_CATALOG: catalog };
  mkdirSync(join(place, "system"));
  const install = () => home.rbee(["worker", "download", "hello", "--yes", "--force"], { env, cwd: "/" });
  const stop = () => home.rbee(["hive", "stop"], { env, cwd: "/" });
  const note = (answer: string) => answers.set(answer, (answers.get(answer) ?? 0) + 1);
  for (let kibibytes = 0; kibibytes <= most; kibibytes += step) {
    const had = isInstalled(place);
    fill(place, kibibytes);
    const { code, stderr } = await install();
    note(code === 0 ? "installed" : (/code: (\w+)/.exec(stderr)?.[1] ?? `exit ${code} without a code`));
    if (code !== 0 && !CLEAR.test(stderr)) faults.push(`${kibibytes} KiB: ${stderr.trim().split("\n").slice(-3).join(" / ")}`);
    if (had && !isInstalled(place)) faults.push(`${kibibytes} KiB: the installed worker was lost`);
    if (processesWith(join(place, "cache/build")).length > 0) faults.push(`${kibibytes} KiB: processes are left`);
    rmSync(join(place, "filler"), { force: true });
    const again = await install();
    if (again.code !== 0) faults.push(`${kibibytes} KiB: with room again: ${again.stderr.trim().split("\n").slice(-3).join(" / ")}`);
    if (namesIn(join(place, "cache/build")).length > 0) faults.push(`${kibibytes} KiB: a build directory is left`);
    if (kibibytes % (step * 4) === 0) await stop();
  }
  await stop();
  await until("nobody uses it", () => processesWith(place).length === 0);
  // The kernel closes the files of the dead a moment later.
  await until("it can be made read-only", () => Bun.spawnSync(["mount", "-o", "remount,ro", place]).exitCode === 0);
  const readOnly = await install();
  note(`read-only: ${/code: (\w+)/.exec(readOnly.stderr)?.[1] ?? `exit ${readOnly.code}`}`);
  if (readOnly.code === 0 || !CLEAR.test(readOnly.stderr)) faults.push(`read-only: ${readOnly.stderr.trim()}`);
  run("mount", "-o", "remount,rw", place);
  if ((await install()).code !== 0) faults.push("writable again, but the install fails");
  await stop();
  for (const fault of faults) console.log(fault);
  console.log(
    renderTable(
      [{ title: "ANSWER" }, { title: "TIMES" }],
      [...[...answers].map(([answer, times]) => [answer, String(times)]), ["faults", String(faults.length)]],
    ),
  );
  return faults.length > 0 ? 1 : 0;
}

/** Leaves this much room. */
function fill(place: string, kibibytes: number): void {
  const { bavail, bsize } = statfsSync(place);
  writeFileSync(join(place, "filler"), Buffer.alloc(Math.max(0, bavail * bsize - kibibytes * 1024)));
}

function isInstalled(place: string): boolean {
  const link = join(place, "system/bin/hello");
  return existsSync(link) && Bun.spawnSync([link]).stdout.toString() === "hello\n";
}

function run(...command: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(command);
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: ${stderr.toString()}`);
}
