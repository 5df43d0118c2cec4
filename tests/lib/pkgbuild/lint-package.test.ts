// What makepkg says about a built tree, said by rbee.
import { expect, test } from "bun:test";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { lintPackage } from "../../../lib/pkgbuild/lint/package.ts";
import { temporaryDirectory } from "../../harness.ts";

function tree(root: string, files: Readonly<Record<string, string>>) {
  const [pkgDir, srcDir] = [join(root, "pkg/x"), join(root, "src")];
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(pkgDir, name)), { recursive: true });
    writeFileSync(join(pkgDir, name), text.replaceAll("SRC", srcDir).replaceAll("PKG", pkgDir));
  }
  return { pkgDir, srcDir };
}

test("a clean tree has no problems, whatever its links point at", async () => {
  using directory = temporaryDirectory();
  const clean = tree(directory.path, { "usr/bin/x": "#!/bin/sh\n", "etc/x.conf": "", "usr/.hidden": "" });
  symlinkSync("/nowhere", join(clean.pkgDir, "usr/link"));
  symlinkSync(".", join(clean.pkgDir, "usr/loop"));
  expect(await lintPackage({ ...clean, backup: ["etc/x.conf"] })).toEqual([]);
});

test("dotfiles at the root and newlines in names are errors; references and missing backups are warnings", async () => {
  using directory = temporaryDirectory();
  const far = "x".repeat(65_530);
  const bad = tree(directory.path, {
    ".git": "",
    "usr/a\nb": "",
    "usr/one": "SRC",
    "usr/both": `${far}PKG ${far} SRC/y`,
    "usr/near": "SR C",
  });
  const problems = await lintPackage({ ...bad, backup: ["etc/none"] });
  expect(problems.map(({ file, code, severity, message }) => `${severity} ${code} ${JSON.stringify(file)} ${message}`)).toEqual([
    `error check_dotfiles ".git" Dotfile found in package root '.git'`,
    `error lint_file_names "usr/a\\nb" Package contains a path with a newline: "usr/a\\nb"`,
    `warning warn_missing_backup "etc/none" backup entry file not in package : etc/none`,
    `warning warn_build_references "usr/both" Package contains reference to $pkgdir`,
    `warning warn_build_references "usr/both" Package contains reference to $srcdir`,
    `warning warn_build_references "usr/one" Package contains reference to $srcdir`,
  ]);
});
