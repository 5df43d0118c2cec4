// rbee in a container: no daemon, no terminal, no home; as root, and as a user that only a number names; one directory can be written.
import { expect, test } from "bun:test";
import { chownSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { canContain, runContained } from "../container.ts";
import { rbeeCommand, temporaryDirectory } from "../harness.ts";
import { writeRecipe } from "../recipes.ts";

const isCompiled = rbeeCommand.length === 1;

function setUp(uid: number) {
  const place = temporaryDirectory();
  writeRecipe(join(place.path, "catalog"), "hello", { build: "echo $HOME; touch $TMPDIR/x" });
  // What bash has to expand is read by running it, which wants a place for short-lived files.
  writeRecipe(join(place.path, "catalog"), "computed", { more: 'pkgdesc="$(echo computed)"' });
  mkdirSync(join(place.path, "home"));
  for (const path of [place.path, join(place.path, "home")]) chownSync(path, uid, uid);
  const run = (script: string, env: Record<string, string> = { RBEE_HOME: "/box/home" }) =>
    runContained({ writable: place.path, uid, rbee: rbeeCommand[0]!, env: { RBEE_CATALOG: "/box/catalog", ...env }, script });
  return { at: (name: string) => join(place.path, name), run, [Symbol.dispose]: () => place[Symbol.dispose]() };
}

test.if(isCompiled && canContain).each([0, 12_345])(
  "as uid %i it installs, tells what went wrong by its exit code, and leaves nothing behind",
  (uid) => {
    using box = setUp(uid);
    const ran = box.run(
      "for id in hello computed; do rbee worker download $id --yes || exit; done; /box/home/local/bin/hello; rbee model download /media/model.gguf",
    );
    expect({ code: ran.code, said: ran.code === 0 ? "" : ran.stderr }).toEqual({ code: 0, said: "" });
    expect(ran.stdout.split("\n")).toEqual([
      "/box/home/local/bin/hello",
      "/box/home/local/bin/computed",
      "hello",
      expect.stringMatching(/model\.gguf$/),
      "",
    ]);
    expect(
      existsSync(box.at("home/cache/build"))
        ? readdirSync(box.at("home/cache/build")).flatMap((name) => readdirSync(box.at(`home/cache/build/${name}`)))
        : [],
    ).toEqual([]);
    const codes = box.run(
      "rbee worker download ghost; echo $?; rbee worker download hello --yes --system; echo $?; rbee infer --model ghost hi; echo $?; rbee --nonsense; echo $?",
    );
    expect(codes.stdout).toBe("3\n4\n3\n2\n");
  },
);

test.if(isCompiled && canContain)("with no place at all it says which variable names one", () => {
  using box = setUp(12_345);
  const ran = box.run("rbee worker list", {});
  expect(ran.code).toBe(4);
  expect(ran.stderr).toContain("export RBEE_HOME=DIR");
  expect(box.run("rbee worker list", { HOME: "/" })).toMatchObject({
    code: expect.any(Number),
    stderr: expect.stringContaining("export RBEE_HOME=DIR"),
  });
  expect(box.run("rbee worker list", { HOME: "/box/home" }).code).toBe(0);
});
