// The bar of a download, at every width that a terminal may have.
import { expect, test } from "bun:test";
import { renderBar } from "../../cli/bar.ts";
import { Rate } from "../../lib/rate.ts";
import { formatBytes } from "../../lib/units.ts";

const rate = new Rate();
rate.look(0, 0);
rate.look(50e6, 1_000);
const bar = (width: number, total: number | null = 400e6) =>
  renderBar({ what: "model.gguf", done: 50e6, total, amount: formatBytes, rate }, width);

test("with room for it a bar tells name, size, speed and the time left", () => {
  expect(bar(90)).toContain("model.gguf");
  expect(bar(90)).toContain("12 %  50.0 MB of 400 MB  50.0 MB/s  7 s left");
  expect(bar(90)).toMatch(/█+░+/);
});

test("no width is too small, and the number stays longest", () => {
  for (let width = 4; width < 120; width++) {
    expect(Bun.stringWidth(bar(width))).toBeLessThanOrEqual(width);
    expect(bar(width)).toContain("12 %");
  }
});

test("without a known size there is no bar and no end in sight", () => {
  expect(bar(60, null)).toBe("model.gguf  50.0 MB  50.0 MB/s");
});

test("speed is what it was in the last seconds, and starts anew when a transfer does", () => {
  const changing = new Rate();
  for (let second = 0; second <= 20; second++) changing.look(second < 10 ? second * 100 : 1_000 + (second - 10) * 10, second * 1_000);
  expect(changing.perSecond).toBe(10);
  changing.look(0, 21_000);
  expect(changing.perSecond).toBeUndefined();
});
