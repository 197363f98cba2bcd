/** The largest manifest that registries accept; `index.json` and configurations of real images are far smaller. */
export const DOCUMENT_BYTES = 4 * 1024 * 1024;

/** Indexes may name indexes: the maximum depth, and the maximum number of documents. */
export const INDEX_DEPTH = 4;
export const INDEX_DOCUMENTS = 64;

/** Docker stops at 127 layers, overlayfs at 500. */
export const LAYERS = 500;
