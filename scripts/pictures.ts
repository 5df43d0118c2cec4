// The README's pictures, from the real thing: a session in a real terminal as SVG, the page in a real browser. `npm run pictures`
// builds the binary first and needs tmux and Chromium.
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeHome, root, tinyModel, until } from "../tests/harness.ts";
import { openTerminal, type Terminal } from "../tests/terminal.ts";
import { launchBrowser, openSite, visit } from "../tests/ui/browser.ts";
import { build } from "./build.ts";
import { terminalSvg } from "./terminal-svg.ts";

const rbee = join(root, "dist/rbee");
const pictures = join(root, "docs/pictures");
const COLUMNS = 92;
const TERMINAL = [
  "rbee worker download llama-node-cpu",
  "rbee model download stories260K.gguf",
  'rbee infer "Once upon a time" --max-tokens 40',
  "rbee ps",
];
const PROMPT = "\x1b[32m$\x1b[39m ";

async function pictureTerminal(): Promise<void> {
  await using home = makeHome();
  const bin = join(home.path, ".local/bin");
  mkdirSync(bin, { recursive: true });
  copyFileSync(rbee, join(bin, "rbee"));
  writeFileSync(join(home.path, "prompt"), "PS1='\\[\\e[32m\\]$\\[\\e[39m\\] '\n");
  copyFileSync(tinyModel, join(home.path, "stories260K.gguf"));
  const { CI: _, NO_COLOR: __, ...env } = home.env;
  Object.assign(env, {
    HOME: home.path,
    RBEE_USER_PREFIX: join(home.path, ".local"),
    RBEE_SYSTEM_PREFIX: join(home.path, ".local"),
    PATH: `${bin}:${process.env.PATH}`,
    TERM: "xterm-256color",
  });
  using terminal = openTerminal(COLUMNS, `cd '${home.path}'; clear; bash --rcfile prompt`, env, 60);
  for (const line of TERMINAL) await enter(terminal, line);
  const screen = terminal
    .painted()
    .replaceAll(home.path, "/home/you")
    .replace(new RegExp(`\\n?${escaped(PROMPT)}\\s*$`), "")
    .trimEnd();
  writeFileSync(join(pictures, "terminal.svg"), terminalSvg(screen, COLUMNS, "A session: a worker is installed, a model added and asked"));
}

/** Types a line as a person does, and waits for the next prompt. */
async function enter(terminal: Terminal, line: string): Promise<void> {
  const prompts = () =>
    terminal
      .screen()
      .split("\n")
      .filter((each) => each.startsWith("$")).length;
  await until("there is a prompt", () => /^\$\s*$/m.test(terminal.screen().split("\n").at(-1) ?? ""), 120_000);
  const before = prompts();
  terminal.type(line);
  terminal.type("Enter");
  await until(`"${line}" is over`, () => prompts() > before, 120_000);
}

async function picturePage(): Promise<void> {
  process.env.RBEE_UNDER_TEST = rbee;
  const browser = await launchBrowser();
  await using site = await openSite({ RBEE_CATALOG: "" });
  for (const args of [
    ["worker", "download", "llama-node-cpu"],
    ["model", "download", tinyModel],
  ])
    await site.home.rbee(args);
  await using visitor = await visit(browser, site, { width: 1180, height: 680 });
  const { page } = visitor;
  const shoot = async (name: string) => {
    await page.evaluate(TIDY, site.home.path);
    writeFileSync(join(pictures, name), await page.screenshot({ animations: "disabled" }));
  };
  await page.getByText("llama-node-cpu").first().waitFor();
  await shoot("page-workers.png");
  const { jobs } = JSON.parse((await site.home.rbee(["job", "list", "--json"])).stdout) as {
    jobs: { job_id: string; operation: { operation: string } }[];
  };
  const install = jobs.find(({ operation }) => operation.operation === "worker_install")!;
  await page.goto(`${site.url}/#/jobs/${install.job_id}`);
  await page.getByText("Cleanup temp files").first().waitFor();
  await page.getByText("export PATH").waitFor();
  await shoot("page-job.png");
  await browser.close();
}

/** In the page: the temporary home reads as anybody's. */
const TIDY = (home: string) => {
  const { document } = globalThis as unknown as {
    document: { body: object; createTreeWalker(root: object, what: number): { nextNode(): { nodeValue: string } | null } };
  };
  const walker = document.createTreeWalker(document.body, 4);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) node.nodeValue = node.nodeValue.replaceAll(home, "/home/you");
};

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

if (import.meta.main) {
  if (!process.argv.includes("--no-build")) await build(rbee);
  mkdirSync(pictures, { recursive: true });
  const only = process.argv[2];
  if (only !== "page") await pictureTerminal();
  if (only !== "terminal") await picturePage();
}
