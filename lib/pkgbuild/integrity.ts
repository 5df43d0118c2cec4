// Do the bytes have the sums that the recipe names? All sums that are present must agree. Source: PKGBUILD(5); libmakepkg/integrity/verify_checksum.sh.
import { fail, type RbeeError } from "../errors.ts";
import { type HashName, hashInto, makeHasher } from "../hash.ts";

export interface Sum {
  readonly kind: string;
  readonly hash: HashName;
  readonly value: string;
}

/** Lists of sums as a recipe writes them, each as long as its source=(). */
export type ChecksumLists = readonly { readonly algo: string; readonly sums: readonly string[] }[];

const HASHES: Readonly<Record<string, HashName>> = {
  cksums: "cksum",
  md5: "md5",
  sha1: "sha1",
  sha224: "sha224",
  sha256: "sha256",
  sha384: "sha384",
  sha512: "sha512",
  b2: "blake2b512",
};
/** What nobody can make a second file for, the best first. */
const STRONG: readonly HashName[] = ["sha512", "blake2b512", "sha384", "sha256", "sha224"];

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

/** The strongest sum that identifies a file; undefined when only weak ones are named. */
export function identityOf(sums: readonly Sum[]): Sum | undefined {
  return STRONG.map((hash) => sums.find((sum) => sum.hash === hash)).find((sum) => sum !== undefined);
}

/** Makes the error once it is known what the file is called and where it was put aside. */
export type Mismatch = (file: string, kept: string) => RbeeError;

/** The first sum that the file does not have, as a maker of the error; undefined when all agree. The file is read once, whatever the number of sums. */
export async function findMismatch(
  path: string,
  sums: readonly Sum[],
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<Mismatch | undefined> {
  if (sums.length === 0) return undefined;
  const hashers = sums.map(({ hash }) => makeHasher(hash));
  await hashInto(path, hashers, { signal });
  return compare(
    sums,
    hashers.map((hasher) => hasher.digest()),
  );
}

/** The same for digests that are known already, in the order of `sums`. */
export function compare(sums: readonly Sum[], found: readonly string[]): Mismatch | undefined {
  const index = sums.findIndex(({ value }, at) => found[at] !== value);
  const sum = sums[index];
  if (!sum) return undefined;
  const facts = { kind: sum.kind, expected: sum.value, found: found[index] ?? "" };
  return (file, kept) => fail("CHECKSUM_MISMATCH", { file, kept, ...facts }, { data: { file, kept, ...facts } });
}

function refused(reason: string) {
  return fail("RECIPE_REFUSED", { file: "PKGBUILD", reason });
}
