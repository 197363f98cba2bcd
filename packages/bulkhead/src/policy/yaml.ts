/** Our own module around the package: bundled as CommonJS it has no named exports to import lazily. */
export { isMap, isSeq, LineCounter, parse, parseDocument, stringify } from "yaml";
