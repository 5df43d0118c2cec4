// Trees, links and entries under a prefix: whole or absent, also after a crash at any point between.
import { expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Entry } from "../../lib/contract/entry.ts";
import { PrefixStore } from "../../lib/store/index.ts";
import { arrangePackage } from "../../lib/store/trees.ts";
import { temporaryDirectory } from "../harness.ts";
import { makeEntry } from "../recipes.ts";

function setUp() {
  const directory = temporaryDirectory();
  const prefix = join(directory.path, "prefix");
  const store = new PrefixStore(prefix);
  const pack = (text: string, where = "usr/bin") => {
    const pkgDir = join(directory.path, `pkg-${Math.random()}`);
    mkdirSync(join(pkgDir, where), { recursive: true });
    writeFileSync(join(pkgDir, where, "tool"), `#!/bin/sh\necho ${text}\n`);
    chmodSync(join(pkgDir, where, "tool"), 0o755);
    arrangePackage(pkgDir, `${pkgDir}-files`);
    return `${pkgDir}-files`;
  };
  const place = async (text: string, digest: string, version = "1.0.0", where?: string) => {
    const placed = await store.place({ entry: entry(version), digest: digest.repeat(64), origin: "test", files: pack(text, where) });
    await store.link(placed);
    return placed;
  };
  const install = async (text: string, digest: string, version?: string) => {
    const worker = await place(text, digest, version);
    await store.record(worker);
    return worker;
  };
  /** As the next hive does it. */
  const repair = () => new PrefixStore(prefix).repair();
  const say = () =>
    Bun.spawnSync([join(prefix, "bin/tool")])
      .stdout.toString()
      .trim();
  const trees = () => readdirSync(join(prefix, "lib/rbee/workers/tool")).sort();
  return { directory, prefix, store, place, install, repair, say, trees, [Symbol.dispose]: () => directory[Symbol.dispose]() };
}

const entry = (version = "1.0.0") => Entry.parse({ ...makeEntry("tool"), version });

test("a new version stands beside the former one and is the active one", async () => {
  using place = setUp();
  const first = await place.install("one", "a", "1.0");
  expect(place.say()).toBe("one");
  const second = await place.install("two", "b", "2.0");
  expect(place.say()).toBe("two");
  expect(await place.store.find("tool")).toMatchObject([
    { version: "2.0", active: true, tree: second.tree },
    { version: "1.0", active: false, tree: first.tree },
  ]);
});

test("of former versions the newest stay, as many as may", async () => {
  using place = setUp();
  for (const [text, digest] of [
    ["one", "a"],
    ["two", "b"],
    ["three", "c"],
  ] as const)
    await place.install(text, digest);
  expect(place.trees()).toEqual(["1.0.0-bbbbbbbbbbbb", "1.0.0-cccccccccccc"]);
  const fourth = await place.place("four", "d");
  await place.store.record(fourth, { keep: 1 });
  expect(place.trees()).toEqual(["1.0.0-dddddddddddd"]);
});

test("a version that is here becomes the active one by its link alone", async () => {
  using place = setUp();
  const first = await place.install("one", "a");
  await place.install("two", "b");
  await place.store.use(first);
  expect(place.say()).toBe("one");
  expect((await place.store.find("tool")).map(({ active, tree }) => active && tree)).toEqual([first.tree, false]);
  expect(await place.repair()).toEqual([]);
});

test("a pin keeps the link where it is, also against a version that is new", async () => {
  using place = setUp();
  const first = await place.install("one", "a");
  const second = await place.install("two", "b");
  await place.store.pin("tool", true);
  expect(place.store.use(first)).rejects.toMatchObject({ code: "WORKER_PINNED" });
  expect(place.store.checkPin("tool", "c".repeat(64))).rejects.toMatchObject({ code: "WORKER_PINNED" });
  await place.store.checkPin("tool", second.digest);
  expect(place.say()).toBe("two");
  await place.store.pin("tool", false);
  await place.store.use(first);
  expect(place.say()).toBe("one");
});

test("removing the active version makes the newest of the others the active one", async () => {
  using place = setUp();
  const first = await place.install("one", "a");
  const second = await place.install("two", "b");
  await place.store.pin("tool", true);
  await place.store.remove("tool", [second]);
  expect(place.say()).toBe("one");
  expect(await place.store.find("tool")).toMatchObject([{ tree: first.tree, active: true, pinned: false }]);
  await place.store.remove("tool", [first]);
  expect(existsSync(first.binary)).toBe(false);
  expect(readdirSync(join(place.prefix, "lib/rbee/workers"))).toEqual([]);
});

test("removing a kept version leaves the active one alone", async () => {
  using place = setUp();
  const first = await place.install("one", "a");
  await place.install("two", "b");
  await place.store.remove("tool", [first]);
  expect(place.say()).toBe("two");
  expect(place.trees()).toEqual(["1.0.0-bbbbbbbbbbbb"]);
});

test("an entry of the first format, with one version, is read and kept", async () => {
  using place = setUp();
  const worker = await place.install("one", "a");
  const file = join(place.prefix, "lib/rbee/catalog/tool.json");
  writeFileSync(file, JSON.stringify({ format: 1, value: worker }));
  expect(await place.store.list()).toMatchObject([{ tree: worker.tree, active: true, pinned: false }]);
  await place.install("two", "b");
  expect(place.trees()).toHaveLength(2);
  expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ format: 2, value: { active: "1.0.0-bbbbbbbbbbbb" } });
});

test("the same digest can be installed again over itself", async () => {
  using place = setUp();
  await place.install("one", "a");
  await place.install("again", "a");
  expect(place.say()).toBe("again");
  expect(readdirSync(join(place.prefix, "lib/rbee/workers/tool")).length).toBe(1);
});

test.each(["usr/bin", "usr/local/bin", "opt/bin", "bin"])("what package() put under %s ends in the same place", async (where) => {
  using place = setUp();
  const worker = await place.place("x", "c", "1.0.0", where);
  expect(existsSync(join(worker.tree, "bin/tool"))).toBe(true);
});

test("a crash between link and entry leaves the former worker after repair", async () => {
  using place = setUp();
  const first = await place.install("one", "a");
  await place.place("two", "b");
  expect(place.say()).toBe("two");
  await place.repair();
  expect(place.say()).toBe("one");
  expect(readdirSync(join(place.prefix, "lib/rbee/workers/tool"))).toEqual([first.tree.split("/").at(-1)!]);
});

test("a crash before the first entry leaves nothing after repair", async () => {
  using place = setUp();
  await place.place("two", "b");
  await place.repair();
  expect(existsSync(join(place.prefix, "bin/tool"))).toBe(false);
  expect(readdirSync(join(place.prefix, "lib/rbee/workers"))).toEqual([]);
});

test("a crash while a tree is replaced by one of the same name brings the former back", async () => {
  using place = setUp();
  const { tree } = await place.install("one", "a");
  renameSync(tree, `${tree}.rbee-part-old`);
  await place.repair();
  expect(place.say()).toBe("one");
});

test("an entry whose tree is gone is dropped and told, its link removed", async () => {
  using place = setUp();
  const { tree } = await place.install("one", "a");
  rmSync(tree, { recursive: true });
  expect(await place.store.list()).toEqual([]);
  expect((await place.repair()).join("\n")).toContain("dropped the entry of tool");
  expect(readdirSync(join(place.prefix, "bin"))).toEqual([]);
});

test("a link that somebody replaced is left alone", async () => {
  using place = setUp();
  const worker = await place.install("one", "a");
  rmSync(worker.binary);
  symlinkSync("/bin/true", worker.binary);
  await place.repair();
  await place.store.remove("tool", [worker]);
  expect(readlinkSync(worker.binary)).toBe("/bin/true");
  expect(existsSync(worker.tree)).toBe(false);
});

test("repair changes nothing when all is well, and is the same twice", async () => {
  using place = setUp();
  await place.install("one", "a");
  expect(await place.repair()).toEqual([]);
  expect(await place.repair()).toEqual([]);
  expect(place.say()).toBe("one");
});

test("a version that nobody keeps but a process needs stays until it does not", async () => {
  using place = setUp();
  const first = await place.install("one", "a");
  const needed = new Set([first.tree]);
  const store = new PrefixStore(place.prefix, { inUse: (tree) => needed.has(tree) });
  await store.record(await place.place("two", "b"), { keep: 1 });
  expect(existsSync(first.tree)).toBe(true);
  needed.clear();
  await store.repair();
  expect(existsSync(first.tree)).toBe(false);
});

test("what is being put in place is not swept by whatever else is done with the worker, nor recorded when another has swept it", async () => {
  using place = setUp();
  const first = await place.install("one", "a");
  const second = await place.place("two", "b");
  await place.install("three", "c");
  expect(existsSync(second.tree)).toBe(true);
  await place.store.remove("tool", [first]);
  expect(existsSync(second.tree)).toBe(true);
  await place.repair();
  expect(existsSync(second.tree)).toBe(false);
  expect(place.store.record(second)).rejects.toMatchObject({ code: "PACKAGE_INVALID" });
});

test("a rebuilt version that is taken back is the one that was there", async () => {
  using place = setUp();
  await place.install("one", "a");
  await place.store.takeBack(await place.place("again", "a"));
  expect(place.say()).toBe("one");
  expect(place.trees()).toEqual(["1.0.0-aaaaaaaaaaaa"]);
});

test("when the active version has lost its tree, a repair goes back to the one before", async () => {
  using place = setUp();
  await place.install("one", "a");
  const second = await place.install("two", "b");
  rmSync(second.tree, { recursive: true });
  expect((await place.repair()).join("\n")).toContain("dropped the entry of tool 1.0.0");
  expect(place.say()).toBe("one");
});

test("an unreadable entry is set aside, named, never deleted", async () => {
  using place = setUp();
  await place.install("one", "a");
  const file = join(place.prefix, "lib/rbee/catalog/tool.json");
  writeFileSync(file, "{ half");
  const told: string[] = [];
  const store = new PrefixStore(place.prefix, { onUnreadable: (path) => told.push(path) });
  expect(await store.list()).toEqual([]);
  expect(told).toEqual([file]);
  expect(existsSync(`${file}.unreadable`)).toBe(true);
});

test("an entry that a newer rbee wrote is refused, not touched", async () => {
  using place = setUp();
  await place.install("one", "a");
  const file = join(place.prefix, "lib/rbee/catalog/tool.json");
  writeFileSync(file, JSON.stringify({ format: 99, value: {} }));
  expect(place.store.list()).rejects.toMatchObject({ code: "STATE_NEWER" });
  expect(existsSync(file)).toBe(true);
});
