// The fields a PKGBUILD can have, grouped as makepkg groups them (libmakepkg util/schema.sh, PKGBUILD(5)).

export const hashAlgorithms = ["ck", "md5", "sha1", "sha224", "sha256", "sha384", "sha512", "b2"] as const;
export type HashAlgorithm = (typeof hashAlgorithms)[number];

export const checksumFields = hashAlgorithms.map((name) => `${name}sums` as const);

/** Fields that are arrays. */
export const arrayFields = [
  ...["arch", "backup", "checkdepends", "conflicts", "depends", "groups", "license", "makedepends"],
  ...["noextract", "optdepends", "options", "provides", "replaces", "source", "validpgpkeys"],
  ...checksumFields,
] as const;

/** Fields that are strings. */
export const stringFields = ["changelog", "epoch", "install", "pkgbase", "pkgdesc", "pkgrel", "pkgver", "url"] as const;

/** Array fields that may carry the suffix `_x86_64` and the like. */
export const archArrayFields = [
  ...["checkdepends", "conflicts", "depends", "makedepends", "optdepends", "provides", "replaces", "source"],
  ...checksumFields,
] as const;

/** Fields that a package function may set anew. */
export const overridableFields: readonly string[] = [
  ...["pkgdesc", "arch", "url", "license", "groups", "depends", "optdepends", "provides", "conflicts"],
  ...["replaces", "backup", "options", "install", "changelog"],
];
