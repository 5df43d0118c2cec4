// What a command does before it sends its operation: paths made absolute, foreign recipes shown and confirmed, `-` read from stdin.
import { accessSync, constants, existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { HiveClient } from "../lib/client.ts";
import type { OperationName } from "../lib/contract/operations.ts";
import { fail } from "../lib/errors.ts";
import { canAsk, confirm } from "./confirm.ts";
import { confirmedRecipes } from "./confirmed-recipes.ts";
import { describeBundle } from "./describe-bundle.ts";
import { canElevate, choosePlace } from "./elevate.ts";
import type { Output } from "./output.ts";

interface Preparation {
  /** Asked anew after a person was: a hive that nobody needs ends while they read. */
  readonly connect: () => Promise<HiveClient>;
  readonly output: Output;
  readonly yes: boolean;
  /** The hive is this machine's, and somebody stays to see the job to its end. */
  readonly isLocal: boolean;
}

type Input = Record<string, unknown>;

/** @throws CONFIRMATION_NEEDED without a terminal and without `--yes`, CANCELLED when the person says no. */
export async function prepare(operation: OperationName, input: Input, about: Preparation): Promise<Input> {
  switch (operation) {
    case "worker_install":
      return install(absolute(input, "prefix"), about);
    case "worker_upgrade":
      return confirmRights(await confirmRecipe(input, about), about, "Upgrade it with sudo?");
    case "worker_export":
      return { ...input, file: resolve(String(input.file ?? ".")) };
    case "worker_import":
      return confirmBundle({ ...absolute(input, "prefix"), file: resolve(String(input.file)) }, about);
    case "worker_remove":
      return confirmRights(input, about, "Remove it with sudo?");
    case "worker_check":
      return absolute(input, "prefix");
    case "model_download":
      return absolute(input, "model");
    case "prune":
      return about.yes || input.dry_run !== undefined || !canAsk(about.output) ? input : { ...input, dry_run: true };
    case "infer":
      return input.prompt === "-" ? { ...input, prompt: await Bun.stdin.text() } : input;
    default:
      return input;
  }
}

/** The hive has another working directory: what is a path here must stay the same path there. */
function absolute(input: Input, field: string): Input {
  const path = input[field];
  if (typeof path !== "string" || path === "") return input;
  const isPath = field === "prefix" || path.startsWith(".") || path.startsWith("/") || existsSync(path);
  return isPath ? { ...input, [field]: resolve(path) } : input;
}

/** What was built elsewhere is programs that nobody here has seen being made: it is described, and what was confirmed is what is installed. */
async function confirmBundle(input: Input, { connect, output, yes }: Preparation): Promise<Input> {
  const plan = await (await connect()).run("worker_import_plan", { file: String(input.file) });
  if (yes) return { ...input, bundle_digest: plan.digest };
  if (!canAsk(output)) throw confirmationNeeded(plan.id, String(input.file));
  output.note(describeBundle(plan));
  if (!(await confirm("Install it?"))) throw fail("CANCELLED", {});
  return { ...input, bundle_digest: plan.digest };
}

function confirmationNeeded(what: string, origin: string) {
  return fail("CONFIRMATION_NEEDED", { what, origin }, { hint: "When you trust whoever made the file, add --yes" });
}

/** Everything that a person is asked comes before the build. */
async function install(input: Input, about: Preparation): Promise<Input> {
  const confirmed = await confirmRecipe(input, about);
  return about.isLocal && !about.yes ? choosePlace(confirmed, about.output) : confirmed;
}

/** What is installed for all users goes with the same rights that it came with. @throws CANCELLED when the person says no. */
async function confirmRights(input: Input, { connect, output, isLocal }: Preparation, question: string): Promise<Input> {
  if (!isLocal || !canElevate(output)) return input;
  const { installed } = await (await connect()).run("worker_installed_get", { worker_id: String(input.worker_id) });
  if (installed.every(({ prefix }) => mayWrite(join(prefix, "lib/rbee")))) return input;
  if (!(await confirm(`It is installed for all users. ${question}`))) throw fail("CANCELLED", {});
  return { ...input, elevate: "sudo" };
}

function mayWrite(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** A recipe that is not built in is somebody's code: it is shown once, and what was confirmed is what will be built. */
async function confirmRecipe(input: Input, { connect, output, yes }: Preparation): Promise<Input> {
  const id = String(input.worker_id);
  const { catalog, recipe } = await (await connect()).run("worker_catalog_get", {
    worker_id: id,
    ...(input.offline ? { offline: true } : {}),
  });
  if (!catalog || !recipe || catalog.origin === "built-in") return input;
  const hides = catalog.hides_builtin ? ` It hides the built-in ${id}.` : "";
  const asks = canAsk(output);
  if (yes && !(catalog.hides_builtin && asks)) return { ...input, recipe_digest: recipe.digest };
  const confirmed = confirmedRecipes();
  if (asks && !catalog.hides_builtin && confirmed.has(recipe.digest)) return { ...input, recipe_digest: recipe.digest };
  if (!asks) throw fail("CONFIRMATION_NEEDED", { what: id, origin: catalog.origin });
  output.note(`${recipe.text}\n${id} comes from ${catalog.origin}: its recipe (above) is code that will run here.${hides}`);
  if (!(await confirm("Build it?"))) throw fail("CANCELLED", {});
  confirmed.add(recipe.digest);
  return { ...input, recipe_digest: recipe.digest };
}
