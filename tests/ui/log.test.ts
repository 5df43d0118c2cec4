// A log of a million lines: drawn in part, searched, followed until somebody scrolls.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { writeRecipe } from "../recipes.ts";
import { launchBrowser, openSite, type Site, TEST_MS, visit } from "./browser.ts";

setDefaultTimeout(TEST_MS);

let browser: Browser;
let site: Site;

beforeAll(async () => {
  [browser, site] = await Promise.all([launchBrowser(), openSite()]);
  writeRecipe(join(site.home.path, "catalog"), "flood", { build: "seq -f 'line %.0f of the flood' 1000000" });
  const done = await site.home.rbee(["worker", "download", "flood", "--yes", "--quiet"]);
  if (done.code !== 0) throw new Error(done.stderr);
});

afterAll(async () => {
  await browser?.close();
  await site?.[Symbol.asyncDispose]();
});

test("a million lines are there to their end, a few of them are drawn, and any of them is found", async () => {
  await using visitor = await visit(browser, site);
  const { page } = visitor;
  page.setDefaultTimeout(30_000);
  await page.goto(`${site.url}/#/jobs`);
  await page.getByRole("link", { name: "Install flood" }).click();
  await page.getByText(/^1,000,0\d\d lines$/).waitFor();
  await page.getByText("line 1000000 of the flood").waitFor();
  expect(await page.locator(".log-row").count()).toBeLessThan(150);

  await page.evaluate("{ const view = document.querySelector('.log-view'); view.scrollTop = view.scrollHeight / 2; }");
  await page.getByRole("button", { name: "Follow the end", pressed: false }).waitFor();
  await page
    .getByText(/line (49|50)\d{4} of the flood/)
    .first()
    .waitFor();
  await page.getByRole("button", { name: "Follow the end" }).click();
  await page.getByText("line 1000000 of the flood").waitFor();

  await page.getByRole("searchbox", { name: "Search the log" }).fill("LINE 777777 OF");
  await page.locator(".log-row.current mark", { hasText: "line 777777 of" }).waitFor();
  await page.getByText("1 of 1", { exact: true }).waitFor();
  expect(visitor.faults).toEqual([]);
});

test("a log is taken along as a file of plain text", async () => {
  await using visitor = await visit(browser, site);
  const { page } = visitor;
  await page.goto(`${site.url}/#/jobs`);
  await page.getByRole("link", { name: "Install flood" }).click();
  await page.getByText(/^1,000,0\d\d lines$/).waitFor({ timeout: 30_000 });
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download the log" }).click()]);
  const text = await Bun.file(await download.path()).text();
  expect(text.split("\n").filter((line) => /^line \d+ of the flood$/.test(line))).toHaveLength(1_000_000);
});
