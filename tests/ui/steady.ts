// What differs from machine to machine, taken out of a page before its picture is compared: fonts, places, sizes, times, numbers of processes.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { BrowserContext, Page } from "playwright-core";

const FACES = [
  ["Steady Sans", "400", import.meta.resolve("@fontsource/dejavu-sans/files/dejavu-sans-latin-400-normal.woff2")],
  ["Steady Sans", "700", import.meta.resolve("@fontsource/dejavu-sans/files/dejavu-sans-latin-700-normal.woff2")],
  ["Steady Mono", "400", import.meta.resolve("@fontsource/dejavu-mono/files/dejavu-mono-latin-400-normal.woff2")],
  ["Steady Mono", "700", import.meta.resolve("@fontsource/dejavu-mono/files/dejavu-mono-latin-700-normal.woff2")],
] as const;

/** Every page of this context breaks its lines at the same places, whatever fonts the machine has. */
export async function bringSteadyFonts(context: BrowserContext): Promise<void> {
  const faces = FACES.map(([family, weight, url]) => [family, weight, readFileSync(fileURLToPath(url)).toString("base64")]);
  await context.addInitScript(`(${ADD_FONTS})(${JSON.stringify(faces)})`);
}

/** Bytes and a constructed sheet: the page's policy lets neither fonts nor styles be loaded. */
const ADD_FONTS = `(faces) => {
  for (const [family, weight, data] of faces) {
    const face = new FontFace(family, Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0)), { weight });
    document.fonts.add(face);
    face.load();
  }
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(':root { --sans: "Steady Sans"; --mono: "Steady Mono" }');
  document.adoptedStyleSheets = [sheet];
}`;

/** Changes texts and hides lists of what this machine has; the page is to be left afterwards. `home` reads as anybody's. */
export async function steady(page: Page, home: string): Promise<void> {
  await page.evaluate(`(${STEADY})(${JSON.stringify(home)})`);
}

const STEADY = `(home) => {
  const known = [
    [/\\d[\\d.,]* [kKMGT]?B\\b/g, "12 GB"],
    [/\\d[\\d.]* (ms|s|min)\\b( \\d+ s\\b)?/g, "10 ms"],
    [/[A-Z][a-z]{2} \\d+, \\d{4}(, [\\d:]+.[AP]M)?/g, "Jan 1, 2025, 10:00 AM"],
    [/\\b[0-9a-f]{16}\\b/g, "0123456789abcdef"],
    [/\\b\\d{4,5}\\b/g, "12345"],
  ];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = known.reduce((so, [pattern, instead]) => so.replace(pattern, instead), node.nodeValue.replaceAll(home, "/rbee/somebody"));
    if (text !== node.nodeValue) node.nodeValue = text;
  }
  // Of what a machine has, the first line stands for all: how many there are, and what they are called, is the machine's.
  for (const list of document.querySelectorAll(".panels .facts, .panels .plain-list"))
    [...list.children].forEach((line, at) => { line.style.cssText = at === 0 ? "visibility: hidden; height: 1.5rem; overflow: hidden" : "display: none"; });
  for (const panel of document.querySelectorAll(".panels > .panel"))
    if (panel.querySelector("h2")?.textContent === "Notes") panel.style.display = "none";
}`;
