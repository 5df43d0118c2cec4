// What rbee doctor finds, with the line that mends it.
import { CircleCheck, CircleX, TriangleAlert } from "lucide-react";
import type { Finding } from "../../../lib/contract/views.ts";
import { CopyLine } from "../parts/copy.tsx";
import { ErrorNotice, Waiting } from "../parts/notice.tsx";
import { ScrollRegion } from "../parts/scroll-region.tsx";
import { useQuery } from "../query.ts";
import { texts } from "../texts.ts";

const words = texts.machine;
const ICONS = { problem: CircleX, warning: TriangleAlert, fine: CircleCheck } as const;
const ORDER = ["problem", "warning", "fine"] as const;

export function Findings() {
  const { data, error } = useQuery("doctor", {});
  const findings = ORDER.flatMap((state) => data?.findings.filter((finding) => finding.state === state) ?? []);
  return (
    <section className="panel wide">
      <div className="section-head">
        <h2>{words.findings}</h2>
        <span className="quiet-text" role="status">
          {data ? words.summary(findings.filter(({ state }) => state !== "fine").length) : error ? "" : words.looking}
        </span>
      </div>
      <ScrollRegion className="findings" label={words.findings}>
        {error && <ErrorNotice error={error} />}
        {!data && !error && <Waiting label={texts.loading} />}
        <ul className="plain-list">
          {findings.map((finding) => (
            <FindingLine key={finding.about + finding.message} finding={finding} />
          ))}
        </ul>
      </ScrollRegion>
    </section>
  );
}

function FindingLine({ finding: { state, about, message, mend } }: { finding: Finding }) {
  const Icon = ICONS[state];
  return (
    <li className={`finding ${state}`}>
      <Icon aria-hidden className="icon" />
      <div className="finding-text">
        <p>
          <span className="visually-hidden">{words.findingStates[state]}: </span>
          <span className="quiet-text">{about}</span> {message}
        </p>
        {mend && <CopyLine text={mend} label={words.mend} />}
      </div>
    </li>
  );
}
