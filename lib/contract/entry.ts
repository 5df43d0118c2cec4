// A catalog entry: what a worker is, before it is built.
import { z } from "zod";

const ID = /^[a-z0-9][a-z0-9._+-]{0,99}$/;

/** A worker's id. It becomes a directory's name, so nothing that could climb out of one passes. */
export const WorkerId = z
  .string()
  .regex(ID, "must be lower-case letters, digits and . _ + - (at most 100, starting with a letter or digit)");

/** An installed worker as people name it: `id`, or `id@version` to pick one of several. */
export const WorkerRef = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._+-]{0,99}(@[A-Za-z0-9._+:~-]{1,100})?$/, "must be a worker's id, or id@version");

const Name = z.string().min(1).max(200);
const FileName = z
  .string()
  .min(1)
  .max(200)
  .refine(
    (name) => !name.includes("/") && !name.includes("\0") && name !== "." && name !== "..",
    "must be a file name without a directory",
  );

const gitRef = { branch: Name.optional(), tag: Name.optional(), commit: Name.optional(), path: z.string().optional() };

const Source = z.discriminatedUnion("type", [
  z.looseObject({ type: z.literal("git"), url: z.string(), ...gitRef }),
  z.looseObject({ type: z.literal("tarball"), url: z.string() }),
  z.looseObject({ type: z.literal("crate"), name: Name, version: Name }),
  z.looseObject({ type: z.literal("npm"), name: Name, version: Name }),
  z.looseObject({ type: z.literal("pip"), name: Name, version: Name }),
  z.looseObject({ type: z.literal("local"), path: z.string().optional() }),
]);

/** How a worker is started. Slots in `args` and `env`: `{model} {model_dir} {model_file} {model_id} {projector} {host} {port} {token} {device}`. */
const Run = z.looseObject({
  args: z.array(z.string()),
  env: z.record(z.string(), z.string()).default({}),
  health: z.string().startsWith("/").default("/health"),
  /** Which of OpenAI's routes it answers: `openai` text, `openai-audio` transcriptions, `openai-images` pictures. */
  api: z.string().default("openai"),
  /** What the worker calls its model, when it refuses other names; slots as above. */
  model_name: z.string().optional(),
  /** Added when the model has a projector. */
  projector_args: z.array(z.string()).optional(),
  /** Requests that it answers side by side; default 64 when it batches, else 1. */
  parallel: z.number().int().min(1).max(10_000).optional(),
  /** Seconds that a start may take besides the reading of the weights; default 60. */
  start_s: z.number().int().min(1).max(86_400).optional(),
});

/** One worker in a catalog: the 21 fields, and ours. Unknown fields are kept and ignored. */
export const Entry = z.looseObject({
  id: WorkerId,
  name: Name,
  description: z.string().max(2000),
  version: z.string().regex(/^[A-Za-z0-9._+:~-]{1,100}$/, "must be a version without spaces or slashes"),
  license: z.string(),
  worker_type: z.enum(["cpu", "cuda", "metal", "rocm", "vulkan"]),
  platforms: z.array(z.enum(["linux", "macos", "windows"])).min(1),
  architectures: z.array(z.enum(["x86_64", "aarch64"])).min(1),
  implementation: z.string(),
  build_system: z.string(),
  source: Source,
  build: z.looseObject({
    features: z.array(z.string()).optional(),
    profile: z.string().optional(),
    flags: z.array(z.string()).optional(),
    offline: z.boolean().optional(),
  }),
  depends: z.array(z.string()),
  makedepends: z.array(z.string()),
  binary_name: FileName,
  install_path: z.string(),
  pkgbuild_url: z.string(),
  supported_formats: z.array(z.string()),
  max_context_length: z.number().int().positive(),
  supports_streaming: z.boolean(),
  supports_batching: z.boolean(),
  verified_on: z.array(z.string()).optional(),
  run: Run.optional(),
});
export type Entry = z.infer<typeof Entry>;

/** What a catalog server answers to `GET /workers`. Entries are checked one by one, so that a bad one does not hide the others. */
export const CatalogList = z.looseObject({ workers: z.array(z.unknown()) });
