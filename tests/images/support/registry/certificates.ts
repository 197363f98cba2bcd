import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A certificate and its key, in files and as PEM. */
export interface Issued {
  readonly certPath: string;
  readonly keyPath: string;
  readonly cert: string;
  readonly key: string;
}

const EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
const openssl = (...args: readonly string[]) => execFileSync("openssl", args, { stdio: "pipe" });

/** A certificate authority of a test's own, as a company has one. */
export class Authority {
  readonly path: string;
  readonly pem: string;
  readonly #directory: string;
  readonly #key: string;

  constructor(directory: string) {
    mkdirSync(directory, { recursive: true });
    this.#directory = directory;
    this.path = join(directory, "ca.crt");
    this.#key = join(directory, "ca.key");
    openssl("req", "-x509", ...EC, "-days", "2", "-subj", "/CN=Test CA", "-keyout", this.#key, "-out", this.path);
    this.pem = readFileSync(this.path, "utf8");
  }

  /** `names` as in `DNS:localhost`, `IP:127.0.0.1`; `days` may be past. */
  issue(name: string, names: readonly string[], days = 2): Issued {
    const at = (suffix: string) => join(this.#directory, `${name}.${suffix}`);
    const [keyPath, certPath, request, extensions] = [at("key"), at("crt"), at("csr"), at("ext")] as const;
    openssl("req", "-new", ...EC, "-subj", `/CN=${name}`, "-keyout", keyPath, "-out", request);
    writeFileSync(extensions, names.length === 0 ? "" : `subjectAltName=${names.join(",")}\n`);
    const by = ["-CA", this.path, "-CAkey", this.#key, "-CAcreateserial"];
    openssl("x509", "-req", "-in", request, ...by, "-days", String(days), "-extfile", extensions, "-out", certPath);
    return { certPath, keyPath, cert: readFileSync(certPath, "utf8"), key: readFileSync(keyPath, "utf8") };
  }
}
