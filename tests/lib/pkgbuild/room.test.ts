// The room in which bash reads a recipe: what each kind of walls keeps out, and that it says what it cannot.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sourceRecipe } from "../../../lib/pkgbuild/sourced.ts";

const isRoot = process.getuid?.() === 0;
const canSource = process.platform === "linux" && Bun.which("bash") !== null;
const outer = mkdtempSync(join(tmpdir(), "rbee-room-test-"));
const directory = join(realpathSync(outer), "recipe");
const far = mkdtempSync(join(tmpdir(), "rbee-room-test-"));
const head = "pkgname=x\npkgver=1\npkgrel=1\narch=(any)\n";

beforeAll(() => {
  for (const path of [outer, far]) chmodSync(path, 0o755);
  mkdirSync(directory);
  writeFileSync(join(far, "secret"), "");
});
afterAll(() => {
  for (const path of [outer, far]) rmSync(path, { recursive: true, force: true });
});

async function read(text: string, walls?: "bubblewrap" | "namespaces" | "bare") {
  const file = join(directory, "PKGBUILD");
  writeFileSync(file, head + text);
  const around = { carch: "x86_64", startdir: directory, env: {} };
  const reading = await sourceRecipe(file, around, walls === undefined ? {} : { walls });
  const value = (name: string) => reading.variables.get(name)?.entries[0]?.[1];
  return { pkgdesc: value("pkgdesc"), url: value("url"), missing: reading.missing };
}

describe.skipIf(!canSource)("whatever the walls", () => {
  const kinds = ["bubblewrap", "namespaces", "bare"] as const;
  const works = kinds.filter((kind) => kind !== "bubblewrap" || Bun.which("bwrap") !== null);

  test.each(works)("%s: nothing of our environment is seen, and what is missing is said", async (kind) => {
    process.env.RBEE_ROOM_SECRET = "secret";
    const found = await read('pkgdesc="${RBEE_ROOM_SECRET:-unseen}" url=$HOME\n', kind);
    delete process.env.RBEE_ROOM_SECRET;
    expect(found).toMatchObject({ pkgdesc: "unseen", url: "/nonexistent" });
    expect(found.missing.includes("a network of its own")).toBe(kind === "bare");
    expect(found.missing.includes("a read-only view of the files")).toBe(kind !== "bubblewrap");
  });

  test.skipIf(!isRoot).each(works)("%s: root reads as a user that nobody is, and without its groups", async (kind) => {
    const found = await read('pkgdesc=$EUID url="$(id -G)"\n', kind);
    expect(found.missing).not.toContain("a user of its own");
    expect(Number(found.pkgdesc)).toBeGreaterThan(60_000);
    expect(found.url).toBe(found.pkgdesc);
  });

  test.each(works)("%s: a recipe that writes beside itself leaves nothing there, or the lack is told", async (kind) => {
    const found = await read("touch made 2>/dev/null || pkgdesc=refused\n", kind);
    const isRefused = found.pkgdesc === "refused" && !existsSync(join(directory, "made"));
    expect(isRefused || found.missing.includes("a read-only view of the files")).toBe(true);
    rmSync(join(directory, "made"), { force: true });
  });
});

describe.skipIf(!canSource || !isRoot)("what only root may read", () => {
  const kinds = ["bubblewrap", "namespaces", "bare"] as const;
  const works = kinds.filter((kind) => kind !== "bubblewrap" || Bun.which("bwrap") !== null);

  test.each(works)("%s: is lent to somebody else, who finds it and its neighbours at their place", async (kind) => {
    writeFileSync(join(directory, "common"), "url=$startdir/common\n");
    chmodSync(directory, 0o700);
    const found = await read('. "$startdir/../recipe/common" 2>/dev/null || . ./common; pkgdesc="$EUID $BASH_SOURCE"\n', kind);
    chmodSync(directory, 0o755);
    expect(found.missing).not.toContain("a user of its own");
    expect(found.pkgdesc).toMatch(new RegExp(`^6[01]\\d{3} ${directory}/PKGBUILD$`));
    expect(found.url).toBe(join(directory, "common"));
  });

  test("is refused when its directory is too large to be lent", async () => {
    writeFileSync(join(directory, "large"), "");
    truncateSync(join(directory, "large"), 65 * 1024 * 1024);
    chmodSync(directory, 0o700);
    await expect(read("")).rejects.toThrow("larger than");
    chmodSync(directory, 0o755);
    rmSync(join(directory, "large"));
  });
});

test.skipIf(!canSource)("a recipe whose processes take much memory together is refused before the machine is out of it", async () => {
  const hog = "for i in {1..14}; do { head -c 90M /dev/zero; sleep 9; } | tail -c 90M & done; wait\n";
  await expect(read(hog)).rejects.toThrow("hold more than 1024 MiB of memory together");
});

test.skipIf(!canSource)("what a recipe writes where its report goes is not taken for the report", async () => {
  const imitation = 'for fd in /proc/self/fd/*; do printf "x\\0function\\0evil\\0" >"$fd"; done 2>/dev/null; pkgdesc=own\n';
  const found = await read(imitation).catch((thrown: Error) => thrown.message);
  expect(found).toMatch(/ends the shell that reads it/);
});

describe.skipIf(!canSource || Bun.which("bwrap") === null)("behind bubblewrap", () => {
  test("no home, no temporary file of others and no socket of a daemon is in sight", async () => {
    const found = await read(
      `pkgdesc="$(ls -A /home /root /run 2>/dev/null | grep -v :)"\n[[ ! -e ${far}/secret ]] && url=unseen || url=seen\n`,
      "bubblewrap",
    );
    expect(found.pkgdesc?.trim()).toBe("");
    expect(found.url).toBe("unseen");
  });

  test("recipes of one tree see each other", async () => {
    const tree = join(outer, "tree");
    mkdirSync(join(tree, "one"), { recursive: true });
    writeFileSync(join(tree, "common"), "pkgdesc=shared\n");
    writeFileSync(join(tree, "one/PKGBUILD"), `${head}. ../common\n`);
    const around = { carch: "x86_64", startdir: join(tree, "one"), env: {} };
    const { variables } = await sourceRecipe(join(tree, "one/PKGBUILD"), around, { walls: "bubblewrap" });
    expect(variables.get("pkgdesc")?.entries).toEqual([[0, "shared"]]);
  });

  test("nothing but a small scratch directory can be written to, and that is full after 64 MiB", async () => {
    const fill = 'for i in {1..8}; do head -c 12M /dev/zero >"$TMPDIR/$i" || break; done 2>/dev/null; url=$i\n';
    const found = await read(`for place in /tmp /run /home /dev /sys /var; do : >$place/x && pkgdesc+=$place; done 2>/dev/null\n${fill}`);
    expect(found.pkgdesc).toBeUndefined();
    expect(found.url).toBe("6");
  });

  test.skipIf(!isRoot)("a directory above the recipe that is root's alone stands in nobody's way", async () => {
    chmodSync(outer, 0o700);
    const { missing, pkgdesc } = await read("pkgdesc=$EUID\n");
    chmodSync(outer, 0o755);
    expect(missing).toEqual([]);
    expect(Number(pkgdesc)).toBeGreaterThan(60_000);
  });
});
