// Messages in the page: an error with its hint, a warning, good news, emptiness.
import { CircleAlert, CircleCheck, Info, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import type { ErrorData, RbeeError } from "../../../lib/errors.ts";

const ICONS = { error: CircleAlert, warn: TriangleAlert, good: CircleCheck, info: Info } as const;

interface NoticeProps {
  readonly kind: keyof typeof ICONS;
  readonly title?: ReactNode;
  readonly children?: ReactNode;
  /** Read aloud when it appears. */
  readonly isNews?: boolean;
}

export function Notice({ kind, title, children, isNews = false }: NoticeProps) {
  const Icon = ICONS[kind];
  return (
    <div className={`notice ${kind}`} {...(isNews ? { role: kind === "error" ? "alert" : "status" } : {})}>
      <Icon aria-hidden className="icon" />
      <div className="notice-body">
        {title && <p className="notice-title">{title}</p>}
        {children}
      </div>
    </div>
  );
}

export function ErrorNotice({ error, title }: { error: RbeeError | ErrorData; title?: string }) {
  return (
    <Notice kind="error" title={title ?? error.message} isNews>
      {title && <p>{error.message}</p>}
      {error.hint && <p className="hint">{error.hint}</p>}
      <p className="code">{error.code}</p>
    </Notice>
  );
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <p className="empty-title">{title}</p>
      {children}
    </div>
  );
}

/** Takes the place of what is being asked for. */
export function Waiting({ label, rows = 3 }: { label: string; rows?: number }) {
  return (
    <div className="waiting" role="status">
      <span className="visually-hidden">{label}</span>
      {[...Array(rows).keys()].map((row) => (
        <div key={row} className="waiting-row" aria-hidden />
      ))}
    </div>
  );
}
