// The example of docs/writing-a-recipe.md does what the page says; the page of the catalog is not stale.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { catalogPage } from "../../scripts/catalog-table.ts";
import { makeHome, root, tinyModel } from "../harness.ts";

test("the example recipe is built, started and answers", async () => {
  await using home = makeHome({ RBEE_CATALOG: join(root, "examples") });
  expect(await home.rbee(["worker", "download", "hello-worker", "--yes"])).toMatchObject({ code: 0 });
  await home.rbee(["model", "download", tinyModel]);
  expect(await home.rbee(["infer", "hi"])).toMatchObject({ code: 0, stdout: "hello\n" });
});

test("docs/catalog.md is what the entries say", async () => {
  expect(await Bun.file(join(root, "docs/catalog.md")).text()).toBe(catalogPage());
});
