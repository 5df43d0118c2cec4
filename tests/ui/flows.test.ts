// What a person does in the page, in a real browser: signing in, installing, cancelling, talking, looking around.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { tinyModel, until } from "../harness.ts";
import { writeRecipe } from "../recipes.ts";
import { launchBrowser, openSite, type Site, TEST_MS, visit } from "./browser.ts";
import { writeParrot } from "./parrot.ts";

setDefaultTimeout(TEST_MS);

let browser: Browser;
let site: Site;
let catalog: string;

beforeAll(async () => {
  [browser, site] = await Promise.all([launchBrowser(), openSite()]);
  catalog = join(site.home.path, "catalog");
});

afterAll(async () => {
  await browser?.close();
  await site?.[Symbol.asyncDispose]();
});

async function install(page: Page, id: string): Promise<void> {
  await page.goto(`${site.url}/#/workers/${id}`);
  await page.getByLabel("I have read the recipe below").click();
  await page.getByRole("button", { name: /^(Install|Build again)$/ }).click();
  await page.getByRole("heading", { name: `Install ${id}` }).waitFor();
}

test("a link signs one browser in, with a key of its own and no cookie", async () => {
  const link = await site.link();
  await using first = await visit(browser, site, { signedIn: false });
  await first.page.getByRole("heading", { name: "Sign this browser in" }).waitFor();
  await first.page.getByLabel("Link or code").fill(link);
  await first.page.getByRole("button", { name: "Sign in" }).click();
  await first.page.getByRole("heading", { name: "Workers" }).waitFor();
  expect(first.page.url()).not.toContain("code=");
  expect(await first.context.cookies()).toEqual([]);

  const key = (await first.page.evaluate("localStorage.getItem('rbee.key')")) as string;
  const records = join(site.home.path, "state/browsers");
  expect(readdirSync(records).map((name) => readFileSync(join(records, name), "utf8"))).not.toContainEqual(expect.stringContaining(key));

  await first.page.reload();
  await first.page.getByRole("heading", { name: "Workers" }).waitFor();

  await using second = await visit(browser, site, { signedIn: false });
  await second.page.getByLabel("Link or code").fill(link);
  await second.page.getByRole("button", { name: "Sign in" }).click();
  await second.page.getByText("This sign-in link was used or is too old").waitFor();
  expect([...first.faults, ...second.faults]).toEqual([]);
});

test("a key that is taken back signs its browser out at once", async () => {
  await using visitor = await visit(browser, site);
  const { page } = visitor;
  await page.goto(`${site.url}/#/machine`);
  const mine = page.locator("li", { hasText: "This browser" });
  await mine.getByRole("button", { name: "Take the key back" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Take the key back" }).click();
  await page.getByRole("heading", { name: "Sign this browser in" }).waitFor();
});

test("who signs out leaves no key behind in the hive", async () => {
  await using visitor = await visit(browser, site);
  const { page } = visitor;
  const id = (await page.evaluate("localStorage.getItem('rbee.browser')")) as string;
  const record = () => readdirSync(join(site.home.path, "state/browsers")).some((name) => name.includes(id));
  expect(record()).toBe(true);
  await page.goto(`${site.url}/#/machine`);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign this browser in" }).waitFor();
  await until("the key is taken back", () => !record());
  expect(await page.evaluate("localStorage.getItem('rbee.key')")).toBe(null);
});

test("workers are found by what they are; those that do not fit say why", async () => {
  await using visitor = await visit(browser, site);
  const { page } = visitor;
  await page.getByRole("heading", { name: "For this machine", exact: true }).waitFor();
  await page.getByText("needs Apple Metal").first().waitFor();
  await page.getByRole("searchbox", { name: "Search workers" }).fill("candle metal");
  await page.getByText("LLM Worker (Metal)").waitFor();
  expect(await page.getByRole("article").count()).toBe(1);
  await page.getByRole("searchbox", { name: "Search workers" }).fill("nothing like this");
  await page.getByRole("button", { name: "Clear the search" }).click();
  await page.getByRole("button", { name: "cuda" }).click();
  await page.getByText("LLM Worker (CPU)").waitFor({ state: "hidden" });
  await page.getByText("LLM Worker (CUDA)").waitFor();
  const shown = await page.getByRole("article").allInnerTexts();
  expect(shown.filter((text) => !text.includes("cuda"))).toEqual([]);
  expect(visitor.faults).toEqual([]);
});

test("an install shows where it goes, its 14 steps and its log, and puts the place on PATH once", async () => {
  await using visitor = await visit(browser, site);
  const { page, faults } = visitor;
  await page.getByRole("link", { name: "Test hello" }).click();
  const bin = join(site.home.path, "system/bin");
  await page.getByText(`Worker will be installed to: ${bin}`).waitFor();
  await page.getByText(/free there, .* free for the build/).waitFor();
  expect(await page.getByRole("button", { name: "Install", exact: true }).isDisabled()).toBe(true);
  await page.getByText("I have read the recipe below").click();
  await page.getByRole("button", { name: "Install", exact: true }).click();

  await page.getByText("Installation complete!").waitFor();
  expect(await page.getByRole("list", { name: "Steps" }).getByRole("listitem").count()).toBe(14);
  await page.getByText("14 of 14 steps done").waitFor();
  await page.locator(".log-row .ansi-green", { hasText: "green" }).waitFor();
  expect(await page.getByText(join(bin, "hello"), { exact: true }).count()).toBe(1);
  expect(existsSync(join(bin, "hello"))).toBe(true);

  const line = `export PATH='${bin}':"$PATH"`;
  await page.getByRole("button", { name: "Copy", exact: true }).click();
  await page.getByText("Copied").waitFor();
  expect(await page.evaluate("navigator.clipboard.readText()")).toBe(line);
  await page.getByRole("button", { name: "Set up PATH" }).click();
  const rc = join(site.home.path, ".bashrc");
  await page.getByText(`Done: ${rc} was changed.`).waitFor();
  expect(readFileSync(rc, "utf8")).toContain(line);
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("Undone").waitFor();
  expect(existsSync(rc)).toBe(false);

  await page.goto(`${site.url}/#/workers/hello`);
  // What is here already is built again behind a fold.
  await page.locator("summary", { hasText: "Build again" }).click();
  await page.getByText(/It took .* last time/).waitFor();
  await page.getByRole("button", { name: "Remove" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Remove" }).click();
  await page.getByRole("button", { name: "Install", exact: true }).waitFor();
  expect(existsSync(join(bin, "hello"))).toBe(false);
  expect(faults).toEqual([]);
});

test("what is missing is said before anything starts, with the command that brings it", async () => {
  writeRecipe(catalog, "needy", { entry: { makedepends: ["zig", "hello-no-such-tool"] } });
  await using visitor = await visit(browser, site);
  const { page } = visitor;
  await page.goto(`${site.url}/#/workers/needy`);
  await page.getByText(/Missing on this machine: .*zig/).waitFor();
  await page.getByText(/install zig/).waitFor();
  expect(await page.getByRole("button", { name: "Install", exact: true }).isDisabled()).toBe(true);
});

test("closing the tab cancels nothing; who comes back finds the whole log and cancels, stage by stage", async () => {
  writeRecipe(catalog, "endless", {
    build: "echo line one\n  trap '' TERM\n  while :; do sleep 0.2; done",
  });
  let address: string;
  {
    await using visitor = await visit(browser, site);
    await install(visitor.page, "endless");
    await visitor.page.getByText("line one").waitFor();
    address = visitor.page.url();
    await visitor.page.close();
  }
  await using visitor = await visit(browser, site);
  const { page } = visitor;
  await page.getByText("1 job running").first().waitFor({ state: "attached" });
  await page.goto(address);
  await page.getByText("line one").waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByText("Cancelled", { exact: true }).first().waitFor();
  const stages = page.getByRole("list", { name: "What was stopped and cleaned" });
  for (const stage of ["Cancelling build…", "Killing process group…", "SIGTERM sent", "SIGKILL sent", "Cleanup temp files"])
    await stages.getByText(stage).waitFor();
  expect(readdirSync(join(site.home.path, "cache/build"))).toEqual([]);
  expect(visitor.faults).toEqual([]);
});

test("a build that fails shows its last lines and can be tried again", async () => {
  writeRecipe(catalog, "broken", { build: "echo the compiler is unhappy >&2\n  false" });
  await using visitor = await visit(browser, site);
  const { page } = visitor;
  await install(page, "broken");
  await page.getByText("It did not work").waitFor();
  await page.getByRole("region", { name: "Last lines" }).getByText("the compiler is unhappy").waitFor();
  await page.getByRole("button", { name: "Try again" }).waitFor();
  await page.goto(`${site.url}/#/jobs`);
  await page.getByLabel("State").selectOption("failed");
  await page.getByRole("link", { name: "Install broken" }).waitFor();
  await page.getByRole("button", { name: "Run again: Install broken" }).click();
  await page.getByText("It did not work").waitFor();
});

test("a model is added, talked to, and removed; the worker's log is read and the worker stopped", async () => {
  writeParrot(catalog);
  await using visitor = await visit(browser, site);
  const { page, faults } = visitor;
  await install(page, "parrot");
  await page.getByText("Installation complete!").waitFor();

  await page.goto(`${site.url}/#/models`);
  await page.getByText("By name, address or path").click();
  await page.getByLabel("Hub repository, address, or path on this machine").fill("/no/such.gguf");
  await page.getByRole("button", { name: "Add" }).click();
  await page.getByRole("region", { name: "Notifications" }).getByText('No such file: "/no/such.gguf"').waitFor();
  await page.getByLabel("Hub repository, address, or path on this machine").fill(tinyModel);
  await page.getByRole("button", { name: "Add" }).click();
  await page.getByRole("row", { name: /stories260K/ }).waitFor();

  await page.getByRole("link", { name: "Chat" }).last().click();
  const message = page.getByLabel("Message");
  await message.fill("**bold** <img src=x onerror=alert(1)> ![spy](http://example.invalid/x.png) [go](javascript:alert(1)) done");
  await message.press("Enter");
  await page.getByText(/tokens\/s/).waitFor();
  await page.locator(".markdown strong", { hasText: "bold" }).waitFor();
  expect(await page.locator(".messages img").count()).toBe(0);
  expect(await page.locator(".messages a[href^='javascript']").count()).toBe(0);
  await message.fill("say this slowly please ".repeat(20));
  await message.press("Enter");
  await page.getByText("say this").last().waitFor();
  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByText("Stopped").waitFor();
  await page.getByText("The same from a program").click();
  await page.getByText("from openai import OpenAI").waitFor();
  await page.reload();
  await page.locator(".markdown strong", { hasText: "bold" }).waitFor();

  await page.goto(`${site.url}/#/running`);
  const process = page.getByRole("article", { name: /parrot/ });
  await process.getByText(/^(Ready|Idle)$/).waitFor();
  await process.getByRole("img", { name: /Memory over the last/ }).waitFor();
  await process.getByRole("img", { name: /^Tokens a second over the last 120 seconds/ }).waitFor();
  await process.getByRole("img", { name: /^2 requests over the last 120 seconds/ }).waitFor();
  await process.getByRole("button", { name: "Log" }).click();
  await process.getByText("the parrot listens").waitFor();
  await process.getByRole("button", { name: "Stop" }).click();
  await process.getByText("Stopped", { exact: true }).waitFor();

  await page.getByRole("button", { name: "Start a worker" }).click();
  await page.getByRole("combobox", { name: "Worker" }).selectOption("parrot");
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await page.getByRole("heading", { name: "Start parrot" }).waitFor();
  await page.getByText("Succeeded").first().waitFor();

  await page.goto(`${site.url}/#/running`);
  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByText("No worker runs").waitFor();
  await page.goto(`${site.url}/#/models`);
  await page.getByRole("button", { name: "Remove stories260K" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Remove" }).click();
  await page.getByText("No model is here yet").waitFor();
  expect(faults).toEqual([]);
});
