// Text files that are bundled into the binary.
declare module "*.sh" {
  const text: string;
  export default text;
}
declare module "*/PKGBUILD" {
  const text: string;
  export default text;
}
