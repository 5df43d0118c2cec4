// One handler for every operation. A missing one does not compile.
import type { Input, OperationName, Output } from "../../lib/contract/operations.ts";
import type { Hive } from "../hive.ts";
import type { Lane } from "../job/lanes.ts";
import type { JobContext } from "../job.ts";
import type { OperationInput } from "../jobs.ts";
import { browserLink, browserList, browserRevoke } from "./browsers.ts";
import { configList, configSet } from "./config.ts";
import { diskUsage, prune } from "./disk.ts";
import { doctor } from "./doctor.ts";
import { elevationAnswer } from "./elevation-answer.ts";
import { hiveCheck } from "./hive-check.ts";
import { infer } from "./infer.ts";
import { installPlan } from "./install-plan.ts";
import { modelSearch, modelVariants } from "./model-search.ts";
import { modelDownload, modelGet, modelList, modelPrune, modelRemove } from "./models.ts";
import { pathSetup } from "./path-setup.ts";
import { workerCatalogGet, workerCatalogList, workerInstalledGet, workerListInstalled } from "./worker-catalog.ts";
import { workerCheck } from "./worker-check.ts";
import { workerExport } from "./worker-export.ts";
import { importPlan, workerImport } from "./worker-import.ts";
import { workerInstall } from "./worker-install.ts";
import { workerLock } from "./worker-lock.ts";
import { workerProcessDelete, workerProcessGet, workerProcessList, workerSpawn } from "./worker-process.ts";
import { workerRemove } from "./worker-remove.ts";
import { workerOutdated, workerUpgrade } from "./worker-upgrade.ts";
import { workerPin, workerRollback, workerUnpin } from "./worker-versions.ts";

type Handlers = { readonly [Name in OperationName]: (hive: Hive, job: JobContext, input: Input<Name>) => Promise<Output<Name>> };

const handlers: Handlers = {
  worker_catalog_list: workerCatalogList,
  worker_catalog_get: workerCatalogGet,
  worker_list_installed: workerListInstalled,
  worker_installed_get: workerInstalledGet,
  worker_install_plan: installPlan,
  worker_install: workerInstall,
  worker_lock: workerLock,
  worker_check: workerCheck,
  worker_remove: workerRemove,
  worker_outdated: workerOutdated,
  worker_upgrade: workerUpgrade,
  worker_rollback: workerRollback,
  worker_pin: workerPin,
  worker_unpin: workerUnpin,
  worker_export: workerExport,
  worker_import_plan: importPlan,
  worker_import: workerImport,
  worker_spawn: workerSpawn,
  worker_process_list: workerProcessList,
  worker_process_get: workerProcessGet,
  worker_process_delete: workerProcessDelete,
  model_download: modelDownload,
  model_search: modelSearch,
  model_variants: modelVariants,
  model_list: modelList,
  model_get: modelGet,
  model_remove: modelRemove,
  model_prune: modelPrune,
  infer,
  hive_check: hiveCheck,
  disk_usage: diskUsage,
  prune,
  elevation_answer: elevationAnswer,
  doctor,
  config_list: configList,
  config_set: configSet,
  path_setup: pathSetup,
  browser_link: browserLink,
  browser_list: browserList,
  browser_revoke: browserRevoke,
};

/** Runs the handler of an operation that was checked. */
export function runOperation(hive: Hive, { operation, ...input }: OperationInput, job: JobContext): Promise<unknown> {
  const handler = handlers[operation] as (hive: Hive, job: JobContext, input: unknown) => Promise<unknown>;
  return handler(hive, job, input);
}

/** What runs beside what: changes of one worker or model wait for each other, and the same install asked twice is one job. */
export function laneOf(input: OperationInput): Lane {
  switch (input.operation) {
    case "worker_install":
    case "worker_upgrade": {
      const { timeout: _, ...same } = input;
      return { key: `worker:${input.worker_id}`, isBuild: true, ...(input.force ? {} : { join: JSON.stringify(same) }) };
    }
    case "worker_remove":
    case "worker_rollback":
      return { key: `worker:${String(input.worker_id).split("@")[0]}` };
    case "worker_import":
      return { key: `import:${input.file}` };
    case "worker_export":
      return { key: `export:${input.file}` };
    case "model_download":
      return { key: `model:${input.model}`, join: JSON.stringify({ ...input, timeout: undefined }) };
    case "prune":
      return { key: "prune", emptiesCaches: true };
    default:
      return {};
  }
}
