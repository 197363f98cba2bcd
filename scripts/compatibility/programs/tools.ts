import type { Group, Program } from "../program.js";

/** At every level: a guest's workload has the filter that it has without one. */
function everywhere(why: string): NonNullable<Program["fails"]> {
  return { chroot: why, container: why, gvisor: why, microvm: why };
}

const PTRACE = everywhere(
  "`syscalls: default` refuses ptrace (EPERM): it was a way past other limits (CVE-2019-13272). A profile that has it (`--syscalls FILE`) gives it back",
);
const PERF = everywhere(
  "`syscalls: default` refuses perf_event_open (EPERM), which has a long history of kernel bugs; gVisor's kernel has none",
);

const CRASH = `echo 'int main(void) { volatile int n = 41; n++; return n; }' > a.c && gcc -g -O0 a.c -o a`;

export const tools: Group = {
  name: "tools",
  title: "Shells, editors, debuggers and everyday tools",
  programs: [
    {
      name: "bash (pipes, process substitution)",
      packages: ["bash"],
      script: `bash -c 'set -o pipefail; paste -sd+ <(seq 3) | tee >(cat >/dev/null) | bc -l 2>/dev/null || echo $((1+2+3))'`,
      prints: "6",
    },
    { name: "zsh", packages: ["zsh"], script: `zsh -fc 'a=(1 2 3); print $((\${(j:+:)a}))'`, prints: "6" },
    { name: "fish", packages: ["fish"], script: `HOME=$PWD fish -c 'math (string join + 1 2 3)'`, prints: "6" },
    { name: "ksh", packages: ["ksh93u+m"], script: `ksh -c 'print $((1 + 2 + 3))'`, prints: "6" },
    {
      name: "tmux",
      packages: ["tmux"],
      script: `export TMUX_TMPDIR=$PWD; tmux -f /dev/null new -d -s a 'echo 42 > out; sleep 2'; for i in $(seq 50); do [ -s out ] && break; sleep 0.2; done; cat out`,
      prints: "42",
    },
    {
      name: "GNU screen",
      packages: ["screen"],
      script: `mkdir -m 700 s && SCREENDIR=$PWD/s screen -dm sh -c 'echo 42 > out'; for i in $(seq 50); do [ -s out ] && break; sleep 0.2; done; cat out`,
      prints: "42",
    },
    {
      name: "Vim",
      packages: ["vim-nox"],
      script: `echo 41 > a && vim -es -u NONE -c 'execute "normal \\<C-a>"' -c wq a; cat a`,
      prints: "42",
    },
    {
      name: "Neovim",
      packages: ["neovim"],
      script: `nvim --headless -u NONE -c 'lua io.stdout:write(6 * 7, "\\n")' -c q`,
      prints: "42",
    },
    {
      name: "Emacs (batch)",
      packages: ["emacs-nox"],
      script: `emacs --batch --eval '(princ (* 6 7))'; echo`,
      prints: "42",
    },
    {
      name: "gdb",
      packages: ["gdb", "gcc", "libc6-dev"],
      script: `${CRASH} && gdb -q -batch -ex 'break 1' -ex run -ex next -ex 'print n + 1' -ex kill ./a 2>/dev/null | sed -n 's/^\\$1 = \\(.*\\)/breakpoint/p'`,
      prints: "breakpoint",
      fails: PTRACE,
      resources: { time: "3m" },
    },
    {
      name: "strace",
      packages: ["strace"],
      script: `strace -f -o t sh -c 'true; cat /dev/null' && grep -c 'exit_group' t`,
      prints: "2",
      fails: PTRACE,
    },
    {
      name: "Valgrind",
      packages: ["valgrind", "gcc", "libc6-dev"],
      script: `echo '#include <stdlib.h>
int main(void) { return malloc(7) == 0; }' > a.c && gcc -g a.c -o a && valgrind --log-file=t ./a; sed -n 's/.*total heap usage: \\(1\\) allocs.*/\\1/p' t`,
      prints: "1",
      resources: { memory: "1GiB", time: "3m" },
    },
    {
      name: "perf",
      packages: ["linux-perf"],
      script: `perf stat -e task-clock true 2>&1 | grep -c 'msec task-clock'`,
      prints: "1",
      fails: PERF,
    },
    {
      name: "GnuPG (with its agent)",
      packages: ["gnupg"],
      script: `mkdir -m 700 g && export GNUPGHOME=$PWD/g && gpg --batch --quiet --passphrase '' --quick-gen-key a@example.org default default never 2>/dev/null && echo 42 > a && gpg --batch --quiet -e -r a@example.org -o b a 2>/dev/null && gpg --batch --quiet -d b 2>/dev/null`,
      prints: "42",
      resources: { time: "3m" },
    },
    {
      name: "OpenSSH (ssh-keygen, ssh -G, agent)",
      packages: ["openssh-client"],
      script: `ssh-keygen -q -t ed25519 -N '' -f k && eval $(ssh-agent) >/dev/null && ssh-add -q k && ssh-add -l | cut -d' ' -f1 && ssh -G example.org | sed -n 's/^hostname //p'; kill $SSH_AGENT_PID`,
      prints: "example.org",
    },
    {
      name: "OpenSSL (a TLS server and its client)",
      packages: ["openssl"],
      script: `openssl req -x509 -newkey rsa:2048 -nodes -keyout k -out c -subj /CN=localhost 2>/dev/null; openssl s_server -www -key k -cert c -accept 4433 >/dev/null 2>&1 &
for i in $(seq 50); do printf 'GET / HTTP/1.0\\r\\n\\r\\n' | timeout 10 openssl s_client -quiet -connect localhost:4433 2>/dev/null | head -1 | tr -d '\\r' > out; [ -s out ] && break; sleep 0.2; done; cat out; kill %1 2>/dev/null || kill $!`,
      prints: "HTTP/1.0 200 ok",
      resources: { time: "3m" },
    },
    {
      name: "tar, zstd",
      packages: ["tar", "zstd"],
      script: `seq 1000 > a && tar --zstd -cf a.tzst a && rm a && tar xf a.tzst && wc -l < a`,
      prints: "1000",
    },
    {
      name: "7-Zip",
      packages: ["p7zip-full"],
      script: `seq 1000 > a && 7z a -bd b.7z a >/dev/null && rm a && 7z x b.7z >/dev/null && wc -l < a`,
      prints: "1000",
    },
    { name: "jq", packages: ["jq"], script: `echo '[1,2,3]' | jq add`, prints: "6" },
    {
      name: "inotifywait",
      packages: ["inotify-tools"],
      script: `mkdir d; (sleep 2; touch d/a) & inotifywait -q -t 30 -e create --format %f d`,
      prints: "a",
    },
  ],
};
