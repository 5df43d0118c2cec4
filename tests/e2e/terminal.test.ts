// What a person sees in a real terminal of 80 and of 40 columns.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { makeHome, rbeeCommand, until } from "../harness.ts";
import { writeRecipe } from "../recipes.ts";
import { hasTerminal, openTerminal } from "../terminal.ts";

const typed = rbeeCommand.map((word) => `'${word}'`).join(" ");

test.if(hasTerminal).each([80, 40])("in %i columns a build shows one live line with a clock, and only the steps stay", async (columns) => {
  await using home = makeHome();
  const catalog = join(home.path, "catalog");
  writeRecipe(catalog, "live", {
    build: "echo a line that is longer than any terminal of eighty columns could ever show, by far; sleep 4",
  });
  using terminal = openTerminal(columns, `${typed} worker download live --yes`, {
    ...home.env,
    RBEE_CATALOG: catalog,
    RBEE_SANDBOX: "none",
  });
  await until("the clock goes", () => /\[ 9\/14\] Build \d+ s {2}a line/.test(terminal.screen()));
  const live = terminal.screen().split("\n").at(-1)!;
  expect(live.length).toBeLessThan(columns);
  expect(live).toEndWith("…");
  await until("it is over", () => terminal.screen().includes("exit 0"));
  expect(terminal.screen()).toContain("✓ [ 9/14] Build (");
  expect(terminal.screen()).not.toContain("a line that");
});

test.if(hasTerminal).each([80, 40])(
  "in %i columns the catalog shortens descriptions, never ids; findings break between words",
  async (columns) => {
    await using home = makeHome();
    using list = openTerminal(columns, `${typed} worker available; ${typed} doctor`, home.env);
    await until("both are over", () => list.screen().includes("exit 0"));
    const screen = list.screen();
    for (const id of ["llama-node-cpu", "llm-worker-rbee-cuda"]) expect(screen).toContain(id);
    expect(screen).toContain("✓ config");
    expect(screen).toContain("Nothing is wrong");
  },
);

test.if(hasTerminal)("Ctrl+Z gives the shell back, the build goes on; fg shows how it ended", async () => {
  await using home = makeHome();
  const catalog = join(home.path, "catalog");
  writeRecipe(catalog, "slow", { build: "sleep 3" });
  using shell = openTerminal(90, "bash --norc", { ...home.env, RBEE_CATALOG: catalog, RBEE_SANDBOX: "none", PS1: "$ " });
  shell.type(`${typed} worker download slow --yes`, "Enter");
  await until("it builds", () => shell.screen().includes("Build "));
  shell.type("C-z");
  await until("the shell is back", () => shell.screen().includes("Stopped"));
  shell.type("fg", "Enter");
  await until("it is over", () => shell.screen().includes("✓ [14/14] Cleanup temp files"));
  shell.type("echo code $?", "Enter");
  await until("the shell says how", () => shell.screen().includes("code 0"));
});
