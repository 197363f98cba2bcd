// What the declarations need of Node and of the language, whatever the importing project has configured.
/// <reference types="node" preserve="true" />
/// <reference lib="esnext.disposable" preserve="true" />

/**
 * Learning the least policy of a program from observed runs.
 *
 * @module bulkhead/learn
 */

export { type Checked, checkLearned } from "./learn/check.js";
export { type LearnOptions, type LearnResult, learn, readLearned, saveLearned } from "./learn/learn.js";
export type { Learned } from "./learn/learned.js";
export type { LeastPolicy, SurfaceLearned } from "./learn/least.js";
