// A worker for chats: an OpenAI server that repeats what was said, word by word, as slowly as it is told.
import { join } from "node:path";
import { writeRecipe } from "../recipes.ts";

const SERVER = `
const [port, token] = process.argv.slice(2);
const words = (text) => text.match(/\\S+\\s*/g) ?? [];
Bun.serve({
  port: Number(port),
  hostname: "127.0.0.1",
  idleTimeout: 0,
  async fetch(request) {
    if (new URL(request.url).pathname === "/health") return new Response("ok");
    if (request.headers.get("authorization") !== "Bearer " + token) return new Response("no", { status: 401 });
    const { messages } = await request.json();
    const said = messages.at(-1).content;
    console.log("asked: " + said);
    const encode = (data) => new TextEncoder().encode("data: " + (typeof data === "string" ? data : JSON.stringify(data)) + "\\n\\n");
    return new Response(
      new ReadableStream({
        async start(controller) {
          try {
            for (const word of words(said)) {
              controller.enqueue(encode({ choices: [{ delta: { content: word } }] }));
              await Bun.sleep(said.includes("slowly") ? 200 : 1);
            }
            controller.enqueue(encode({ choices: [], usage: { completion_tokens: words(said).length } }));
            controller.enqueue(encode("[DONE]"));
            controller.close();
          } catch {
            console.log("left alone");
          }
        },
      }),
      { headers: { "content-type": "text/event-stream" } },
    );
  },
});
console.log("the parrot listens");
`;

/** Adds the worker "parrot" to a catalog; `rbee` in its PATH is the program under test, which is a whole Bun too. */
export function writeParrot(catalog: string): void {
  writeRecipe(catalog, "parrot", {
    entry: {
      name: "Parrot",
      description: "Repeats what is said",
      run: { args: ["{port}", "{token}"], env: {}, health: "/health", api: "openai" },
    },
    files: { "server.mjs": SERVER, "parrot.sh": PROGRAM },
    more: "source=('server.mjs' 'parrot.sh')\nsha256sums=('SKIP' 'SKIP')",
    package:
      'install -Dm755 "$srcdir/parrot.sh" "$pkgdir/usr/bin/parrot"\n  install -Dm644 "$srcdir/server.mjs" "$pkgdir/usr/share/parrot/server.mjs"',
  });
}

const PROGRAM = `#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
BUN_BE_BUN=1 exec "$RBEE_BIN" "$here/../share/parrot/server.mjs" "$@"
`;

export const parrotCatalog = (home: string): string => join(home, "catalog");
