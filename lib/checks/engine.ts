// Does the graphics card's driver carry the engine that a worker is built on.
import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import type { Entry } from "../contract/entry.ts";
import type { Finding } from "../contract/views.ts";
import { ask } from "../machine/ask.ts";
import { asRoot, fine, problem, warning } from "./finding.ts";
import { compareNumbers } from "./tools.ts";

/** One look for each kind of engine. */
export function checkEngine(type: Entry["worker_type"]): Promise<Finding> | Finding {
  const looks = { cpu: () => fine("engine", "Runs on the processor"), cuda, rocm, vulkan, metal };
  return looks[type]();
}

/** The driver says the newest CUDA that it runs; a newer toolkit builds what will not start. Source: nvidia-smi(1), CUDA compatibility guide. */
async function cuda(): Promise<Finding> {
  const smi = Bun.which("nvidia-smi");
  if (!smi) return problem("engine", "There is no NVIDIA driver (nvidia-smi is not here)", driverCommand());
  const said = await ask([smi]);
  const carries = /CUDA Version:\s*(\d+\.\d+)/.exec(said ?? "")?.[1];
  if (!carries) return problem("engine", "nvidia-smi gives no answer: the driver is not loaded", asRoot("modprobe nvidia"));
  const nvcc = Bun.which("nvcc");
  const toolkit = nvcc && /release (\d+\.\d+)/.exec((await ask([nvcc, "--version"])) ?? "")?.[1];
  if (toolkit && compareNumbers(toolkit, carries) > 0)
    return problem(
      "engine",
      `CUDA ${toolkit} is installed, the driver runs at most ${carries}: what is built will not start`,
      driverCommand(),
    );
  return fine("engine", `The NVIDIA driver runs CUDA up to ${carries}${toolkit ? `, the toolkit is ${toolkit}` : ""}`);
}

/** Source: the ROCm installation guide: /dev/kfd and the groups render and video. */
function rocm(): Finding {
  if (!existsSync("/dev/kfd")) return problem("engine", "There is no AMD compute driver (/dev/kfd is not here)", asRoot("modprobe amdgpu"));
  try {
    accessSync("/dev/kfd", constants.R_OK | constants.W_OK);
    return fine("engine", "The AMD compute driver is here");
  } catch {
    return problem("engine", "You may not use /dev/kfd", asRoot('usermod -aG render,video "$(id -un)"'));
  }
}

/** Source: the Vulkan loader's driver discovery (LoaderDriverInterface.md). */
function vulkan(): Finding {
  const places = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d"];
  const drivers = places.flatMap((place) => (existsSync(place) ? readdirSync(place).filter((name) => name.endsWith(".json")) : []));
  if (drivers.length > 0)
    return fine("engine", `Vulkan drivers: ${drivers.map((name) => name.replace(/(_icd.*)?\.json$/, "")).join(", ")}`);
  if (process.platform !== "linux") return warning("engine", "Nobody here can tell whether there is a Vulkan driver");
  return problem("engine", "There is no Vulkan driver", Bun.which("apt-get") ? asRoot("apt install mesa-vulkan-drivers") : undefined);
}

function metal(): Finding {
  return process.platform === "darwin" ? fine("engine", "macOS has Metal") : problem("engine", "Metal exists on macOS only");
}

function driverCommand(): string | undefined {
  if (Bun.which("apt-get")) return asRoot("apt install nvidia-driver");
  if (Bun.which("dnf")) return asRoot("dnf install akmod-nvidia");
  if (Bun.which("pacman")) return asRoot("pacman -S nvidia");
  return undefined;
}
