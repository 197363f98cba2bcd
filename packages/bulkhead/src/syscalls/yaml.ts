/** Our own module around the package: bundled as CommonJS it has no named exports to import lazily. */
export { parse } from "yaml";
