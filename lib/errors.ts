// Every error that rbee tells somebody about: code, HTTP status, exit code, message and hint, in one table.

interface Kind {
  /** HTTP status of the hive's answer (RFC 9110). */
  readonly status: number;
  /** Exit code of the command line, one of the closed list in the contract. */
  readonly exit: 1 | 2 | 3 | 4 | 5 | 6 | 124 | 130 | 143;
  /** One sentence with `{slots}`. */
  readonly message: string;
  /** What to do about it, something that can be pasted where possible. */
  readonly hint?: string;
}

const catalogue = {
  // 1: failed
  INTERNAL: { status: 500, exit: 1, message: "{what}", hint: "This is a bug in rbee; the hive's log has the details (rbee hive logs)" },
  BUILD_FAILED: { status: 500, exit: 1, message: "{function}() of {worker} {how}", hint: "The whole log: rbee job logs {job}" },
  SOURCE_UNAVAILABLE: {
    status: 502,
    exit: 1,
    message: 'Could not fetch "{url}": {reason}',
    hint: "Check the network, then run the command again",
  },
  CATALOG_UNREACHABLE: {
    status: 502,
    exit: 1,
    message: 'Could not ask the catalog "{catalog}": {reason}',
    hint: "Check its address and the network (RBEE_CATALOG, --catalog)",
  },
  SPAWN_FAILED: {
    status: 500,
    exit: 1,
    message: "{worker} did not become ready: {reason}",
    hint: "Its log: rbee worker process logs {process}",
  },
  PROBE_FAILED: {
    status: 500,
    exit: 1,
    message: "{id} {version} was taken back because its probe ({probe}) failed: {reason}",
    hint: "{former} is still the active version; to switch without a probe, add --skip-probe",
  },
  WORKER_FAILED: {
    status: 502,
    exit: 1,
    message: "{worker} did not answer: {reason}",
    hint: "Its log: rbee worker process logs {process}",
  },
  INTERRUPTED: { status: 500, exit: 1, message: "The hive ended while the job ran", hint: "Nothing of it was kept; run the command again" },
  CANCEL_INCOMPLETE: {
    status: 500,
    exit: 1,
    message: "Could not end every process of the job, still alive: {pids}",
    hint: "Look at them with ps -p {pids}",
  },
  UPDATE_BROKEN: { status: 500, exit: 1, message: "{path} does not run here", hint: "Nothing was changed" },
  // 2: usage
  USAGE: { status: 400, exit: 2, message: "{problem}", hint: "{help}" },
  INVALID_INPUT: { status: 400, exit: 2, message: "{field}: {reason}" },
  MODEL_REF_INVALID: {
    status: 400,
    exit: 2,
    message: '"{ref}" is not a model',
    hint: "Write org/repo, org/repo:Q4_K_M, org/repo/file.gguf, an https address, or a path",
  },
  BODY_TOO_LARGE: { status: 413, exit: 2, message: "The request is larger than {limit} bytes" },
  CONFIG_INVALID: {
    status: 500,
    exit: 2,
    message: "{where}: {reason}",
    hint: "Set it again or take it out: rbee config set KEY VALUE, rbee config unset KEY",
  },
  CATALOG_PLACE: {
    status: 400,
    exit: 2,
    message: '"{place}" is not the place of a catalog: {reason}',
    hint: "Write a directory, https://..., or git+https://...#commit=SHA",
  },
  SETTING_UNKNOWN: { status: 400, exit: 2, message: 'No setting is called "{key}"{near}', hint: "See them all: rbee config list" },
  CONFIRMATION_NEEDED: {
    status: 400,
    exit: 2,
    message: "{what} comes from {origin}: it is somebody's code and was not confirmed",
    hint: "Read it (rbee worker get {what}), then add --yes",
  },
  // 3: not found
  NOT_FOUND: { status: 404, exit: 3, message: "No such path: {path}" },
  METHOD_NOT_ALLOWED: { status: 405, exit: 2, message: "{method} is not possible on {path}" },
  WORKER_NOT_FOUND: {
    status: 404,
    exit: 3,
    message: 'Worker "{id}" is not in the catalog{near}',
    hint: "See what there is: rbee worker available",
  },
  WORKER_NOT_INSTALLED: { status: 404, exit: 3, message: 'Worker "{id}" is not installed', hint: "Install it: rbee worker download {id}" },
  NO_FORMER_VERSION: {
    status: 404,
    exit: 3,
    message: "There is no older version of {id} than {version} here",
    hint: "See what there is: rbee worker list",
  },
  NO_WORKER_INSTALLED: { status: 404, exit: 3, message: "No worker is installed", hint: "See what there is: rbee worker available" },
  JOB_NOT_FOUND: { status: 404, exit: 3, message: 'No job "{id}"', hint: "See what there is: rbee job list" },
  PROCESS_NOT_FOUND: { status: 404, exit: 3, message: 'No worker process "{id}"', hint: "See what runs: rbee ps" },
  MODEL_NOT_FOUND: { status: 404, exit: 3, message: 'No model "{ref}"', hint: "See what there is: rbee model list" },
  MODEL_NOT_ON_HUB: { status: 404, exit: 3, message: "There is no {what} at {hub}" },
  MODEL_FILE_NOT_FOUND: { status: 404, exit: 3, message: "{repo} has no {what}", hint: "It has: {found}" },
  NOT_LOCKED: { status: 404, exit: 3, message: "{path} does not hold {what}", hint: "Add it: rbee worker lock {again}" },
  BROWSER_NOT_FOUND: { status: 404, exit: 3, message: 'No browser "{id}" has a key' },
  UPLOAD_NOT_FOUND: { status: 404, exit: 3, message: 'No upload "{id}"', hint: "Send the file again" },
  FILE_NOT_FOUND: { status: 404, exit: 3, message: 'No such file: "{path}"' },
  // 4: not possible here
  PLATFORM_UNSUPPORTED: {
    status: 422,
    exit: 4,
    message: "{id} is made for {wanted}, this machine is {found}",
    hint: "See what fits: rbee worker available",
  },
  DEPENDENCY_MISSING: {
    status: 422,
    exit: 4,
    message: "Cannot build {id}: missing {names}",
    hint: "Install it ({command}), then run the command again",
  },
  PERMISSION_DENIED: { status: 422, exit: 4, message: "Cannot write to {paths}", hint: "Name a place that you can write to: --prefix DIR" },
  NO_HOME: {
    status: 422,
    exit: 4,
    message: "This user has no home directory",
    hint: "Give rbee a directory of its own: export RBEE_HOME=DIR",
  },
  PREFIX_UNSAFE: {
    status: 422,
    exit: 4,
    message: "Nothing is installed for all users under {prefix}: {reason}",
    hint: "Install for you alone: --user",
  },
  ELEVATION_REFUSED: {
    status: 403,
    exit: 4,
    message: "The right to change what is for all users was not given: {reason}",
  },
  WALL_MISSING: {
    status: 422,
    exit: 4,
    message: "This machine cannot give a build {wall}",
    hint: "Install bubblewrap, or go without: see docs/security.md",
  },
  BUILD_USER: {
    status: 422,
    exit: 4,
    message: "A build is never root, and there is no other user for it: {reason}",
    hint: "Name one (RBEE_BUILD_USER=NAME) or run rbee as an ordinary user",
  },
  BUILD_BUSY: { status: 409, exit: 4, message: "{directory} is being built already", hint: "Wait for that build, or end it" },
  DISK_FULL: { status: 507, exit: 4, message: "No space left in {path}", hint: "Free some space there, then run the command again" },
  DISK_FAULT: {
    status: 500,
    exit: 4,
    message: "The disk fails: {reason}",
    hint: "`dmesg` may say more; what was acknowledged before is on the disk, this job's work is not",
  },
  FOREIGN_FILE: {
    status: 409,
    exit: 4,
    message: "{path} exists and was not installed by rbee",
    hint: "Move it away or choose another place: --prefix DIR",
  },
  WORKER_RUNNING: {
    status: 409,
    exit: 4,
    message: "{id} is running (process {processes})",
    hint: "Stop it first (rbee worker process stop {processes}) or add --force",
  },
  FILE_EXISTS: { status: 409, exit: 4, message: "{path} exists already", hint: "Choose another name, or replace it: --force" },
  MACHINE_DIFFERS: {
    status: 422,
    exit: 4,
    message: "{id} {version} was not built for this machine: {reasons}",
    hint: "Build it here (rbee worker download {id}), or install it all the same: --force",
  },
  WORKER_PINNED: {
    status: 409,
    exit: 4,
    message: "{id} is pinned at {version}",
    hint: "Let go of it first: rbee worker unpin {id}",
  },
  MODEL_IN_USE: {
    status: 409,
    exit: 4,
    message: 'Model "{ref}" is used by process {processes}',
    hint: "Stop it first: rbee worker process stop {processes}",
  },
  MODEL_GATED: { status: 403, exit: 4, message: "{repo} is given only to those who accepted its terms", hint: "Accept them at {page}" },
  HUB_TOKEN_REFUSED: {
    status: 403,
    exit: 4,
    message: "{hub} does not accept the token",
    hint: "Run `hf auth login`, or set HF_TOKEN to a valid one and start the hive anew with it (rbee hive restart)",
  },
  NOT_CACHED: {
    status: 422,
    exit: 4,
    message: "--offline forbids to fetch what is not in the caches: {what}",
    hint: "Run the command once without --offline",
  },
  HUB_OFFLINE: {
    status: 422,
    exit: 4,
    message: "{what} is not here, and HF_HUB_OFFLINE or --offline forbids to fetch it",
    hint: "Run the command without --offline; HF_HUB_OFFLINE is unset with: unset HF_HUB_OFFLINE; rbee hive restart",
  },
  DISK_SHORT: {
    status: 507,
    exit: 4,
    message: "{what} needs {needed}, only {free} is free in {path}",
    hint: "Free some space there, or set HF_HOME to another disk",
  },
  MODEL_UNREADABLE: { status: 422, exit: 4, message: '"{path}" is not a model that rbee can read: {reason}' },
  MODEL_EXISTS: { status: 409, exit: 4, message: 'Another model is called "{ref}"', hint: "Remove it first: rbee model remove {ref}" },
  NOTHING_FITS: { status: 422, exit: 4, message: "No installed worker can run {what}", hint: "See what there is: rbee worker available" },
  DEVICE_NOT_FOUND: { status: 422, exit: 4, message: "There is no {device} here; there is {found}", hint: "See them: rbee capabilities" },
  DEVICE_UNFIT: {
    status: 422,
    exit: 4,
    message: "{worker} computes on {kind}, not on {device}",
    hint: "Choose another worker: rbee worker available",
  },
  PORT_IN_USE: { status: 409, exit: 4, message: "Port {port} on {host} is in use{by}", hint: "Choose another one: --port N" },
  MEMORY_SHORT: {
    status: 507,
    exit: 4,
    message: "{what} needs about {needed} of memory, {free} is free",
    hint: "Stop something (rbee ps), choose a smaller model or quantisation, or start it all the same: rbee config set low_memory ignore",
  },
  SHELL_UNKNOWN: {
    status: 422,
    exit: 4,
    message: 'rbee does not know where "{shell}" keeps its PATH',
    hint: "Add {directory} to PATH there yourself",
  },
  SERVICE_UNSUPPORTED: {
    status: 422,
    exit: 4,
    message: "No service manager is known on {platform}",
    hint: "Run it in the background: rbee hive start",
  },
  SERVICE_FAILED: {
    status: 500,
    exit: 4,
    message: "{manager} did not take the service: {reason}",
    hint: "Run it in the background instead: rbee hive start",
  },
  UPLOAD_OFFSET: { status: 409, exit: 4, message: "The next piece of {name} begins at byte {offset}" },
  UPLOAD_BUSY: { status: 409, exit: 4, message: "A piece of upload {id} is being written", hint: "Wait for it, then send the next one" },
  UPLOADS_FULL: {
    status: 503,
    exit: 4,
    message: "{limit} uploads are not finished",
    hint: "Finish or forget one of them, or sweep the old ones: rbee model prune",
  },
  NO_PORT: { status: 503, exit: 4, message: "No free port between {from} and {to}" },
  HIVE_RUNNING: {
    status: 409,
    exit: 4,
    message: "A hive already serves {state}: pid {pid} at {url}",
    hint: "Use it (rbee hive status) or stop it: rbee hive stop",
  },
  STATE_NEWER: {
    status: 500,
    exit: 4,
    message: "{path} was written by a newer rbee (format {found}, this one reads {known})",
    hint: "Update rbee",
  },
  // 5: hive unreachable or refused
  HIVE_UNREACHABLE: { status: 503, exit: 5, message: "No hive answers at {url}: {reason}", hint: "Start one: rbee hive start" },
  HIVE_NOT_RUNNING: { status: 503, exit: 5, message: "No hive is running", hint: "Start one: rbee hive start" },
  UNAUTHORIZED: {
    status: 401,
    exit: 5,
    message: "The hive does not accept this token",
    hint: "Set RBEE_TOKEN to what `rbee hive token` prints there",
  },
  CODE_REFUSED: {
    status: 401,
    exit: 5,
    message: "This sign-in link was used or is too old",
    hint: "Ask for a new one: rbee ui",
  },
  HOST_REFUSED: {
    status: 421,
    exit: 5,
    message: 'The host name "{host}" is not one of this hive',
    hint: "Allow it on purpose: rbee hive serve --allow-host {host}",
  },
  ORIGIN_REFUSED: {
    status: 403,
    exit: 5,
    message: 'Pages of "{origin}" may not use this hive',
    hint: "Allow it on purpose: rbee hive serve --allow-origin {origin}",
  },
  CONTENT_TYPE: { status: 415, exit: 5, message: "The body must be {wanted}, not {found}" },
  CONTRACT_MISMATCH: {
    status: 409,
    exit: 5,
    message: "This rbee speaks contract {ours}, the hive at {url} speaks {theirs}",
    hint: "Use the same version on both sides, then: rbee hive restart",
  },
  QUEUE_FULL: { status: 503, exit: 5, message: "The hive has {limit} jobs waiting", hint: "Wait for one of them: rbee job list" },
  WORKER_BUSY: { status: 503, exit: 5, message: "{limit} requests wait for this worker already", hint: "Try again in a moment" },
  SHUTTING_DOWN: { status: 503, exit: 5, message: "The hive is shutting down" },
  CONNECTION_LOST: {
    status: 503,
    exit: 5,
    message: "Lost the connection to the hive: {reason}",
    hint: "Look again: rbee job logs -f {job}",
  },
  // 6: verification failed
  CHECKSUM_MISMATCH: {
    status: 422,
    exit: 6,
    message: "{file} is not what the recipe expects ({kind}: expected {expected}, found {found})",
    hint: "The bad file was kept for a look: {kept}",
  },
  DOWNLOAD_DAMAGED: {
    status: 502,
    exit: 6,
    message: 'What "{url}" sent is damaged ({kind}: expected {expected}, found {found})',
    hint: "Nothing of it was kept; run the command again",
  },
  SIGNATURE_INVALID: {
    status: 422,
    exit: 6,
    message: "The signature of {file} is not good: {reason}",
    hint: "A key that you trust is added with: gpg --homedir {keyring} --import FILE",
  },
  ARCHIVE_REFUSED: { status: 422, exit: 6, message: "{file} was not unpacked: {reason}" },
  RECIPE_INVALID: { status: 422, exit: 6, message: "{file}:{line}: {reason}" },
  RECIPE_REFUSED: { status: 422, exit: 6, message: "{file} cannot be used: {reason}" },
  RECIPE_CHANGED: {
    status: 409,
    exit: 6,
    message: "The recipe of {id} is not the one that was confirmed (now {found})",
    hint: "Look at it again: rbee worker get {id}",
  },
  BUNDLE_CHANGED: {
    status: 409,
    exit: 6,
    message: "{file} is not the one that was confirmed",
    hint: "Look at it again: rbee worker import {file}",
  },
  TREE_CHANGED: {
    status: 422,
    exit: 6,
    message: "{id} {version} is not as it was installed: {path} has changed",
    hint: "Install it again: rbee worker download {id} --force",
  },
  LOCK_INVALID: {
    status: 422,
    exit: 6,
    message: "{path} is not a lock file: {reason}",
    hint: "Take it from version control, or write it anew: rbee worker lock",
  },
  LOCK_MISMATCH: {
    status: 409,
    exit: 6,
    message: "{what} is not what the lock file holds: {differences}",
    hint: "Look at what changed; to accept it: {again}",
  },
  ENTRY_INVALID: { status: 422, exit: 6, message: 'The catalog\'s entry "{id}" is not usable: {reason}' },
  CATALOG_INVALID: { status: 422, exit: 6, message: 'What "{catalog}" answers is not a catalog: {reason}' },
  PACKAGE_INVALID: { status: 422, exit: 6, message: "What package() of {id} made cannot be installed: {reason}" },
  UNSAFE_PATH: { status: 422, exit: 6, message: '"{path}" leads out of {root}' },
  // ended on purpose
  TIMED_OUT: {
    status: 504,
    exit: 124,
    message: "{what} took longer than {limit}",
    hint: "Set another limit: --timeout 90s|15m|0 (0 = none)",
  },
  NO_PROGRESS: {
    status: 504,
    exit: 124,
    message: "{what} made no progress for {limit}",
    hint: "What came is kept: run the command again to go on, or set another limit: --timeout 90s|15m|0 (0 = none)",
  },
  START_TIMED_OUT: {
    status: 504,
    exit: 124,
    message: "{worker} was not ready after {limit}",
    hint: "Its log: rbee worker process logs {process}; another limit: rbee worker spawn --timeout 10m (0 = none)",
  },
  CANCELLED: { status: 409, exit: 130, message: "Cancelled" },
  TERMINATED: { status: 503, exit: 143, message: "Terminated" },
  JOB_ENDED: { status: 409, exit: 1, message: "Job {id} has already ended ({state})" },
} as const satisfies Record<string, Kind>;

export type ErrorCode = keyof typeof catalogue;

type SlotsOf<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | SlotsOf<Rest> : never;
type TextOf<Code extends ErrorCode> =
  | (typeof catalogue)[Code]["message"]
  | ((typeof catalogue)[Code] extends { hint: infer Hint extends string } ? Hint : never);
export type Slots<Code extends ErrorCode> = { readonly [Name in SlotsOf<TextOf<Code>>]: string | number };

/** How an error travels: the body of an HTTP answer (`{"error": …}`) and the data of an `error` event. */
export interface ErrorData {
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly data?: unknown;
}

/** An error that somebody is meant to read. A bug is not one of these. */
export class RbeeError extends Error {
  override readonly name = "RbeeError";
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  /** Facts for programs: the last lines of a log, the living pids. */
  readonly data: unknown;

  constructor(code: ErrorCode, message: string, rest: { hint?: string | undefined; data?: unknown; cause?: unknown } = {}) {
    super(message, { cause: rest.cause });
    this.code = code;
    this.hint = rest.hint;
    this.data = rest.data;
  }

  get status(): number {
    return catalogue[this.code].status;
  }

  get exitCode(): Kind["exit"] {
    return catalogue[this.code].exit;
  }

  toData(): ErrorData {
    return {
      code: this.code,
      message: this.message,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(this.data === undefined ? {} : { data: this.data }),
    };
  }
}

/** Makes the error `code` with its slots filled; `more.hint` replaces the catalogue's hint, `more.data` carries facts for programs. */
export function fail<Code extends ErrorCode>(
  code: Code,
  slots: Slots<Code>,
  more: { hint?: string; data?: unknown; cause?: unknown } = {},
): RbeeError {
  const kind: Kind = catalogue[code];
  const fill = (text: string) =>
    text.replace(/\{(\w+)\}/g, (_, name: string) => String((slots as Record<string, string | number>)[name] ?? ""));
  const hint = more.hint ?? (kind.hint === undefined ? undefined : fill(kind.hint));
  return new RbeeError(code, fill(kind.message), { ...more, hint: hint || undefined });
}

/** Brings an error that came over the wire back to life; an unknown code (a newer hive's) becomes INTERNAL with its message kept. */
export function errorFromData(data: ErrorData): RbeeError {
  const code = data.code in catalogue ? (data.code as ErrorCode) : "INTERNAL";
  return new RbeeError(code, data.message, { hint: data.hint, data: data.data });
}

/** Anything thrown, as an RbeeError; what is not one is a bug and keeps its text behind INTERNAL. */
export function toRbeeError(thrown: unknown): RbeeError {
  if (thrown instanceof RbeeError) return thrown;
  const message = thrown instanceof Error ? thrown.message || thrown.name : String(thrown);
  const errno = (thrown as { code?: unknown } | null)?.code;
  const path = (thrown as { path?: unknown } | null)?.path;
  if (errno === "ENOSPC" || errno === "EDQUOT") return fail("DISK_FULL", { path: String(path ?? "the file system") }, { cause: thrown });
  if (errno === "EIO") return fail("DISK_FAULT", { reason: message }, { cause: thrown });
  if (errno === "EACCES" || errno === "EPERM" || errno === "EROFS")
    return fail(
      "PERMISSION_DENIED",
      { paths: String(path ?? message) },
      { cause: thrown, hint: "Give rbee a directory of its own: export RBEE_HOME=DIR" },
    );
  return fail("INTERNAL", { what: message }, { cause: thrown });
}
