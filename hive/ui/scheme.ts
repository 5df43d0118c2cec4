// Light or dark: what the system says, unless this browser was told otherwise.
const STORED = "rbee.scheme";
const SCHEMES = ["system", "light", "dark"] as const;
export type Scheme = (typeof SCHEMES)[number];

export function readScheme(): Scheme {
  const stored = localStorage.getItem(STORED);
  return SCHEMES.find((scheme) => scheme === stored) ?? "system";
}

export function applyScheme(scheme: Scheme = readScheme()): void {
  localStorage.setItem(STORED, scheme);
  document.documentElement.dataset.scheme = scheme;
}
