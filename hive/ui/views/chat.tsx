// A conversation with a model.
import { Send, Square, SquarePen } from "lucide-react";
import { type KeyboardEvent, useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore } from "react";
import { chat, type Said } from "../chat-store.ts";
import { AnswerText } from "../parts/answer.tsx";
import { Button, LinkButton } from "../parts/button.tsx";
import { CopyLine } from "../parts/copy.tsx";
import { Empty, ErrorNotice, Notice, Waiting } from "../parts/notice.tsx";
import { PageHead } from "../parts/page-head.tsx";
import { useQuery } from "../query.ts";
import { hrefOf, useRoute } from "../router.ts";
import { useClient } from "../session.tsx";
import { texts } from "../texts.ts";

const words = texts.chat;
const STORED_MODEL = "rbee.chat.model";
const LOOK_MS = 10_000;

export function ChatView() {
  const models = useQuery("model_list", {}, LOOK_MS);
  const ids = models.data?.models.map(({ id }) => id) ?? [];
  if (models.error) return <ErrorNotice error={models.error} />;
  if (!models.data) return <Waiting label={texts.loading} rows={5} />;
  if (ids.length === 0)
    return (
      <>
        <PageHead title={words.title} />
        <Empty title={words.noModel}>
          <p>{words.noModelBody}</p>
          <LinkButton look="main" href={hrefOf("models")}>
            {words.addModel}
          </LinkButton>
        </Empty>
      </>
    );
  return <Chat models={ids} />;
}

function Chat({ models }: { models: readonly string[] }) {
  const client = useClient();
  const { id: wished } = useRoute();
  const { messages, isBusy } = useSyncExternalStore(chat.subscribe, chat.conversation);
  const [chosen, setChosen] = useState(wished ?? localStorage.getItem(STORED_MODEL) ?? "");
  const model = models.includes(chosen) ? chosen : models[0]!;
  const choose = (id: string) => {
    setChosen(id);
    localStorage.setItem(STORED_MODEL, id);
  };
  return (
    <div className="chat">
      <PageHead title={words.title}>
        <label className="field inline">
          <span>{words.model}</span>
          <select value={model} onChange={(event) => choose(event.target.value)}>
            {models.map((id) => (
              <option key={id}>{id}</option>
            ))}
          </select>
        </label>
        <Button icon={<SquarePen aria-hidden className="icon" />} disabled={messages.length === 0} onClick={() => chat.clear()}>
          {words.clear}
        </Button>
      </PageHead>
      <NoWorker />
      <Messages messages={messages} isBusy={isBusy} />
      <Composer isBusy={isBusy} onSend={(text) => void chat.ask(client, model, text)} />
      <p className="quiet-text keys">{words.keys}</p>
      <Programs model={model} />
    </div>
  );
}

function NoWorker() {
  const { data } = useQuery("worker_list_installed", {}, LOOK_MS);
  if (!data || data.workers.length > 0) return null;
  return (
    <Notice kind="warn" title={words.noWorker}>
      <LinkButton href={hrefOf("workers")}>{words.seeWorkers}</LinkButton>
    </Notice>
  );
}

function Messages({ messages, isBusy }: { messages: readonly Said[]; isBusy: boolean }) {
  const view = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: every new piece may make the conversation longer
  useLayoutEffect(() => {
    if (isAtEnd.current) view.current!.scrollTop = view.current!.scrollHeight;
  }, [messages]);
  useEffect(() => {
    // Less room must not hide the last words.
    const observer = new ResizeObserver(() => {
      if (isAtEnd.current && view.current) view.current.scrollTop = view.current.scrollHeight;
    });
    observer.observe(view.current!);
    return () => observer.disconnect();
  }, []);
  const onScroll = () => {
    if (!view.current) return;
    const { scrollTop, clientHeight, scrollHeight } = view.current;
    isAtEnd.current = scrollTop + clientHeight > scrollHeight - 40;
  };
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region, see WCAG 2.1.1
    <div ref={view} className="messages" tabIndex={0} role="log" aria-label={words.log} aria-busy={isBusy} onScroll={onScroll}>
      {messages.length === 0 && <p className="quiet-text">{words.empty}</p>}
      {messages.map((message, at) => (
        <Message key={message.id} message={message} isBusy={isBusy && at === messages.length - 1} />
      ))}
    </div>
  );
}

function Message({ message, isBusy }: { message: Said; isBusy: boolean }) {
  const { role, content, model, error, isStopped } = message;
  return (
    <article className={`message ${role}`}>
      <p className="message-who">{role === "user" ? words.you : model}</p>
      {role === "user" ? <p className="message-text">{content}</p> : <AnswerText text={content} />}
      {isBusy && content === "" && <p className="quiet-text">{words.waiting}</p>}
      {error && <p className="message-error">{error}</p>}
      <p className="message-foot">{[isStopped ? words.stopped : "", speedOf(message)].filter(Boolean).join(" · ")}</p>
    </article>
  );
}

function speedOf({ tokens, pieces, ms }: Said): string {
  if (!ms || !pieces) return "";
  const perSecond = (count: number) => (count * 1_000) / ms;
  return tokens ? words.speed(tokens, perSecond(tokens)) : words.pieces(pieces, perSecond(pieces));
}

function Composer({ isBusy, onSend }: { isBusy: boolean; onSend: (text: string) => void }) {
  const [text, setText] = useState("");
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => field.current?.focus(), []);
  const send = () => {
    if (text.trim() === "" || isBusy) return;
    onSend(text.trim());
    setText("");
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // Enter also ends the choosing of a character in some languages.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <div className="composer">
      <label className="grow">
        <span className="visually-hidden">{words.message}</span>
        <textarea
          ref={field}
          rows={2}
          value={text}
          placeholder={words.placeholder}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKeyDown}
        />
      </label>
      {isBusy ? (
        <Button icon={<Square aria-hidden className="icon" />} onClick={() => chat.stop()}>
          {words.stop}
        </Button>
      ) : (
        <Button look="main" icon={<Send aria-hidden className="icon" />} disabled={text.trim() === ""} onClick={send}>
          {words.send}
        </Button>
      )}
    </div>
  );
}

/** The lines take the key from the command line: a page's key is not for pasting around. */
function Programs({ model }: { model: string }) {
  const body = JSON.stringify({ model, messages: [{ role: "user", content: "Once upon a time" }] });
  const curl = `curl ${location.origin}/v1/chat/completions -H "Authorization: Bearer $(rbee hive token)" -H "Content-Type: application/json" -d '${body.replaceAll("'", "'\\''")}'`;
  const python = [
    "import subprocess",
    "from openai import OpenAI",
    'key = subprocess.check_output(["rbee", "hive", "token"], text=True).strip()',
    `client = OpenAI(base_url="${location.origin}/v1", api_key=key)`,
    `answer = client.chat.completions.create(model=${JSON.stringify(model)}, messages=[{"role": "user", "content": "Once upon a time"}])`,
    "print(answer.choices[0].message.content)",
  ].join("\n");
  return (
    <details className="programs">
      <summary>{words.code}</summary>
      <h2>{words.curl}</h2>
      <CopyLine text={curl} label={words.curl} />
      <h2>{words.python}</h2>
      <CopyLine text={python} label={words.python} />
    </details>
  );
}
