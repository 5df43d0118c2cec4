// Pictures of views, small, compared with those that are kept: what somebody looked at and found good.
// They say where things are and what colour they have, not how letters are drawn: a picture is a tenth of the screen, and a few cells may differ.
// What is a machine's own is taken out first, fonts too (steady.ts): the same pictures come from every machine.
// RBEE_ACCEPT_PICTURES=1 keeps the pictures of this run. Look at them first: RBEE_SCREENSHOTS=DIR.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { steady } from "./steady.ts";

const KEPT = join(import.meta.dir, "pictures");
/** A picture has so many cells in its width; one of a phone fewer. */
const CELLS = 128;
const LEAST_WIDTH = 640;
/** A cell differs when one of its channels does by more than this, of 255. */
const CELL_TOLERANCE = 28;
/** So much of a picture may differ: a number that is longer, a ring around what has the focus. What is out of place differs by more. */
const PICTURE_TOLERANCE = 0.025;
/** What is never twice the same, or is of one machine, is covered; which lines of a log are seen depends on when they came. */
const COVERED = ".sparkline, meter, progress, .step-time, .chart-now, .findings, .held, .log-rows";

export interface Picture {
  readonly name: string;
  /** PNG in base64. */
  readonly png: string;
}

/** What is seen, made small by the browser itself; the page is to be left afterwards. `home` is where the hive lives. */
export async function takePicture(page: Page, name: string, home: string): Promise<Picture> {
  const { width, height } = page.viewportSize()!;
  const session = await page.context().newCDPSession(page);
  await steady(page, home);
  await call(page, COVER, COVERED);
  try {
    const [x, y] = (await page.evaluate("[scrollX, scrollY]")) as [number, number];
    const clip = { x, y, width, height, scale: CELLS / Math.max(width, LEAST_WIDTH) };
    const { data } = await session.send("Page.captureScreenshot", { format: "png", clip });
    return { name, png: data };
  } finally {
    await call(page, UNCOVER, COVERED);
    await session.detach();
  }
}

const COVER = `(covered) => { for (const each of document.querySelectorAll(covered)) each.style.visibility = "hidden"; }`;
const UNCOVER = `(covered) => { for (const each of document.querySelectorAll(covered)) each.style.visibility = ""; }`;

/** What of the pictures is not as it was kept, as one line each; keeps them instead when that was asked for. */
export async function comparePictures(browser: Browser, sheet: string, pictures: readonly Picture[]): Promise<string[]> {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    if (process.env.RBEE_ACCEPT_PICTURES) return await keep(page, sheet, pictures);
    const index = readIndex(sheet);
    if (!index) return [`${sheet}: no picture was kept (RBEE_ACCEPT_PICTURES=1 keeps them)`];
    const kept = readFileSync(join(KEPT, `${sheet}.webp`)).toString("base64");
    const shares = (await call(page, COMPARE, {
      pngs: pictures.map(({ png }) => png),
      kept,
      columns: COLUMNS,
      tolerance: CELL_TOLERANCE,
    })) as number[];
    const changed = pictures.flatMap(({ name }, at) =>
      index.views[at] !== name || shares[at]! > PICTURE_TOLERANCE
        ? [
            `${sheet}: ${name} is not as it was: ${(100 * shares[at]!).toFixed(1)}% of it differs (look with RBEE_SCREENSHOTS=DIR, keep with RBEE_ACCEPT_PICTURES=1)`,
          ]
        : [],
    );
    return index.views.length === pictures.length
      ? changed
      : [...changed, `${sheet}: ${index.views.length} pictures were kept, there are ${pictures.length}`];
  } finally {
    await context.close();
  }
}

interface Index {
  /** In the order of the sheet. */
  readonly views: readonly string[];
}

const COLUMNS = 6;

async function keep(page: Page, sheet: string, pictures: readonly Picture[]): Promise<string[]> {
  const webp = (await call(page, COMPOSE, { pngs: pictures.map(({ png }) => png), columns: COLUMNS })) as string;
  mkdirSync(KEPT, { recursive: true });
  writeFileSync(join(KEPT, `${sheet}.webp`), Buffer.from(webp, "base64"));
  const index: Index = { views: pictures.map(({ name }) => name) };
  writeFileSync(join(KEPT, `${sheet}.json`), `${JSON.stringify(index, null, 2)}\n`);
  return [];
}

function readIndex(sheet: string): Index | undefined {
  const file = join(KEPT, `${sheet}.json`);
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Index) : undefined;
}

/** Runs a function of the page, given as text: what it works with is no part of a test's own world. */
function call(page: Page, text: string, argument: unknown): Promise<unknown> {
  return page.evaluate(`(${text})(${JSON.stringify(argument)})`);
}

/** Draws pictures side by side. */
const DRAW = `async (pngs, columns) => {
  const load = async (data) => createImageBitmap(await (await fetch("data:image/png;base64," + data)).blob());
  const images = await Promise.all(pngs.map(load));
  const width = images[0].width, height = images[0].height;
  const canvas = new OffscreenCanvas(width * columns, height * Math.ceil(images.length / columns));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  images.forEach((image, at) => context.drawImage(image, (at % columns) * width, Math.floor(at / columns) * height));
  return { canvas, context, width, height };
}`;

const COMPOSE = `async ({ pngs, columns }) => {
  const { canvas } = await (${DRAW})(pngs, columns);
  const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: "image/webp", quality: 0.85 })).arrayBuffer());
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}`;

/** The share of each picture's cells that differ from the kept one's. */
const COMPARE = `async ({ pngs, kept, columns, tolerance }) => {
  const { context, width, height } = await (${DRAW})(pngs, columns);
  const image = await createImageBitmap(await (await fetch("data:image/webp;base64," + kept)).blob());
  const other = new OffscreenCanvas(image.width, image.height).getContext("2d", { willReadFrequently: true });
  other.drawImage(image, 0, 0);
  return pngs.map((_, at) => {
    const place = [(at % columns) * width, Math.floor(at / columns) * height, width, height];
    const found = context.getImageData(...place).data, wanted = other.getImageData(...place).data;
    let differing = 0;
    for (let cell = 0; cell < found.length; cell += 4)
      if ([0, 1, 2].some((channel) => Math.abs(found[cell + channel] - wanted[cell + channel]) > tolerance)) differing++;
    return differing / (width * height);
  });
}`;
