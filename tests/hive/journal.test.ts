// A journal is a stream's bytes: readers copy, from the start or after an event.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { fileBacking, Journal } from "../../hive/journal.ts";
import { streamJournal } from "../../hive/stream.ts";
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
  journal.adopt(new Uint8Array(await Bun.file(path).arrayBuffer()));
  expect(journal.lastId).toBe(1);
  journal.close();
});

test("a hundred readers get the same, those who come late and those who come early; each is told apart when it closes", async () => {
  const journal = new Journal();
  let closed = 0;
  const early = Array.from({ length: 50 }, () => streamJournal(journal, 0, () => closed++).text());
  for (let number = 1; number <= 200; number++) journal.append("note", String(number));
  journal.append(undefined, "[DONE]");
  const late = Array.from({ length: 50 }, () => streamJournal(journal, 0, () => closed++).text());
  const texts = new Set(await Promise.all([...early, ...late]));
  expect(texts.size).toBe(1);
  expect([...texts][0]).toEndWith("id: 201\ndata: [DONE]\n\n");
  expect(closed).toBe(100);
});
