// Problems as code hosts read them (SARIF 2.1.0, OASIS Standard).
import { relative, sep } from "node:path";
import type { Problem } from "./problem.ts";
import { type RuleCode, ruleTexts } from "./rules.ts";

/** A SARIF log with one run; files below `base` are named relative to it, as code hosts want them. */
export function sarifOf(problems: readonly Problem[], about: { base: string; version: string }): unknown {
  const codes = [...new Set(problems.map(({ code }) => code))].sort();
  const rules = codes.map((id) => ({ id, shortDescription: { text: ruleTexts[id] } }));
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "rbee", version: about.version, rules } },
        columnKind: "utf16CodeUnits",
        results: problems.map((each) => resultOf(each, codes, about.base)),
      },
    ],
  };
}

function resultOf({ file, line, column, code, message, severity }: Problem, codes: readonly RuleCode[], base: string) {
  const region = { startLine: line, startColumn: column };
  return {
    ruleId: code,
    ruleIndex: codes.indexOf(code),
    level: severity,
    message: { text: message },
    locations: [{ physicalLocation: { artifactLocation: { uri: uriOf(file, base) }, region } }],
  };
}

/** A relative reference where the file lies below `base`, else the path itself (RFC 3986). */
function uriOf(file: string, base: string): string {
  const inside = relative(base, file);
  const path = inside.startsWith("..") ? file : inside;
  return path.split(sep).map(encodeURIComponent).join("/");
}
