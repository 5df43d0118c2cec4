// The client as a package for Node and Bun: `import { $, rbee } from "rbee"` outside of `rbee run`. scripts/package-client.ts packs it.
// It runs where there is no Bun: nothing here, and nothing that this imports, may use what only Bun has.
import { execFile } from "node:child_process";
import { HiveClient } from "../client.ts";
import { type ErrorData, errorFromData, fail, RbeeError } from "../errors.ts";
import { type TypedClient, typedClient } from "./typed-client.ts";

export { $ } from "zx";
export { RbeeError };

interface ConnectOptions {
  /** The hive (default: RBEE_HIVE_URL, else this machine's, which is started when none runs). */
  readonly url?: string;
  /** The key to the hive at `url` (default: RBEE_TOKEN). */
  readonly token?: string;
  /** The program that knows this machine's hive (default: RBEE, else `rbee` on PATH). */
  readonly binary?: string;
}

interface Connection {
  readonly rbee: TypedClient;
  /** Ends every job that was started through it and is not over, and waits for them. */
  cancelAll(): Promise<void>;
}

/** A client of one hive. Nothing is asked before the first call. */
export function connect({ url = process.env.RBEE_HIVE_URL, token = process.env.RBEE_TOKEN, binary }: ConnectOptions = {}): Connection {
  let client: Promise<HiveClient> | undefined;
  return typedClient(() => {
    client ??= url ? Promise.resolve(new HiveClient(url.replace(/\/+$/, ""), token)) : connectHere(binary ?? process.env.RBEE ?? "rbee");
    client.catch(() => {
      client = undefined;
    });
    return client;
  });
}

/** Every operation as a function, for the hive that the environment names or this machine's. */
export const rbee: TypedClient = connect().rbee;

/** This machine's hive, by way of the program: it knows where the address and the key lie. One that ended is followed by the next. */
async function connectHere(binary: string): Promise<HiveClient> {
  const address = async () => {
    const { url } = JSON.parse(await ask(binary, ["hive", "start", "--ephemeral", "--json"])) as { url: string };
    return { url, token: process.env.RBEE_TOKEN ?? (await ask(binary, ["hive", "token"])).trim() };
  };
  const first = await address();
  return new HiveClient(first.url, first.token, address);
}

/** What the program prints. @throws the error that it tells as JSON. */
function ask(binary: string, words: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(binary, words, { encoding: "utf8" }, (error, stdout, stderr) => {
      if (error) reject(errorOf(error, binary, { stdout, stderr }));
      else resolve(stdout);
    });
  });
}

function errorOf(error: Error, binary: string, said: { stdout: string; stderr: string }): RbeeError {
  if ((error as { code?: unknown }).code === "ENOENT")
    return fail("FILE_NOT_FOUND", { path: binary }, { hint: "Install rbee, or name it: RBEE=/path/to/rbee" });
  try {
    return errorFromData((JSON.parse(said.stdout) as { error: ErrorData }).error);
  } catch {
    return fail("HIVE_UNREACHABLE", { url: "this machine", reason: said.stderr.trim().split("\n")[0] || error.message }, { cause: error });
  }
}
