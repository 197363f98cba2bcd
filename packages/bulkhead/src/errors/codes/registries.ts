import { entries } from "../entry.js";

/** Registries are strangers: what they answer is checked, and what they ask for may be refused. */
export const registryCodes = entries({
  IMAGE_NAME_INVALID: {
    fault: "user",
    cause: "this is not the name of an image",
    remedy:
      "Write NAME[:TAG][@sha256:DIGEST], such as python:3.13-slim or registry.example:5000/team/tool:1; files are `oci:PATH` and `docker-archive:PATH`.",
  },
  IMAGE_NOT_LOCAL: {
    fault: "user",
    cause: "the image is not in the store, and must not be pulled",
    remedy: "Pull it first (`bulkhead images pull NAME`), or bring it as a file (`bulkhead images import`).",
  },
  IMAGE_STORE_FULL: {
    fault: "user",
    cause: "the image does not fit into the store's quota",
    remedy: "Remove images (`bulkhead images rm NAME`, `bulkhead images prune`), or raise BULKHEAD_STORE_QUOTA.",
  },
  IMAGE_EXPORT_FAILED: {
    fault: "user",
    cause: "the image cannot be written there",
    remedy:
      "Name a directory that is not there yet (`oci:./layout:TAG`), on a disk with room; pull the image again if a blob of it is missing.",
  },
  REGISTRY_UNAVAILABLE: {
    fault: "system",
    cause: "the registry did not answer as it should",
    remedy:
      "Check the registry's name and the network. Without a network, images that were pulled before run with `--pull missing`, and `bulkhead images import` takes files.",
  },
  REGISTRY_UNTRUSTED: {
    fault: "user",
    cause: "the registry's certificate is not trusted",
    remedy:
      "If its CA is your organisation's, put that into /etc/docker/certs.d/HOST[:PORT]/ca.crt, or name a bundle in NODE_EXTRA_CA_CERTS or SSL_CERT_FILE. Otherwise do not go on: somebody may be in between.",
  },
  REGISTRY_CERTIFICATES: {
    fault: "user",
    cause: "a certificate or key for the registry cannot be used",
    remedy:
      "Fix the file named: authorities are PEM (`*.crt`), and a client certificate (`NAME.cert`) needs its key (`NAME.key`) beside it.",
  },
  REGISTRY_PROXY: {
    fault: "user",
    cause: "the proxy does not let the registry be reached",
    remedy:
      "Check HTTPS_PROXY and HTTP_PROXY (`http://USER:PASSWORD@HOST:PORT`), or name the registry in NO_PROXY to reach it without one.",
  },
  REGISTRY_DENIED: {
    fault: "user",
    cause: "the registry does not give out this image",
    remedy:
      "Check the name; if it is private, log in with `docker login`, or `skopeo login --authfile ~/.docker/config.json`, or put your client certificate into /etc/docker/certs.d/HOST[:PORT]/.",
  },
  REGISTRY_UNSAFE: {
    fault: "user",
    cause: "the registry asks for what is not safe",
    remedy:
      "If the registry is yours: allow plain HTTP with --insecure-registry, or its token server with --token-server; never for one that is somebody else's.",
  },
  REGISTRY_CREDENTIALS: {
    fault: "user",
    cause: "the credentials for the registry cannot be had",
    remedy: "Mend Docker's config.json, or the credential helper that it names.",
  },
});
