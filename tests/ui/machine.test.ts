// The machine in the page: what the doctor finds, and settings that are changed with their mistakes named.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { launchBrowser, openSite, type Site, TEST_MS, visit } from "./browser.ts";

setDefaultTimeout(TEST_MS);

let browser: Browser;
let site: Site;

beforeAll(async () => {
  [browser, site] = await Promise.all([launchBrowser(), openSite({ RBEE_KEEP_JOBS: "50" })]);
});

afterAll(async () => {
  await browser?.close();
  await site?.[Symbol.asyncDispose]();
});

test("findings, toolchains and what is held are there; a setting is changed, refused when it is wrong, and taken back", async () => {
  await using visitor = await visit(browser, site);
  const { page, faults } = visitor;
  await page.goto(`${site.url}/#/machine`);
  await page.getByRole("region", { name: "What the doctor finds" }).getByText("A hive runs at").waitFor();
  await page.getByText(/\/bash$/).waitFor();
  await page.getByRole("region", { name: "Held by rbee" }).getByText("Together").waitFor();

  const builds = page.getByRole("textbox", { name: "builds_at_once" });
  await builds.fill("none");
  await page.getByRole("button", { name: "Save builds_at_once" }).click();
  await page.getByRole("alert").getByText("builds_at_once: must be a whole number").waitFor();
  expect(await builds.getAttribute("aria-invalid")).toBe("true");
  await builds.fill("3");
  await builds.press("Enter");
  await page.getByText("It counts when the hive starts again").waitFor();
  expect(JSON.parse(readFileSync(join(site.home.path, "config/config.json"), "utf8"))).toEqual({ builds_at_once: "3" });
  await page.getByRole("button", { name: "Take builds_at_once back to its default: 2" }).click();
  await page.getByRole("button", { name: "Take builds_at_once back to its default: 2", disabled: true }).waitFor();
  expect(await builds.inputValue()).toBe("2");

  await page.getByRole("combobox", { name: "low_memory" }).selectOption("refuse");
  await page.getByRole("button", { name: "Save low_memory" }).click();
  await page.getByRole("region", { name: "Notifications" }).getByText("Saved low_memory").waitFor();
  expect(await page.getByRole("textbox", { name: "keep_jobs", exact: true }).isDisabled()).toBe(true);
  await page.getByText("Set by RBEE_KEEP_JOBS where the hive was started").waitFor();
  expect(faults).toEqual([]);
});
