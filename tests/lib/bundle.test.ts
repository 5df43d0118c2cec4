// Bundles and the cache of built workers: what goes in comes out, and nothing else does.
import { expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { pack } from "tar-stream";
import { BuildCache } from "../../lib/build-cache.ts";
import { buildKey, isRepeatable } from "../../lib/build-key.ts";
import { readBundle, unpackBundle } from "../../lib/bundle/read.ts";
import { writeBundle } from "../../lib/bundle/write.ts";
import { Entry } from "../../lib/contract/entry.ts";
import { reasonsAgainstKind, thisMachine } from "../../lib/machine/kind.ts";
import { BuildSettings } from "../../lib/pkgbuild/run/settings.ts";
import { listFiles } from "../../lib/tree.ts";
import { temporaryDirectory } from "../harness.ts";
import { makeEntry } from "../recipes.ts";

const about = { entry: Entry.parse(makeEntry("tool")), digest: "a".repeat(64), origin: "test", built_on: thisMachine(), built_at: 1 };

function setUp() {
  const directory = temporaryDirectory();
  const root = join(directory.path, "files");
  mkdirSync(join(root, "bin"), { recursive: true });
  mkdirSync(join(root, "empty"));
  writeFileSync(join(root, "bin/tool"), "#!/bin/sh\necho tool\n");
  chmodSync(join(root, "bin/tool"), 0o755);
  writeFileSync(join(root, "große datei"), Buffer.alloc(300_000, "x"));
  symlinkSync("bin/tool", join(root, "link"));
  chmodSync(join(root, "empty"), 0o555);
  return {
    path: directory.path,
    root,
    file: join(directory.path, "b.tar.zst"),
    out: join(directory.path, "out"),
    [Symbol.dispose]: () => directory[Symbol.dispose](),
  };
}

/** Packs what it is given as a bundle, whatever it says. */
async function forge(
  file: string,
  entries: readonly { name: string; type?: string; linkname?: string; mode?: number; body?: string }[],
): Promise<void> {
  const tar = pack();
  for (const { body = "", ...header } of entries) tar.entry(header as never, body);
  tar.finalize();
  const parts: Uint8Array[] = [];
  for await (const bytes of tar) parts.push(bytes as Uint8Array);
  writeFileSync(file, Bun.zstdCompressSync(Buffer.concat(parts)));
}

const described = (files: unknown[], more: object = {}) => ({
  name: "rbee.json",
  body: JSON.stringify({ format: 1, ...about, files, ...more }),
});
const text = { type: "file", path: "a", mode: 0o644, size: 1, sha256: new Bun.CryptoHasher("sha256").update("x").digest("hex") };

test("what was packed comes out the same: files, rights, links, empty directories", async () => {
  using place = setUp();
  const written = await writeBundle(place.file, { ...about, root: place.root });
  expect((await readBundle(place.file)).manifest).toEqual(written);
  await unpackBundle(place.file, place.out);
  expect(await listFiles(place.out)).toEqual(await listFiles(place.root));
  expect(statSync(join(place.out, "empty")).mode & 0o777).toBe(0o555);
});

test.each([
  ["a file that leads out", [described([{ ...text, path: "../a" }]), { name: "files/../a", body: "x" }], "leads out of the directory"],
  ["an absolute path", [described([text]), { name: "/files/a", body: "x" }], "absolute path"],
  [
    "a way through a link",
    [
      described([
        { type: "symlink", path: "l", target: "/" },
        { ...text, path: "l/a" },
      ]),
      { name: "files/l", type: "symlink", linkname: "/" },
      { name: "files/l/a", body: "x" },
    ],
    "through a symbolic link",
  ],
  ["a file that nobody described", [described([]), { name: "files/a", body: "x" }], "does not name it"],
  ["a file twice", [described([text]), { name: "files/a", body: "x" }, { name: "files/a", body: "x" }], "does not name it"],
  ["other bytes", [described([text]), { name: "files/a", body: "y" }], "its bytes are not those"],
  ["another size", [described([text]), { name: "files/a", body: "xx" }], "another size"],
  ["a missing file", [described([text])], "it is missing"],
  [
    "a link that leads elsewhere",
    [described([{ type: "symlink", path: "l", target: "a" }]), { name: "files/l", type: "symlink", linkname: "/etc" }],
    "leads elsewhere",
  ],
  ["another user's rights", [described([text]), { name: "files/a", body: "x", mode: 0o4755 }], "setuid"],
  ["a device", [described([text]), { name: "files/a", type: "character-device" }], "it is a character-device"],
  ["no description", [{ name: "files/a", body: "x" }], "does not begin with a description"],
  ["a description without fields", [{ name: "rbee.json", body: '{"format":1}' }], "description is not right"],
  ["an id that is a path", [described([], { entry: { ...makeEntry("tool"), id: "../x" } })], "description is not right"],
])("a bundle with %s is refused and leaves nothing", async (_, entries, reason) => {
  using place = setUp();
  await forge(place.file, entries);
  expect(unpackBundle(place.file, place.out)).rejects.toMatchObject({ code: "ARCHIVE_REFUSED", message: expect.stringContaining(reason) });
  await unpackBundle(place.file, place.out).catch(() => {});
  expect(existsSync(place.out)).toBe(false);
});

test("a cut, a scrambled and a foreign file are refused; a bundle of a newer rbee says so", async () => {
  using place = setUp();
  await writeBundle(place.file, { ...about, root: place.root });
  truncateSync(place.file, statSync(place.file).size - 20);
  expect(unpackBundle(place.file, place.out)).rejects.toMatchObject({ code: "ARCHIVE_REFUSED" });
  writeFileSync(place.file, "no archive at all");
  expect(readBundle(place.file)).rejects.toMatchObject({ code: "ARCHIVE_REFUSED" });
  await forge(place.file, [described([], { format: 9 })]);
  expect(readBundle(place.file)).rejects.toMatchObject({ code: "STATE_NEWER" });
  expect(readBundle(`${place.file}.gone`)).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
});

test("the cache gives back what it was given, and a damaged bundle is told and removed", async () => {
  using place = setUp();
  const cache = new BuildCache(join(place.path, "cache"), 1 << 20);
  const told: string[] = [];
  const how = { onDamage: (message: string) => void told.push(message) };
  expect(await cache.take("key", place.out, how)).toBeUndefined();
  await cache.put("key", { ...about, root: place.root });
  expect(await cache.take("key", place.out, how)).toBeDefined();
  expect(await listFiles(place.out)).toEqual(await listFiles(place.root));
  const file = join(place.path, "cache/key.tar.zst");
  const bytes = readFileSync(file);
  bytes[bytes.length >> 1]! ^= 0xff;
  writeFileSync(file, bytes);
  expect(await cache.take("key", `${place.out}2`, how)).toBeUndefined();
  expect(told).toHaveLength(1);
  expect(existsSync(file)).toBe(false);
});

test("the cache stays within its size: what was used longest ago gives way; nothing that is too large goes in", async () => {
  using place = setUp();
  const directory = join(place.path, "cache");
  await new BuildCache(directory, undefined).put("one", { ...about, root: place.root });
  const size = statSync(join(directory, "one.tar.zst")).size;
  const cache = new BuildCache(directory, 400_000);
  utimesSync(join(directory, "one.tar.zst"), 1, 1);
  writeFileSync(join(directory, "two.tar.zst"), Buffer.alloc(400_000 - 2 * size));
  expect(await cache.put("three", { ...about, root: place.root })).toBe(true);
  expect(
    readdirSync(directory)
      .filter((name) => name.endsWith(".zst"))
      .sort(),
  ).toEqual(["one.tar.zst", "three.tar.zst", "two.tar.zst"]);
  await cache.put("four", { ...about, root: place.root });
  expect(existsSync(join(directory, "one.tar.zst"))).toBe(false);
  expect(await new BuildCache(directory, 1_000).put("five", { ...about, root: place.root })).toBe(false);
});

test("the key of a build changes with what goes into it, and with nothing else", () => {
  const inputs = {
    recipeDigest: "d",
    settings: BuildSettings.parse({}),
    machine: thisMachine(),
    isClosed: false,
    env: { PATH: "/usr/bin:/bin" },
    needs: ["bash"],
  };
  const key = buildKey(inputs);
  const other = (change: object) => buildKey({ ...inputs, ...change });
  expect(other({ settings: BuildSettings.parse({ makeflags: "-j1", nice: 19 }), env: { PATH: "/usr/bin:/bin", HOME: "/x" } })).toBe(key);
  const changed = [
    { recipeDigest: "e" },
    { settings: BuildSettings.parse({ cflags: "-O3" }) },
    { machine: { ...thisMachine(), cpu: ["none"] } },
    { isClosed: true },
    { env: { PATH: "/usr/bin:/bin", SOURCE_DATE_EPOCH: "1" } },
    { needs: ["bash", "tar"] },
  ].map(other);
  expect(new Set([key, ...changed]).size).toBe(changed.length + 1);
});

test.each([
  [["a.patch", "https://x.example/a.tar"], ["SKIP", "f00"], true],
  [["https://x.example/a.tar"], ["SKIP"], false],
  [["git+https://x.example/a.git#tag=v1"], ["SKIP"], true],
  [["git+https://x.example/a.git#branch=main"], ["SKIP"], false],
  [["git+https://x.example/a.git"], ["SKIP"], false],
])("sources %p with sums %p are the same tomorrow: %p", (source, sums, same) => {
  expect(isRepeatable({ source, checksums: [{ algo: "sha256", sums }] })).toBe(same);
});

test.each([
  ["the same kind", {}, 0],
  ["an older glibc", { libc: "glibc 2.17" }, 0],
  ["a newer glibc", { libc: "glibc 2.99" }, 1],
  ["another C library", { libc: "musl" }, 1],
  ["another system", { os: "macos", libc: undefined }, 1],
  ["a processor that can more", { cpu: ["avx2", "avx512f"] }, 1],
])("what was built on a machine of %s runs here, unless there is a reason", (_, made, count) => {
  const here = { os: "linux", arch: "x86_64", libc: "glibc 2.36", cpu: ["avx2"] };
  expect(reasonsAgainstKind({ ...here, ...made } as never, here)).toHaveLength(count);
});
