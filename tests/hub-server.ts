// A server that behaves like the Hub: listings, ETags, redirects to a second origin with signatures that expire, gates, and every failure on demand.
import { createHash } from "node:crypto";
import type { Server } from "bun";
import { partAsked } from "./range-answer.ts";

export interface HubRepository {
  readonly files: Readonly<Record<string, Uint8Array | string>>;
  readonly gated?: boolean;
  /** Only this token sees it. */
  readonly token?: string;
}

/** What the server does wrong; change it while it runs. */
export interface HubFaults {
  /** Answers of this many requests for bytes, before they are served; the first is used first. */
  refusals: { status: number; headers?: Record<string, string> }[];
  ignoresRanges: boolean;
  /** Bodies end after this many bytes, this often. */
  truncations: { afterBytes: number }[];
  /** Signed addresses work this often, then they are 403. */
  usesOfSignature: number;
  /** Bytes other than those promised. */
  isCorrupt: boolean;
  /** Bytes are sent only when this resolves. */
  gate: Promise<void> | undefined;
}

export interface HubServer extends AsyncDisposable {
  readonly url: string;
  readonly faults: HubFaults;
  /** Every request: `GET /path`, with its Range and whether it carried a token. */
  readonly requests: { method: string; path: string; range: string | null; hasToken: boolean; host: "hub" | "cdn" }[];
  repositories: Record<string, HubRepository>;
}

export const COMMIT = "0123456789abcdef0123456789abcdef01234567";
/** Larger files are kept as the Hub keeps large files: known by SHA-256, served by the second origin. */
const LARGE = 1_000;

export function startHub(repositories: Record<string, HubRepository>): HubServer {
  const faults: HubFaults = {
    refusals: [],
    ignoresRanges: false,
    truncations: [],
    usesOfSignature: Number.POSITIVE_INFINITY,
    isCorrupt: false,
    gate: undefined,
  };
  const requests: HubServer["requests"] = [];
  const uses = new Map<string, number>();
  let signatures = 0;
  const note = (request: Request, host: "hub" | "cdn") => {
    const range = request.headers.get("range");
    const path = decodeURIComponent(new URL(request.url).pathname);
    requests.push({ method: request.method, path, range, hasToken: request.headers.has("authorization"), host });
  };
  const cdn: Server<undefined> = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      note(request, "cdn");
      const url = new URL(request.url);
      const signature = url.searchParams.get("signature") ?? "";
      uses.set(signature, (uses.get(signature) ?? 0) + 1);
      if (uses.get(signature)! > faults.usesOfSignature) return new Response("Request has expired", { status: 403 });
      return sendBytes(request, find(hub.repositories, decodeURIComponent(url.pathname.slice(1)))!, faults);
    },
  });
  const server: Server<undefined> = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      note(request, "hub");
      const path = decodeURIComponent(new URL(request.url).pathname);
      if (path === "/api/models") return answerSearch(hub.repositories, new URL(request.url).searchParams, faults);
      const api = /^\/api\/models\/([^/]+\/[^/]+)\/(revision|tree)\/([^/]+)/.exec(path);
      const file = /^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(path);
      const name = api?.[1] ?? file?.[1] ?? "";
      const repository = hub.repositories[name];
      const refused = refuse(request, repository, api?.[3] ?? file?.[2] ?? "", file !== null);
      if (refused) return refused;
      if (api?.[2] === "revision")
        return Response.json({
          _id: "1",
          id: name,
          sha: COMMIT,
          gated: repository!.gated ? "manual" : false,
          private: false,
          downloads: 0,
          likes: 0,
          lastModified: "2025-01-01T00:00:00.000Z",
          siblings: Object.keys(repository!.files).map((rfilename) => ({ rfilename })),
        });
      if (api) return Response.json(Object.entries(repository!.files).map(([entry, content]) => describe(entry, bytesOf(content))));
      const bytes = find(hub.repositories, `${name}/${file?.[3]}`);
      if (!bytes) return new Response("Entry not found", { status: 404, headers: { "x-error-code": "EntryNotFound" } });
      if (bytes.length <= LARGE) return sendBytes(request, bytes, faults);
      const signed = `http://127.0.0.1:${cdn.port}/${encodeURIComponent(`${name}/${file![3]}`)}?signature=${++signatures}`;
      return new Response(null, {
        status: 302,
        headers: {
          location: signed,
          "x-linked-size": String(bytes.length),
          "x-linked-etag": `"${sha256(bytes)}"`,
          "x-repo-commit": COMMIT,
        },
      });
    },
  });
  const hub: HubServer = {
    url: `http://127.0.0.1:${server.port}`,
    faults,
    requests,
    repositories,
    async [Symbol.asyncDispose]() {
      await Promise.all([server.stop(true), cdn.stop(true)]);
    },
  };
  return hub;
}

/** As the Hub answers: every word of the search is somewhere in the name; the format is a tag. */
function answerSearch(repositories: HubServer["repositories"], asked: URLSearchParams, faults: HubFaults): Response {
  const refusal = faults.refusals.shift();
  if (refusal) return new Response("not now", refusal);
  const words = (asked.get("search") ?? "").toLowerCase().split(/\s+/);
  const found = Object.entries(repositories).filter(
    ([name, { files, token }]) =>
      !token &&
      words.every((word) => name.toLowerCase().includes(word)) &&
      (asked.get("filter") !== "gguf" || Object.keys(files).some((file) => file.endsWith(".gguf"))),
  );
  return Response.json(
    found.slice(0, Number(asked.get("limit"))).map(([id, { gated }], at) => ({
      _id: String(at),
      id,
      gated: gated ? "manual" : false,
      private: false,
      pipeline_tag: "text-generation",
      downloads: 1_234_567,
      likes: 89,
      lastModified: "2025-01-01T00:00:00.000Z",
    })),
  );
}

function refuse(request: Request, repository: HubRepository | undefined, revision: string, isFile: boolean): Response | undefined {
  const token = request.headers.get("authorization")?.slice("Bearer ".length);
  const error = (status: number, code: string, message: string) =>
    Response.json({ error: message }, { status, headers: { "x-error-code": code, "x-error-message": message } });
  if (!repository || (repository.token && token !== repository.token))
    return token ? error(404, "RepoNotFound", "Repository not found") : error(401, "RepoNotFound", "Invalid username or password.");
  if (revision !== "main" && revision !== COMMIT) return error(404, "RevisionNotFound", `Invalid rev id: ${revision}`);
  if (repository.gated && isFile && token !== "hf_accepted") return error(token ? 403 : 401, "GatedRepo", "Access to model is restricted.");
  return undefined;
}

async function sendBytes(request: Request, bytes: Uint8Array, faults: HubFaults): Promise<Response> {
  const refusal = faults.refusals.shift();
  if (refusal) return new Response("not now", refusal);
  await faults.gate;
  const etag = `"${sha256(bytes)}"`;
  const part = partAsked(faults.ignoresRanges ? new Request(request.url) : request, bytes.length, etag);
  const { status } = part;
  if (status === 416) return new Response(null, part);
  const body = bytes.slice(part.from, part.to);
  if (faults.isCorrupt && body.length > 0) body[0]! ^= 1;
  const headers = { ...part.headers, "content-length": String(body.length), "x-repo-commit": COMMIT };
  const truncation = faults.truncations.shift();
  if (!truncation) return new Response(body, { status, headers });
  return new Response(brokenBody(body.slice(0, truncation.afterBytes)), { status, headers });
}

/** Ends before it should: without a length, as a proxy that lost its server ends a body. */
function brokenBody(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
}

function describe(path: string, bytes: Uint8Array) {
  const oid = createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
  const large = bytes.length > LARGE ? { lfs: { oid: sha256(bytes), size: bytes.length, pointerSize: 130 } } : {};
  return { type: "file", path, size: bytes.length, oid, ...large };
}

function find(repositories: HubServer["repositories"], path: string): Uint8Array | undefined {
  const [, name, file] = /^([^/]+\/[^/]+)\/(.+)$/.exec(path) ?? [];
  const content = name && file ? repositories[name]?.files[file] : undefined;
  return content === undefined ? undefined : bytesOf(content);
}

function bytesOf(content: Uint8Array | string): Uint8Array {
  return typeof content === "string" ? new TextEncoder().encode(content) : content;
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
