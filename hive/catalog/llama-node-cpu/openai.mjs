// What an OpenAI client may ask of this server, read and checked. What it cannot do is refused by name, never passed over.
// Source: OpenAI's API reference (chat completions, completions, embeddings); names that llama.cpp's server adds.

/** Bad input: 400, with the field's name. */
export class Refusal extends Error {
  constructor(param, problem, code = null) {
    super(`${param}: ${problem}`);
    this.param = param;
    this.code = code;
  }
}

/** Lowest, highest; an `integer` is whole. */
const NUMBERS = {
  temperature: { from: 0, to: 2 },
  top_p: { from: 0, to: 1 },
  min_p: { from: 0, to: 1 },
  top_k: { from: 0, to: 1_000_000, integer: true },
  frequency_penalty: { from: -2, to: 2 },
  presence_penalty: { from: -2, to: 2 },
  seed: { from: -Number.MAX_SAFE_INTEGER, to: Number.MAX_SAFE_INTEGER, integer: true },
  max_tokens: { from: 1, to: 2 ** 31 - 1, integer: true },
  max_completion_tokens: { from: 1, to: 2 ** 31 - 1, integer: true },
  n: { from: 1, to: 128, integer: true },
};

/** Fields that would change the answer and are not here, and the values that ask for nothing. */
const NOT_HERE = {
  logprobs: [false],
  top_logprobs: [0],
  logit_bias: [],
  best_of: [1],
  echo: [false],
  suffix: [""],
  audio: [],
  functions: [],
  function_call: ["none"],
};

/** How many tokens, and how each is chosen. @throws Refusal */
export function readSampling(body) {
  for (const [name, { from, to, integer }] of Object.entries(NUMBERS)) {
    const value = body[name];
    const isGood = typeof value === "number" && value >= from && value <= to && (!integer || Number.isInteger(value));
    if (value != null && !isGood) throw new Refusal(name, `${integer ? "a whole number" : "a number"} from ${from} to ${to} is needed`);
  }
  for (const [name, idle] of Object.entries(NOT_HERE))
    if (body[name] != null && !idle.includes(body[name])) throw new Refusal(name, "not supported by this worker");
  const stops = readStops(body.stop);
  const penalties = { frequencyPenalty: body.frequency_penalty ?? 0, presencePenalty: body.presence_penalty ?? 0 };
  return {
    n: body.n ?? 1,
    maxTokens: body.max_completion_tokens ?? body.max_tokens ?? undefined,
    temperature: body.temperature ?? 0.8,
    topP: body.top_p ?? 0.95,
    minP: body.min_p ?? 0,
    topK: body.top_k ?? 0,
    // llama.cpp's seeds have 32 bits.
    ...(body.seed == null ? {} : { seed: Number(BigInt.asUintN(32, BigInt(body.seed))) }),
    ...(stops.length ? { customStopTriggers: stops } : {}),
    ...(penalties.frequencyPenalty || penalties.presencePenalty ? { repeatPenalty: { penalty: 1, ...penalties } } : {}),
  };
}

function readStops(stop) {
  const stops = [stop ?? []].flat();
  if (stops.some((text) => typeof text !== "string" || text === "")) throw new Refusal("stop", "a text or a list of texts is needed");
  return stops;
}

/** A conversation as node-llama-cpp's history, functions that may be called, and the schema that the answer must have. @throws Refusal */
export function readChat(body) {
  const schema = readFormat(body.response_format);
  const functions = readTools(body);
  if (schema && functions) throw new Refusal("response_format", "not together with tools");
  return {
    history: readMessages(body.messages),
    schema,
    functions,
    maxParallelFunctionCalls: body.parallel_tool_calls === false ? 1 : undefined,
  };
}

function readMessages(messages) {
  if (!Array.isArray(messages) || messages.length === 0) throw new Refusal("messages", "a list with at least one message is needed");
  const history = [];
  const calls = new Map();
  for (const message of messages) {
    if (message?.role === "tool") answerCall(calls, message);
    else history.push(readMessage(message, calls));
  }
  const [unanswered] = calls.keys();
  if (unanswered !== undefined) throw new Refusal("messages", `no message of the role tool answers the call ${unanswered}`);
  return joinAnswers(history);
}

function readMessage(message, calls) {
  const { role, content, tool_calls } = message ?? {};
  if (role === "system" || role === "developer") return { type: "system", text: textOf(content) };
  if (role === "user") return { type: "user", text: textOf(content) };
  if (role !== "assistant") throw new Refusal("messages", `the role ${role} is not supported by this worker`);
  const text = content == null ? "" : textOf(content);
  return { type: "model", response: [...(text ? [text] : []), ...[tool_calls ?? []].flat().map((call) => readCall(call, calls))] };
}

function readCall({ id, function: called } = {}, calls) {
  if (typeof id !== "string" || typeof called?.name !== "string")
    throw new Refusal("messages", "a tool call needs an id and a function's name");
  const call = { type: "functionCall", name: called.name, params: readJson(called.arguments || "{}", "messages"), result: undefined };
  calls.set(id, call);
  return call;
}

function answerCall(calls, { tool_call_id, content }) {
  const call = calls.get(tool_call_id);
  if (!call) throw new Refusal("messages", `no tool call before it has the id ${tool_call_id}`);
  const text = textOf(content);
  call.result = isJson(text) ? JSON.parse(text) : text;
  calls.delete(tool_call_id);
}

/** Calls, their results and what the model says next are one answer to node-llama-cpp. */
function joinAnswers(history) {
  const joined = [];
  for (const item of history) {
    const last = joined.at(-1);
    if (item.type === "model" && last?.type === "model") last.response.push(...item.response);
    else joined.push(item);
  }
  return joined;
}

function textOf(content) {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) throw new Refusal("messages", "content must be a text or a list of parts");
  const other = content.find((part) => part?.type !== "text" || typeof part.text !== "string");
  if (other) throw new Refusal("messages", `a part of the type ${other?.type} is not supported by this worker`);
  return content.map(({ text }) => text).join("");
}

function readTools({ tools, tool_choice: choice }) {
  if (choice != null && choice !== "auto" && choice !== "none")
    throw new Refusal("tool_choice", "only auto and none are supported by this worker");
  if (tools == null || choice === "none") return undefined;
  if (!Array.isArray(tools)) throw new Refusal("tools", "a list is needed");
  const functions = tools.map((tool) => {
    if (tool?.type !== "function" || typeof tool.function?.name !== "string")
      throw new Refusal("tools", "only functions with a name are supported");
    const { name, description, parameters } = tool.function;
    const hasParameters = Object.keys(parameters?.properties ?? {}).length > 0;
    return [name, { ...(description ? { description } : {}), ...(hasParameters ? { params: readSchema(parameters, "tools") } : {}) }];
  });
  return functions.length ? Object.fromEntries(functions) : undefined;
}

function readFormat(format) {
  if (format == null || format.type === "text") return undefined;
  if (format.type === "json_object") return { type: "object", additionalProperties: true };
  if (format.type !== "json_schema" || typeof format.json_schema?.schema !== "object")
    throw new Refusal("response_format", "text, json_object or json_schema with a schema is needed");
  return readSchema(format.json_schema.schema, "response_format");
}

/** Of JSON Schema what node-llama-cpp's grammars hold to; words that only explain are passed on or left out. */
const OBEYED =
  /^(type|const|enum|oneOf|properties|additionalProperties|minProperties|maxProperties|items|prefixItems|minItems|maxItems|minLength|maxLength|format|\$ref|\$defs|required)$/;
const EXPLAINS = /^(\$schema|\$id|title|default|examples|deprecated|readOnly|writeOnly|\$comment)$/;
const FORMATS = ["date-time", "time", "date"];

function readSchema(schema, param) {
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) throw new Refusal(param, "a schema must be an object");
  if ([schema.type].flat().length > 1 && schema.type.some((type) => type === "object" || type === "array"))
    throw new Refusal(param, "a schema with several types, one of them object or array, is not supported by this worker: write anyOf");
  const typed = schema.properties && !schema.type ? { type: "object", ...schema } : schema;
  const pairs = Object.entries(typed).filter(([word]) => !EXPLAINS.test(word));
  return Object.fromEntries(
    pairs.map(([word, value]) => (word === "anyOf" ? ["oneOf", readWord("oneOf", value, param)] : [word, readWord(word, value, param)])),
  );
}

function readWord(word, value, param) {
  if (word === "description") return value;
  if (!OBEYED.test(word)) throw new Refusal(param, `${word} in a schema is not supported by this worker`);
  if (word === "format" && !FORMATS.includes(value))
    throw new Refusal(param, `the format ${value} in a schema is not supported by this worker`);
  if (word === "properties" || word === "$defs")
    return Object.fromEntries(Object.entries(value ?? {}).map(([name, one]) => [name, readSchema(one, param)]));
  if (word === "oneOf" || word === "prefixItems") return [value].flat().map((one) => readSchema(one, param));
  if (word === "items" || (word === "additionalProperties" && typeof value === "object")) return readSchema(value, param);
  return value;
}

/** Texts to go on from. @throws Refusal */
export function readPrompts({ prompt }) {
  return texts("prompt", prompt);
}

/** Texts to embed. @throws Refusal */
export function readInputs({ input, encoding_format: format }) {
  if (format != null && format !== "float" && format !== "base64") throw new Refusal("encoding_format", "float or base64 is needed");
  return texts("input", input);
}

function texts(param, value) {
  const all = [value ?? []].flat();
  if (all.length === 0 || all.some((one) => typeof one !== "string")) throw new Refusal(param, "a text or a list of texts is needed");
  return all;
}

function readJson(text, param) {
  if (!isJson(text)) throw new Refusal(param, `${String(text).slice(0, 40)} is not JSON`);
  return JSON.parse(text);
}

function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
