// What an ordinary user's build hands to root: installed when it is what was packed, refused for any other byte, link or place.
import { expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Entry } from "../../lib/contract/entry.ts";
import { packHandover, placeHandedOver, removeFrom } from "../../lib/handover.ts";
import { digestOf } from "../../lib/hash.ts";
import { PrefixStore } from "../../lib/store.ts";
import { temporaryDirectory } from "../harness.ts";
import { makeEntry } from "../recipes.ts";

const entry = Entry.parse(makeEntry("tool"));
const about = { entry, digest: "d".repeat(64), origin: "test" };

async function setUp(more: (pkgDir: string) => void = () => {}) {
  const directory = temporaryDirectory();
  const at = (name: string) => join(directory.path, name);
  mkdirSync(at("pkg/usr/bin"), { recursive: true });
  writeFileSync(at("pkg/usr/bin/tool"), "#!/bin/sh\necho tool\n", { mode: 0o777 });
  writeFileSync(at("pkg/usr/data"), "data", { mode: 0o666 });
  chmodSync(at("pkg/usr/data"), 0o666);
  symlinkSync("tool", at("pkg/usr/bin/also"));
  more(at("pkg"));
  const sha256 = await packHandover(at("handover"), { ...about, pkgDir: at("pkg") });
  mkdirSync(at("prefix"));
  return {
    at,
    sha256,
    prefix: at("prefix"),
    place: (sum = sha256) => placeHandedOver(at("handover"), sum, at("prefix")),
    [Symbol.dispose]: () => directory[Symbol.dispose](),
  };
}

/** Rewrites the list as a liar would who may choose the sum, too. */
function lie(list: string, change: (packed: { files: Record<string, unknown>[] }) => void): string {
  const packed = JSON.parse(readFileSync(list, "utf8")) as { files: Record<string, unknown>[] };
  change(packed);
  const text = JSON.stringify(packed);
  writeFileSync(list, text);
  return digestOf([text]);
}

test("what was packed is installed, writable for its owner alone, and can be removed again", async () => {
  using place = await setUp();
  const worker = await place.place();
  expect(Bun.spawnSync([join(place.prefix, "bin/tool")]).stdout.toString()).toBe("tool\n");
  expect(Bun.spawnSync([join(worker.tree, "bin/also")]).stdout.toString()).toBe("tool\n");
  expect(statSync(join(worker.tree, "data")).mode & 0o777).toBe(0o644);
  expect(statSync(join(worker.tree, "bin/tool")).mode & 0o777).toBe(0o755);
  expect(await new PrefixStore(place.prefix).list()).toMatchObject([{ id: "tool", digest: about.digest }]);
  await removeFrom(place.prefix, "tool");
  expect(await new PrefixStore(place.prefix).list()).toEqual([]);
  expect(existsSync(join(place.prefix, "bin/tool"))).toBe(false);
});

test.each<[string, (at: (name: string) => string) => void]>([
  ["a file is changed", (at) => writeFileSync(at("handover/tree/usr/data"), "other")],
  ["a file becomes a link", (at) => Bun.spawnSync(["ln", "-sf", "/etc/passwd", at("handover/tree/usr/data")])],
  ["a file is gone", (at) => rmSync(at("handover/tree/usr/data"))],
  ["the list is changed", (at) => writeFileSync(at("handover/worker.json"), "{}")],
  [
    "a file becomes a pipe that never ends",
    (at) => {
      rmSync(at("handover/tree/usr/data"));
      Bun.spawnSync(["mkfifo", at("handover/tree/usr/data")]);
    },
  ],
])("nothing is installed when %s after packing", async (_, change) => {
  using place = await setUp();
  change(place.at);
  await expect(place.place()).rejects.toThrow();
  expect(await new PrefixStore(place.prefix).list()).toEqual([]);
  expect(existsSync(join(place.prefix, "bin/tool"))).toBe(false);
});

test.each<[string, (files: Record<string, unknown>[], outside: string) => void]>([
  ["a path out of the tree", (files) => (files[1]!.path = "../../../../out")],
  [
    "a link with files behind it",
    (files, outside) => files.push({ path: "usr/lib", mode: "777", link: outside }, { path: "usr/lib/x", mode: "777", link: "x" }),
  ],
  ["a linked layer", (files, outside) => files.splice(0, files.length, { path: "usr", mode: "777", link: outside })],
])("a list with %s is refused, and nothing outside is touched", async (_, change) => {
  using place = await setUp();
  mkdirSync(place.at("outside/bin"), { recursive: true });
  writeFileSync(place.at("outside/bin/tool"), "mine");
  const sum = lie(place.at("handover/worker.json"), ({ files }) => change(files, place.at("outside")));
  await expect(place.place(sum)).rejects.toThrow();
  expect(readFileSync(place.at("outside/bin/tool"), "utf8")).toBe("mine");
  expect(existsSync(place.at("outside/x"))).toBe(false);
  expect(existsSync(place.at("out"))).toBe(false);
});

test("a prefix that others may write, that is a link or that is not plainly written is refused", async () => {
  using place = await setUp();
  const to = (prefix: string) => placeHandedOver(place.at("handover"), place.sha256, prefix);
  symlinkSync(place.prefix, place.at("link"));
  await expect(to(place.at("link"))).rejects.toThrow("is no directory");
  await expect(to(`${place.prefix}/../prefix`)).rejects.toThrow("plain absolute path");
  await expect(to("/")).rejects.toThrow("plain absolute path");
  chmodSync(place.prefix, 0o777);
  await expect(to(place.prefix)).rejects.toThrow("others may change");
});

test("what somebody else put where the link goes is left alone", async () => {
  using place = await setUp();
  mkdirSync(join(place.prefix, "bin"));
  writeFileSync(join(place.prefix, "bin/tool"), "mine");
  await expect(place.place()).rejects.toThrow("was not installed by rbee");
  expect(readFileSync(join(place.prefix, "bin/tool"), "utf8")).toBe("mine");
});
