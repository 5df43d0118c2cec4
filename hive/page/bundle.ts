// Makes the page's files from hive/ui: when the binary is made, and at the first request when the hive runs from its source.
import { join } from "node:path";

/** A file of the page as it is served. */
export interface PageFile {
  readonly type: string;
  /** The bytes, compressed with gzip, in base64: text, so that they can lie in the binary. */
  readonly gzip: string;
}

/** By their paths: `/` and `/assets/NAME`, whose names hold a digest of the content. */
export type PageFiles = Readonly<Record<string, PageFile>>;

/** Bundles `hive/ui/index.html` and all that it names. @throws what the bundler says of the first mistakes. */
export async function bundlePage(): Promise<PageFiles> {
  const { outputs } = await Bun.build({
    entrypoints: [join(import.meta.dir, "../ui/index.html")],
    target: "browser",
    minify: true,
    publicPath: "/assets/",
    naming: { chunk: "[name]-[hash].[ext]", asset: "[name]-[hash].[ext]", entry: "[name].[ext]" },
    define: { "process.env.NODE_ENV": '"production"' },
  });
  const files = await Promise.all(
    outputs.map(async (output) => {
      const name = output.path.replace(/^\.?\//, "");
      const gzip = Bun.gzipSync(new Uint8Array(await output.arrayBuffer()), { level: 9 });
      return [name === "index.html" ? "/" : `/assets/${name}`, { type: output.type, gzip: Buffer.from(gzip).toString("base64") }] as const;
    }),
  );
  return Object.fromEntries(files);
}
