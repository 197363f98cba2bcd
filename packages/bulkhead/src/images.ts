// What the declarations need of Node and of the language, whatever the importing project has configured.
/// <reference types="node" preserve="true" />
/// <reference lib="esnext.disposable" preserve="true" />

/**
 * Images: pull, verify, build and manage them. Policies name images; this module manages them.
 *
 * @module bulkhead/images
 */

export { images } from "./images/images.js";
export type { BuildImageOptions } from "./images/manage/build.js";
export type { ImageDetails } from "./images/manage/inspect.js";
export type { PullImageOptions, StoreOptions, VerifyImageOptions, VerifyRules } from "./images/manage/options.js";
export type { ImageList, ImageSummary } from "./images/manage/summary.js";
export type { VerifiedImage } from "./images/manage/verify.js";
export type { OnPullEvent, PullEvent } from "./images/pull/progress.js";
export type { RegistryOptions, RegistryTiming } from "./images/registry/settings.js";
export type { Collected } from "./images/store/collect.js";
export type { Usage } from "./images/store/usage.js";
export type { UnpackLimits } from "./images/unpack/limits.js";
