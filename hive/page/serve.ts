// The page and its assets as answers: compressed, cached by their digest, under a policy that lets nothing leave the machine.
import { fail } from "../../lib/errors.ts";
import { bundlePage, type PageFiles } from "./bundle.ts";
import { embedPage } from "./embed.ts" with { type: "macro" };

const embedded: PageFiles | null = embedPage();
let bundled: Promise<PageFiles> | undefined;

/** Source: Content Security Policy Level 3. Scripts, styles and connections are ours alone; nobody may frame the page. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** @throws NOT_FOUND. */
export async function pageFile(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  bundled ??= embedded ? Promise.resolve(embedded) : bundlePage();
  const files = await bundled;
  const file = Object.hasOwn(files, pathname) ? files[pathname] : undefined;
  if (!file) throw fail("NOT_FOUND", { path: pathname });
  const bytes = Buffer.from(file.gzip, "base64");
  const takesGzip = /\bgzip\b/.test(request.headers.get("accept-encoding") ?? "");
  return new Response(takesGzip ? bytes : Bun.gunzipSync(bytes), {
    headers: {
      "content-type": file.type,
      "content-security-policy": POLICY,
      "referrer-policy": "no-referrer",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin",
      vary: "accept-encoding",
      "cache-control": pathname === "/" ? "no-cache" : "public, max-age=31536000, immutable",
      ...(takesGzip ? { "content-encoding": "gzip" } : {}),
    },
  });
}
