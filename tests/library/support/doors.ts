import * as main from "bulkhead";
import * as egress from "bulkhead/egress";
import * as host from "bulkhead/host";
import * as images from "bulkhead/images";
import * as learn from "bulkhead/learn";
import * as policy from "bulkhead/policy";
import * as record from "bulkhead/record";
import * as verify from "bulkhead/verify";

/** Everything that the package exports, by the name that it is imported under. */
export const DOORS = {
  bulkhead: main,
  "bulkhead/egress": egress,
  "bulkhead/host": host,
  "bulkhead/images": images,
  "bulkhead/learn": learn,
  "bulkhead/policy": policy,
  "bulkhead/record": record,
  "bulkhead/verify": verify,
} as const;

export const library: Readonly<Record<string, unknown>> = {
  ...main,
  ...egress,
  ...host,
  ...images,
  ...learn,
  ...policy,
  ...record,
  ...verify,
};
