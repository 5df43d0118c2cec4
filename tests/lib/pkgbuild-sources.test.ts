// What an element of source=() means, and what is refused before any program sees it.
import { expect, test } from "bun:test";
import { sumsOf } from "../../lib/pkgbuild/integrity.ts";
import { parseSource } from "../../lib/pkgbuild/source.ts";

test.each([
  ["server.mjs", { kind: "local", name: "server.mjs", url: "" }],
  ["https://x.example/a/b-1.0.tar.gz", { kind: "http", name: "b-1.0.tar.gz", url: "https://x.example/a/b-1.0.tar.gz" }],
  ["b.tgz::https://x.example/v1", { kind: "http", name: "b.tgz", url: "https://x.example/v1" }],
  ["git+https://x.example/r.git#tag=v1", { kind: "git", name: "r", url: "https://x.example/r.git", ref: { type: "tag", name: "v1" } }],
  ["here::git+file:///srv/r#commit=abc", { kind: "git", name: "here", url: "file:///srv/r", ref: { type: "commit", name: "abc" } }],
] as const)("%s", (written, source) => {
  expect(parseSource(written)).toMatchObject(source);
});

test.each([
  "../../etc/passwd",
  "-o",
  "a/b::https://x.example/f",
  "git+ssh://-oProxyCommand=x/y",
  "git+https://x.example/r#--upload-pack=x",
  "git+https://x.example/r#branch=-x",
  "..::https://x.example/f",
])("%s is refused", (written) => {
  expect(() => parseSource(written)).toThrow("PKGBUILD cannot be used");
});

test("SKIP asks for nothing, a missing sum is refused, all present ones count", () => {
  const lists = [
    { algo: "sha256", sums: ["AB", "SKIP", ""] },
    { algo: "b2", sums: ["cd", "", ""] },
  ];
  expect(sumsOf(lists, 0, "a").map(({ kind, value }) => [kind, value])).toEqual([
    ["sha256", "ab"],
    ["b2", "cd"],
  ]);
  expect(sumsOf(lists, 1, "b")).toEqual([]);
  expect(() => sumsOf(lists, 2, "c")).toThrow("has no checksum");
});
