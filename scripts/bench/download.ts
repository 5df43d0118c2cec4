// Model downloads from a loopback server that behaves like the Hub, beside curl, aria2c and (where it is installed) hf.
// node scripts/dev.mjs scripts/bench/download.ts [--megabytes 1000] [--rounds 3] [--hf PROGRAM] [--only WAY]
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { renderTable } from "../../lib/table.ts";
import { root, temporaryDirectory } from "../../tests/harness.ts";
import { partAsked } from "../../tests/range-answer.ts";

const { values } = parseArgs({
  options: {
    megabytes: { type: "string", default: "1000" },
    rounds: { type: "string", default: "3" },
    serve: { type: "string" },
    sum: { type: "string" },
    hf: { type: "string" },
    /** Only the ways that begin so. */
    only: { type: "string", default: "" },
  },
});
const COMMIT = "0123456789abcdef0123456789abcdef01234567";

/** Serves one large file from the disk, with ranges and an ETag, behind a redirect; its own process, as a real server is. */
function serve(path: string, sha256: string): void {
  const file = Bun.file(path);
  const about = { "x-repo-commit": COMMIT, "x-linked-etag": `"${sha256}"`, "x-linked-size": String(file.size) };
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      const { pathname, origin } = new URL(request.url);
      if (pathname.includes("/resolve/"))
        return new Response(null, { status: 302, headers: { ...about, location: `${origin}/cdn/big.gguf` } });
      const part = partAsked(request, file.size, '"big"');
      return new Response(file.slice(part.from, part.to), { ...part, headers: { ...about, ...part.headers } });
    },
  });
  console.log(server.port);
}

interface Run {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMb: number;
}

function run(command: string[], env: Record<string, string | undefined>): Run {
  const from = performance.now();
  const { exitCode, stderr, resourceUsage } = Bun.spawnSync(command, { env, stdout: "ignore", stderr: "pipe" });
  if (exitCode !== 0) throw new Error(`${command[0]}: ${stderr.toString()}`);
  const { maxRSS, cpuTime } = resourceUsage!;
  return { seconds: (performance.now() - from) / 1000, cpuSeconds: Number(cpuTime.total) / 1e6, peakMb: Math.round(maxRSS / 1e6) };
}

/** Writes the file piece by piece, so that our own memory does not count as a child's. */
function writeBig(path: string, megabytes: number): string {
  const piece = crypto.getRandomValues(new Uint8Array(62_500));
  const hasher = new Bun.CryptoHasher("sha256");
  const file = openSync(path, "w");
  for (let count = 0; count < megabytes * 16; count++) {
    piece[0] = count;
    writeSync(file, piece);
    hasher.update(piece);
  }
  closeSync(file);
  return hasher.digest("hex");
}

async function main(): Promise<void> {
  using directory = temporaryDirectory("rbee-bench");
  const at = (name: string) => join(directory.path, name);
  const megabytes = Number(values.megabytes);
  const sha256 = writeBig(at("big.gguf"), megabytes);
  const server = Bun.spawn([process.execPath, import.meta.path, "--serve", at("big.gguf"), "--sum", sha256], { stdout: "pipe" });
  const port = new TextDecoder().decode((await server.stdout.getReader().read()).value).trim();
  const url = `http://127.0.0.1:${port}/org/big/resolve/${COMMIT}/big.gguf`;
  mkdirSync(at("out"));
  writeFileSync(
    at("download.ts"),
    `import { download } from ${JSON.stringify(join(root, "lib/download.ts"))};
     await download(process.argv[2], process.argv[3], process.argv[4] ? { expected: { hash: { name: "sha256", hex: process.argv[4] } } } : {});`,
  );
  const ways: Record<string, string[]> = {
    "rbee, checked (sha256)": [process.execPath, at("download.ts"), url, at("out/file"), sha256],
    "rbee, unchecked": [process.execPath, at("download.ts"), url, at("out/file")],
    "curl, unchecked": ["curl", "-sSL", "-o", at("out/file"), url],
    // What is told as fetched survives a power cut only then.
    "curl, then sync": ["sh", "-c", `curl -sSL -o ${at("out/file")} ${url} && sync ${at("out/file")}`],
    "curl | sha256sum": ["sh", "-c", `curl -sSL ${url} | tee ${at("out/file")} | sha256sum`],
    "aria2c -x16, unchecked": ["aria2c", "-q", "-x16", "-s16", "-d", at("out"), "-o", "file", url],
    "aria2c -x16, checked": ["aria2c", "-q", "-x16", "-s16", `--checksum=sha-256=${sha256}`, "-d", at("out"), "-o", "file", url],
    "hf download": [values.hf ?? "hf", "download", "org/big", "big.gguf", "--revision", COMMIT],
  };
  const env = { ...process.env, HF_ENDPOINT: `http://127.0.0.1:${port}`, HF_HOME: at("out/hf"), HF_HUB_DISABLE_TELEMETRY: "1" };
  const measured = new Map<string, Run[]>();
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [name, command] of Object.entries(ways)) {
      if (!Bun.which(command[0]!) || !name.startsWith(values.only)) continue;
      measured.set(name, [...(measured.get(name) ?? []), run(command, env)]);
      for (const name of ["file", "hf"]) rmSync(at(`out/${name}`), { recursive: true, force: true });
    }
  }
  server.kill();
  const rows = [...measured].map(([name, runs]) => {
    const middle = (pick: (each: Run) => number) => runs.map(pick).sort((a, b) => a - b)[Math.floor(runs.length / 2)]!;
    const seconds = middle((each) => each.seconds);
    const cpu = middle((each) => each.cpuSeconds).toFixed(2);
    return [name, seconds.toFixed(2), (megabytes / seconds).toFixed(0), cpu, String(Math.max(...runs.map(({ peakMb }) => peakMb)))];
  });
  console.log(
    renderTable([{ title: `${megabytes} MB` }, { title: "SECONDS" }, { title: "MB/S" }, { title: "CPU S" }, { title: "PEAK MB" }], rows),
  );
}

if (values.serve) serve(values.serve, values.sum ?? "");
else await main();
