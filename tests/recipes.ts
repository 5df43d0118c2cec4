// Catalogs of little recipes for tests: a directory as `--catalog` takes it.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface RecipeParts {
  /** Replaces fields of the entry; undefined removes one. */
  readonly entry?: Readonly<Record<string, unknown>>;
  /** The whole PKGBUILD; else one is made from the other parts. */
  readonly pkgbuild?: string;
  readonly build?: string;
  readonly package?: string;
  readonly more?: string;
  readonly files?: Readonly<Record<string, string>>;
}

/** An entry with every field right. */
export function makeEntry(id: string): Record<string, unknown> {
  return {
    id,
    name: `Test ${id}`,
    description: "A worker for tests",
    version: "1.0.0",
    license: "MIT",
    worker_type: "cpu",
    platforms: ["linux", "macos"],
    architectures: ["x86_64", "aarch64"],
    implementation: "test",
    build_system: "make",
    source: { type: "local" },
    build: {},
    depends: [],
    makedepends: [],
    binary_name: id,
    install_path: `/usr/local/bin/${id}`,
    pkgbuild_url: `workers/${id}/PKGBUILD`,
    supported_formats: ["gguf"],
    max_context_length: 2048,
    supports_streaming: true,
    supports_batching: false,
  };
}

/** Writes one worker into a catalog directory, which is made when missing. */
export function writeRecipe(catalog: string, id: string, parts: RecipeParts = {}): void {
  const directory = join(catalog, id);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "entry.json"), JSON.stringify({ ...makeEntry(id), ...parts.entry }));
  for (const [name, text] of Object.entries(parts.files ?? {})) writeFileSync(join(directory, name), text);
  writeFileSync(join(directory, "PKGBUILD"), parts.pkgbuild ?? makePkgbuild(id, parts));
}

function makePkgbuild(id: string, parts: RecipeParts): string {
  const install = `install -d "$pkgdir/usr/bin"\n  printf '#!/bin/sh\\necho ${id}\\n' >"$pkgdir/usr/bin/${id}"\n  chmod 755 "$pkgdir/usr/bin/${id}"`;
  return `pkgname=${id}
pkgver=1.0.0
pkgrel=1
pkgdesc="A worker for tests"
arch=('any')
license=('MIT')
${parts.more ?? ""}
build() {
  ${parts.build ?? ":"}
}

package() {
  ${parts.package ?? install}
}
`;
}
