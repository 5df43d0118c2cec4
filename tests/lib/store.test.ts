// Trees, links and entries under a prefix: whole or absent, also after a crash at any point between.
import { expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readdirSync, readlinkSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Entry } from "../../lib/contract/entry.ts";
import { PrefixStore } from "../../lib/store.ts";
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
    return pkgDir;
  };
  const install = async (text: string, digest: string) => {
    const worker = await store.place({ entry: entry(), digest: digest.repeat(64), origin: "test", pkgDir: pack(text) });
    await store.record(worker);
    return worker;
  };
  const say = () =>
    Bun.spawnSync([join(prefix, "bin/tool")])
      .stdout.toString()
      .trim();
  return { directory, prefix, store, pack, install, say, [Symbol.dispose]: () => directory[Symbol.dispose]() };
}

const entry = () => Entry.parse(makeEntry("tool"));

test("an upgrade switches the link and drops the former tree", async () => {
  using place = setUp();
  const first = await place.install("one", "a");
  expect(place.say()).toBe("one");
  const second = await place.install("two", "b");
  expect(place.say()).toBe("two");
  expect(existsSync(first.tree)).toBe(false);
  expect(await place.store.list()).toMatchObject([{ id: "tool", tree: second.tree }]);
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
  const worker = await place.store.place({ entry: entry(), digest: "c".repeat(64), origin: "test", pkgDir: place.pack("x", where) });
  expect(existsSync(join(worker.tree, "bin/tool"))).toBe(true);
});

test("a crash between link and entry leaves the former worker after repair", async () => {
  using place = setUp();
  const first = await place.install("one", "a");
  await place.store.place({ entry: entry(), digest: "b".repeat(64), origin: "test", pkgDir: place.pack("two") });
  expect(place.say()).toBe("two");
  await place.store.repair();
  expect(place.say()).toBe("one");
  expect(readdirSync(join(place.prefix, "lib/rbee/workers/tool"))).toEqual([first.tree.split("/").at(-1)!]);
});

test("a crash before the first entry leaves nothing after repair", async () => {
  using place = setUp();
  await place.store.place({ entry: entry(), digest: "b".repeat(64), origin: "test", pkgDir: place.pack("two") });
  await place.store.repair();
  expect(existsSync(join(place.prefix, "bin/tool"))).toBe(false);
  expect(readdirSync(join(place.prefix, "lib/rbee/workers"))).toEqual([]);
});

test("a crash while a tree is replaced by one of the same name brings the former back", async () => {
  using place = setUp();
  const { tree } = await place.install("one", "a");
  renameSync(tree, `${tree}.rbee-part-old`);
  await place.store.repair();
  expect(place.say()).toBe("one");
});

test("an entry whose tree is gone is dropped and told, its link removed", async () => {
  using place = setUp();
  const { tree } = await place.install("one", "a");
  rmSync(tree, { recursive: true });
  expect(await place.store.list()).toEqual([]);
  expect((await place.store.repair()).join("\n")).toContain("dropped the entry of tool");
  expect(readdirSync(join(place.prefix, "bin"))).toEqual([]);
});

test("a link that somebody replaced is left alone", async () => {
  using place = setUp();
  const worker = await place.install("one", "a");
  rmSync(worker.binary);
  symlinkSync("/bin/true", worker.binary);
  await place.store.repair();
  await place.store.remove(worker);
  expect(readlinkSync(worker.binary)).toBe("/bin/true");
  expect(existsSync(worker.tree)).toBe(false);
});

test("repair changes nothing when all is well, and is the same twice", async () => {
  using place = setUp();
  await place.install("one", "a");
  expect(await place.store.repair()).toEqual([]);
  expect(await place.store.repair()).toEqual([]);
  expect(place.say()).toBe("one");
});

test("a tree that is in use stays until it is not", async () => {
  using place = setUp();
  const first = await place.install("one", "a");
  const second = await place.store.place({ entry: entry(), digest: "b".repeat(64), origin: "test", pkgDir: place.pack("two") });
  await place.store.record(second, (tree) => tree === first.tree);
  expect(existsSync(first.tree)).toBe(true);
  await place.store.repair();
  expect(existsSync(first.tree)).toBe(false);
});

test("an unreadable entry is set aside, named, never deleted", async () => {
  using place = setUp();
  await place.install("one", "a");
  const file = join(place.prefix, "lib/rbee/catalog/tool.json");
  writeFileSync(file, "{ half");
  const told: string[] = [];
  const store = new PrefixStore(place.prefix, (path) => told.push(path));
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
