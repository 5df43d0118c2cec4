// Devices as the vendors' tools tell them: programs that print what the real ones print, and some that hang or fail.
import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { totalmem } from "node:os";
import { join } from "node:path";
import { askTool } from "../../lib/machine/ask.ts";
import { cpuFeatures } from "../../lib/machine/cpu-features.ts";
import { findDevices } from "../../lib/machine/devices/index.ts";
import { findProcess } from "../../lib/process/table.ts";
import { temporaryDirectory, until } from "../harness.ts";

const GIB = 2 ** 30;
let directory: ReturnType<typeof temporaryDirectory>;
beforeEach(() => {
  directory = temporaryDirectory();
  mkdirSync(join(directory.path, "bin"));
});
afterEach(() => directory[Symbol.dispose]());

/** A program on the PATH of the test. */
function tool(name: string, script: string): string {
  const path = join(directory.path, "bin", name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

const prints = (text: string, code = 0) => `cat <<'END'\n${text}\nEND\nexit ${code}`;
const look = () => findDevices({ path: join(directory.path, "bin"), root: directory.path });

test("a machine without any tool has no device and nothing to say", async () => {
  expect(await look()).toEqual({ devices: [], notes: [] });
});

test("NVIDIA: several cards; one that shares the processor's memory has no size of its own", async () => {
  tool("nvidia-smi", prints("0, NVIDIA H100 80GB HBM3, 81559\n1, NVIDIA GeForce RTX 4090, 24564\n2, NVIDIA GB10, [N/A]"));
  expect(await look()).toEqual({
    devices: [
      { id: "cuda:0", kind: "cuda", name: "NVIDIA H100 80GB HBM3", memory_bytes: 81559 * 2 ** 20 },
      { id: "cuda:1", kind: "cuda", name: "NVIDIA GeForce RTX 4090", memory_bytes: 24564 * 2 ** 20 },
      { id: "cuda:2", kind: "cuda", name: "NVIDIA GB10" },
    ],
    notes: [],
  });
});

test("a tool that fails costs one line with its own words", async () => {
  const words = "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.";
  tool("nvidia-smi", prints(words, 9));
  expect(await look()).toEqual({ devices: [], notes: [`nvidia-smi failed: ${words}`] });
});

const AMD_CARD = {
  gpu: 0,
  asic: { market_name: "AMD Instinct MI300X", vendor_id: "0x1002" },
  vram: { type: "HBM3", size: { value: 196592, unit: "MB" } },
};

test.each([
  ["as ROCm 7 writes it", JSON.stringify({ gpu_data: [AMD_CARD, { gpu: 1, asic: "N/A", vram: { size: "N/A" } }] })],
  ["as ROCm 6 writes it", JSON.stringify([AMD_CARD, { gpu: 1, asic: "N/A", vram: "N/A" }], null, 4)],
  ["after a warning", `WARNING: User is missing the following required groups: render\n${JSON.stringify([AMD_CARD, { gpu: 1 }])}`],
])("AMD, amd-smi %s", async (_, text) => {
  tool("amd-smi", prints(text));
  const { devices } = await look();
  expect(devices).toEqual([
    { id: "rocm:0", kind: "rocm", name: "AMD Instinct MI300X", memory_bytes: 196592 * 2 ** 20 },
    { id: "rocm:1", kind: "rocm", name: "AMD GPU" },
  ]);
});

test("AMD, rocm-smi where amd-smi is missing or of no use; the names of fields changed over the years", async () => {
  const card = (series: string) => ({ [series]: "Radeon RX 7900 XT", "VRAM Total Memory (B)": "21458059264", "Card Model": "0x744c" });
  tool(
    "rocm-smi",
    prints(JSON.stringify({ card0: card("Card Series"), card1: card("Card series"), system: { "Driver version": "6.7.0" } })),
  );
  tool("amd-smi", "exit 1");
  const expected = (index: number) => ({ id: `rocm:${index}`, kind: "rocm", name: "Radeon RX 7900 XT", memory_bytes: 21458059264 });
  expect(await look()).toEqual({ devices: [expected(0), expected(1)], notes: [] });
});

test("AMD: answers that cannot be read are one line each", async () => {
  tool("amd-smi", prints("no json here"));
  tool("rocm-smi", prints("[1,2"));
  expect((await look()).notes).toEqual(["amd-smi gave an answer that cannot be read", "rocm-smi gave an answer that cannot be read"]);
});

const vulkanCard = (index: number, type: string, name: string, heaps: string, uuid: string) => `GPU${index}:
VkPhysicalDeviceProperties:
---------------------------
\tapiVersion        = 1.3.230 (4206822)
\tdeviceType        = PHYSICAL_DEVICE_TYPE_${type}
\tdeviceName        = ${name}
VkPhysicalDeviceIDProperties:
\tdeviceUUID      = ${uuid}
VkPhysicalDeviceMemoryProperties:
=================================
memoryHeaps: count = 2
${heaps}
memoryTypes: count = 1
\tmemoryTypes[0]:
\t\theapIndex     = 0
\t\tpropertyFlags = 0x0001: count = 1
\t\t\tMEMORY_PROPERTY_DEVICE_LOCAL_BIT
`;
const heap = (index: number, bytes: number, flag: string) =>
  `\tmemoryHeaps[${index}]:\n\t\tsize   = ${bytes} (0x1) (1 GiB)\n\t\tbudget = 12\n\t\tflags: count = 1\n\t\t\t${flag}`;

test("Vulkan: memory is the device's own heaps, the number is the loader's, software and second drivers do not count", async () => {
  const own = `${heap(0, 8 * GIB, "MEMORY_HEAP_DEVICE_LOCAL_BIT")}\n${heap(1, 16 * GIB, "None")}`;
  tool(
    "vulkaninfo",
    prints(
      `'DISPLAY' environment variable not set... skipping surface info\n==========\nVULKANINFO\n==========\n\nDevice Groups:\nGPU id : 0 (x):\n${[
        vulkanCard(0, "CPU", "llvmpipe (LLVM 15.0.6, 256 bits)", heap(0, 2 * GIB, "MEMORY_HEAP_DEVICE_LOCAL_BIT"), "6d65"),
        vulkanCard(1, "DISCRETE_GPU", "AMD Radeon RX 6600 (RADV NAVI23)", own, "aa"),
        vulkanCard(2, "DISCRETE_GPU", "AMD Radeon RX 6600 (AMDVLK)", own, "aa"),
        vulkanCard(3, "INTEGRATED_GPU", "Intel(R) UHD Graphics 770", heap(0, 4 * GIB, "MEMORY_HEAP_DEVICE_LOCAL_BIT"), "bb"),
      ].join("\n")}`,
    ),
  );
  expect(await look()).toEqual({
    devices: [
      { id: "vulkan:1", kind: "vulkan", name: "AMD Radeon RX 6600 (RADV NAVI23)", memory_bytes: 8 * GIB },
      { id: "vulkan:3", kind: "vulkan", name: "Intel(R) UHD Graphics 770", memory_bytes: 4 * GIB },
    ],
    notes: [],
  });
});

test("Vulkan in software alone is no device, and that is said", async () => {
  const heaps = heap(0, 2 * GIB, "MEMORY_HEAP_DEVICE_LOCAL_BIT");
  tool("vulkaninfo", prints(vulkanCard(0, "CPU", "llvmpipe (LLVM 15.0.6, 256 bits)", heaps, "6d65")));
  expect(await look()).toEqual({
    devices: [],
    notes: ["Vulkan runs in software here (llvmpipe (LLVM 15.0.6, 256 bits)): that is no device"],
  });
});

test("Vulkan without vulkaninfo: cards that have a driver, with the memory that the kernel tells", async () => {
  const file = (path: string, text: string) => {
    mkdirSync(join(directory.path, path, ".."), { recursive: true });
    writeFileSync(join(directory.path, path), text);
  };
  const card = (name: string, vendor: string, device: string) => {
    file(`sys/class/drm/${name}/device/vendor`, `${vendor}\n`);
    file(`sys/class/drm/${name}/device/device`, `${device}\n`);
  };
  card("renderD128", "0x8086", "0x4680");
  card("renderD129", "0x1002", "0x744c");
  file("sys/class/drm/renderD129/device/mem_info_vram_total", "21458059264\n");
  expect(await look()).toEqual({ devices: [], notes: [] });
  file("usr/share/vulkan/icd.d/radeon_icd.x86_64.json", "{}");
  file("usr/share/vulkan/icd.d/lvp_icd.x86_64.json", "{}");
  expect(await look()).toEqual({
    devices: [{ id: "vulkan:0", kind: "vulkan", name: "AMD 0x744c", memory_bytes: 21458059264 }],
    notes: ["vulkaninfo is not installed: Vulkan devices are told from their drivers"],
  });
});

test("Metal: Apple's chips share the machine's memory, older Macs have their own, a card without Metal does not count", async () => {
  const displays = [
    { _name: "Apple M2 Pro", sppci_model: "Apple M2 Pro", sppci_cores: "19", spdisplays_mtlgpufamilysupport: "spdisplays_metal3" },
    {
      _name: "kHW_AMDRadeonPro560XItem",
      sppci_model: "Radeon Pro 560X",
      spdisplays_vram: "4 GB",
      spdisplays_metal: "spdisplays_supported",
    },
    { _name: "Old", spdisplays_vram: "256 MB" },
  ];
  tool("system_profiler", prints(JSON.stringify({ SPDisplaysDataType: displays })));
  const { devices } = await look();
  expect(devices.map(({ id, name }) => [id, name])).toEqual([
    ["metal:0", "Apple M2 Pro"],
    ["metal:1", "Radeon Pro 560X"],
  ]);
  expect(devices[0]!.memory_bytes).toBeGreaterThan(totalmem() / 2);
  expect(devices[1]!.memory_bytes).toBe(4 * GIB);
});

test("a tool that hangs costs its limit and one line, also when a child of it holds its output; nothing of it is left", async () => {
  const path = tool("nvidia-smi", `sleep 600 &\necho $! >${join(directory.path, "child")}\nwait`);
  const said = await askTool([path], 300);
  expect(said).toEqual({ problem: "nvidia-smi did not answer within 0.3 s" });
  const child = Number(await Bun.file(join(directory.path, "child")).text());
  await until("the child is gone", () => (findProcess(child)?.state ?? "Z") === "Z");
});

test("the processor's abilities are told in the kernel's words", async () => {
  const features = await cpuFeatures();
  expect(features).toEqual([...features].sort());
  if (process.platform === "linux") expect(features.length).toBeGreaterThan(0);
});
