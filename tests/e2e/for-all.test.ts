// For all users without being root: asked before the build, rights for the last step alone. The sudo here is a stand-in that opens the place.
import { expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Home, makeHome, rbeeCommand, until } from "../harness.ts";
import { writeRecipe } from "../recipes.ts";
import { openTerminal } from "../terminal.ts";

/** Root may write anywhere: there it is somebody else who types. */
const asOrdinary = process.getuid?.() === 0 ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : [];
const canTry = ["tmux", "setpriv"].every((name) => Bun.which(name) !== null);
const typed = (words: string) =>
  [...asOrdinary, ...rbeeCommand]
    .map((word) => `'${word}'`)
    .join(" ")
    .concat(" ", words);

/** A home whose system prefix its owner may not write, and a `sudo` that may: it opens the place, runs the command and closes it again. */
function makeClosedHome(sudo: "allows" | "refuses"): Home {
  const home = makeHome();
  const at = (name: string) => join(home.path, name);
  for (const name of ["system/bin", "system/lib", "path", "catalog"]) mkdirSync(at(name), { recursive: true });
  const run = `chmod -R u+w '${at("system")}'; "$@"; code=$?; chmod -R a-w '${at("system")}'; exit $code`;
  writeFileSync(at("path/sudo"), `#!/bin/sh\necho "$@" >>'${at("sudo.log")}'\n${sudo === "allows" ? run : "exit 1"}\n`, { mode: 0o755 });
  writeRecipe(at("catalog"), "hello");
  if (asOrdinary.length > 0) Bun.spawnSync(["chown", "-R", "65534:65534", home.path]);
  Bun.spawnSync(["chmod", "-R", "a-w", at("system")]);
  // Root's own tools are out of reach for whoever types.
  for (const name of Object.keys(home.env)) if (!/^RBEE_/.test(name)) delete home.env[name];
  Object.assign(home.env, {
    PATH: `${at("path")}:/usr/bin:/bin:/usr/sbin:/sbin`,
    HOME: home.path,
    RBEE_CATALOG: at("catalog"),
    TERM: "xterm",
  });
  return home;
}

async function close(home: Home): Promise<void> {
  Bun.spawnSync(["chmod", "-R", "u+w", join(home.path, "system")]);
  await home[Symbol.asyncDispose]();
}

async function answer(terminal: ReturnType<typeof openTerminal>, question: string, key: string): Promise<void> {
  await until(`it asks "${question}"`, () => terminal.screen().includes(question));
  terminal.type(key);
}

test.if(canTry)("on a terminal it asks for whom, builds without rights, installs and removes with them", async () => {
  const home = makeClosedHome("allows");
  const link = join(home.path, "system/bin/hello");
  {
    using terminal = openTerminal(100, typed("worker download hello"), home.env);
    await answer(terminal, "Build it?", "y");
    await answer(terminal, "Install for all users (needs sudo) or only for you?", "Enter");
    await until("it is over", () => terminal.screen().includes("exit "));
    expect(terminal.screen()).toContain("exit 0");
    expect(terminal.screen()).toContain(link);
  }
  expect(existsSync(link)).toBe(true);
  const log = readFileSync(join(home.path, "sudo.log"), "utf8").trim();
  expect(log).toMatch(new RegExp(` internal place --from \\S+/handover --sha256 [0-9a-f]{64} --prefix ${join(home.path, "system")}$`));
  expect(log.split("\n").length).toBe(1);
  {
    using terminal = openTerminal(100, typed("worker remove hello"), home.env);
    await answer(terminal, "Remove it with sudo?", "y");
    await until("it is over", () => terminal.screen().includes("exit "));
    expect(terminal.screen()).toContain("exit 0");
  }
  expect(existsSync(link)).toBe(false);
  await close(home);
});

test.if(canTry)("refused rights cost nothing: what was built is installed for the user, who is asked", async () => {
  const home = makeClosedHome("refuses");
  using terminal = openTerminal(100, typed("worker download hello --system"), home.env);
  await answer(terminal, "Build it?", "y");
  await answer(terminal, "Install it only for you?", "y");
  await until("it is over", () => terminal.screen().includes("exit "));
  expect(terminal.screen()).toContain("exit 0");
  expect(existsSync(join(home.path, "local/bin/hello"))).toBe(true);
  expect(existsSync(join(home.path, "system/bin/hello"))).toBe(false);
  await close(home);
});

test.if(canTry)(
  "without a terminal nothing is asked: the user's place, said; with --system an error before anything is built",
  async () => {
    const home = makeClosedHome("allows");
    const run = (words: string) => Bun.spawnSync(["sh", "-c", typed(words)], { env: home.env, cwd: home.path, stdin: "ignore" });
    const refused = run("worker download hello --yes --system");
    expect({ code: refused.exitCode, said: refused.stderr.toString() }).toMatchObject({
      code: 4,
      said: expect.stringContaining("PERMISSION_DENIED"),
    });
    expect(refused.stderr.toString()).not.toContain("Fetch sources");
    const fell = run("worker download hello --yes");
    expect(fell.exitCode).toBe(0);
    expect(fell.stderr.toString()).toContain("Not for all users: cannot write to");
    expect(existsSync(join(home.path, "sudo.log"))).toBe(false);
    rmSync(join(home.path, "path"), { recursive: true });
    await close(home);
  },
);

test.if(canTry)("who has no terminal is asked by pkexec, and may say no", async () => {
  const home = makeClosedHome("allows");
  const script =
    'import { rbee } from "rbee"; const { recipe } = await rbee.worker.catalogGet({ worker_id: "hello" }); const { worker } = await rbee.worker.install({ worker_id: "hello", elevate: "pkexec", recipe_digest: recipe!.digest }); console.log(worker.binary);';
  const pkexec = (line: string) => writeFileSync(join(home.path, "path/pkexec"), `#!/bin/sh\n${line}\n`, { mode: 0o755 });
  const run = () => Bun.spawnSync(["sh", "-c", typed("run -")], { env: home.env, stdin: new TextEncoder().encode(script) });
  pkexec("exit 126");
  const refused = run();
  expect({ code: refused.exitCode, said: refused.stderr.toString() }).toMatchObject({
    code: 4,
    said: expect.stringContaining("dismissed"),
  });
  pkexec('exec sudo "$@"');
  expect(run().stdout.toString()).toBe(`${join(home.path, "system/bin/hello")}\n`);
  await close(home);
});

test("the command that gets the rights takes its own words only", async () => {
  await using home = makeHome();
  const good = { from: home.path, sha256: "0".repeat(64), prefix: join(home.path, "system") };
  const internal = (verb: string, flags: Record<string, string>, more: string[] = []) =>
    home.rbee(["internal", verb, ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]), ...more]);
  const bad: [string, Record<string, string>, string[]?][] = [
    ["place", {}],
    ["place", { ...good, sha256: "0" }],
    ["place", { ...good, from: "relative" }],
    ["place", { ...good, prefix: "relative" }],
    ["place", good, ["word"]],
    ["place", good, ["--force"]],
    ["place", good, ["--prefix", "/usr"]],
    ["remove", { id: "../../x", prefix: good.prefix }],
    ["run", {}],
  ];
  for (const [verb, flags, more] of bad)
    expect({ verb, flags, code: (await internal(verb, flags, more)).code }).toEqual({ verb, flags, code: 2 });
  expect((await internal("remove", { id: "hello", prefix: good.prefix })).code).toBe(3);
  expect((await internal("place", good)).code).not.toBe(0);
  chmodSync(good.prefix, 0o777);
  expect(await internal("place", good)).toMatchObject({ code: 4, stderr: expect.stringContaining("PREFIX_UNSAFE") });
});
