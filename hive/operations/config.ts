// config_list, config_set: the hive's settings, read and changed where `rbee config` reads and changes them.
import { changeSetting, configFile, listSettings, settingName } from "../../lib/config.ts";
import type { Input, Output } from "../../lib/contract/operations.ts";
import type { Hive } from "../hive.ts";
import type { JobContext } from "../job.ts";

export async function configList({ paths, env }: Hive): Promise<Output<"config_list">> {
  return { file: configFile(paths), settings: listSettings(paths, env) };
}

/** @throws SETTING_UNKNOWN, INVALID_INPUT naming the setting and what it must be. */
export async function configSet(
  { paths, env }: Hive,
  _job: JobContext,
  { key, value }: Input<"config_set">,
): Promise<Output<"config_set">> {
  const name = settingName(key);
  changeSetting(paths, name, value);
  return listSettings(paths, env).find((setting) => setting.key === name)!;
}
