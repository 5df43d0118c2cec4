// Builds small recipes with makepkg and with rbee and compares the packages: names, modes, links, contents, metadata; and what is around the functions in time.
//   bun scripts/bench/parity.ts [NAME...]      needs root, makepkg, fakeroot, bsdtar and an ordinary user (--user NAME, default: nobody)
import { chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestOf } from "../../lib/hash.ts";
import { sandboxCommand } from "../../lib/sandbox/index.ts";
import { renderTable } from "../../lib/table.ts";
import { walkAll } from "../../lib/tree.ts";
import { type ParityRecipe, recipes } from "./parity-recipes.ts";

const EPOCH = "1700000000";
const UID = 60_400;
const root = join(import.meta.dir, "../..");
const rbee = existsSync(join(root, "dist/rbee")) ? [join(root, "dist/rbee")] : [process.execPath, join(root, "cli/main.ts")];
const work = mkdtempSync(join(tmpdir(), "rbee-parity-"));

interface Run {
  readonly code: number;
  readonly ms: number;
  /** Of `ms`, inside the recipe's functions. */
  readonly functionsMs: number;
  readonly said: string;
}

const MAKEPKG_CONF = `CARCH=x86_64
CHOST=x86_64-pc-linux-gnu
CFLAGS="-O2 -pipe"
CXXFLAGS="-O2 -pipe"
MAKEFLAGS="-j2"
BUILDENV=(!distcc !color !ccache check !sign)
OPTIONS=(strip docs libtool staticlibs emptydirs zipman purge !debug !lto)
INTEGRITY_CHECK=(sha256)
STRIP_BINARIES=--strip-all
STRIP_SHARED=--strip-unneeded
STRIP_STATIC=--strip-debug
MAN_DIRS=({usr{,/local}{,/share},opt/*}/{man,info})
DOC_DIRS=(usr/{,local/}{,share/}{doc,gtk-doc} opt/*/{doc,gtk-doc})
PURGE_TARGETS=(usr/{,share}/info/dir .packlist *.pod)
COMPRESSZST=(zstd -c -z -q -)
COMPRESSGZ=(gzip -c -f -n)
PKGEXT=.pkg.tar.zst
SRCEXT=.src.tar.gz
LTOFLAGS=-flto
VCSCLIENTS=('git::git')
DLAGENTS=('file::/usr/bin/curl -gqC - -o %o %u')
`;

/** Both build at the same place, because what is built may hold its path. */
function prepare(recipe: ParityRecipe): { directory: string; place: string } {
  const directory = join(work, "recipes", recipe.name);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "PKGBUILD"), recipe.pkgbuild);
  for (const [name, text] of Object.entries(recipe.files ?? {})) writeFileSync(join(directory, name), text);
  if (recipe.setUp) Bun.spawnSync(["bash", "-ec", recipe.setUp], { cwd: directory, stdout: "ignore", stderr: "inherit" });
  return { directory, place: join(work, "home/cache/pkgbuild", digestOf([directory]).slice(0, 16)) };
}

function runRbee(directory: string, output: string): Run {
  const env = { ...process.env, RBEE_HOME: join(work, "home"), SOURCE_DATE_EPOCH: EPOCH };
  return time([...rbee, "pkgbuild", "build", directory, "--archive", "--output", output], { cwd: directory, env });
}

function runMakepkg(directory: string, place: string, output: string): Run {
  cpSync(directory, place, { recursive: true, verbatimSymlinks: true });
  mkdirSync(join(place, "home"));
  writeFileSync(join(place, "makepkg.conf"), MAKEPKG_CONF);
  mkdirSync(output, { recursive: true });
  for (const path of [place, output, ...walkAll(place)]) chownSync(path, UID, UID);
  const home = process.env.HOME ?? "/root";
  const env = {
    ...{
      PATH: process.env.PATH ?? "",
      HOME: join(place, "home"),
      LANG: "C.UTF-8",
      SOURCE_DATE_EPOCH: EPOCH,
      PKGDEST: output,
      BUILDDIR: place,
    },
    ...{
      RUSTUP_HOME: join(home, ".rustup"),
      PYENV_ROOT: join(home, ".pyenv"),
      CARGO_HOME: join(place, "home/.cargo"),
      SRCDEST: place,
      LOGDEST: place,
    },
  };
  const sandbox = { writable: [place, output], readable: [], env, network: true, uid: UID };
  const done = time(sandboxCommand(["makepkg", "-d", "--config", join(place, "makepkg.conf")], sandbox), { cwd: place, env });
  rmSync(place, { recursive: true, force: true });
  return done;
}

function time(command: string[], options: { cwd: string; env: Record<string, string | undefined> }): Run {
  const began = performance.now();
  const { exitCode, stdout, stderr } = Bun.spawnSync(command, {
    ...options,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: 120_000,
  });
  const ms = performance.now() - began;
  const said = stdout.toString() + stderr.toString();
  const functionsMs = [...said.matchAll(/TIMED (\d+)/g)].reduce((sum, [, micros]) => sum + Number(micros) / 1000, 0);
  return { code: exitCode, ms, functionsMs, said };
}

/** One line for every entry and for every field of .PKGINFO, without what says who made it. */
function describe(directory: string): string[] {
  const names = existsSync(directory)
    ? readdirSync(directory)
        .filter((name) => name.endsWith(".zst"))
        .sort()
    : [];
  return names.flatMap((name) => {
    const archive = join(directory, name);
    const list = read([
      "bsdtar",
      "-cf",
      "-",
      "--format=mtree",
      "--options=!all,type,mode,uid,gid,uname,gname,size,link,time,sha256",
      `@${archive}`,
    ]);
    const entries = list
      .split("\n")
      .filter((line) => line.startsWith("./") || /^[^#/.]/.test(line) || /^\.(INSTALL|CHANGELOG) /.test(line));
    const own = /^(\.\/)?\.(PKGINFO|BUILDINFO|MTREE) /;
    const info = read(["bsdtar", "-xOf", archive, ".PKGINFO"])
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
    return [name, ...entries.filter((line) => !own.test(line)), ...info, ...aboutBuild(archive), ...listed(archive)];
  });
}

/** .BUILDINFO without the tool, the place of the recipe (makepkg reads a copy here) and what pacman has installed, which rbee cannot know. */
function aboutBuild(archive: string): string[] {
  const lines = read(["bsdtar", "-xOf", archive, ".BUILDINFO"]).split("\n");
  return lines
    .filter((line) => line !== "" && !/^(buildtool|buildtoolver|installed|startdir) /.test(line))
    .map((line) => `.BUILDINFO ${line}`);
}

/** The entries of .MTREE with every word that holds for them, `/set` worked in (mtree(5)); without the two files that name the tool. */
function listed(archive: string): string[] {
  const lines = read(["sh", "-c", 'bsdtar -xOf "$1" .MTREE | gzip -dc', "sh", archive]).split("\n");
  const defaults = new Map<string, string>();
  return lines.flatMap((line) => {
    const [name = "", ...words] = line.split(" ");
    const own = words.map((word) => [word.slice(0, word.indexOf("=")), word] as const);
    if (name === "/set") for (const [key, word] of own) defaults.set(key, word);
    if (!name.startsWith("./") || /^\.\/\.(BUILDINFO|PKGINFO)$/.test(name)) return [];
    return `.MTREE ${name} ${[...new Map([...defaults, ...own]).values()].sort().join(" ")}`;
  });
}

function read(command: string[]): string {
  return Bun.spawnSync(command, { stdout: "pipe", stderr: "ignore" }).stdout.toString();
}

function compare(recipe: ParityRecipe): string[] {
  const { directory, place } = prepare(recipe);
  const outputs = { rbee: join(work, "rbee", recipe.name), makepkg: join(work, "makepkg", recipe.name) };
  const ours = runRbee(directory, outputs.rbee);
  const theirs = runMakepkg(directory, place, outputs.makepkg);
  const [left, right] = [describe(outputs.makepkg), describe(outputs.rbee)];
  const missing = left.filter((line) => !right.includes(line));
  const added = right.filter((line) => !left.includes(line));
  const isSame = left.length > 0 && missing.length === 0 && added.length === 0;
  if (!isSame) problems.push(`== ${recipe.name}`, ...missing.map((line) => `- ${line}`), ...added.map((line) => `+ ${line}`));
  if (theirs.code !== 0) problems.push(`makepkg: ${theirs.said.trim().split("\n").slice(-6).join("\n  ")}`);
  if (ours.code !== 0) problems.push(`rbee: ${ours.said.trim().split("\n").slice(-6).join("\n  ")}`);
  const around = [ours.ms - ours.functionsMs, theirs.ms - theirs.functionsMs] as const;
  ratios.push(around[0] / around[1]);
  const cells = [theirs.ms, ours.ms, around[1], around[0]].map((ms) => `${ms.toFixed(0)} ms`);
  return [recipe.name, isSame ? "same" : "DIFFERENT", String(left.length), ...cells, `1/${(around[1] / around[0]).toFixed(1)}`];
}

const wanted = process.argv.slice(2);
const problems: string[] = [];
const ratios: number[] = [];
const rows: string[][] = [];
try {
  for (const recipe of recipes.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
    const lacking = (recipe.needs ?? []).filter((program) => Bun.which(program) === null);
    rows.push(lacking.length > 0 ? [recipe.name, `left out: no ${lacking.join(", ")}`, "", "", "", "", "", ""] : compare(recipe));
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
const titles = ["RECIPE", "PACKAGES", "LINES", "MAKEPKG", "RBEE", "AROUND: MAKEPKG", "AROUND: RBEE", "RATIO"];
console.log(
  renderTable(
    titles.map((title) => ({ title })),
    rows,
    undefined,
  ),
);
console.log(problems.join("\n"));
const median = ratios.sort((a, b) => a - b)[Math.floor(ratios.length / 2)] ?? 0;
console.log(
  `${rows.filter((row) => row[1] === "same").length} same, ${rows.filter((row) => row[1] === "DIFFERENT").length} different, median of our time around a build: 1/${(1 / median).toFixed(1)} of makepkg's`,
);
