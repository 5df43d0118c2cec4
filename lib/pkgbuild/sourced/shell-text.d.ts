// Lets TypeScript read `import text from "./x.sh" with { type: "text" }`, which Bun bundles as a string.
declare module "*.sh" {
  const text: string;
  export default text;
}
