// Who this browser is to the hive: a key of its own, kept in this origin's storage, got once for a code.
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import { HiveClient } from "../../lib/client.ts";
import { RbeeError, toRbeeError } from "../../lib/errors.ts";

const STORED = "rbee.key";
/** What the hive calls this browser. */
const STORED_ID = "rbee.browser";

type State =
  | { readonly is: "opening" }
  | { readonly is: "in"; readonly client: HiveClient }
  | { readonly is: "out"; readonly error?: RbeeError }
  | { readonly is: "unreachable"; readonly error: RbeeError };

export interface Session {
  readonly state: State;
  /** Exchanges a code (or the link that holds it) for a key. */
  signIn(code: string): Promise<void>;
  /** Takes the key back, here and in the hive. */
  signOut(): void;
  retry(): void;
  /** Told of every error: a key that was taken back ends the session. */
  tell(error: RbeeError): void;
}

const SessionContext = createContext<Session | undefined>(undefined);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error("There is no session here");
  return session;
}

/** The only door to the hive, for views that are shown to somebody who is in. */
export function useClient(): HiveClient {
  const { state } = useSession();
  if (state.is !== "in") throw new Error("Nobody is signed in");
  return state.client;
}

export function SessionProvider({ children }: { children: ReactNode }) {
  const [state, setState] = useState<State>({ is: "opening" });
  const session = useMemo<Session>(
    () => ({
      state,
      signIn: async (code) => setState(await enter(code)),
      signOut: () => {
        const id = ownId();
        // A hive that is away keeps a key that nobody has any more: its list of browsers still shows it.
        if (state.is === "in" && id !== null) void state.client.run("browser_revoke", { id }).catch(() => {});
        forget();
        setState({ is: "out" });
      },
      retry: () => void enter().then(setState),
      tell: (error) => {
        if (error.code === "UNAUTHORIZED") setState({ is: "out" });
      },
    }),
    [state],
  );
  useEffect(() => {
    const arrive = () => {
      const code = takeCode();
      if (code !== undefined) void enter(code).then(setState);
    };
    void enter(takeCode()).then(setState);
    addEventListener("hashchange", arrive);
    return () => removeEventListener("hashchange", arrive);
  }, []);
  return <SessionContext value={session}>{children}</SessionContext>;
}

/** Takes the code out of the address, so that it is in no history and no bookmark. */
function takeCode(): string | undefined {
  const code = codeIn(location.hash);
  if (code !== undefined) history.replaceState(null, "", `${location.pathname}#/`);
  return code;
}

function codeIn(text: string): string | undefined {
  return /#code=([\w-]+)/.exec(text)?.[1];
}

async function enter(code?: string): Promise<State> {
  try {
    if (code !== undefined) return await exchange(code);
    return await check(localStorage.getItem(STORED) ?? undefined);
  } catch (thrown) {
    const error = toRbeeError(thrown);
    if (error.code === "HIVE_UNREACHABLE") return { is: "unreachable", error };
    return error.code === "UNAUTHORIZED" ? { is: "out" } : { is: "out", error };
  }
}

async function exchange(code: string): Promise<State> {
  try {
    const { id, key } = await new HiveClient(location.origin, undefined).signIn(codeIn(code) ?? code.trim(), browserName());
    localStorage.setItem(STORED, key);
    localStorage.setItem(STORED_ID, id);
  } catch (error) {
    // A link that was used is no reason to lose the key that it gave.
    const isUsed = error instanceof RbeeError && error.code === "CODE_REFUSED" && localStorage.getItem(STORED) !== null;
    if (!isUsed) throw error;
  }
  return check(localStorage.getItem(STORED) ?? undefined);
}

/** This browser in the hive's list. */
export function ownId(): string | null {
  return localStorage.getItem(STORED_ID);
}

function forget(): void {
  localStorage.removeItem(STORED);
  localStorage.removeItem(STORED_ID);
}

async function check(key: string | undefined): Promise<State> {
  const client = new HiveClient(location.origin, key);
  await client.jobs();
  return { is: "in", client };
}

/** Something that the owner recognises in the list of browsers. */
function browserName(): string {
  const agent = navigator.userAgent;
  const browser = /(Firefox|Edg|OPR|Chrome|Safari)\//.exec(agent)?.[1] ?? "Browser";
  const system = /(Windows|Mac OS X|Android|iPhone|iPad|Linux)/.exec(agent)?.[1] ?? "";
  return `${browser === "Edg" ? "Edge" : browser === "OPR" ? "Opera" : browser}${system ? ` on ${system}` : ""}`;
}
