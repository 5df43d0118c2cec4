// Which route a path means.
import { fail } from "../../lib/errors.ts";
import type { Answer } from "./call.ts";

/** `open`: without a token. `catalog`: open, errors in a catalog's shape. `openai`: errors in OpenAI's shape. */
export type RouteKind = "open" | "catalog" | "token" | "openai";
export type Route = readonly [method: string, path: string, kind: RouteKind, answer: Answer];

/** HEAD is GET for what is open. @throws NOT_FOUND; METHOD_NOT_ALLOWED with the methods that are. */
export function findRoute(routes: readonly Route[], method: string, path: string) {
  const allowed: string[] = [];
  for (const [wanted, pattern, kind, answer] of routes) {
    const slots = matchPath(pattern, path);
    if (!slots) continue;
    if (wanted === method || (method === "HEAD" && wanted === "GET" && kind === "open")) return { kind, answer, slots };
    allowed.push(wanted);
  }
  throw allowed.length > 0 ? fail("METHOD_NOT_ALLOWED", { method, path }, { data: { allowed } }) : fail("NOT_FOUND", { path });
}

/** The decoded texts in the places of `:name` and `*` (which takes slashes too); undefined when the path is another one. */
function matchPath(pattern: string, path: string): string[] | undefined {
  const rest = pattern.endsWith("/*") ? pattern.slice(0, -1) : undefined;
  if (rest !== undefined) return path.startsWith(rest) && path.length > rest.length ? [decode(path.slice(rest.length))] : undefined;
  const wanted = pattern.split("/");
  const found = path.split("/");
  if (wanted.length !== found.length) return undefined;
  const slots: string[] = [];
  for (const [index, part] of wanted.entries()) {
    if (part.startsWith(":") && found[index]) slots.push(decode(found[index]));
    else if (part !== found[index]) return undefined;
  }
  return slots;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
