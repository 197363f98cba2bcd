import { entries } from "../entry.js";

/** Registries are untrusted: Bulkhead checks their answers and may refuse their requests. */
export const registryCodes = entries({
  IMAGE_NAME_INVALID: {
    fault: "user",
    cause: "the image name is not valid",
    remedy:
      "Write NAME[:TAG][@sha256:DIGEST], such as python:3.13-slim or registry.example:5000/team/tool:1; write files as `oci:PATH` and `docker-archive:PATH`.",
  },
  IMAGE_NOT_LOCAL: {
    fault: "user",
    cause: "the image is not in the store, and the policy or command forbids a pull",
    remedy: "Pull the image first (`bulkhead images pull NAME`), or import it from a file (`bulkhead images import`).",
  },
  IMAGE_STORE_FULL: {
    fault: "user",
    cause: "the image does not fit into the store's quota",
    remedy: "Remove images (`bulkhead images rm NAME`, `bulkhead images prune`), or raise BULKHEAD_STORE_QUOTA.",
  },
  IMAGE_EXPORT_FAILED: {
    fault: "user",
    cause: "the image cannot be written to this path",
    remedy:
      "Name a directory that does not exist yet (`oci:./layout:TAG`), on a disk with free space; if a blob of the image is missing, pull the image again.",
  },
  REGISTRY_UNAVAILABLE: {
    fault: "system",
    cause: "the registry did not answer, or answered with an error",
    remedy:
      "Check the registry's name and the network. Without a network, run images that are already in the store with `--pull missing`, or import files with `bulkhead images import`.",
  },
  REGISTRY_UNTRUSTED: {
    fault: "user",
    cause: "the registry's certificate is not trusted",
    remedy:
      "If your organisation runs its CA, put the CA certificate into /etc/docker/certs.d/HOST[:PORT]/ca.crt, or name a CA bundle in NODE_EXTRA_CA_CERTS or SSL_CERT_FILE. Otherwise stop: the connection may be intercepted.",
  },
  REGISTRY_CERTIFICATES: {
    fault: "user",
    cause: "a certificate or key for the registry is not valid",
    remedy:
      "Fix the file named: a CA certificate is PEM (`*.crt`), and a client certificate (`NAME.cert`) needs its key (`NAME.key`) beside it.",
  },
  REGISTRY_PROXY: {
    fault: "user",
    cause: "the proxy refused or failed the connection to the registry",
    remedy:
      "Check HTTPS_PROXY and HTTP_PROXY (`http://USER:PASSWORD@HOST:PORT`), or name the registry in NO_PROXY to reach it without one.",
  },
  REGISTRY_DENIED: {
    fault: "user",
    cause: "the registry denied access to this image",
    remedy:
      "Check the name; if it is private, log in with `docker login`, or `skopeo login --authfile ~/.docker/config.json`, or put your client certificate into /etc/docker/certs.d/HOST[:PORT]/.",
  },
  REGISTRY_UNSAFE: {
    fault: "user",
    cause: "the registry asks for something unsafe",
    remedy:
      "If the registry is yours, allow plain HTTP with --insecure-registry, or its token server with --token-server; never do so for a registry that you do not run.",
  },
  REGISTRY_CREDENTIALS: {
    fault: "user",
    cause: "the credentials for the registry are unavailable",
    remedy: "Fix Docker's config.json, or the credential helper that it names.",
  },
});
