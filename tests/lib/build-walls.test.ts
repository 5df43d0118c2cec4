// What a build can see and do: a recipe that looks around and tells.
import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ProcessTree } from "../../lib/process-group.ts";
import { sandboxCommand, walls } from "../../lib/sandbox/index.ts";
import { shell } from "../../lib/shell.ts";
import { buildBench, recipeOf } from "../builds.ts";
import { temporaryDirectory, until } from "../harness.ts";

setDefaultTimeout(60_000);

const hasWalls = walls().room !== "plain";
const isRoot = process.getuid?.() === 0;

test("a build is never root, package() takes itself for root, and what is made belongs to us", async () => {
  using bench = buildBench();
  await bench.build(
    recipeOf({
      build: "id -u > uid",
      package: 'mkdir "$pkgdir/u"; cp uid "$pkgdir/u/"; id -u > "$pkgdir/u/package-uid"; chown 0:0 "$pkgdir/u"',
    }),
  );
  expect(Number(bench.made("u/uid"))).not.toBe(0);
  if (isRoot) expect(Number(bench.made("u/uid"))).toBeGreaterThanOrEqual(60_000);
  expect(bench.made("u/package-uid")).toBe("0\n");
  expect(statSync(join(bench.path, "out/t/u/uid")).uid).toBe(process.getuid!());
});

test.if(hasWalls)("a build sees no home, no state, no other process, and writes nowhere but in its own directories", async () => {
  using bench = buildBench();
  mkdirSync(join(bench.path, "person/.ssh"), { recursive: true });
  writeFileSync(join(bench.path, "person/.ssh/id"), "SECRET");
  writeFileSync(join(bench.path, "SECRET"), "SECRET");
  const look = `{ cat ${bench.path}/person/.ssh/id ${bench.path}/SECRET ~/.ssh/id; ls -A ${bench.path}; ls -A ~; env; } > seen 2>&1 || true
    ls /proc | grep -c '^[0-9]' > processes
    for place in ${bench.path}/x /usr/x /etc/x ${bench.recipe}/x; do ( : > $place ) 2>/dev/null && echo $place; done > written || true`;
  await bench.build(recipeOf({ build: look }), {
    env: { SSH_AUTH_SOCK: "/tmp/SECRET", HF_TOKEN: "SECRET", CARGO_REGISTRY_TOKEN: "SECRET", RBEE_TOKEN: "SECRET" },
  });
  expect(bench.made("u/seen")).not.toMatch(/^(?!cat: ).*SECRET/m);
  expect(Number(bench.made("u/processes"))).toBeLessThan(10);
  expect(bench.made("u/written")).toBe("");
  expect(existsSync(join(bench.path, "x"))).toBe(false);
});

test("settings of package clients reach a build, their tokens do not", async () => {
  using bench = buildBench();
  mkdirSync(join(bench.path, "person/.config/pip"), { recursive: true });
  writeFileSync(join(bench.path, "person/.npmrc"), "registry=http://registry.test/\n//registry.test/:_authToken=SECRET\n");
  writeFileSync(join(bench.path, "person/.config/pip/pip.conf"), "[global]\nindex-url = http://index.test/\n");
  await bench.build(recipeOf({ build: 'cat ~/.npmrc ~/.config/pip/pip.conf > settings; echo "$HTTPS_PROXY $SSL_CERT_FILE" > variables' }), {
    env: { HTTPS_PROXY: "http://proxy.test", SSL_CERT_FILE: "/etc/ssl/certs/ca-certificates.crt" },
  });
  expect(bench.made("u/settings")).toContain("registry=http://registry.test/");
  expect(bench.made("u/settings")).toContain("index-url = http://index.test/");
  expect(bench.made("u/settings")).not.toContain("SECRET");
  expect(bench.made("u/variables")).toBe("http://proxy.test /etc/ssl/certs/ca-certificates.crt\n");
});

test("a submodule may not name a helper program", async () => {
  using bench = buildBench();
  const recipe = recipeOf({
    build: `git init -q r; cd r; git config protocol.ext.allow always
  git -c protocol.ext.allow=always clone -q 'ext::sh -c touch% '"$srcdir"'/ran' x 2> ../said || true`,
  });
  await bench.build(recipe);
  expect(bench.made("u/said")).toContain("transport 'ext' not allowed");
  expect(existsSync(join(bench.path, "out/t/u/ran"))).toBe(false);
});

test.if(hasWalls)("with the network closed a build reaches nobody; without it does", async () => {
  using bench = buildBench();
  using server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { open: (socket) => void socket.end(), data() {} } });
  const recipe = recipeOf({
    build: `( : < /dev/tcp/127.0.0.1/${server.port} ) 2>/dev/null && echo reached > answer || echo alone > answer`,
  });
  await bench.build(recipe, { network: false });
  expect(bench.made("u/answer")).toBe("alone\n");
  await bench.build(recipe);
  expect(bench.made("u/answer")).toBe("reached\n");
});

test("a tree behind walls is seen from outside, ends gently, and leaves nobody", async () => {
  using directory = temporaryDirectory();
  await using tree = new ProcessTree();
  const said: string[] = [];
  const script = "trap 'echo gently; exit 3' TERM; setsid sleep 1000 & sleep 1000 & echo ready; wait";
  const sandbox = {
    writable: [],
    readable: [directory.path],
    env: { PATH: process.env.PATH },
    network: true,
    uid: isRoot ? 60_399 : undefined,
  };
  const command = sandboxCommand(["bash", "-c", script], sandbox);
  const ready = Promise.withResolvers<void>();
  const $ = shell({
    tree,
    cwd: "/",
    env: { PATH: process.env.PATH ?? "" },
    onOutput: (_, bytes) => {
      said.push(new TextDecoder().decode(bytes));
      ready.resolve();
    },
  });
  const ended = $({ nothrow: true })`exec ${command}`.then(({ exitCode }) => exitCode);
  await ready.promise;
  await until("both children run", () => tree.members().filter(({ command }) => command === "sleep").length === 2);
  await tree.end();
  expect(await ended).toBe(3);
  expect(said.join("")).toContain("gently");
  expect(tree.members()).toEqual([]);
});

test("a cancelled build ends with the reason and leaves no directory", async () => {
  using bench = buildBench();
  const controller = new AbortController();
  const building = bench.build(recipeOf({ build: "echo started; sleep 1000" }), { signal: controller.signal });
  const look = setInterval(() => bench.log.join("").includes("started") && controller.abort(new Error("enough")), 5);
  await expect(building).rejects.toThrow("enough");
  clearInterval(look);
  const left = existsSync(join(bench.path, "home/cache/pkgbuild")) ? readdirSync(join(bench.path, "home/cache/pkgbuild")) : [];
  expect(left.filter((name) => !name.endsWith(".lock"))).toEqual([]);
});

test("a setuid file and a device are refused where they would become ours", async () => {
  const { openWorkshop } = await import("../../lib/pkgbuild/workshop/index.ts");
  using directory = temporaryDirectory();
  const root = join(directory.path, "work");
  using workshop = openWorkshop({ root, startDir: join(root, "recipe"), env: process.env, rbeeBinary: process.execPath, network: true });
  const made = join(workshop.pkgBase, "t");
  Bun.spawnSync(["sh", "-c", `mkdir ${made}; touch ${made}/s; chmod 4755 ${made}/s`]);
  expect(() => workshop.take(made, "t")).toThrow("s is setuid or setgid");
  Bun.spawnSync(["sh", "-c", `rm ${made}/s; mkfifo ${made}/f`]);
  expect(() => workshop.take(made, "t")).toThrow("f is no file, link or directory");
});
