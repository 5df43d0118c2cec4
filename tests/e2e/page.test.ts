// The page's door: what a browser may have without a key, how it gets one, and how it loses it.
import { expect, test } from "bun:test";
import { makeHome, untilSays } from "../harness.ts";

async function startHive(home: ReturnType<typeof makeHome>): Promise<string> {
  await home.rbee(["hive", "start", "--port", "0"]);
  return JSON.parse((await home.rbee(["hive", "status", "--json"])).stdout).url;
}

function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, { method: "POST", headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) });
}

test("the page is open, its assets are kept by the browser, and everything it asks for wants a key", async () => {
  await using home = makeHome();
  const url = await startHive(home);
  const page = await fetch(url);
  expect(page.headers.get("content-type")).toStartWith("text/html");
  expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
  expect(page.headers.get("cache-control")).toBe("no-cache");
  const assets = [...(await page.text()).matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path!);
  expect(assets.length).toBeGreaterThanOrEqual(3);
  for (const path of assets) {
    const asset = await fetch(`${url}${path}`);
    expect([asset.status, asset.headers.get("cache-control")]).toEqual([200, "public, max-age=31536000, immutable"]);
    expect((await asset.arrayBuffer()).byteLength).toBeGreaterThan(100);
  }
  const plain = await fetch(`${url}${assets[0]}`, { headers: { "accept-encoding": "identity" } });
  expect(plain.headers.get("content-encoding")).toBeNull();
  expect((await fetch(`${url}/assets/../../etc/passwd`)).status).toBe(404);
  expect((await fetch(`${url}/assets/no.js`)).status).toBe(404);
  expect((await fetch(`${url}/v1/jobs`)).status).toBe(401);
});

test("a code is exchanged once, for a key that works until it is taken back, also after a restart", async () => {
  await using home = makeHome();
  const url = await startHive(home);
  const link = (await home.rbee(["ui", "--print"])).stdout.trim();
  expect(link).toStartWith(`${url}/#code=`);
  const code = link.split("#code=")[1];
  expect((await post(`${url}/v1/sign-in`, { code: "wrong" })).status).toBe(401);
  expect((await post(`${url}/v1/sign-in`, { code }, { origin: "http://elsewhere.example" })).status).toBe(403);
  expect((await post(`${url}/v1/sign-in`, {})).status).toBe(400);
  const { key, id } = (await (await post(`${url}/v1/sign-in`, { code, name: "Test" })).json()) as { key: string; id: string };
  expect((await post(`${url}/v1/sign-in`, { code })).status).toBe(401);

  const withKey = { authorization: `Bearer ${key}` };
  expect((await fetch(`${url}/v1/jobs`, { headers: withKey })).status).toBe(200);
  await home.rbee(["hive", "restart", "--port", new URL(url).port]);
  expect((await fetch(`${url}/v1/jobs`, { headers: withKey })).status).toBe(200);
  expect((await post(`${url}/v1/jobs`, { operation: "browser_revoke", id }, withKey)).status).toBe(202);
  expect((await fetch(`${url}/v1/jobs`, { headers: withKey })).status).toBe(401);
});

test("rbee hive serve prints a link that signs in; rbee ui makes a hive that would end by itself stay", async () => {
  await using home = makeHome();
  expect((await home.rbee(["worker", "list"])).code).toBe(0);
  expect((await home.rbee(["hive", "status"])).stdout).toContain("ends by itself");
  await home.rbee(["ui", "--print"]);
  expect((await home.rbee(["hive", "status"])).stdout).not.toContain("ends by itself");
  await home.rbee(["hive", "stop"]);
  const serving = home.start(["hive", "serve", "--port", "0"]);
  const said = await untilSays(serving.stderr, "#code=");
  expect(said).toContain("http://127.0.0.1:");
});
