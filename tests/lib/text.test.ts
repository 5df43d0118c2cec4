// Small pure things: events on the wire, lines, tables, units, paths, errors.
import { expect, test } from "bun:test";
import { userInfo } from "node:os";
import { Duration } from "../../lib/contract/operation.ts";
import { errorFromData, fail, toRbeeError } from "../../lib/errors.ts";
import { LineSplitter } from "../../lib/lines.ts";
import { containedPath, homeOf, pathsFrom, shortPath } from "../../lib/paths.ts";
import { decodeSse, encodeSse } from "../../lib/sse.ts";
import { oneLine, renderTable } from "../../lib/table.ts";
import { formatBytes, formatCount, formatDuration } from "../../lib/units.ts";

async function* inPieces(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

test.each([1, 2, 7, 1000])("events survive the wire in pieces of %d bytes", async (size) => {
  const messages = [
    { id: "1", event: "log", data: '{"lines":["ä\\n€"]}' },
    { id: "2", event: "note", data: "two\nlines" },
    { id: "3", event: undefined, data: "[DONE]" },
  ];
  const wire = `: comment\n\n${messages.map(encodeSse).join("")}event: log\ndata: cut off`;
  const read = [];
  for await (const message of decodeSse(inPieces(wire, size))) read.push(message);
  expect(read).toEqual(messages);
});

test("lines are whole whatever the chunks are; a last one without newline is not lost", () => {
  const lines: string[] = [];
  const splitter = new LineSplitter((more) => lines.push(...more));
  for (const byte of new TextEncoder().encode("one\ntwä\r\n\x1b[31mred\0\nlast")) splitter.push(new Uint8Array([byte]));
  splitter.end();
  expect(lines).toEqual(["one", "twä\r", "\x1b[31mred\0", "last"]);
});

test("a line that never ends is handed on in bounded pieces, and none of it is lost", () => {
  let characters = 0;
  let longest = 0;
  const splitter = new LineSplitter((lines) => {
    for (const line of lines) {
      characters += line.length;
      longest = Math.max(longest, line.length);
    }
  });
  for (let chunk = 0; chunk < 100; chunk++) splitter.push(new Uint8Array(100_000).fill(97));
  splitter.end();
  expect(characters).toBe(10_000_000);
  expect(longest).toBeLessThanOrEqual(16_384);
});

test("invalid UTF-8 becomes replacement characters and stops nothing", () => {
  const lines: string[] = [];
  const splitter = new LineSplitter((more) => lines.push(...more));
  splitter.push(new Uint8Array([0xff, 0x61, 0xc3, 0x0a]));
  expect(lines).toEqual(["\uFFFDa\uFFFD"]);
});

test("a table shortens what may be shortened, never the rest, and stacks when even that is too wide", () => {
  const columns = [{ title: "DESCRIPTION", minimum: 8 }, { title: "ID" }];
  const rows = [["a long description of it", "an-id-that-stays-whole"]];
  expect(renderTable(columns, rows)).toContain("a long description of it  an-id-that-stays-whole");
  const narrow = renderTable(columns, rows, 36);
  expect(narrow).toContain("an-id-that-stays-whole");
  expect(Math.max(...narrow.split("\n").map((line) => Bun.stringWidth(line)))).toBeLessThanOrEqual(36);
  expect(renderTable(columns, rows, 20)).toContain("ID: an-id-that-stays-whole");
});

test("what others wrote cannot move the cursor in a table", () => {
  expect(oneLine("a\x1b[2Jb\r\nc\x9b31m")).toBe("a [2Jb c 31m");
});

test.each([
  ["90s", 90_000],
  ["15m", 900_000],
  ["0", 0],
  ["2h", 7_200_000],
  ["250ms", 250],
  ["7", 7_000],
] as const)("%s is %d milliseconds", (written, milliseconds) => {
  expect(Duration.parse(written)).toBe(milliseconds);
});

test.each(["soon", "-1s", "1.5m", "", "9999999999s"])("%p is no time", (written) => {
  expect(Duration.safeParse(written).success).toBe(false);
});

test("sizes, counts and times read well", () => {
  expect([formatBytes(999), formatBytes(1_185_376), formatBytes(2e11)]).toEqual(["999 B", "1.2 MB", "200 GB"]);
  expect([formatCount(292_800), formatCount(7.24e9)]).toEqual(["293k", "7.2B"]);
  expect([formatDuration(12), formatDuration(3_400), formatDuration(125_000)]).toEqual(["12 ms", "3.4 s", "2 min 5 s"]);
});

test.each(["../x", "/etc/passwd", "a/../../x", "..", ".", "", "a\0b"])("the name %p does not leave its directory", (name) => {
  expect(() => containedPath("/root/dir", name)).toThrow("leads out of");
});

test("RBEE_HOME holds everything; without it the XDG variables do, absolute ones only", () => {
  expect(pathsFrom({ RBEE_HOME: "/h" })).toEqual({
    config: "/h/config",
    data: "/h/data",
    cache: "/h/cache",
    state: "/h/state",
    systemPrefix: "/usr/local",
    userPrefix: "/h/local",
  });
  const xdg = pathsFrom({ HOME: "/u", XDG_CACHE_HOME: "/c", XDG_STATE_HOME: "relative" });
  expect(xdg).toEqual({
    config: "/u/.config/rbee",
    data: "/u/.local/share/rbee",
    cache: "/c/rbee",
    state: "/u/.local/state/rbee",
    systemPrefix: "/usr/local",
    userPrefix: "/u/.local",
  });
  expect(shortPath("/u/.local/bin", { HOME: "/u" })).toBe("~/.local/bin");
  expect(homeOf({ HOME: "nowhere" })).toBe(userInfo().homedir);
});

test("an error keeps code, hint and data over the wire; what is none is told as a bug or as what the system said", () => {
  const error = fail("DEPENDENCY_MISSING", { id: "x", names: "cargo", command: "apt install cargo" }, { data: { missing: ["cargo"] } });
  expect(errorFromData(JSON.parse(JSON.stringify(error.toData())))).toMatchObject({
    code: error.code,
    message: error.message,
    hint: error.hint,
    exitCode: 4,
    data: { missing: ["cargo"] },
  });
  expect(errorFromData({ code: "FROM_THE_FUTURE", message: "new" })).toMatchObject({ code: "INTERNAL", message: "new" });
  expect(toRbeeError(Object.assign(new Error("x"), { code: "ENOSPC" })).code).toBe("DISK_FULL");
  expect(toRbeeError(Object.assign(new Error("x"), { code: "EACCES" })).code).toBe("PERMISSION_DENIED");
  expect(toRbeeError(new TypeError("oops")).code).toBe("INTERNAL");
});
