/**
 * Variables by which common programs are told whom to trust: OpenSSL and what uses it (Python's ssl, Ruby, PHP, curl), Go, Node, Deno,
 * Python's requests and pip, curl, git, cargo, AWS's tools, gRPC, Perl, npm by Node. Java and GnuTLS's programs know none.
 */
const FILE_VARIABLES = [
  "SSL_CERT_FILE",
  "NODE_EXTRA_CA_CERTS",
  "DENO_CERT",
  "REQUESTS_CA_BUNDLE",
  "PIP_CERT",
  "CURL_CA_BUNDLE",
  "GIT_SSL_CAINFO",
  "CARGO_HTTP_CAINFO",
  "AWS_CA_BUNDLE",
  "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
  "PERL_LWP_SSL_CA_FILE",
  // npm takes it for all there is, and then asks Node's variable no more.
  "npm_config_cafile",
] as const;

/** The environment by which a workload trusts the bundle at `path`. */
export function trustVariables(path: string): Readonly<Record<string, string>> {
  return Object.fromEntries(FILE_VARIABLES.map((name) => [name, path]));
}
