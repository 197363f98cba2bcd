/** The text below a command's help. */
export const EXAMPLES = {
  program: `
Examples:
  bulkhead run -- id                             in the built-in root, at level container
  bulkhead run -it --root host -- bash           a shell with this machine's programs, without its secrets
  bulkhead explain --level chroot                the protections, and the mechanism of each
  bulkhead doctor                                what this machine can enforce, and how to enable the rest`,
  run: `
Exit codes: the workload's own; 124 timed out; 125 Bulkhead refused or failed; 126 not executable; 127 not found;
128+n killed by signal n.

Examples:
  bulkhead run -- sh -c 'id; ls /'
  bulkhead run --root host --mount ./data:/data -- perl -e 'print 6*7'
  bulkhead run --image python:3.13-slim -- python -c 'print(6*7)'
  bulkhead run --image oci:./layout:latest --memory 256MiB --timeout 10s
  bulkhead run --root host --allow packages.example.org -- ./fetch
  bulkhead run --allow api.example.org --secret API_KEY=env:API_KEY@api.example.org -- ./agent
  bulkhead run -p 8080:80 -- ./server            http://127.0.0.1:8080/ is its port 80
  bulkhead run --policy policy.yaml --json -- ./job
  bulkhead run --require landlock,cgroup.memory -- ./job        refuses if either would not be enforced`,
  explain: `
Exit code 125 if the policy would be refused.

Examples:
  bulkhead explain --level chroot
  bulkhead explain --policy policy.yaml --plan   exactly what the warden would execute`,
  learn: `
Writes policy.json, seccomp.json (OCI), apparmor.profile, landlock.json and learned.json (for --add) to the directory.
Exits with the program's exit code, or with --check with 1 if the result differs under the policy.

Examples:
  bulkhead learn --root host --runs 3 --out ./least -- python3 job.py
  bulkhead learn --root host --add --out ./least -- python3 job.py --other-branch
  bulkhead learn --root host --check --out ./least -- python3 job.py
  bulkhead run --policy ./least/policy.json -- python3 job.py`,
  live: `
Examples:
  bulkhead ps                                    your sandboxes; as root, those of every user
  bulkhead kill $(bulkhead ps -q)
  bulkhead logs -f s2b0                          a unique prefix of an id is enough
  bulkhead attach s2b0`,
  services: `
Examples:
  bulkhead up                                    start the service of ./bulkhead.yaml, and stop it with ^C
  bulkhead up -d && bulkhead service logs -f     leave it in the background
  bulkhead service ps
  bulkhead service exec api -- sh -c 'ls /run/bulkhead'
  bulkhead blast api                             what an attacker who owns it reaches
  bulkhead service verify                        try every undeclared way from inside
  bulkhead service graph --svg service.svg`,
  broker: `
Permission to launch sandboxes does not make a user root: the broker opens host paths with the caller's permissions.

Examples:
  bulkhead broker --allow-uid 1000                                 as root, in the foreground
  bulkhead broker --allow-uid 1000 --max-memory 2GiB --max-pids 512
  BULKHEAD_BROKER=/run/bulkhead/broker.sock bulkhead run -- id     as uid 1000
packaging/bulkhead-broker.service is a systemd unit that runs it.`,
  server: `
docs/server.md describes the API, tenants and tokens. Needs Node 22.13 or later; ./bulkhead in a checkout fetches one.

Examples:
  bulkhead serve                                 on http://127.0.0.1:8420, with a first token
  bulkhead serve --listen 0.0.0.0:8420 --tls-cert cert.pem --tls-key key.pem --host sandbox.example.org
  bulkhead serve --templates ./templates         each NAME.yaml is a policy that tenants may name
  bulkhead audit verify`,
  images: `
Examples:
  bulkhead images pull python:3.13-slim
  bulkhead images ls
  bulkhead images pull --verify-key cosign.pub registry.example/team/tool:1
  bulkhead images import docker-archive:./image.tar team/tool:1
  bulkhead images build-base --packages python3-minimal,git localhost/python
  bulkhead images prune --all                    everything that no sandbox uses`,
  profile: `
Examples:
  bulkhead profile export default > seccomp.json
  bulkhead run --syscalls ./seccomp.json -- id
  docker run --security-opt seccomp=./seccomp.json …`,
  record: `
Examples:
  bulkhead run --record ./records/ -- ./job
  bulkhead record verify ./records/*.json
  bulkhead record key > machine.pub              then, elsewhere: bulkhead record verify --key machine.pub FILE`,
  verify: `
Exit code 1 if a protection that the enforcement table calls enforced is not. Every attempt is harmless even if it succeeds.

Examples:
  bulkhead verify                                at every level that this host has
  bulkhead verify --level container --all        also list the attempts that were stopped
  bulkhead verify --junit verify.xml --json`,
  diff: `
Exit code 1 if anything but time and memory differs. The policy may not mount a host directory writable.

Examples:
  bulkhead diff --level container --level gvisor -- sh -c 'uname -a'
  bulkhead diff --level container --level microvm --root host --json -- make test`,
  surface: `
Every attempt uses arguments that cannot do harm. As root, it also reads the seccomp filters in force from outside.

Examples:
  bulkhead surface                               at every level that this host has, side by side
  bulkhead surface --level container --json      everything the probe reached
  bulkhead surface --compare --svg surface.svg   beside a bare process and other installed sandboxes`,
  completion: `
Examples:
  bulkhead completion bash > ~/.local/share/bash-completion/completions/bulkhead
  bulkhead completion zsh  > "\${fpath[1]}/_bulkhead"
  bulkhead completion fish > ~/.config/fish/completions/bulkhead.fish`,
} as const;
