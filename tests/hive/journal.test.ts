// A journal is a stream's bytes: readers copy, from the start or after an event.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { Journal } from "../../hive/job/journal.ts";
import { fileBacking, memoryBacking } from "../../hive/job/journal-backing.ts";
import { streamJournal } from "../../hive/routes/stream.ts";
import { temporaryDirectory } from "../harness.ts";

test.each(["memory", "file"])("events in %s are read whole, after any id, in bounded pieces", (kind) => {
  using directory = temporaryDirectory();
  const journal = kind === "file" ? new Journal(fileBacking(join(directory.path, "j"))) : new Journal();
  for (let number = 1; number <= 100; number++) journal.append("note", `event ${number}`);
  let lastId = 40;
  let text = "";
  while (lastId < 100) {
    const piece = journal.read(lastId, 200);
    expect(piece.lastId).toBeGreaterThan(lastId);
    lastId = piece.lastId;
    text += new TextDecoder().decode(piece.bytes);
  }
  expect(text.startsWith("id: 41\nevent: note\ndata: event 41\n\n")).toBe(true);
  expect(text.match(/^id: /gm)?.length).toBe(60);
  expect(journal.read(100, 200).bytes.length).toBe(0);
  journal.close();
});

test("a journal that a crash cut off is taken over up to its last whole event", async () => {
  using directory = temporaryDirectory();
  const path = join(directory.path, "j");
  await Bun.write(path, 'id: 1\nevent: state\ndata: {}\n\nid: 2\nevent: log\ndata: {"li');
  const journal = new Journal(fileBacking(path));
  journal.adopt();
  expect(journal.lastId).toBe(1);
  journal.close();
});

test("a hundred readers get the same, those who come late and those who come early; each is told apart when it closes", async () => {
  const journal = new Journal();
  let closed = 0;
  const early = Array.from({ length: 50 }, () => streamJournal(journal, 0, { onClose: () => closed++ }).text());
  for (let number = 1; number <= 200; number++) journal.append("note", String(number));
  journal.append(undefined, "[DONE]");
  const late = Array.from({ length: 50 }, () => streamJournal(journal, 0, { onClose: () => closed++ }).text());
  const texts = new Set(await Promise.all([...early, ...late]));
  expect(texts.size).toBe(1);
  expect([...texts][0]).toEndWith("id: 201\ndata: [DONE]\n\n");
  expect(closed).toBe(100);
});

test.each(["memory", "file"])("a full journal in %s lets its oldest log lines go, says so, keeps the rest and its numbers", (kind) => {
  using directory = temporaryDirectory();
  const path = join(directory.path, "j");
  const journal = new Journal(kind === "file" ? fileBacking(path) : undefined, { limitBytes: 10_000 });
  journal.append("state", "first");
  for (let number = 2; number <= 1_000; number++) journal.append(number % 100 === 0 ? "step" : "log", `event ${number}`);
  journal.append(undefined, "[DONE]");
  expect(journal.sizeBytes).toBeLessThanOrEqual(10_000);
  const text = new TextDecoder().decode(journal.read(0, 1e9).bytes);
  const ids = [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
  expect(ids).toEqual([...ids].sort((a, b) => a - b));
  expect(text.match(/^event: step$/gm)?.length).toBe(10);
  expect(text).toContain("gave way");
  expect(text).toStartWith("id: 1\nevent: state\ndata: first\n\n");
  expect(text).toEndWith("id: 1000\nevent: step\ndata: event 1000\n\nid: 1001\ndata: [DONE]\n\n");
  const late = new TextDecoder().decode(journal.read(990, 1e9).bytes);
  expect(late).toStartWith("id: 991\n");
  if (kind === "file") {
    const again = new Journal(fileBacking(path));
    again.adopt();
    expect(new TextDecoder().decode(again.read(0, 1e9).bytes)).toBe(text);
  }
});

test("what cannot be written is told to readers all the same, and written when it can be", () => {
  const full = { is: false };
  const backing = memoryBacking();
  const journal = new Journal({
    ...backing,
    append: (bytes, from) => {
      if (full.is) throw new Error("no space");
      backing.append(bytes, from);
    },
  });
  let troubles = 0;
  journal.onTrouble = () => troubles++;
  journal.append("note", "one");
  full.is = true;
  journal.append("note", "two");
  expect(troubles).toBe(1);
  expect(new TextDecoder().decode(journal.read(0, 1e9).bytes)).toContain("two");
  full.is = false;
  journal.append("note", "three");
  expect(new TextDecoder().decode(backing.read(0, 1e9))).toBe(new TextDecoder().decode(journal.read(0, 1e9).bytes));
});
