// The conversation of this browser: it outlives the view and the tab, and an answer goes on while another view is shown.
import type { ChatMessage } from "../../lib/client/chat.ts";
import type { HiveClient } from "../../lib/client.ts";
import { toRbeeError } from "../../lib/errors.ts";

const STORED = "rbee.chat";
/** Messages that are kept. */
const KEPT = 200;

export interface Said extends ChatMessage {
  readonly id: number;
  readonly model?: string;
  readonly tokens?: number;
  /** Pieces that came, for a worker that does not count tokens. */
  readonly pieces?: number;
  /** From the first piece to the last. */
  readonly ms?: number;
  readonly isStopped?: boolean;
  readonly error?: string;
}

export interface Conversation {
  readonly messages: readonly Said[];
  readonly isBusy: boolean;
}

class ChatStore {
  #conversation: Conversation = { messages: restore(), isBusy: false };
  #abort: AbortController | undefined;
  readonly #listeners = new Set<() => void>();

  readonly conversation = (): Conversation => this.#conversation;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Asks and takes the answer as it comes. */
  async ask(client: HiveClient, model: string, content: string): Promise<void> {
    const question: Said = { id: this.#nextId(), role: "user", content };
    let answer: Said = { id: question.id + 1, role: "assistant", content: "", model };
    const before = [...this.#conversation.messages, question];
    const draw = (isBusy: boolean) => this.#draw({ messages: [...before, answer], isBusy });
    draw(true);
    const abort = new AbortController();
    this.#abort = abort;
    let firstAt: number | undefined;
    try {
      const messages = before.filter(({ content: text }) => text !== "").map(({ role, content: text }) => ({ role, content: text }));
      for await (const { text, tokens } of client.chat({ model, messages }, { signal: abort.signal })) {
        firstAt ??= performance.now();
        const ms = performance.now() - firstAt;
        answer = {
          ...answer,
          content: answer.content + text,
          ms,
          pieces: (answer.pieces ?? 0) + (text === "" ? 0 : 1),
          ...(tokens === undefined ? {} : { tokens }),
        };
        draw(true);
      }
    } catch (thrown) {
      answer = { ...answer, ...(abort.signal.aborted ? { isStopped: true } : { error: toRbeeError(thrown).message }) };
    }
    draw(false);
    localStorage.setItem(STORED, JSON.stringify(this.#conversation.messages.slice(-KEPT)));
  }

  stop(): void {
    this.#abort?.abort();
  }

  clear(): void {
    this.stop();
    localStorage.removeItem(STORED);
    this.#draw({ messages: [], isBusy: false });
  }

  #nextId(): number {
    return (this.#conversation.messages.at(-1)?.id ?? 0) + 1;
  }

  #draw(conversation: Conversation): void {
    this.#conversation = conversation;
    for (const listener of this.#listeners) listener();
  }
}

function restore(): readonly Said[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(STORED) ?? "[]");
    return Array.isArray(stored) ? (stored as Said[]) : [];
  } catch {
    return [];
  }
}

export const chat = new ChatStore();
