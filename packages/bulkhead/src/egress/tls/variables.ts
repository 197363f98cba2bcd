/**
 * Variables with which common programs are told which CAs to trust: OpenSSL and its users (Python's ssl, Ruby, PHP,
 * curl), Go, Node, Deno, Python's requests and pip, curl, git, cargo, AWS's tools, gRPC, Perl, npm through Node. Java
 * and programs with GnuTLS have none.
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
  // npm takes it as the complete list, and then ignores Node's variable.
  "npm_config_cafile",
] as const;

/** The environment that makes a workload trust the bundle at `path`. */
export function trustVariables(path: string): Readonly<Record<string, string>> {
  return Object.fromEntries(FILE_VARIABLES.map((name) => [name, path]));
}
