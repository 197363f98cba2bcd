#!/bin/sh
# What: gVisor's runsc, release of 2026-09-05 (gvisor.dev/gvisor v0.0.0-20260905035102-160fafc42237), on Linux x86-64.
# Behaviour: arch_prctl(2) knows ARCH_SET_FS inside, and answers EINVAL to ARCH_SET_GS. Every Linux on x86-64 has both.
# What one would have guessed: that it works, or ENOSYS, which programs take for "not here". EINVAL says that the
# program made a mistake: Debian's Firefox ESR 153, whose sandboxed libraries (WebAssembly made into native code,
# "segue") keep their base in GS, stops at its start with "wasm_rt_syscall_set_segue_base error: Invalid argument".
# Seen: 2026-11-30: linux "FS 42, GS 42" / gvisor "FS 42, GS Invalid argument"
set -u

version=v0.0.0-20260905035102-160fafc42237
work=$(mktemp -d) || exit 2
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT

[ "$(uname -m)" = x86_64 ] && [ "$(id -u)" -eq 0 ] && command -v gcc >/dev/null || { echo "needs x86-64, root and gcc"; exit 2; }
runsc=${RUNSC-}
if [ -z "$runsc" ]; then
  command -v go >/dev/null || { echo "needs go, or RUNSC=PATH of a runsc of that version"; exit 2; }
  GOPATH=$work/go GOFLAGS=-modcacherw GOBIN=$work GOCACHE=$work/cache go install "gvisor.dev/gvisor/runsc@$version" >"$work/log" 2>&1 ||
    { tail -3 "$work/log"; exit 2; }
  runsc=$work/runsc
fi

# Each base is set to a place that holds 42, read back through the segment register, and FS put back before anything
# else looks at it.
cat >"$work/bases.c" <<'END'
#include <asm/prctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

static long place = 42;

static long raw(long code, void *address) {
  long answer;
  __asm__ volatile("syscall" : "=a"(answer) : "a"(SYS_arch_prctl), "D"(code), "S"(address) : "rcx", "r11", "memory");
  return answer;
}

int main(void) {
  long own, fs = 0, gs = 0;
  raw(ARCH_GET_FS, &own);
  long fs_answer = raw(ARCH_SET_FS, &place);
  if (fs_answer == 0) {
    __asm__ volatile("mov %%fs:0, %0" : "=r"(fs));
    raw(ARCH_SET_FS, (void *)own);
  }
  long gs_answer = raw(ARCH_SET_GS, &place);
  if (gs_answer == 0) __asm__ volatile("mov %%gs:0, %0" : "=r"(gs));
  printf(fs_answer == 0 ? "FS %ld, " : "FS error %ld, ", fs_answer == 0 ? fs : fs_answer);
  if (gs_answer == 0) printf("GS %ld\n", gs);
  else printf("GS %s\n", strerror((int)-gs_answer));
  return 0;
}
END
gcc -static -O1 -fno-stack-protector -o "$work/bases" "$work/bases.c" || exit 2

linux=$("$work/bases") || exit 2
gvisor=$(timeout 60 "$runsc" --network=none --platform=systrap --ignore-cgroups do "$work/bases" 2>/dev/null) || exit 2
"$runsc" --version | head -1
echo "linux $linux / gvisor $gvisor"
[ "$linux" = "FS 42, GS 42" ] && [ "$gvisor" = "FS 42, GS Invalid argument" ]
