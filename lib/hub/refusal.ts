// What a Hub's refusal means, in our words. Source: huggingface_hub, utils/_http.py (X-Error-Code and what 401, 403 and 404 stand for).
import { fail, type RbeeError } from "../errors.ts";
import type { HubRef } from "./ref.ts";
import type { HubSettings } from "./settings.ts";

export interface Refusal {
  readonly status: number;
  readonly errorCode: string | undefined;
  readonly errorMessage: string | undefined;
}

export function hubRefusal(refusal: Refusal, ref: HubRef, { endpoint, token }: HubSettings): RbeeError {
  const { status, errorCode, errorMessage } = refusal;
  const page = `${endpoint}/${ref.repo}`;
  if (errorCode === "GatedRepo" || /\bgated\b|\brestricted\b/i.test(errorMessage ?? "")) {
    const hint = token ? `Accept its terms at ${page}, then run the command again` : loginHint(`Accept its terms at ${page}`);
    return fail("MODEL_GATED", { repo: ref.repo, page }, { hint });
  }
  if (errorCode === "RevisionNotFound")
    return fail("MODEL_NOT_ON_HUB", { what: `revision "${ref.revision}" of ${ref.repo}`, hub: endpoint });
  if (errorCode === "EntryNotFound") return fail("MODEL_NOT_ON_HUB", { what: `file "${ref.file ?? ""}" in ${ref.repo}`, hub: endpoint });
  if (status === 401 && token) return fail("HUB_TOKEN_REFUSED", { hub: endpoint });
  if (status === 401 || status === 403 || status === 404) {
    const hint = token ? `Look for it: ${endpoint}/models` : loginHint(`Look for it at ${endpoint}/models; if it is private`);
    return fail("MODEL_NOT_ON_HUB", { what: `repository "${ref.repo}"`, hub: endpoint }, { hint });
  }
  return fail("SOURCE_UNAVAILABLE", { url: page, reason: errorMessage || `the Hub answered ${status}` });
}

function loginHint(first: string): string {
  // The token's file is read anew each time; a variable reaches only the hive that starts with it.
  return `${first}, run \`hf auth login\`, or set HF_TOKEN and start the hive anew with it (rbee hive restart), then run the command again`;
}
