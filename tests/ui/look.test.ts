// How every view looks at three sizes in both schemes: nothing runs over, nothing moves, and axe finds nothing.
// With RBEE_SCREENSHOTS=DIR each of them is kept as a picture for somebody to look at.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { bundlePage } from "../../hive/page/bundle.ts";
import { tinyModel, until } from "../harness.ts";
import { writeRecipe } from "../recipes.ts";
import { axeFindings, launchBrowser, layoutShifts, openSite, type Site, TEST_MS, visit } from "./browser.ts";
import { writeParrot } from "./parrot.ts";

setDefaultTimeout(TEST_MS);

const SIZES = { phone: [360, 740], desk: [1280, 800], wall: [3840, 2160] } as const;
const SCHEMES = ["light", "dark"] as const;

let browser: Browser;
let site: Site;
/** Addresses behind `#/`, with a text that is there when the view is. */
const views: Record<string, readonly [address: string, text: string | RegExp]> = {};

beforeAll(async () => {
  [browser, site] = await Promise.all([launchBrowser(), openSite()]);
  const catalog = join(site.home.path, "catalog");
  writeParrot(catalog);
  writeRecipe(catalog, "broken", { build: "echo the compiler is unhappy >&2\n  false" });
  writeRecipe(catalog, "endless", {
    build: "printf '\\033[1;32m   Compiling\\033[0m serde v1.0\\n'\n  seq -f 'line %.0f' 200\n  sleep 600",
  });
  const { rbee } = site.home;
  await rbee(["model", "download", tinyModel]);
  await rbee(["worker", "download", "parrot", "--yes"]);
  await rbee(["worker", "spawn", "--worker", "parrot"]);
  await rbee(["worker", "download", "broken", "--yes"]);
  await rbee(["worker", "download", "endless", "--yes", "--detach"]);
  const jobs = await readJobs();
  const idOf = (id: string) => jobs.find(({ operation }) => operation.worker_id === id)!.job_id;
  const journal = Bun.file(join(site.home.path, "state/jobs", idOf("endless"), "journal.sse"));
  await until("the endless build writes", async () => (await journal.text()).includes("line 200"));
  Object.assign(views, {
    workers: ["workers", "For this machine"],
    worker: ["workers/llama-node-cpu", "Recipe (PKGBUILD)"],
    foreign: ["workers/hello", "I have read the recipe below"],
    installing: [`jobs/${idOf("endless")}`, "line 200"],
    installed: [`jobs/${idOf("parrot")}`, "Set up PATH"],
    failed: [`jobs/${idOf("broken")}`, "It did not work"],
    jobs: ["jobs", "Install broken"],
    models: ["models", "stories260K"],
    chat: ["chat", "Send"],
    running: ["running", "Address"],
    machine: ["machine", "Browsers with a key"],
  });
});

afterAll(async () => {
  await browser?.close();
  await site?.[Symbol.asyncDispose]();
});

async function readJobs(): Promise<{ job_id: string; operation: { worker_id?: string } }[]> {
  return JSON.parse((await site.home.rbee(["job", "list", "--json"])).stdout).jobs;
}

for (const [size, [width, height]] of Object.entries(SIZES))
  for (const scheme of SCHEMES)
    test(`every view is whole and accessible: ${size}, ${scheme}`, async () => {
      await using visitor = await visit(browser, site, { width, height, scheme });
      const { page } = visitor;
      await page.getByText("For this machine").first().waitFor();
      const findings: string[] = [];
      for (const [name, [address, text]] of Object.entries(views)) {
        await page.goto(`${site.url}/#/${address}`);
        await page.getByText(text).first().waitFor();
        findings.push(...(await look(page, hasAxe(size, scheme))).map((finding) => `${name}: ${finding}`));
        await keep(page, `${name}-${size}-${scheme}`);
      }
      expect([...findings, ...visitor.faults]).toEqual([]);
    });

test("without a key there is a way in, whole and accessible", async () => {
  for (const scheme of SCHEMES) {
    await using visitor = await visit(browser, site, { width: 360, height: 740, scheme, signedIn: false });
    await visitor.page.getByRole("heading", { name: "Sign this browser in" }).waitFor();
    expect([...(await look(visitor.page)), ...visitor.faults]).toEqual([]);
    await keep(visitor.page, `sign-in-phone-${scheme}`);
  }
});

test("dialogs are accessible and give the focus back", async () => {
  for (const scheme of SCHEMES) {
    await using visitor = await visit(browser, site, { scheme });
    const { page } = visitor;
    await page.goto(`${site.url}/#/running`);
    const start = page.getByRole("button", { name: "Start a worker" });
    await start.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    expect(await look(page)).toEqual([]);
    await keep(page, `dialog-desk-${scheme}`);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    expect(await start.evaluate((element) => element.ownerDocument.activeElement === element)).toBe(true);
  }
});

test("the keyboard alone goes from the first view to an install", async () => {
  await using visitor = await visit(browser, site);
  const { page } = visitor;
  await page.getByText("For this machine").first().waitFor();
  await page.keyboard.press("Tab");
  expect(await page.evaluate("document.activeElement.textContent")).toBe("Skip to content");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await page.keyboard.type("llama.cpp");
  await page.getByText("llama.cpp (CPU)").waitFor();
  for (let tries = 0; tries < 8 && (await page.evaluate("document.activeElement.textContent")) !== "llama.cpp (CPU)"; tries++)
    await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "llama.cpp (CPU)" }).waitFor();
  await page.getByText("Worker will be installed to:").waitFor();
});

test("the page is at most 300 KB on the wire", async () => {
  const files = Object.values(await bundlePage());
  const bytes = files.map(({ gzip }) => Buffer.from(gzip, "base64"));
  expect(bytes.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(300_000);
});

test("the policy allows no inline script, style or handler, and no frame around the page", async () => {
  const policy = (await fetch(site.url)).headers.get("content-security-policy") ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toContain("unsafe");
});

/** axe takes most of the time: it sees the smallest size in light and the usual one in dark, which are all colours and all layouts. */
function hasAxe(size: string, scheme: string): boolean {
  return (size === "phone" && scheme === "light") || (size === "desk" && scheme === "dark");
}

/** What is wrong with what is shown. */
async function look(page: Page, withAxe = true): Promise<string[]> {
  const over = (await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")) as number;
  const shifts = (await layoutShifts(page)).map((shift) => `moved: ${shift}`);
  await page.evaluate("window.shifts.length = 0");
  return [...(over > 0 ? [`runs over by ${over} pixels`] : []), ...shifts, ...(withAxe ? await axeFindings(page) : [])];
}

async function keep(page: Page, name: string): Promise<void> {
  const directory = process.env.RBEE_SCREENSHOTS;
  if (directory) await page.screenshot({ path: join(directory, `${name}.png`), animations: "disabled" });
}
