// llama.cpp through node-llama-cpp: the model, its sequences, and what is generated in them.
import { getLlama, LlamaChat, LlamaCompletion, resolveChatWrapper } from "node-llama-cpp";
import { Refusal, readChat, readInputs, readPrompts } from "./openai.mjs";

/** llama.cpp itself, without a model. `gpu` is cuda, vulkan or metal; without it the processor works. */
export async function openLlama({ gpu, threads }) {
  return getLlama({ gpu: gpu ?? false, build: "never", skipDownload: true, logLevel: "warn", maxThreads: threads });
}

/** A model that answers up to `parallel` requests side by side. */
export async function openEngine(llama, { modelPath, threads, parallel, contextSize }) {
  const model = await llama.loadModel({ modelPath });
  const context = await model.createContext({
    sequences: parallel,
    threads,
    contextSize: contextSize ?? { max: Math.min(model.trainContextSize, 8192) },
  });
  const withSequence = lendSequences(Array.from({ length: parallel }, () => context.getSequence()));
  const chatWrapper = resolveChatWrapper(model);

  /** One thing to generate: how long its prompt is, and how it is done in a sequence. @throws Refusal when it does not fit */
  const task = (promptTokens, generate) => {
    if (promptTokens >= context.contextSize)
      throw new Refusal("messages or prompt", `${promptTokens} tokens, ${context.contextSize} fit`, "context_length_exceeded");
    return { promptTokens, run: (options) => runTask({ promptTokens, generate, withSequence, ...options }) };
  };
  return {
    async chatTasks(body) {
      const { schema, ...chat } = readChat(body);
      const grammar = schema && (await grammarOf(llama, schema));
      const how = grammar
        ? { grammar }
        : { functions: chat.functions, documentFunctionParams: true, maxParallelFunctionCalls: chat.maxParallelFunctionCalls };
      const generate = (contextSequence, options) =>
        new LlamaChat({ contextSequence, chatWrapper }).generateResponse(chat.history, { ...options, ...how });
      return [task(chatLength(model, chatWrapper, chat), generate)];
    },
    async textTasks(body) {
      return readPrompts(body).map((text) =>
        task(textLength(model, text), (sequence, options) => completeText(model, sequence, text, options)),
      );
    },
    embed: makeEmbedder(model, threads),
  };
}

/** Lends the sequence that was used last: a conversation that goes on finds in it what was said before. Who finds none waits in line. */
function lendSequences(free) {
  const waiting = [];
  return async (signal, use) => {
    const sequence = free.pop() ?? (await new Promise((resolve) => waiting.push(resolve)));
    try {
      signal.throwIfAborted();
      return await use(sequence);
    } finally {
      const next = waiting.shift();
      if (next) next(sequence);
      else free.push(sequence);
    }
  };
}

async function runTask({ promptTokens, generate, withSequence, sampling, signal, onPiece }) {
  return withSequence(signal, async (sequence) => {
    const before = sequence.tokenMeter.getState();
    const thoughts = [];
    const room = sequence.contextSize - promptTokens;
    const { n: _, ...chosen } = sampling;
    const result = await generate(sequence, {
      ...chosen,
      // Without a limit of its own an answer would push its own beginning out of the context, for ever.
      maxTokens: Math.min(chosen.maxTokens ?? room, room),
      signal,
      onResponseChunk({ segmentType, text }) {
        if (segmentType === "thought") thoughts.push(text);
        if (text && (segmentType === undefined || segmentType === "thought")) onPiece?.(segmentType ? { thought: text } : { text });
      },
    });
    const { usedInputTokens, usedOutputTokens } = sequence.tokenMeter.diff(before);
    return {
      text: result.response,
      thoughts: thoughts.join(""),
      calls: (result.functionCalls ?? []).map(callOf),
      finish_reason: { maxTokens: "length", functionCalls: "tool_calls" }[result.metadata.stopReason] ?? "stop",
      usage: { prompt: promptTokens, completion: usedOutputTokens, cached: Math.max(0, promptTokens - usedInputTokens) },
    };
  });
}

/** node-llama-cpp drops the space between a prompt and the first word after it; the tokens still have it. */
async function completeText(model, contextSequence, text, { onResponseChunk, ...options }) {
  let lead;
  let isFirst = true;
  const result = await new LlamaCompletion({ contextSequence }).generateCompletionWithMeta(text, {
    ...options,
    onToken: (tokens) => (lead ??= leadOf(model, text, tokens)),
    onTextChunk(piece) {
      onResponseChunk({ text: isFirst ? lead + piece : piece });
      isFirst = false;
    },
  });
  return { ...result, response: (lead ?? "") + result.response };
}

/** What comes before the first tokens' own text when they stand after `text`. */
function leadOf(model, text, tokens) {
  const after = model.detokenize(tokens, false, model.tokenize(text));
  const alone = model.detokenize(tokens);
  return after.endsWith(alone) ? after.slice(0, after.length - alone.length) : "";
}

function callOf({ functionName, params }) {
  return { id: `call_${crypto.randomUUID()}`, type: "function", function: { name: functionName, arguments: JSON.stringify(params ?? {}) } };
}

function chatLength(model, wrapper, { history, functions }) {
  const chatHistory = history.at(-1).type === "model" ? history : [...history, { type: "model", response: [] }];
  const { contextText } = wrapper.generateContextState({ chatHistory, availableFunctions: functions, documentFunctionParams: true });
  return contextText.tokenize(model.tokenizer).length;
}

function textLength(model, text) {
  return model.tokenize(text).length + (model.tokens.shouldPrependBosToken ? 1 : 0);
}

async function grammarOf(llama, schema) {
  try {
    return await llama.createGrammarForJsonSchema(schema);
  } catch (error) {
    throw new Refusal("response_format", error.message);
  }
}

function makeEmbedder(model, threads) {
  let opened;
  return async (body) => {
    const inputs = readInputs(body);
    opened ??= model.createEmbeddingContext({ threads });
    const context = await opened;
    const results = [];
    for (const input of inputs) {
      const { vector } = await context.getEmbeddingFor(input).catch((error) => {
        throw /longer than/.test(error.message) ? new Refusal("input", error.message, "context_length_exceeded") : error;
      });
      if (body.dimensions != null && body.dimensions !== vector.length)
        throw new Refusal("dimensions", `this model's vectors have ${vector.length}`);
      results.push({ vector, tokens: textLength(model, input) });
    }
    return results;
  };
}
