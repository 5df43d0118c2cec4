// Models in the page: found on the Hub, fetched with a Cancel and a Resume, sent from this computer, removed with what that frees.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { tinyModel } from "../harness.ts";
import { type HubServer, startHub } from "../hub-server.ts";
import { axeFindings, launchBrowser, layoutShifts, openSite, type Site, TEST_MS, visit } from "./browser.ts";

setDefaultTimeout(TEST_MS);

const GGUF = readFileSync(tinyModel);
const LARGE = Buffer.concat([GGUF, new Uint8Array(30_000_000)]);
let browser: Browser;
let hub: HubServer;
let site: Site;

beforeAll(async () => {
  hub = startHub({
    "org/tiny-GGUF": { files: { "tiny-Q4_K_M.gguf": GGUF, "tiny-Q8_0.gguf": LARGE } },
    "org/tiny-gated-GGUF": { gated: true, files: { "x-Q8_0.gguf": GGUF } },
  });
  [browser, site] = await Promise.all([launchBrowser(), openSite({ HF_ENDPOINT: hub.url, HF_HOME: "", HF_TOKEN: "" })]);
});

afterAll(async () => {
  await browser?.close();
  await site?.[Symbol.asyncDispose]();
  await hub?.[Symbol.asyncDispose]();
});

async function openModels(page: Page): Promise<void> {
  await page.goto(`${site.url}/#/models`);
  await page.getByRole("heading", { name: "On this machine" }).waitFor();
}

test("a model is found by a word, what fits is said, a download is cancelled, resumed, and stays in sight when it is done", async () => {
  await using visitor = await visit(browser, site);
  const { page, faults } = visitor;
  await openModels(page);
  await page.getByRole("searchbox", { name: "Search models on the Hub" }).fill("tiny");
  const results = page.getByRole("region", { name: "Models found" });
  await results.getByText("Gated", { exact: true }).waitFor();
  expect(await axeFindings(page)).toEqual([]);
  await results.getByRole("button", { name: /^org\/tiny-GGUF/ }).click();
  const dialog = page.getByRole("dialog", { name: "org/tiny-GGUF" });
  await dialog.getByText(/of memory for models/).waitFor();
  await dialog.getByText("Best for this machine").waitFor();
  await dialog.getByText(/^31\.2 MB to download, needs about/).waitFor();
  expect(await axeFindings(page)).toEqual([]);

  const gate = Promise.withResolvers<void>();
  hub.faults.gate = gate.promise;
  await dialog.getByRole("button", { name: "Download Q8_0" }).click();
  const transfer = page.getByRole("listitem").filter({ hasText: "org/tiny-GGUF:Q8_0" });
  await transfer.getByRole("progressbar").waitFor();
  await transfer.getByRole("button", { name: "Cancel: org/tiny-GGUF:Q8_0" }).click();
  await transfer.getByRole("button", { name: "Resume: org/tiny-GGUF:Q8_0" }).waitFor();
  await page.reload();
  await transfer.getByText("Cancelled").first().waitFor();
  gate.resolve();
  hub.faults.gate = undefined;
  await transfer.getByRole("button", { name: "Resume: org/tiny-GGUF:Q8_0" }).click();
  await transfer.getByText("31.2 MB / 31.2 MB · Succeeded").waitFor();
  const row = page.getByRole("row", { name: /org\/tiny-GGUF:Q8_0/ });
  await row.waitFor();

  await row.getByRole("button", { name: /^Remove/ }).click();
  await page.getByRole("alertdialog").getByText("Its files are deleted: 31.2 MB are freed.").waitFor();
  await page.getByRole("alertdialog").getByRole("button", { name: "Remove" }).click();
  await page.getByRole("region", { name: "Notifications" }).getByText("Removed org/tiny-GGUF:Q8_0, 31.2 MB freed").waitFor();
  expect([...(await layoutShifts(page)), ...faults]).toEqual([]);
});

test("a download that fails says why and offers to go on; a Hub that is away is said where one searches", async () => {
  await using visitor = await visit(browser, site);
  const { page } = visitor;
  await openModels(page);
  await page.getByText("By name, address or path").click();
  await page.getByLabel("Hub repository, address, or path on this machine").fill("org/tiny-gated-GGUF");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  const transfer = page.getByRole("listitem").filter({ hasText: "org/tiny-gated-GGUF" });
  await transfer.getByText(/given only to those who accepted its terms/).waitFor();
  await transfer.getByRole("button", { name: /^Resume/ }).waitFor();
  await transfer.getByRole("button", { name: /^Hide/ }).click();
  await transfer.waitFor({ state: "hidden" });
  hub.faults.refusals = [{ status: 503 }, { status: 503 }];
  await page.getByRole("searchbox", { name: "Search models on the Hub" }).fill("away");
  await page.getByText("The Hub cannot be searched now").waitFor();
});

test("a file of this computer becomes a model, chosen or dropped; what is none is refused and says so", async () => {
  await using visitor = await visit(browser, site);
  const { page, faults } = visitor;
  await openModels(page);
  const files = page.getByLabel("Choose a file").and(page.locator("input"));
  await files.setInputFiles({ name: "chosen.gguf", mimeType: "application/octet-stream", buffer: GGUF });
  await page.getByRole("row", { name: /chosen/ }).waitFor();
  await page.getByRole("listitem").filter({ hasText: "chosen.gguf" }).getByText(/Done/).first().waitFor();

  await files.setInputFiles({ name: "noise.gguf", mimeType: "application/octet-stream", buffer: Buffer.alloc(1_000, 7) });
  const noise = page.getByRole("listitem").filter({ hasText: "noise.gguf" });
  await noise.getByText(/is not a model that rbee can read/).waitFor();

  const dropped = await page.evaluateHandle(
    `(() => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([Uint8Array.from(atob("${GGUF.toString("base64")}"), (letter) => letter.charCodeAt(0))], "dropped.gguf"));
      return transfer;
    })()`,
  );
  await page.locator(".drop-zone").dispatchEvent("drop", { dataTransfer: dropped });
  await page.getByRole("row", { name: /dropped/ }).waitFor();
  expect(faults).toEqual([]);
});
