// About the code itself: which room may know which, and words that must not appear.
import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { root } from "./harness.ts";

const tracked = Bun.spawnSync(["git", "ls-files", "--cached", "--others", "--exclude-standard"], { cwd: root })
  .stdout.toString()
  .trim()
  .split("\n")
  .filter((file) => existsSync(join(root, file)));
const read = (file: string) => readFileSync(join(root, file), "utf8");
const sources = tracked.filter((file) => /^(cli|hive|lib)\/.*\.tsx?$/.test(file));

/** What each room may import, the most particular first. */
const ROOMS: readonly { readonly room: string; readonly may: readonly RegExp[] }[] = [
  { room: "lib/contract/", may: [/^lib\/contract\//, /^zod$/] },
  { room: "lib/", may: [/^lib\//, /^package\.json$/, /^(?!\.|cli|hive)[@a-z]/] },
  {
    room: "hive/ui/",
    may: [/^hive\/ui\//, /^lib\/contract\//, /^lib\/(client|sse|errors|rate)\.ts$/, /^lib\/client\//, /^(?!\.|cli|hive|lib)[@a-z]/],
  },
  { room: "hive/", may: [/^(hive|lib)\//, /^(?!\.|cli)[@a-z]/] },
  { room: "cli/", may: [/^(cli|lib)\//, /^(?!\.|hive)[@a-z]/] },
];

function importsOf(file: string): string[] {
  const found = [
    ...read(file).matchAll(/^\s*(?:import|export)\b[^"';]*?from\s+"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)|^import\s+"([^"]+)"/gm),
  ];
  return found
    .map(([, a, b, c]) => a ?? b ?? c!)
    .map((target) => (target.startsWith(".") ? relative(root, join(root, dirname(file), target)) : target));
}

test.each(sources)("%s imports only what its room may know", (file) => {
  const { may } = ROOMS.find(({ room }) => file.startsWith(room))!;
  const foreign = importsOf(file).filter((target) => !may.some((pattern) => pattern.test(target)));
  // One binary is both: the command that serves loads the hive, lazily.
  expect(foreign).toEqual(file === "cli/hive-command.ts" ? ["hive/main.ts"] : []);
});

test("no files import each other in a circle", () => {
  const above = new Map(sources.map((file) => [file, importsOf(file).filter((target) => sources.includes(target))]));
  // A grammar is a circle: a word holds commands, a command holds words.
  const isGrammar = (file: string) => file.startsWith("lib/pkgbuild/bash/");
  const reaches = (from: string, to: string, seen = new Set<string>()): boolean =>
    (above.get(from) ?? []).some((next) => next === to || (!seen.has(next) && reaches(next, to, seen.add(next))));
  expect(sources.filter((file) => !isGrammar(file) && reaches(file, file))).toEqual([]);
});

test("nothing outside cli writes to the terminal or ends the process", () => {
  const loud = sources.filter((file) => !file.startsWith("cli/") && /\bconsole\.\w+\(|process\.(exit\(|stdout|stderr)/.test(read(file)));
  expect(loud).toEqual([]);
});

test("a file opens with one sentence that says what lives in it", () => {
  const silent = [
    ...sources,
    ...tracked.filter((file) => /^(scripts|tests)\/.*\.(ts|mjs)$/.test(file) && !file.includes("fixtures/")),
  ].filter((file) => !/^(#!.*\n)?(\/\/|\/\*)/.test(read(file)));
  expect(silent).toEqual([]);
});

test("no room is called utils, helpers, misc or common", () => {
  expect(tracked.filter((file) => /(^|\/)(utils?|helpers?|misc|common)(\/|\.[jt]s)/.test(file))).toEqual([]);
});

// Put together here, so that this file does not hold what it looks for.
const REGISTRIES = [
  "registry." + "npmjs",
  "npmjs." + "org",
  "npmjs." + "com",
  "crates." + "io",
  "pypi." + "org",
  "pythonhosted." + "org",
  "proxy.golang." + "org",
  "repo1." + "maven",
  "deb." + "debian",
];

test("no package registry's host name, no path of one machine, no tarball address of a lock file", () => {
  const home = ["/home", "/root", "/work"].map((directory) => `${directory}/`);
  const texts = tracked.filter((file) => !/\.(gguf|png|webp|zst)$/.test(file) && file !== "LICENSE");
  const named = texts.flatMap((file) => REGISTRIES.filter((host) => read(file).includes(host)).map((host) => `${file}: ${host}`));
  const paths = texts.flatMap((file) =>
    [...read(file).matchAll(/(?<![\w~.}$])\/(?:home|root|work)\/[\w.-]+/g)]
      .map(([path]) => path)
      .filter((path) => !/^\/home\/(you|user)\b|^\/root\/(dir|x)\b/.test(path))
      .map((path) => `${file}: ${path}`),
  );
  expect(home.length).toBe(3);
  expect([...named, ...paths]).toEqual([]);
});

test("no word that promises instead of doing", () => {
  const words = new RegExp(["TO" + "DO", "FIX" + "ME", "\\bX" + "XX\\b", "not " + "implemented"].join("|"));
  const texts = tracked.filter((file) => /^(cli|hive|lib|scripts|docs|README|ARCHITECTURE)/.test(file) && !file.endsWith(".png"));
  expect(texts.filter((file) => words.test(read(file)))).toEqual([]);
});

test("no test is switched off", () => {
  const off = /\b(test|it|describe)\.(skip|todo|only|failing)\(/;
  expect(tracked.filter((file) => file.startsWith("tests/") && off.test(read(file)))).toEqual([]);
});

const entries = readdirSync(join(root, "hive/catalog"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

test.each(entries)("the sums in the recipe of %s are those of its local files", (id) => {
  const directory = join(root, "hive/catalog", id);
  const sums = readdirSync(directory)
    .filter((name) => name !== "PKGBUILD" && name !== "entry.json")
    .map((name) =>
      createHash("sha256")
        .update(readFileSync(join(directory, name)))
        .digest("hex"),
    );
  const pkgbuild = readFileSync(join(directory, "PKGBUILD"), "utf8");
  expect(sums.filter((sum) => !pkgbuild.includes(sum))).toEqual([]);
  expect(pkgbuild).toContain("pkgname=");
});
