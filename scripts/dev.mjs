// Runs one of our TypeScript scripts with the pinned Bun, installing the development dependencies first when they are missing.
// Plain JavaScript, because it runs under whatever a newcomer has: Node with npm, or Bun alone.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const wanted = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).devDependencies.bun;
const isWindows = process.platform === "win32";

/** Where nobody has a package cache yet, ours lies with the project: deleting the directory removes everything. */
const caches = existsSync(join(homedir(), ".bun")) ? {} : { BUN_INSTALL_CACHE_DIR: join(root, "node_modules", ".cache") };

function run(command, args, options = {}) {
  return spawnSync(command, args, { cwd: root, encoding: "utf8", env: { ...process.env, ...caches }, ...options });
}

/**
 * The pinned Bun, by its whole path: one on PATH, or the one inside the `bun` package. That package's own link works only when install scripts
 * ran, and npm puts it in front of PATH as soon as it is there: it is passed over.
 */
function findBun() {
  const file = isWindows ? "bun.exe" : "bun";
  const arch = process.arch === "arm64" ? "aarch64" : process.arch;
  const packages = ["", "-musl"].map((libc) => `@oven/bun-${isWindows ? "windows" : process.platform}-${arch}${libc}`);
  const places = ["node_modules", "node_modules/.bootstrap/node_modules"];
  const packaged = places.flatMap((place) => packages.map((name) => join(root, place, name, "bin")));
  const onPath = (process.env.PATH ?? "")
    .split(delimiter)
    .filter((directory) => isAbsolute(directory) && !directory.endsWith(join("node_modules", ".bin")));
  const candidates = [...onPath, ...packaged].map((directory) => join(directory, file)).filter((path) => existsSync(path));
  return candidates.find((bun) => run(bun, ["--version"]).stdout?.trim() === wanted);
}

/** Fetches the pinned Bun with npm into a folder of its own; its lock-free install needs no address of any registry. */
function bootstrap() {
  const prefix = join(root, "node_modules", ".bootstrap");
  mkdirSync(prefix, { recursive: true });
  const npm = ["install", "--prefix", prefix, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", `bun@${wanted}`];
  run("npm", npm, { stdio: ["ignore", 2, 2], shell: isWindows });
  return findBun();
}

/** Installs what bun.lock pins, when that is not what was installed last. */
function install(bun) {
  const wanted = readFileSync(join(root, "bun.lock"), "utf8");
  const stamp = join(root, "node_modules", ".rbee-installed");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  const { status } = run(bun, ["install", "--frozen-lockfile", "--ignore-scripts"], { stdio: ["ignore", 2, 2] });
  if (status !== 0) throw new Error("Could not install the development dependencies (bun install --frozen-lockfile)");
  writeFileSync(stamp, wanted);
}

/** Two first runs at once must not install over each other: the second waits until the first is done or dead. */
function withLock(action) {
  const lock = join(root, ".install-lock");
  const deadline = Date.now() + 300_000;
  while (!take(lock)) {
    if (Date.now() > deadline) throw new Error(`Another install seems to run; if none does, delete ${lock}`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  }
  try {
    return action();
  } finally {
    rmSync(lock, { force: true });
  }
}

function take(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: "wx" });
    return true;
  } catch {
    try {
      process.kill(Number(readFileSync(lock, "utf8")) || process.pid, 0);
    } catch {
      rmSync(lock, { force: true });
    }
    return false;
  }
}

try {
  const bun = withLock(() => {
    const found = findBun() ?? bootstrap();
    if (!found) throw new Error(`Bun ${wanted} is not available for ${process.platform} ${process.arch}`);
    install(found);
    return found;
  });
  const env = { ...process.env, ...caches, PATH: [dirname(bun), process.env.PATH].join(delimiter) };
  process.exitCode = run(bun, process.argv.slice(2), { stdio: "inherit", env }).status ?? 1;
} catch (error) {
  process.stderr.write(`error: ${error.message}\n`);
  process.exitCode = 1;
}
