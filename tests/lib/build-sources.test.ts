// Sources of every kind, fetched for real: web servers on loopback, repositories in directories, archives that mean harm.
import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type Header, pack } from "tar-stream";
import { makeHasher } from "../../lib/hash.ts";
import { requireProgram } from "../../lib/pkgbuild/sources/context.ts";
import { type BuildBench, buildBench, recipeOf, sourcesOf } from "../builds.ts";
import { serveFtp } from "../fixtures/programs/ftp-server.ts";
import { until } from "../harness.ts";

setDefaultTimeout(60_000);

const has = (program: string) => Bun.which(program) !== null;
const sum = (name: Parameters<typeof makeHasher>[0], text: string) => {
  const hasher = makeHasher(name);
  hasher.update(new TextEncoder().encode(text));
  return hasher.digest();
};

function sh(cwd: string, script: string, env: Record<string, string> = {}): string {
  const ran = Bun.spawnSync(["bash", "-ec", script], { cwd, env: { ...process.env, ...env }, stdout: "pipe", stderr: "pipe" });
  if (ran.exitCode !== 0) throw new Error(ran.stderr.toString());
  return ran.stdout.toString().trim();
}

/** One that nobody has right now. */
function freePort(): number {
  const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = server;
  server.stop(true);
  return port;
}

function serve(answers: Record<string, string | { location: string }>) {
  const asked: string[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request) => {
      const path = new URL(request.url).pathname;
      asked.push(path);
      const answer = answers[path];
      if (answer === undefined) return new Response("", { status: 404 });
      return typeof answer === "string" ? new Response(answer) : new Response(null, { status: 302, headers: answer });
    },
  });
  return { asked, url: server.url.href.replace(/\/$/, ""), [Symbol.dispose]: () => void server.stop(true) };
}

test("every kind of sum is checked, all that are present count, and a second build needs no server", async () => {
  using bench = buildBench();
  using server = serve({ "/f.txt": "hello" });
  const sums = (["md5", "sha1", "sha224", "sha256", "sha384", "sha512"] as const).map((name) => `${name}sums=(${sum(name, "hello")})`);
  const head = `source=('${server.url}/f.txt')\n${sums.join("\n")}\nb2sums=(${sum("blake2b512", "hello")})\ncksums=(3287646509)\n`;
  await bench.build(recipeOf({ head }));
  expect(bench.made("u/f.txt")).toBe("hello");
  await bench.build(recipeOf({ head }));
  expect(server.asked).toEqual(["/f.txt"]);
  await expect(bench.build(recipeOf({ head: head.replace("3287646509", "1") }))).rejects.toThrow("cksums: expected 1, found 3287646509");
});

test("a cached file that went bad is fetched again, once; a wrong one is kept aside and named", async () => {
  using bench = buildBench();
  using server = serve({ "/f.txt": "hello" });
  const head = `source=('${server.url}/f.txt')\nsha256sums=(${sum("sha256", "hello")})\n`;
  await bench.build(recipeOf({ head }));
  const [directory] = readdirSync(join(bench.cache, "files"));
  writeFileSync(join(bench.cache, "files", directory!, "f.txt"), "rotten");
  await bench.build(recipeOf({ head }));
  expect(bench.made("u/f.txt")).toBe("hello");
  expect(server.asked).toHaveLength(2);
  const wrong = bench.build(recipeOf({ head: head.replace(sum("sha256", "hello"), sum("sha256", "other")) }));
  const error = (await wrong.catch((thrown: unknown) => thrown)) as { code: string; data: { kept: string } };
  expect(error.code).toBe("CHECKSUM_MISMATCH");
  expect(readFileSync(error.data.kept, "utf8")).toBe("hello");
});

test("builds at once share the cache: one transfer, one mirror, nobody disturbed; the same directory is built once at a time", async () => {
  using bench = buildBench();
  using server = serve({ "/f.txt": "hello" });
  sh(bench.path, `git init -q up; cd up; echo 1 > f; git add f; ${commit} -m 1`);
  const head = `source=('${server.url}/f.txt' 'r::git+file://${bench.path}/up')\nsha256sums=(${sum("sha256", "hello")} SKIP)\n`;
  const text = recipeOf({ head });
  await Promise.all(["a", "b", "c"].map((name) => bench.build(text, { in: name })));
  for (const name of ["a", "b", "c"]) expect(readFileSync(join(bench.path, "out", name, "t/u/r/f"), "utf8")).toBe("1\n");
  expect(server.asked).toEqual(["/f.txt"]);
  const twice = await Promise.allSettled([bench.build(text), bench.build(text)]);
  expect(twice.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  expect(String((twice.find(({ status }) => status === "rejected") as PromiseRejectedResult).reason)).toContain("is being built already");
});

test("a server cannot lead to a file of this machine", async () => {
  using bench = buildBench();
  using server = serve({ "/f": { location: "file:///etc/hostname" } });
  await expect(bench.build(recipeOf({ head: sourcesOf(`${server.url}/f`) }))).rejects.toThrow("redirects to file:///etc/hostname");
});

test("sources of one architecture, names of their own, noextract and plain compression are as makepkg has them", async () => {
  using bench = buildBench();
  sh(bench.recipe, "echo a > a; tar -czf a.tar.gz a; rm a; echo c | gzip -n > c.txt.gz; echo x > here; echo d | gzip -n > d.bin");
  const more = `source_${process.arch === "arm64" ? "aarch64" : "x86_64"}=(here)\nsha256sums_${process.arch === "arm64" ? "aarch64" : "x86_64"}=(SKIP)\nnoextract=(kept.tar.gz)\n`;
  const head = sourcesOf("a.tar.gz", "c.txt.gz", "d.bin", `kept.tar.gz::file://${bench.recipe}/a.tar.gz`).replace(
    "arch=(any)",
    "arch=(x86_64 aarch64)",
  );
  await bench.build(recipeOf({ head: head + more }));
  expect(readdirSync(join(bench.path, "out/t/u")).sort()).toEqual(["a", "a.tar.gz", "c.txt", "c.txt.gz", "d.bin", "here", "kept.tar.gz"]);
});

const commit = "git -c user.name=a -c user.email=a@test commit -q";

test("git: branch, tag, commit and none; a forged tag is refused; the mirror serves when the origin is gone", async () => {
  using bench = buildBench();
  sh(
    bench.path,
    `git init -q -b main up; cd up; echo 1 > f; git add f; ${commit} -m 1; git tag v1; git branch old; echo 2 > f; ${commit} -am 2; git -c user.name=a -c user.email=a@test tag -a -m x real; git update-ref refs/tags/forged $(git rev-parse real)`,
  );
  const id = sh(join(bench.path, "up"), "git rev-parse v1");
  const url = `git+file://${bench.path}/up`;
  const names = [`t::${url}#tag=v1`, `c::${url}#commit=${id}`, `b::${url}#branch=old`, `d::${url}`];
  await bench.build(recipeOf({ head: sourcesOf(...names) }));
  expect(["t", "c", "b", "d"].map((name) => bench.made(`u/${name}/f`).trim())).toEqual(["1", "1", "1", "2"]);
  await expect(bench.build(recipeOf({ head: sourcesOf(`${url}#tag=forged`) }))).rejects.toThrow("forged");
  sh(bench.path, "mv up away");
  await bench.build(recipeOf({ head: sourcesOf(`c::${url}#commit=${id}`, `d::${url}`) }));
  expect(bench.made("u/d/f")).toBe("2\n");
});

test("git: a person's own settings count, so that a mirror of theirs can stand for a public address", async () => {
  using bench = buildBench();
  sh(bench.path, `git init -q up; cd up; echo 1 > f; git add f; ${commit} -m 1`);
  const settings = join(bench.path, "settings");
  writeFileSync(settings, `[url "file://${bench.path}/"]\n\tinsteadOf = https://public.test/\n`);
  await bench.build(recipeOf({ head: sourcesOf("r::git+https://public.test/up") }), { env: { GIT_CONFIG_GLOBAL: settings } });
  expect(bench.made("u/r/f")).toBe("1\n");
});

test.if(has("hg"))("hg: a tag and the default", async () => {
  using bench = buildBench();
  const hg = "hg --config ui.username=a";
  sh(bench.path, `hg init up; cd up; echo 1 > f; ${hg} commit -qAm 1; ${hg} tag v1; echo 2 > f; ${hg} commit -qm 2`, {
    HGRCPATH: "",
  });
  const url = `hg+file://${bench.path}/up`;
  await bench.build(recipeOf({ head: sourcesOf(`t::${url}#tag=v1`, `d::${url}`) }));
  expect([bench.made("u/t/f"), bench.made("u/d/f")]).toEqual(["1\n", "2\n"]);
});

test.if(has("svnadmin"))("svn: a revision and the head, without what externals would bring", async () => {
  using bench = buildBench();
  sh(
    bench.path,
    `svnadmin create up; svnadmin create other; svn checkout -q file://$PWD/up work; cd work; echo 1 > f; svn add -q f; svn commit -qm 1; svn update -q
    svn propset -q svn:externals "ext file://$PWD/../other" .; echo 2 > f; svn commit -qm 2`,
  );
  const url = `svn+file://${bench.path}/up`;
  await bench.build(recipeOf({ head: sourcesOf(`r::${url}#revision=1`, `d::${url}`) }));
  expect([bench.made("u/r/f"), bench.made("u/d/f")]).toEqual(["1\n", "2\n"]);
  expect(readdirSync(join(bench.path, "out/t/u/d"))).not.toContain("ext");
});

test.if(has("fossil"))("fossil: a tag and the tip", async () => {
  using bench = buildBench();
  const env = { HOME: bench.path, USER: "a" };
  sh(
    bench.path,
    "fossil init -A a up >/dev/null; mkdir work; cd work; fossil open ../up; echo 1 > f; fossil add f; fossil commit -m 1 --tag v1; echo 22 > f; fossil commit -m 2",
    env,
  );
  const url = `fossil+file://${bench.path}/up`;
  await bench.build(recipeOf({ head: sourcesOf(`t.fossil::${url}#tag=v1`, `d.fossil::${url}`) }), { env: { USER: "a" } });
  expect([bench.made("u/t/f"), bench.made("u/d/f")]).toEqual(["1\n", "22\n"]);
});

test.if(has("bzr"))("bzr: a revision and the last one", async () => {
  using bench = buildBench();
  const env = { BRZ_HOME: bench.path, BZR_HOME: bench.path, BRZ_EMAIL: "a <a@x.test>", BZR_EMAIL: "a <a@x.test>" };
  sh(bench.path, "bzr init -q up; cd up; echo 1 > f; bzr add -q f; bzr commit -qm 1; echo 2 > f; bzr commit -qm 2", env);
  const url = `bzr+file://${bench.path}/up`;
  await bench.build(recipeOf({ head: sourcesOf(`r::${url}#revision=1`, `d::${url}`) }));
  expect([bench.made("u/r/f"), bench.made("u/d/f")]).toEqual(["1\n", "2\n"]);
});

test.if(has("curl"))("ftp: a file is fetched and checked, half of one is gone on with, one that is not there is named", async () => {
  using bench = buildBench();
  using server = await serveFtp({ "/pub/a.txt": "by ftp\n", "/pub/whole.txt": "first half, second half\n" });
  const head = `source=(${server.url}/pub/a.txt)\nsha256sums=(${sum("sha256", "by ftp\n")})\n`;
  await bench.build(recipeOf({ head }));
  expect(bench.made("u/a.txt")).toBe("by ftp\n");
  const whole = sum("sha256", "first half, second half\n");
  const kept = join(bench.cache, "files", `sha256-${whole}`.slice(0, 80));
  mkdirSync(kept, { recursive: true });
  writeFileSync(join(kept, "whole.txt.rbee-part-program"), "first half, ");
  await bench.build(recipeOf({ head: `source=(${server.url}/pub/whole.txt)\nsha256sums=(${whole})\n` }));
  expect(bench.made("u/whole.txt")).toBe("first half, second half\n");
  expect(server.said).toContain("REST 12");
  await expect(bench.build(recipeOf({ head: sourcesOf(`${server.url}/pub/none`) }))).rejects.toMatchObject({ code: "SOURCE_UNAVAILABLE" });
});

test.if(has("rsync"))("rsync: a file of a daemon's module is fetched; a link in its place is not followed", async () => {
  using bench = buildBench();
  const port = freePort();
  sh(bench.path, "mkdir module; echo by rsync > module/a.txt; ln -s /etc/hostname module/link");
  writeFileSync(join(bench.path, "rsyncd.conf"), `use chroot = no\nuid = 0\ngid = 0\n[m]\npath = ${bench.path}/module\n`);
  const daemon = Bun.spawn([
    "rsync",
    "--daemon",
    "--no-detach",
    "--address=127.0.0.1",
    `--port=${port}`,
    `--config=${bench.path}/rsyncd.conf`,
  ]);
  try {
    const url = `rsync://127.0.0.1:${port}/m`;
    await until("the daemon listens", () => Bun.spawnSync(["rsync", `${url}/`]).exitCode === 0);
    await bench.build(recipeOf({ head: `source=(${url}/a.txt)\nsha256sums=(${sum("sha256", "by rsync\n")})\n` }));
    expect(bench.made("u/a.txt")).toBe("by rsync\n");
    await expect(bench.build(recipeOf({ head: sourcesOf(`${url}/link`) }))).rejects.toMatchObject({ code: "SOURCE_UNAVAILABLE" });
  } finally {
    daemon.kill();
    await daemon.exited;
  }
});

test("scp: the program gets host and path behind `--`, never asks, and what it brings is checked", async () => {
  using bench = buildBench();
  const bin = join(bench.path, "bin");
  mkdirSync(bin);
  const said = join(bench.path, "said");
  writeFileSync(join(bin, "scp"), `#!/bin/sh\necho "$*" >'${said}'\nfor last; do :; done\necho by scp >"$last"\n`, { mode: 0o755 });
  const head = `source=(scp://me@host.test:dir/a.txt)\nsha256sums=(${sum("sha256", "by scp\n")})\n`;
  await bench.build(recipeOf({ head }), { env: { PATH: `${bin}:${process.env.PATH}` } });
  expect(bench.made("u/a.txt")).toBe("by scp\n");
  expect(readFileSync(said, "utf8")).toMatch(/^-q -C -o BatchMode=yes -- me@host\.test:dir\/a\.txt \//);
});

test("a program that is not here is named with the command that installs it", () => {
  expect(() => requireProgram("no-such-program", "mercurial")).toThrow(
    expect.objectContaining({ code: "DEPENDENCY_MISSING", message: expect.stringContaining("no-such-program") }),
  );
});

test.if(has("gpg"))("signatures: detached and of tags; good, bad, of a stranger, of nobody", async () => {
  using bench = buildBench();
  const gnupg = join(bench.path, "signer");
  const env = { GNUPGHOME: gnupg };
  sh(bench.path, `mkdir -m 700 ${gnupg}; gpg --batch --quiet --passphrase '' --quick-gen-key a@test ed25519 sign never`, env);
  const key = sh(bench.path, "gpg --batch --list-keys --with-colons | sed -n 's/^fpr:*\\([0-9A-F]*\\):/\\1/p' | head -1", env);
  sh(
    bench.recipe,
    `mkdir -p keys/pgp; gpg --batch --armor --export ${key} > keys/pgp/${key}.asc; echo hi > f; gpg --batch -q --detach-sign f`,
    env,
  );
  sh(
    bench.path,
    `git init -q up; cd up; echo 1 > f; git add f; ${commit} -m 1; git -c user.name=a -c user.email=a@test -c user.signingkey=${key} tag -s -m x v1; git tag plain; git -c user.name=a -c user.email=a@test -c user.signingkey=${key} commit -q -S --allow-empty -m 2`,
    env,
  );
  const [signed, unsigned] = ["HEAD", "HEAD^"].map((name) => sh(join(bench.path, "up"), `git rev-parse ${name}`));
  const url = `git+file://${bench.path}/up`;
  const valid = `validpgpkeys=(${key})\n`;
  await bench.build(recipeOf({ head: sourcesOf("f", "f.sig", `r::${url}?signed#tag=v1`, `c::${url}#commit=${signed}?signed`) + valid }));
  const refusals: [string, string][] = [
    [`${sourcesOf("f", "f.sig")}validpgpkeys=(${"A".repeat(40)})\n`, "is not in validpgpkeys"],
    [sourcesOf("f", "f.sig"), "is not trusted"],
    [sourcesOf("f.sig") + valid, "not among the sources"],
    [sourcesOf(`r::${url}?signed#tag=plain`) + valid, "there is no signature"],
    [sourcesOf(`r::${url}?signed#commit=${unsigned}`) + valid, "there is no signature"],
  ];
  for (const [head, reason] of refusals) await expect(bench.build(recipeOf({ head }))).rejects.toThrow(reason);
  bench.write("f", "ho\n");
  await expect(bench.build(recipeOf({ head: sourcesOf("f", "f.sig") + valid }))).rejects.toThrow("is not what the key");
  sh(bench.path, "gpgconf --kill all", env);
});

async function tarOf(entries: readonly (Partial<Header> & { name: string; content?: string })[]): Promise<Uint8Array> {
  const tar = pack();
  for (const { content = "", ...header } of entries) tar.entry({ ...header, size: content.length }, content);
  tar.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of tar as unknown as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const HOSTILE: readonly [string, Parameters<typeof tarOf>[0], RegExp][] = [
  ["an absolute path", [{ name: "/tmp/rbee-was-here", content: "x" }], /absolute path/],
  ["a way up", [{ name: "a/../../out", content: "x" }], /leads out/],
  [
    "a way through a symbolic link",
    [
      { name: "l", type: "symlink", linkname: "/tmp" },
      { name: "l/rbee-was-here", content: "x" },
    ],
    /through a symbolic link/,
  ],
  ["a hard link to the outside", [{ name: "h", type: "link", linkname: "/etc/passwd" }], /absolute path/],
  ["a hard link upwards", [{ name: "h", type: "link", linkname: "../PKGBUILD" }], /leads out/],
  ["a device", [{ name: "d", type: "character-device", devmajor: 1, devminor: 3 }], /character-device/],
  ["a named pipe", [{ name: "p", type: "fifo" }], /fifo/],
  ["a setuid file", [{ name: "s", mode: 0o4755, content: "x" }], /setuid/],
];

test.if(has("bsdtar")).each(HOSTILE)("an archive with %s is refused", async (_, entries, reason) => {
  using bench = buildBench();
  bench.write("a.tar", await tarOf([{ name: "good", content: "x" }, ...entries]));
  await refusal(bench, "a.tar", reason);
});

test.if(has("bsdtar")).each([
  [{ extract_bytes: 100_000 }, /more than 100000 bytes/],
  [{ extract_entries: 3 }, /more than 3 entries/],
])("a bomb is refused before it fills the disk: %p", async (settings, reason) => {
  using bench = buildBench();
  mkdirSync(join(bench.path, "home/config"), { recursive: true });
  writeFileSync(join(bench.path, "home/config/config.json"), JSON.stringify({ build: settings }));
  const zeros = "0".repeat(50_000);
  bench.write("bomb.tar.gz", gzipSync(await tarOf(["a", "b", "c", "d"].map((name) => ({ name, content: zeros })))));
  await refusal(bench, "bomb.tar.gz", reason);
});

test.if(has("bsdtar"))("a compressed file that is no archive has the same limits", async () => {
  using bench = buildBench();
  mkdirSync(join(bench.path, "home/config"), { recursive: true });
  writeFileSync(join(bench.path, "home/config/config.json"), JSON.stringify({ build: { extract_bytes: 50_000 } }));
  bench.write("just.gz", gzipSync("0".repeat(50_000)));
  await bench.build(recipeOf({ head: sourcesOf("just.gz") }));
  expect(bench.made("u/just")).toHaveLength(50_000);
  bench.write("bomb.gz", gzipSync("0".repeat(50_001)));
  await refusal(bench, "bomb.gz", /unpacks to more than 50000 bytes/);
});

test.if(has("bsdtar"))("an archive that puts a link in the place of the next one leads nowhere", async () => {
  using bench = buildBench();
  bench.write("a.tar", await tarOf([{ name: "b.tar", type: "symlink", linkname: "/dev/zero" }]));
  bench.write("b.tar", await tarOf([{ name: "f", content: "x" }]));
  await bench.build(recipeOf({ head: sourcesOf("a.tar", "b.tar"), package: 'install -d "$pkgdir/u"; cp -P * "$pkgdir/u/"' }));
  expect(readdirSync(join(bench.path, "out/t/u")).sort()).toEqual(["a.tar", "b.tar"]);
});

async function refusal(bench: BuildBench, name: string, reason: RegExp): Promise<void> {
  const error = (await bench.build(recipeOf({ head: sourcesOf(name) })).catch((thrown: unknown) => thrown)) as {
    code: string;
    message: string;
  };
  expect(error.message).toMatch(reason);
  expect(error.code).toBe("ARCHIVE_REFUSED");
}
