// Do the bytes have the sums that the recipe names? All sums that are present must agree. Source: PKGBUILD(5); libmakepkg/integrity/verify_checksum.sh.
import { fail, type RbeeError } from "../errors.ts";
import { type HashName, hashFile } from "../hash.ts";

export interface Sum {
  readonly kind: string;
  readonly hash: HashName;
  readonly value: string;
}

/** Lists of sums as a recipe writes them, each as long as its source=(). */
export type ChecksumLists = readonly { readonly algo: string; readonly sums: readonly string[] }[];

const HASHES: Readonly<Record<string, HashName>> = {
  md5: "md5",
  sha1: "sha1",
  sha224: "sha224",
  sha256: "sha256",
  sha384: "sha384",
  sha512: "sha512",
  b2: "blake2b512",
};

/**
 * The sums of source number `index`, SKIP left out.
 * @throws RECIPE_REFUSED when the source has no sum and no SKIP, or only sums that cannot be checked here.
 */
export function sumsOf(lists: ChecksumLists, index: number, written: string): Sum[] {
  const named = lists.map(({ algo, sums }) => ({ algo, value: sums[index] })).filter((sum) => sum.value !== undefined && sum.value !== "");
  if (named.length === 0) throw refused(`source "${written}" has no checksum (write SKIP to go without)`);
  return named
    .filter(({ value }) => value !== "SKIP")
    .map(({ algo, value }) => {
      const hash = HASHES[algo];
      if (!hash) throw refused(`${algo} sums cannot be checked`);
      return { kind: algo, hash, value: value!.toLowerCase() };
    });
}

/** Makes the error once it is known what the file is called and where it was put aside. */
type Mismatch = (file: string, kept: string) => RbeeError;

/** The first sum that the file does not have, as a maker of the error; undefined when all agree. */
export async function findMismatch(
  path: string,
  sums: readonly Sum[],
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<Mismatch | undefined> {
  for (const { kind, hash, value } of sums) {
    const found = await hashFile(path, hash, { signal });
    if (found !== value)
      return (file, kept) =>
        fail("CHECKSUM_MISMATCH", { file, kind, expected: value, found, kept }, { data: { file, kind, expected: value, found, kept } });
  }
  return undefined;
}

function refused(reason: string) {
  return fail("RECIPE_REFUSED", { file: "PKGBUILD", reason });
}
