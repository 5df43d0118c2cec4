// The page in figures: bytes on the wire, first paint, what moves unasked, a log of a million lines: node scripts/dev.mjs scripts/bench/page.ts [BINARY]
import { join } from "node:path";
import type { Page } from "playwright-core";
import { bundlePage } from "../../hive/page/bundle.ts";
import { renderTable } from "../../lib/table.ts";
import { writeRecipe } from "../../tests/recipes.ts";

const ROUNDS = 9;
const FRAMES = 240;
/** Until everything that a view asks for has come. */
const SETTLE_MS = 1_500;
process.env.RBEE_UNDER_TEST ??= process.argv[2] ?? join(import.meta.dir, "../../dist/rbee");
const { launchBrowser, layoutShifts, openSite, visit } = await import("../../tests/ui/browser.ts");

const rows: string[][] = [];
const bytes = Object.values(await bundlePage()).reduce((sum, { gzip }) => sum + Buffer.from(gzip, "base64").length, 0);
rows.push(["page on the wire, gzip", `${(bytes / 1000).toFixed(1)} KB`, "300 KB"]);

const site = await openSite();
const browser = await launchBrowser();
try {
  const visitor = await visit(browser, site);
  const paints: number[] = [];
  for (let round = 0; round < ROUNDS; round++) paints.push(await firstPaint(visitor.page));
  rows.push([
    `first contentful paint, median of ${ROUNDS} (worst)`,
    `${median(paints).toFixed(0)} ms (${Math.max(...paints).toFixed(0)})`,
    "300 ms",
  ]);

  rows.push(["layout shift of six views, each visited cold, worst (CLS)", (await worstShift()).toFixed(4), "0"]);

  writeRecipe(join(site.home.path, "catalog"), "flood", { build: "seq -f 'line %.0f of the flood' 1000000" });
  await site.home.rbee(["worker", "download", "flood", "--yes", "--quiet"]);
  await visitor.page.goto(`${site.url}/#/jobs`);
  await visitor.page.getByRole("link", { name: "Install flood" }).waitFor();
  const from = performance.now();
  await visitor.page.getByRole("link", { name: "Install flood" }).click();
  await visitor.page.getByText("line 1000000 of the flood").waitFor({ timeout: 60_000 });
  rows.push(["1,000,000 lines until the last one is seen", `${(performance.now() - from).toFixed(0)} ms`, ""]);
  const frames = await scrollFrames(visitor.page);
  const worst = frames[Math.floor(frames.length * 0.99)]!;
  rows.push([`scrolling them, a frame of ${FRAMES} (99th of 100)`, `${median(frames).toFixed(1)} ms (${worst.toFixed(1)})`, "16.7 ms"]);
} finally {
  await browser.close();
  await site[Symbol.asyncDispose]();
}
console.log(renderTable([{ title: "WHAT" }, { title: "FOUND" }, { title: "BOUND" }], rows, 120));

/** Of a visit that finds the assets in the browser or not, as its cache says. */
async function firstPaint(page: Page): Promise<number> {
  await page.reload();
  await page.getByText("For this machine").first().waitFor();
  return (await page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")) as number;
}

/** Cumulative Layout Shift of a view that is opened in a browser which knows nothing of it. Source: web.dev/cls, without its windows. */
async function worstShift(): Promise<number> {
  const sums: number[] = [];
  for (const view of ["workers", "models", "chat", "running", "jobs", "machine"]) {
    await using visitor = await visit(browser, site);
    await visitor.page.goto(`${site.url}/#/${view}`);
    await visitor.page.waitForTimeout(SETTLE_MS);
    sums.push((await layoutShifts(visitor.page)).reduce((sum, shift) => sum + Number.parseFloat(shift), 0));
  }
  return Math.max(...sums);
}

/** Milliseconds between frames while every frame shows other lines, sorted. */
async function scrollFrames(page: Page): Promise<number[]> {
  return (await page.evaluate(`new Promise((resolve) => {
    const view = document.querySelector(".log-view");
    const times = [];
    let last = performance.now();
    const step = (now) => {
      times.push(now - last);
      last = now;
      view.scrollTop = (times.length * 740) % view.scrollHeight;
      if (times.length < ${FRAMES}) requestAnimationFrame(step);
      else resolve(times.slice(2).sort((a, b) => a - b));
    };
    requestAnimationFrame(step);
  })`)) as number[];
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
