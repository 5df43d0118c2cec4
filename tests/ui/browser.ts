// A real Chromium before a real hive: what the tests of the page stand on.
import { join } from "node:path";
import axe from "axe-core";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { type Home, makeHome } from "../harness.ts";
import { writeRecipe } from "../recipes.ts";
import { bringSteadyFonts } from "./steady.ts";

/** Debian's; another one by its path. */
const EXECUTABLE = process.env.CHROMIUM ?? "/usr/bin/chromium";
const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];

/** A browser on a busy machine needs more than the runner's five seconds. */
export const TEST_MS = 60_000;

/** One browser for all tests of a file; each test gets a context of its own. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: EXECUTABLE, args: ARGS });
}

export interface Site extends AsyncDisposable {
  readonly home: Home;
  readonly url: string;
  /** A link that signs a browser in, once. */
  link(): Promise<string>;
}

/** A home with a hive of its own and a catalog of little recipes. */
export async function openSite(env: Record<string, string> = {}): Promise<Site> {
  const home = makeHome();
  const catalog = join(home.path, "catalog");
  Object.assign(home.env, { RBEE_CATALOG: catalog, HOME: home.path, SHELL: "/bin/bash", ...env });
  writeRecipe(catalog, "hello", { build: "echo building hello; printf '\\033[32mgreen\\033[0m\\n'" });
  const started = await home.rbee(["hive", "start", "--port", "0"]);
  const status = JSON.parse((await home.rbee(["hive", "status", "--json"])).stdout || "{}") as { url?: string };
  if (!status.url) throw new Error(`The hive did not start: ${started.stderr}`);
  const url = status.url;
  return {
    home,
    url,
    link: async () => (await home.rbee(["ui", "--print"])).stdout.trim(),
    [Symbol.asyncDispose]: () => home[Symbol.asyncDispose](),
  };
}

export interface Visit extends AsyncDisposable {
  readonly context: BrowserContext;
  readonly page: Page;
  /** What the page must never do: errors, refused content, requests to elsewhere. */
  readonly faults: readonly string[];
}

export interface VisitOptions {
  readonly width?: number;
  readonly height?: number;
  readonly scheme?: "light" | "dark";
  readonly signedIn?: boolean;
  /** Letters are the same on every machine. */
  readonly steadyFonts?: boolean;
}

/** A browser that comes to the site, signed in unless it is said otherwise. */
export async function visit(browser: Browser, site: Site, options: VisitOptions = {}): Promise<Visit> {
  const { width = 1280, height = 800, scheme = "light", signedIn = true, steadyFonts = false } = options;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: scheme,
    reducedMotion: "reduce",
    permissions: ["clipboard-read", "clipboard-write"],
  });
  if (steadyFonts) await bringSteadyFonts(context);
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  page.on("console", (message) => {
    // A question that the hive refuses on purpose is told by the browser too.
    if (message.type() === "error" && !/status of 4\d\d/.test(message.text())) faults.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(site.url) && !/^(data|blob):/.test(request.url())) faults.push(`request: ${request.url()}`);
  });
  await page.addInitScript(WATCH_SHIFTS);
  await page.goto(signedIn ? await site.link() : site.url);
  // Until the frame is there the code may still stand in the address: who goes elsewhere now would lose it.
  if (signedIn) await page.getByRole("navigation").waitFor();
  return { context, page, faults, [Symbol.asyncDispose]: () => context.close() };
}

/** Source: Layout Instability API. What moves within half a second of an input is an answer to it and does not count. */
const WATCH_SHIFTS = `
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (entry.hadRecentInput) continue;
      const moved = entry.sources.map(({ node }) => node?.className || node?.nodeName).join(" ");
      window.shifts.push(entry.value.toFixed(4) + " " + moved);
    }
  }).observe({ type: "layout-shift", buffered: true });
`;

/** What moved on the page without having been asked to. */
export function layoutShifts(page: Page): Promise<string[]> {
  return page.evaluate("window.shifts") as Promise<string[]>;
}

/** axe-core's findings on what is shown, as one line each. */
export async function axeFindings(page: Page): Promise<string[]> {
  // Handed to the page by the debugger, which its policy does not forbid.
  if (!(await page.evaluate("'axe' in window"))) await page.evaluate(axe.source);
  const answer = (await page.evaluate("axe.run(document, { resultTypes: ['violations'] })")) as {
    violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[];
  };
  return answer.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary ?? ""}`),
  );
}
