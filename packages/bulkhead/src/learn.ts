// What the declarations need of Node and of the language, whatever the importing project has configured.
/// <reference types="node" preserve="true" />
/// <reference lib="esnext.disposable" preserve="true" />

/** Learning the least policy of a program from observed runs. */

export { type Checked, checkLesson } from "./learn/check.js";
export { type LearnOptions, type Lesson, learn, readLearned, saveLesson } from "./learn/learn.js";
export type { Learned } from "./learn/learned.js";
export type { Least, SurfaceLearned } from "./learn/least.js";
