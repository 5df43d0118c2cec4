// A proxy is for what is outside: the hive and its workers are asked directly, whatever the proxy's variables say.

const THIS_MACHINE = ["localhost", "127.0.0.1", "[::1]"];

/** Adds this machine to the names that need no proxy; without a proxy nothing changes. Bun and the programs we start read these variables. */
export function keepProxyOutside(env: NodeJS.ProcessEnv): void {
  if (!["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"].some((name) => env[name])) return;
  const named = (env.no_proxy || env.NO_PROXY || "").split(",").map((name) => name.trim());
  const names = [...new Set([...named.filter(Boolean), ...THIS_MACHINE])].join(",");
  env.no_proxy = names;
  env.NO_PROXY = names;
}
