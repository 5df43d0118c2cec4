// Short news at the edge of the page, read aloud, that go by themselves.
import { Toast } from "@base-ui/react/toast";
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { toRbeeError } from "../../../lib/errors.ts";
import { texts } from "../texts.ts";

/** Long enough to read two lines. */
const SHOWN_MS = 6_000;

export function Toasts({ children }: { children: ReactNode }) {
  return (
    <Toast.Provider timeout={SHOWN_MS}>
      {children}
      <Toast.Portal>
        <Toast.Viewport className="toasts">
          <List />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  );
}

function List() {
  const { toasts } = Toast.useToastManager();
  return toasts.map((toast) => (
    <Toast.Root key={toast.id} toast={toast} className={`toast ${toast.type ?? ""}`}>
      <div className="toast-body">
        <Toast.Title className="toast-title" />
        <Toast.Description className="toast-text" />
      </div>
      <Toast.Close className="button quiet icon-only" aria-label={texts.close}>
        <X aria-hidden className="icon" />
      </Toast.Close>
    </Toast.Root>
  ));
}

/** `tell` good news; `attempt` an action whose failure is told. */
export function useToasts() {
  const { add } = Toast.useToastManager();
  const tell = (title: string) => void add({ title });
  const tellError = (thrown: unknown) => {
    const { message, hint } = toRbeeError(thrown);
    add({ title: message, type: "error", priority: "high", timeout: 0, ...(hint ? { description: hint } : {}) });
  };
  /** Resolves to false when it failed. */
  const attempt = async (action: () => Promise<unknown>): Promise<boolean> => {
    try {
      await action();
      return true;
    } catch (thrown) {
      tellError(thrown);
      return false;
    }
  };
  return { tell, attempt };
}
