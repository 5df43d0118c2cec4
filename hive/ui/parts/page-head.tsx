// The head of a view: its name, what it is for, what can be done.
import type { ReactNode } from "react";

export function PageHead({ title, intro, children }: { title: ReactNode; intro?: ReactNode; children?: ReactNode }) {
  return (
    <div className="page-head">
      <div className="page-title">
        <h1>{title}</h1>
        {intro && <p className="intro">{intro}</p>}
      </div>
      {children && <div className="actions">{children}</div>}
    </div>
  );
}

/** Facts as name and value; what is undefined is left out. */
export function Facts({ facts }: { facts: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <dl className="facts">
      {facts
        .filter(([, value]) => value !== undefined && value !== "")
        .map(([name, value]) => (
          <div key={name} className="fact">
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

/** Text that is meant to be read letter by letter: paths, ids, addresses. */
export function mono(text: string | undefined): ReactNode {
  return text && <span className="mono">{text}</span>;
}
