// Versions of a worker in the page: upgraded, taken back, pinned, taken out one by one, written into a file and brought in from one.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { writeRecipe } from "../recipes.ts";
import { axeFindings, launchBrowser, openSite, type Site, TEST_MS, visit } from "./browser.ts";

setDefaultTimeout(TEST_MS);

let browser: Browser;
let site: Site;

beforeAll(async () => {
  [browser, site] = await Promise.all([launchBrowser(), openSite()]);
  offer("1.9");
  await site.home.rbee(["worker", "download", "tool", "--yes"]);
  offer("1.10");
});

afterAll(async () => {
  await browser?.close();
  await site?.[Symbol.asyncDispose]();
});

function offer(version: string): void {
  writeRecipe(join(site.home.path, "catalog"), "tool", { entry: { version } });
}

const versions = (page: Page) => page.getByRole("table", { name: "On this machine" });

test("a newer version is seen, upgraded to, taken back and taken out; a pinned worker is not upgraded", async () => {
  await using visitor = await visit(browser, site);
  const { page, faults } = visitor;
  await page.getByRole("article").filter({ hasText: "Test tool" }).getByText("1.10 available").waitFor();
  await page.getByRole("link", { name: "Test tool" }).click();
  await page.getByRole("heading", { name: "Upgrade from 1.9 to 1.10" }).waitFor();
  await page.getByText(`Worker will be installed to: ${join(site.home.path, "system/bin")}`).waitFor();

  await page.getByRole("button", { name: "Pin" }).click();
  await page.getByText("1.10 is available. This worker is pinned").waitFor();
  expect(await page.getByRole("button", { name: "Upgrade", exact: true }).count()).toBe(0);
  await page.getByRole("button", { name: "Unpin" }).click();
  await page.getByText("I have read the recipe below").click();
  expect(await axeFindings(page)).toEqual([]);
  await page.getByRole("button", { name: "Upgrade", exact: true }).click();
  await page.getByText("tool: 1.9 → 1.10").waitFor();
  await page.getByRole("link", { name: "See the worker" }).click();

  await versions(page)
    .getByRole("row", { name: /^1\.10 In use/ })
    .waitFor();
  await page.getByRole("button", { name: "Use 1.9" }).click();
  await versions(page)
    .getByRole("row", { name: /^1\.9 In use/ })
    .waitFor();
  await page.getByRole("button", { name: "Use 1.10" }).click();
  await versions(page)
    .getByRole("row", { name: /^1\.10 In use/ })
    .waitFor();
  await page.getByRole("button", { name: "Remove 1.9" }).click();
  await page.getByRole("alertdialog").getByText("This version is deleted").waitFor();
  await page.getByRole("alertdialog").getByRole("button", { name: "Remove" }).click();
  await versions(page).getByRole("row", { name: /^1\.9/ }).waitFor({ state: "hidden" });
  expect(faults).toEqual([]);
});

test("a worker is written into a file and comes back from it, after a look at what it holds", async () => {
  await using visitor = await visit(browser, site);
  const { page, faults } = visitor;
  await page.goto(`${site.url}/#/workers/tool`);
  await page.getByRole("button", { name: /^Export / }).click();
  const file = join(site.home.path, "tool.tar.zst");
  await page.getByLabel("File or directory on the machine of this hive").fill(file);
  expect(await axeFindings(page)).toEqual([]);
  await page.getByRole("dialog").getByRole("button", { name: "Export" }).click();
  await page.getByText(`Written to: ${file}`).waitFor();
  expect(existsSync(file)).toBe(true);

  await site.home.rbee(["worker", "remove", "tool"]);
  await page.goto(`${site.url}/#/workers`);
  await page.getByRole("button", { name: "Import a file" }).click();
  await page.getByLabel("File on the machine of this hive").fill(join(site.home.path, "nothing.tar.zst"));
  await page.getByRole("button", { name: "Look into it" }).click();
  await page.getByRole("alert").getByText("No such file").waitFor();
  await page.getByLabel("File on the machine of this hive").fill(file);
  await page.getByRole("button", { name: "Look into it" }).click();
  await page.getByText(/is somebody's program. It will run on this machine/).waitFor();
  expect(await axeFindings(page)).toEqual([]);
  await page.getByRole("dialog").getByRole("button", { name: "Import" }).click();
  await page.getByText("Installation complete!").waitFor();
  expect(existsSync(join(site.home.path, "system/bin/tool"))).toBe(true);
  expect(faults).toEqual([]);
});
