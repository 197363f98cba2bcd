/** The most that registries accept for a manifest; `index.json` and configurations of real images are far smaller. */
export const DOCUMENT_BYTES = 4 * 1024 * 1024;

/** Indexes may name indexes: so deep, and so many documents in all. */
export const INDEX_DEPTH = 4;
export const INDEX_DOCUMENTS = 64;

/** Docker stops at 127 layers, overlayfs at 500. */
export const LAYERS = 500;
