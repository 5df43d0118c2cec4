// How every view looks at three sizes in both schemes: nothing runs over, nothing moves, axe finds nothing, and it looks as it did when
// somebody found it good. With RBEE_SCREENSHOTS=DIR each of them is written as a picture to look at.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { bundlePage } from "../../hive/page/bundle.ts";
import { tinyModel, until } from "../harness.ts";
import { type HubServer, startHub } from "../hub-server.ts";
import { writeRecipe } from "../recipes.ts";
import { axeFindings, launchBrowser, layoutShifts, openSite, type Site, TEST_MS, visit } from "./browser.ts";
import { writeParrot } from "./parrot.ts";
import { comparePictures, type Picture, takePicture } from "./pictures.ts";

// Seventeen views in one test: on a busy machine they need more than others.
setDefaultTimeout(3 * TEST_MS);

const SIZES = { phone: [360, 740], desk: [1280, 800], wall: [3840, 2160] } as const;
const SCHEMES = ["light", "dark"] as const;

let browser: Browser;
let hub: HubServer;
let site: Site;
interface View {
  /** Behind `#/`. */
  readonly address: string;
  /** There when the view is. */
  readonly text: string | RegExp;
  /** What is done there before one looks. */
  readonly act?: (page: Page) => Promise<unknown>;
}
const views: Record<string, View> = {};

beforeAll(async () => {
  hub = startHub({
    "org/tiny-GGUF": { files: { "x-Q4_K_M.gguf": "x".repeat(2_000_000), "x-Q8_0.gguf": "x".repeat(3_000_000) } },
    "org/tiny-gated-GGUF": { gated: true, files: { "x-Q8_0.gguf": "x" } },
  });
  [browser, site] = await Promise.all([launchBrowser(), openSite({ HF_ENDPOINT: hub.url, HF_HOME: "", HF_TOKEN: "" })]);
  const catalog = join(site.home.path, "catalog");
  writeParrot(catalog);
  writeRecipe(catalog, "broken", { build: "echo the compiler is unhappy >&2\n  false" });
  writeRecipe(catalog, "needy", { entry: { makedepends: ["zig", "hello-no-such-tool"] } });
  writeRecipe(catalog, "stopped", { build: "echo it sleeps\n  sleep 600" });
  writeRecipe(catalog, "endless", {
    build: "printf '\\033[1;32m   Compiling\\033[0m serde v1.0\\n'\n  seq -f 'line %.0f' 200\n  sleep 600",
  });
  const { rbee } = site.home;
  await rbee(["model", "download", tinyModel]);
  await rbee(["worker", "download", "parrot", "--yes"]);
  await rbee(["worker", "spawn", "--worker", "parrot"]);
  await rbee(["worker", "download", "broken", "--yes"]);
  await startBuild("stopped", "it sleeps");
  await rbee(["job", "cancel", await idOf("stopped")]);
  await startBuild("endless", "line 200");
  const ids = {
    endless: await idOf("endless"),
    parrot: await idOf("parrot"),
    broken: await idOf("broken"),
    stopped: await idOf("stopped"),
  };
  const open = (name: string) => (page: Page) => page.getByRole("button", { name }).first().click();
  Object.assign(views, {
    workers: { address: "workers", text: "For this machine" },
    worker: { address: "workers/llama-node-cpu", text: "Recipe (PKGBUILD)" },
    foreign: { address: "workers/hello", text: "I have read the recipe below" },
    missing: { address: "workers/needy", text: /Missing on this machine/ },
    installing: { address: `jobs/${ids.endless}`, text: "line 200" },
    installed: { address: `jobs/${ids.parrot}`, text: "Set up PATH" },
    failed: { address: `jobs/${ids.broken}`, text: "It did not work" },
    cancelled: { address: `jobs/${ids.stopped}`, text: "Every process of the build has ended" },
    jobs: { address: "jobs", text: "Install broken" },
    models: { address: "models", text: "stories260K" },
    search: { address: "models", text: "stories260K", act: search },
    variants: { address: "models", text: "stories260K", act: chooseFound },
    chat: { address: "chat", text: "Send" },
    running: { address: "running", text: "Address" },
    start: { address: "running", text: "Address", act: open("Start a worker") },
    machine: { address: "machine", text: "journal_mib" },
    confirm: { address: "models", text: "stories260K", act: open("Remove stories260K") },
  } satisfies Record<string, View>);
});

async function search(page: Page): Promise<void> {
  await page.getByRole("searchbox").fill("tiny");
  await page.getByText("org/tiny-gated-GGUF").waitFor();
}

async function chooseFound(page: Page): Promise<void> {
  await search(page);
  await page.getByRole("button", { name: /^org\/tiny-GGUF/ }).click();
  await page.getByText("Best for this machine").waitFor();
}

afterAll(async () => {
  await browser?.close();
  await site?.[Symbol.asyncDispose]();
  await hub?.[Symbol.asyncDispose]();
});

/** Of the last job about a worker. */
async function idOf(worker: string): Promise<string> {
  const { jobs } = JSON.parse((await site.home.rbee(["job", "list", "--json"])).stdout) as {
    jobs: { job_id: string; operation: { worker_id?: string } }[];
  };
  return jobs.find(({ operation }) => operation.worker_id === worker)!.job_id;
}

/** Until its log says so. */
async function startBuild(worker: string, text: string): Promise<void> {
  await site.home.rbee(["worker", "download", worker, "--yes", "--detach"]);
  const journal = Bun.file(join(site.home.path, "state/jobs", await idOf(worker), "journal.sse"));
  await until(`the build of ${worker} writes`, async () => (await journal.text()).includes(text));
}

for (const [size, [width, height]] of Object.entries(SIZES))
  for (const scheme of SCHEMES)
    test(`every view is whole and accessible: ${size}, ${scheme}`, async () => {
      await using visitor = await visit(browser, site, { width, height, scheme, steadyFonts: true });
      const { page } = visitor;
      await page.getByText("For this machine").first().waitFor();
      const findings: string[] = [];
      const pictures: Picture[] = [];
      for (const [name, { address, text, act }] of Object.entries(views)) {
        await page.goto(`${site.url}/#/${address}`);
        await page.getByText(text).first().waitFor();
        await act?.(page);
        findings.push(...(await look(page, size !== "wall")).map((finding) => `${name}: ${finding}`));
        await keep(page, `${name}-${size}-${scheme}`);
        pictures.push(await takePicture(page, name, site.home.path));
        if (act) await page.reload();
        // What the picture moved is nobody's fault.
        await forgetShifts(page);
      }
      expect([...findings, ...(await comparePictures(browser, `${size}-${scheme}`, pictures)), ...visitor.faults]).toEqual([]);
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

/** What is wrong with what is shown. A wall shows the same elements in the same colours as a desk: axe looks at them once. */
async function look(page: Page, withAxe = true): Promise<string[]> {
  const over = (await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")) as number;
  const shifts = (await layoutShifts(page)).map((shift) => `moved: ${shift}`);
  await forgetShifts(page);
  return [...(over > 0 ? [`runs over by ${over} pixels`] : []), ...shifts, ...(withAxe ? await axeFindings(page) : [])];
}

async function forgetShifts(page: Page): Promise<void> {
  await page.evaluate("window.shifts.length = 0");
}

async function keep(page: Page, name: string): Promise<void> {
  const directory = process.env.RBEE_SCREENSHOTS;
  if (directory) await page.screenshot({ path: join(directory, `${name}.png`), animations: "disabled" });
}
