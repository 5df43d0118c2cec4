// What comes out of a build: options=() done, split packages, pkgver(), archives that are the same every time. makepkg's answers to the same
// recipes are compared by scripts/bench/parity.ts; here the most telling ones stand as expectations.
import { expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { extract } from "tar-stream";
import { listFiles } from "../../lib/tree.ts";
import { buildBench, recipeOf } from "../builds.ts";

setDefaultTimeout(60_000);

interface Entry {
  readonly name: string;
  readonly mode: string;
  readonly type: string;
  readonly link: string;
  readonly owner: string;
  readonly time: number;
  readonly text: string;
}

async function readArchive(path: string): Promise<Entry[]> {
  const reader = extract();
  reader.end(zstdDecompressSync(readFileSync(path)));
  const entries: Entry[] = [];
  for await (const entry of reader) {
    const parts: Uint8Array[] = [];
    for await (const part of entry as unknown as AsyncIterable<Uint8Array>) parts.push(part);
    const { name, mode, type, linkname, uid, gid, uname, mtime } = entry.header;
    const bytes = Buffer.concat(parts);
    const text = name === ".MTREE" ? gunzipSync(bytes).toString() : bytes.toString();
    entries.push({
      name,
      mode: mode.toString(8),
      type,
      link: linkname ?? "",
      owner: `${uid}:${gid} ${uname}`,
      time: Number(mtime) / 1000,
      text,
    });
  }
  return entries;
}

test("an archive is root's, in makepkg's order, with its three files, and the same bytes each time", async () => {
  using bench = buildBench();
  const recipe = recipeOf({
    head: "pkgdesc='a   thing'\nlicense=(MIT)\nepoch=2\noptdepends=('x:  y')\ninstall=t.install\n",
    package:
      'cd "$pkgdir"; mkdir -p usr/bin "usr/a b"; echo x > usr/bin/x; chmod 4755 usr/bin/x; ln usr/bin/x usr/bin/y; ln -s x usr/bin/z; mkdir usr/bin-more',
  });
  bench.write("t.install", "post_install() { :; }\n");
  const [path] = await bench.build(recipe, { archive: true });
  expect(basename(path!)).toBe("t-2:1-1-any.pkg.tar.zst");
  copyFileSync(path!, join(bench.path, "first"));
  await bench.build(recipe, { archive: true });
  expect(readFileSync(path!).equals(readFileSync(join(bench.path, "first")))).toBe(true);
  const entries = await readArchive(path!);
  expect(entries.map(({ name }) => name)).toEqual(
    [
      ".BUILDINFO",
      ".INSTALL",
      ".MTREE",
      ".PKGINFO",
      "usr/",
      "usr/a b/",
      "usr/bin/",
      "usr/bin-more/",
      "usr/bin/x",
      "usr/bin/y",
      "usr/bin/z",
    ].sort((a, b) => Buffer.compare(Buffer.from(a.replace(/\/$/, "")), Buffer.from(b.replace(/\/$/, "")))),
  );
  expect(new Set(entries.map(({ owner, time }) => `${owner} ${time}`))).toEqual(new Set(["0:0 root 1700000000"]));
  const of = (name: string) => entries.find((entry) => entry.name === name)!;
  expect(of("usr/bin/x").mode).toBe("4755");
  expect(of("usr/bin/y")).toMatchObject({ type: "link", link: "usr/bin/x" });
  expect(of("usr/bin/z")).toMatchObject({ type: "symlink", link: "x" });
  expect(of(".PKGINFO").text).toContain("pkgver = 2:1-1\npkgdesc = a thing\nurl = \nbuilddate = 1700000000\n");
  expect(of(".PKGINFO").text).toContain("optdepend = x: y\n");
  expect(of(".MTREE").text).toContain("./usr/a\\040b time=1700000000.0 mode=755 type=dir\n");
  expect(of(".BUILDINFO").text).toMatch(/^format = 2\n/);
});

test("options=() change the package as makepkg's do", async () => {
  using bench = buildBench();
  const fill =
    'cd "$pkgdir"; mkdir -p usr/lib usr/share/{doc/t,man/man1,info} empty; touch usr/lib/{a.la,b.a,b.so,c.a,.packlist} usr/share/doc/t/d usr/share/info/dir; echo m > usr/share/man/man1/m.1; ln -s m.1 usr/share/man/man1/n.1';
  await bench.build(recipeOf({ package: fill }));
  const names = async () => (await listFiles(join(bench.path, "out/t"))).map(({ path }) => path);
  expect(await names()).toEqual([
    "usr/lib/a.la",
    "usr/lib/b.a",
    "usr/lib/b.so",
    "usr/lib/c.a",
    "usr/share/doc/t/d",
    "usr/share/man/man1/m.1.gz",
    "usr/share/man/man1/n.1.gz",
  ]);
  expect(readdirSync(join(bench.path, "out/t"))).toContain("empty");
  await bench.build(recipeOf({ head: "options=(!libtool !staticlibs !docs !emptydirs !zipman !purge)", package: fill }));
  expect(await names()).toEqual([
    "usr/lib/.packlist",
    "usr/lib/b.so",
    "usr/lib/c.a",
    "usr/share/info/dir",
    "usr/share/man/man1/m.1",
    "usr/share/man/man1/n.1",
  ]);
  expect(readdirSync(join(bench.path, "out/t"))).toEqual(["usr"]);
});

test.each([
  ["options=(nonsense)", "unknown option 'nonsense'"],
  ["options=(debug)", "packages of debug symbols are not made"],
  ["options=(distcc)", "this machine only"],
])("%s is refused, not ignored", async (head, reason) => {
  using bench = buildBench();
  await expect(bench.build(recipeOf({ head }))).rejects.toThrow(reason);
});

test("packages of one recipe have fields and directories of their own; pkgver() renews the version and leaves the PKGBUILD alone", async () => {
  using bench = buildBench();
  const text = `pkgname=(t t-more)
pkgbase=both
pkgver=1
pkgrel=4
arch=(any)
depends=(glibc)
prepare() { kept=from-prepare; }
pkgver() { echo 7.1; }
build() { echo "$kept" > kept; }
package_t() { depends+=(bash); install -Dm644 "$srcdir/kept" "$pkgdir/kept"; echo "$pkgname $pkgbase $pkgver-$pkgrel" > "$pkgdir/told"; }
package_t-more() { arch=(any); echo "\${depends[*]}" > "$pkgdir/depends"; }
`;
  const made = await bench.build(text);
  expect(made.map((path) => basename(path))).toEqual(["t", "t-more"]);
  expect([bench.made("kept"), bench.made("told")]).toEqual(["from-prepare\n", "t both 7.1-1\n"]);
  expect(readFileSync(join(bench.path, "out/t-more/depends"), "utf8")).toBe("glibc\n");
  expect(readFileSync(join(bench.recipe, "PKGBUILD"), "utf8")).toBe(text);
});

test("a function that fails is named, with how it ended", async () => {
  using bench = buildBench();
  await expect(bench.build(recipeOf({ build: "false\necho went-on" }))).rejects.toThrow("build() of t failed with exit code 1");
  expect(bench.log.join("")).not.toContain("went-on");
  await expect(bench.build(recipeOf({ more: "check() { ( exit 3 ); }\n" }))).rejects.toThrow("check() of t failed with exit code 3");
  await expect(bench.build(recipeOf({ more: "pkgver() { echo 'not a version'; }\n" }))).rejects.toThrow("pkgver() of t failed");
});

test("a time that is none is refused as makepkg refuses it", async () => {
  using bench = buildBench();
  const build = bench.build(recipeOf({}), { env: { SOURCE_DATE_EPOCH: "12x" } });
  await expect(build).rejects.toMatchObject({ code: "INVALID_INPUT", message: expect.stringContaining("12x") });
});

test("a report that the build faked is not believed", async () => {
  using bench = buildBench();
  const fake = recipeOf({
    package: 'mkdir "$pkgdir/u"; rm -rf "$__rbee_reports/package-t"; mkfifo "$__rbee_reports/package-t"; trap "exit 0" EXIT; exit 0',
  });
  await expect(bench.build(fake, { archive: true })).rejects.toThrow("left no readable report");
});

test("what makepkg looks at before it packs is looked at: errors refuse the package, the rest is told", async () => {
  using bench = buildBench();
  const told = recipeOf({
    head: "backup=(etc/none)\n",
    package: 'install -d "$pkgdir/usr/share"; echo "made in $srcdir" >"$pkgdir/usr/share/x"',
  });
  await bench.build(told);
  expect(bench.notes).toContain('t: "etc/none": backup entry file not in package : etc/none');
  expect(bench.notes).toContain('t: "usr/share/x": Package contains reference to $srcdir');
  const refused = recipeOf({ package: 'install -d "$pkgdir/.git" "$pkgdir/.cache"' });
  await expect(bench.build(refused)).rejects.toMatchObject({
    code: "PACKAGE_INVALID",
    message: expect.stringMatching(/'\.cache'.*'\.git'/),
  });
});
