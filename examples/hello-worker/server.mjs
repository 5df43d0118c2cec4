// The smallest worker: says hello in OpenAI's words. rbee is the Bun that runs it.
const option = (name, fallback) => process.argv[process.argv.indexOf(name) + 1] ?? fallback;
const key = process.env.HELLO_API_KEY;
const chunk = (delta, finish_reason = null) =>
  `data: ${JSON.stringify({ id: "1", object: "chat.completion.chunk", created: 0, model: "hello", choices: [{ index: 0, delta, finish_reason }] })}\n\n`;

const server = Bun.serve({
  hostname: option("--host", "127.0.0.1"),
  port: Number(option("--port", "8080")),
  async fetch(request) {
    if (new URL(request.url).pathname === "/health") return new Response("ok");
    if (key && request.headers.get("authorization") !== `Bearer ${key}`) return new Response("The key is wrong", { status: 401 });
    const { stream } = await request.json();
    const message = { role: "assistant", content: "hello" };
    if (!stream)
      return Response.json({
        id: "1",
        object: "chat.completion",
        created: 0,
        model: "hello",
        choices: [{ index: 0, message, finish_reason: "stop" }],
      });
    return new Response(`${chunk(message)}${chunk({}, "stop")}data: [DONE]\n\n`, { headers: { "content-type": "text/event-stream" } });
  },
});
console.log(`ready on ${server.url}`);
