// What a hive says of its machine: from its last look, anew on request and after an install; a tool that hangs costs a line.
import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Home, makeHome } from "../harness.ts";
import { writeRecipe } from "../recipes.ts";

interface Machine {
  readonly devices: readonly { readonly id: string; readonly name: string }[];
  readonly notes: readonly string[];
}

/** A home whose PATH begins with a directory of its own. */
function homeWithTools(): Home {
  const home = makeHome();
  home.env.PATH = `${join(home.path, "tools")}:${home.env.PATH}`;
  home.env.RBEE_CATALOG = join(home.path, "catalog");
  mkdirSync(join(home.path, "tools"));
  return home;
}

function tool(home: Home, name: string, script: string): void {
  const path = join(home.path, "tools", name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
}

async function look(home: Home, ...flags: string[]): Promise<Machine> {
  return JSON.parse((await home.rbee(["capabilities", "--json", ...flags])).stdout) as Machine;
}

const cuda = ({ devices }: Machine) => devices.filter(({ id }) => id.startsWith("cuda")).map(({ id }) => id);

test("devices are those of the last look; --refresh and an install look again", async () => {
  await using home = homeWithTools();
  tool(home, "nvidia-smi", "exit 9");
  await home.rbee(["hive", "start", "--port", "0"]);
  const first = await look(home);
  expect([cuda(first), first.notes.filter((note) => note.startsWith("nvidia"))]).toEqual([[], ["nvidia-smi failed: exit 9"]]);
  tool(home, "nvidia-smi", "echo '0, NVIDIA GeForce RTX 4090, 24564'");
  expect(cuda(await look(home))).toEqual([]);
  expect(cuda(await look(home, "--refresh"))).toEqual(["cuda:0"]);
  expect((await home.rbee(["capabilities"])).stdout).toContain("cuda:0  NVIDIA GeForce RTX 4090 (25.8 GB)");
  tool(home, "nvidia-smi", "echo '0, NVIDIA GeForce RTX 4090, 24564'; echo '1, NVIDIA GeForce RTX 4090, 24564'");
  writeRecipe(home.env.RBEE_CATALOG!, "small");
  expect((await home.rbee(["worker", "download", "small", "--yes"])).code).toBe(0);
  expect(cuda(await look(home))).toEqual(["cuda:0", "cuda:1"]);
});

test("a tool that hangs costs one line and keeps nobody from the rest", async () => {
  await using home = homeWithTools();
  tool(home, "nvidia-smi", "sleep 600");
  tool(home, "rocm-smi", `echo '{"card0": {"Card Series": "Radeon RX 7900 XT", "VRAM Total Memory (B)": "21458059264"}}'`);
  const { devices, notes } = await look(home);
  expect(devices.map(({ id }) => id)).toContain("rocm:0");
  expect(notes).toContain("nvidia-smi did not answer within 2 s");
});
