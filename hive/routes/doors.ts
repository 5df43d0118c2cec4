// Who may come in: host names, origins, content types, the token, the version of the contract.
import { timingSafeEqual } from "node:crypto";
import { CONTRACT_HEADER, CONTRACT_VERSION } from "../../lib/contract/operations.ts";
import { fail } from "../../lib/errors.ts";

export interface Doors {
  /** Undefined with `--no-auth`. */
  readonly token: string | undefined;
  /** Whether it is the key of a browser that signed in. */
  readonly acceptsKey: (key: string) => boolean;
  readonly allowHosts: readonly string[];
  readonly allowOrigins: readonly string[];
  /** What the hive listens on. */
  readonly host: string;
  readonly port: number;
}

const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];

/** A name that is not ours means that a page made a browser ask us (DNS rebinding). @throws HOST_REFUSED. */
export function checkHost(request: Request, doors: Doors): void {
  const written = request.headers.get("host") ?? "";
  const name = written.replace(/:\d+$/, "").toLowerCase();
  const ours = [...LOOPBACK, doors.host, ...doors.allowHosts].map((host) => host.toLowerCase());
  if (!ours.includes(name)) throw fail("HOST_REFUSED", { host: name || "(none)" });
}

/** @throws ORIGIN_REFUSED for a page of another site. Programs send no Origin. */
export function checkOrigin(request: Request, doors: Doors): void {
  const origin = request.headers.get("origin");
  if (origin === null || doors.allowOrigins.includes(origin)) return;
  const host = request.headers.get("host");
  if (origin !== `http://${host}` && origin !== `https://${host}`) throw fail("ORIGIN_REFUSED", { origin });
}

/** What a page of an allowed site may read of an answer besides its body. */
const READABLE = "location, retry-after, x-rbee-contract";

/** What a browser is told for a page of an allowed site; nothing for others. Source: WHATWG Fetch, 3.2 (CORS protocol). */
export function corsHeaders(request: Request, { allowOrigins }: Doors): Record<string, string> {
  const origin = request.headers.get("origin");
  if (origin === null || !allowOrigins.includes(origin)) return {};
  return { "access-control-allow-origin": origin, "access-control-expose-headers": READABLE, vary: "origin" };
}

/** The answer to a browser that asks whether a page may ask; undefined for every other request. The key is never in it. */
export function preflight(request: Request): Response | undefined {
  const method = request.headers.get("access-control-request-method");
  if (request.method !== "OPTIONS" || method === null) return undefined;
  const headers = request.headers.get("access-control-request-headers");
  return new Response(null, {
    status: 204,
    headers: {
      "access-control-allow-methods": "GET, POST, PATCH, DELETE",
      "access-control-max-age": "600",
      ...(headers === null ? {} : { "access-control-allow-headers": headers }),
    },
  });
}

/** Where files are sent to; a form from another site is stopped by its Origin and the missing token. */
const UPLOADS = /^\/v1\/(audio|images)\//;

/** A piece of an upload. Source: tus 1.0. */
const PIECE = "application/offset+octet-stream";

/** A form of another site can send any body but not this type. @throws CONTENT_TYPE. */
export function checkContentType(request: Request): void {
  if (request.method === "PATCH" && request.headers.get("content-type") !== PIECE)
    throw fail("CONTENT_TYPE", { wanted: PIECE, found: request.headers.get("content-type") ?? "nothing" });
  if (request.method !== "POST" || request.headers.get("content-length") === "0") return;
  const found = request.headers.get("content-type") ?? "nothing";
  const hasBody = request.headers.has("content-length") || request.headers.has("transfer-encoding");
  if (!hasBody || /^application\/json\s*(;|$)/i.test(found)) return;
  if (/^multipart\/form-data\s*;/i.test(found) && UPLOADS.test(new URL(request.url).pathname)) return;
  throw fail("CONTENT_TYPE", { wanted: "application/json", found });
}

/** @throws UNAUTHORIZED. The comparison takes the same time wherever the tokens differ. */
export function checkToken(request: Request, { token, acceptsKey }: Doors): void {
  if (token === undefined) return;
  const key = request.headers.get("authorization")?.replace(/^Bearer /i, "") ?? "";
  const given = Buffer.from(key);
  const wanted = Buffer.from(token);
  if (given.length === wanted.length && timingSafeEqual(given, wanted)) return;
  if (!acceptsKey(key)) throw fail("UNAUTHORIZED", {});
}

/** @throws CONTRACT_MISMATCH when the caller names a contract and it is another one. */
export function checkContract(request: Request, { host, port }: Doors): void {
  const theirs = request.headers.get(CONTRACT_HEADER);
  if (theirs !== null && theirs !== String(CONTRACT_VERSION))
    throw fail("CONTRACT_MISMATCH", { ours: theirs, theirs: CONTRACT_VERSION, url: `http://${host}:${port}` });
}
