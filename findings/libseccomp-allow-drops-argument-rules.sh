#!/bin/sh
# What: libseccomp (libseccomp2 of Debian 12, 2.5.4), seccomp_rule_add with two rules for one system call: EPERM
#   where an argument has a value, and ALLOW for every other use.
# Behaviour: both calls return 0, in either order, and the filter allows the call with that value too: the rule without
#   arguments replaces the one with an argument, although its action is the more lenient.
# One would have guessed: the stricter rule wins, as it does when the kernel has several filters; or an error. Denying
#   ioctl(TIOCSTI) and allowing ioctl is such a pair.
# Seen 2026-11-30, 2.5.4-1+deb12u1: deny, then allow: added 0 and 0, TIOCSTI allowed. allow, then deny: the same.
#   One filter for each rule: TIOCSTI refused.
set -eu
command -v gcc >/dev/null && [ -e /usr/include/seccomp.h ] || { echo "gcc and libseccomp-dev are needed"; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/rules.c" <<'C'
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int deny(scmp_filter_ctx filter) {
  return seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ioctl), 1, SCMP_A1(SCMP_CMP_EQ, TIOCSTI));
}

static int allow(scmp_filter_ctx filter) { return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 0); }

/* Allows what this program does to the end, and nothing else. */
static scmp_filter_ctx begin(void) {
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
  const int needed[] = {SCMP_SYS(write), SCMP_SYS(exit_group), SCMP_SYS(seccomp), SCMP_SYS(prctl)};
  for (int i = 0; i < 4; i++)
    if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, needed[i], 0) != 0) _exit(2);
  return filter;
}

/* On descriptor -1 an ioctl that passes the filters fails with EBADF. */
static const char *tiocsti(void) {
  if (ioctl(-1, TIOCSTI, "x") == -1 && errno == EPERM) return "refused";
  return errno == EBADF ? "allowed" : "neither allowed nor refused";
}

int main(int argc, char **argv) {
  const char kind = argc > 1 ? argv[1][0] : '2';
  scmp_filter_ctx filter = kind == '2' ? seccomp_init(SCMP_ACT_ALLOW) : begin();
  int first = kind == 'a' ? allow(filter) : deny(filter);
  int second = kind == 'a' ? deny(filter) : kind == 'd' ? allow(filter) : 0;
  scmp_filter_ctx other = begin();
  if (kind == '2') second = allow(other);
  if (seccomp_load(filter) != 0 || (kind == '2' && seccomp_load(other) != 0)) return 2;
  const char *words = kind == 'a' ? "allow, then deny" : kind == 'd' ? "deny, then allow" : "one filter for each rule";
  char line[200];
  int length = snprintf(line, sizeof line, "%s: added %d and %d, TIOCSTI %s\n", words, first, second, tiocsti());
  _exit(write(1, line, length) == length ? 0 : 2);
}
C
gcc -o "$work/rules" "$work/rules.c" -lseccomp || exit 2
dpkg-query -W -f '${Package} ${Version}\n' libseccomp2 2>/dev/null || true
for kind in deny allow 2; do "$work/rules" "$kind" >>"$work/seen" || exit 2; done
cat "$work/seen"
[ "$(grep -c 'added 0 and 0, TIOCSTI allowed$' "$work/seen")" = 2 ] && grep -q 'each rule: added 0 and 0, TIOCSTI refused$' "$work/seen"
