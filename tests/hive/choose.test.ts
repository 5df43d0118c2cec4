// Which worker, model and device are chosen, and which devices are refused: as data, for machines that no test runs on.
import { expect, test } from "bun:test";
import { choose } from "../../hive/worker/choose.ts";
import { checkDevice, type Devices, memoryAt, overlap } from "../../hive/worker/device.ts";
import { Entry } from "../../lib/contract/entry.ts";
import type { InstalledWorker, Model } from "../../lib/contract/views.ts";
import { makeEntry } from "../recipes.ts";

const GIB = 2 ** 30;
const devices: Devices = [
  { id: "cpu", kind: "cpu", name: "a processor" },
  { id: "vulkan:0", kind: "vulkan", name: "one", memory_bytes: 4 * GIB },
  { id: "vulkan:1", kind: "vulkan", name: "two", memory_bytes: 8 * GIB },
  { id: "rocm:0", kind: "rocm", name: "size not told" },
];

function worker(id: string, type: string, more: Partial<InstalledWorker> = {}): InstalledWorker {
  // A type whose driver is looked for would depend on the machine that tests: the entry says cpu, the worker its own.
  const entry = Entry.parse({ ...makeEntry(id), run: { args: ["--model", "{model}"] } });
  const place = { binary: "", tree: "", prefix: "", origin: "", digest: "", size_bytes: 0, files: 0, installed_at: 1 };
  return { id, name: id, version: "1", worker_type: type, active: true, pinned: false, entry, ...place, ...more };
}

function model(id: string, bytes: number, more: Partial<Model> = {}): Model {
  const fixed = { path: "/none", format: "gguf", source: id, kept: "copied" as const, files: [] };
  return { id, size_bytes: bytes, added_at: 1, ...fixed, ...more, format: "safetensors" };
}

const runsAll = (each: InstalledWorker) => ({ ...each, entry: { ...each.entry, supported_formats: ["gguf", "safetensors"] } });
const cpu = runsAll(worker("on-cpu", "cpu", { last_used_at: 5 }));
const vulkan = runsAll(worker("on-vulkan", "vulkan", { last_used_at: 3 }));
const cuda = runsAll(worker("on-cuda", "cuda", { last_used_at: 9 }));
const small = model("small", GIB, { last_used_at: 1 });
const huge = model("huge", 5000 * GIB, { last_used_at: 9 });

test("the worker used last is chosen, and one whose device nobody saw only when there is no other", () => {
  const stock = { workers: [vulkan, cpu, cuda], models: [small], devices };
  expect(choose({}, stock).worker.id).toBe("on-cpu");
  expect(choose({}, { ...stock, workers: [cuda, vulkan] }).worker.id).toBe("on-vulkan");
  expect(choose({}, { ...stock, workers: [cuda] }).worker.id).toBe("on-cuda");
});

test("a wished device chooses a worker that computes there; the processor is open to all", () => {
  const stock = { workers: [cpu, vulkan, cuda], models: [small], devices };
  expect(choose({ device: "vulkan:1" }, stock).worker.id).toBe("on-vulkan");
  expect(choose({ device: "cpu" }, { ...stock, workers: [vulkan] }).worker.id).toBe("on-vulkan");
  expect(() => choose({ device: "rocm:0" }, stock)).toThrow(expect.objectContaining({ code: "NOTHING_FITS" }));
});

test("of several models the last used that the device has room for is chosen, and what was picked is said", () => {
  const stock = { workers: [vulkan], models: [small, huge], devices };
  const choice = choose({}, stock);
  expect(choice.model?.id).toBe("small");
  expect(choice.reasons).toEqual([
    "Worker: on-vulkan (last used, on vulkan)",
    expect.stringMatching(/^Model: small \(last used, needs about 1\.\d+ GB\)$/),
  ]);
  expect(choose({ model: huge }, stock).model?.id).toBe("huge");
});

test("a device that is not here is refused with those that are; a kind that nobody saw is a remark", () => {
  expect(checkDevice("vulkan:1", vulkan, devices)).toBeUndefined();
  expect(() => checkDevice("vulkan:0,7", vulkan, devices)).toThrow("There is no vulkan:7 here; there is vulkan:0, vulkan:1");
  expect(() => checkDevice("cuda:0", vulkan, devices)).toThrow("on-vulkan computes on vulkan, not on cuda:0");
  expect(checkDevice("cuda:0", cuda, devices)).toContain("No cuda device was seen here");
  expect(checkDevice("cpu", cuda, devices)).toBeUndefined();
});

test("memory is that of the devices that are meant, and unknown where one of them does not tell", () => {
  expect(memoryAt("vulkan", devices)).toBe(12 * GIB);
  expect(memoryAt("vulkan:1", devices)).toBe(8 * GIB);
  expect(memoryAt("rocm", devices)).toBeUndefined();
  expect(memoryAt("cuda", devices)).toBeUndefined();
  expect(memoryAt("cpu", devices)).toBeGreaterThan(0);
});

test("workers share memory when they are on one kind and not on two different cards of it", () => {
  expect([overlap("cuda", "cuda:1"), overlap("cuda:0,1", "cuda:1"), overlap("cpu", "cpu")]).toEqual([true, true, true]);
  expect([overlap("cuda:0", "cuda:1"), overlap("cuda:0", "vulkan:0")]).toEqual([false, false]);
});
