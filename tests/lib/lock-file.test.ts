// rbee.lock as a file: made for diffs, read with suspicion.
import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LockFile } from "../../lib/contract/lock.ts";
import { readLockFile, writeLockFile } from "../../lib/lock-file.ts";
import { temporaryDirectory } from "../harness.ts";

const sum = (digit: string) => digit.repeat(64);
const worker = (version: string) => ({
  version,
  origin: "built-in",
  entry: sum("a"),
  recipe: sum("b"),
  sources: { "b.txt": ["sha256:2"], "a.txt": ["sha256:1", "b2:1"], "git+https://x.test/r#tag=v1": [] },
});
const lock: LockFile = {
  lock_version: 1,
  workers: { zeta: worker("2.0"), alpha: worker("1.0") },
  models: { "org/m:Q8_0": { source: "org/m:Q8_0", commit: "0".repeat(40), files: { "m.gguf": sum("c") } } },
};

test("the same lock is the same bytes, in whatever order it was made; a changed fact is a changed line", () => {
  using directory = temporaryDirectory();
  const [one, other] = [join(directory.path, "one"), join(directory.path, "other")];
  writeLockFile(one, lock);
  writeLockFile(other, {
    models: lock.models,
    workers: {
      alpha: lock.workers.alpha!,
      zeta: { ...worker("3.0"), sources: Object.fromEntries(Object.entries(worker("3.0").sources).reverse()) },
    },
    lock_version: 1,
  });
  const [before, after] = [one, other].map((path) => readFileSync(path, "utf8").split("\n"));
  const changed = before!.flatMap((line, index) => (line === after![index] ? [] : [[line.trim(), after![index]!.trim()]]));
  expect(changed).toEqual([['"version": "2.0"', '"version": "3.0"']]);
  expect(before!.at(-1)).toBe("");
  expect(readLockFile(one)).toEqual(lock);
});

const WRONG: readonly [what: string, text: string, code: string, words: string][] = [
  ["is not there", "", "FILE_NOT_FOUND", "No such file"],
  ["is not JSON", "<<<<<<< ours", "LOCK_INVALID", "JSON"],
  ["is a list", "[]", "LOCK_INVALID", "must be an object"],
  ["is null", "null", "LOCK_INVALID", "must be an object"],
  ["has no version", '{"workers":{},"models":{}}', "LOCK_INVALID", "lock_version"],
  ["is a newer rbee's", JSON.stringify({ ...lock, lock_version: 2, more: 1 }), "STATE_NEWER", "format 2, this one reads 1"],
  ["has a field that nobody checks", JSON.stringify({ ...lock, extra: 1 }), "LOCK_INVALID", "extra: is not known"],
  ["names a worker that is a path", JSON.stringify({ ...lock, workers: { "../x": worker("1") } }), "LOCK_INVALID", "workers' ids"],
  [
    "has a digest that is none",
    JSON.stringify({ ...lock, workers: { x: { ...worker("1"), recipe: "abc" } } }),
    "LOCK_INVALID",
    "workers.x.recipe",
  ],
  [
    "has a commit that is an option",
    JSON.stringify({ ...lock, models: { m: { commit: "--upload-pack=x", files: {} } } }),
    "LOCK_INVALID",
    "must be a commit",
  ],
  [
    "has more than anybody needs",
    JSON.stringify({ ...lock, models: Object.fromEntries(Array.from({ length: 1_001 }, (_, index) => [`m${index}`, { files: {} }])) }),
    "LOCK_INVALID",
    "at most 1000",
  ],
  ["is huge", `{"lock_version":1,"workers":{},"models":{}${" ".repeat(17 << 20)}}`, "LOCK_INVALID", "larger than"],
];

test.each(WRONG)("a lock file that %s is refused", (_, text, code, words) => {
  using directory = temporaryDirectory();
  const path = join(directory.path, "rbee.lock");
  if (text !== "") writeFileSync(path, text);
  expect(() => readLockFile(path)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(words) }));
});
