#!/bin/sh
# What: the Linux kernel, Landlock (any ABI) and POSIX message queues; python3 makes the calls. Behaviour: under a
# ruleset that handles READ_FILE and WRITE_FILE, mq_open fails with EACCES although a rule allows both below "/" itself.
# The queue lies on a mount that the kernel keeps for itself, below no directory. With the same file system mounted
# anywhere, and a rule for that place, mq_open works, although it opens the queue on the kernel's mount as before. One
# would have guessed: a rule for "/" allows whatever can be opened; or a queue, which has no path, is none of Landlock's
# business. Seen: Linux 6.18.44, ABI 7, 2026-11-30: rule for /: EACCES rule for the mounted file system: opened 0: as
# written. 1: changed. 2: cannot tell here (no python3, no Landlock, no queues, or no user namespaces and not root).

command -v python3 >/dev/null 2>&1 || { echo "no python3 here"; exit 2; }
command -v unshare >/dev/null 2>&1 || { echo "no unshare here"; exit 2; }
place=$(mktemp -d) || exit 2
trap 'rmdir "$place"' EXIT
uname -r

# A mount and IPC namespace of its own: nothing stays.
if [ "$(id -u)" = 0 ]; then own="unshare --mount --ipc"; else own="unshare --map-root-user --mount --ipc"; fi
$own sh -c 'mount -t mqueue none "$1" && shift && exec "$@"' sh "$place" python3 - "$place" <<'PYTHON'
import ctypes, errno, os, struct, sys

libc = ctypes.CDLL(None, use_errno=True)
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
WRITE_FILE, READ_FILE = 1 << 1, 1 << 2


def call(*arguments):
    result = libc.syscall(*arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def under(paths, work):
    """The errno of `work` in a child that may read and write below `paths` only."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    status = 255
    try:
        ruleset = call(CREATE_RULESET, struct.pack("Q", WRITE_FILE | READ_FILE), 8, 0)
        for path in paths:
            beneath = struct.pack("=Qi", WRITE_FILE | READ_FILE, os.open(path, os.O_PATH))
            call(ADD_RULE, ruleset, 1, beneath, 0)
        call(157, 38, 1, 0, 0, 0) if os.uname().machine == "x86_64" else libc.prctl(38, 1, 0, 0, 0)
        call(RESTRICT_SELF, ruleset, 0)
        status = work()
    finally:
        os._exit(status)


def queue():
    name = b"/landlock-refuses-mq-open"
    opened = libc.mq_open(name, os.O_CREAT | os.O_RDWR, 0o600, None)
    failed = ctypes.get_errno()
    libc.mq_unlink(name)
    return 0 if opened >= 0 else failed


version = libc.syscall(CREATE_RULESET, None, 0, 1)
if version < 1 or queue() != 0:
    print("no Landlock, or no message queues here")
    sys.exit(2)
print("Landlock ABI", version)
found = [under(["/"], queue), under(["/", sys.argv[1]], queue)]
for what, status in zip(["rule for /", "rule for the mounted file system"], found):
    print(f"{what}: {'opened' if status == 0 else errno.errorcode.get(status, status)}")
sys.exit(0 if found == [errno.EACCES, 0] else 1)
PYTHON
status=$?
# mount or unshare failed: those say 1 or 32, and python3 has not spoken.
case $status in 0 | 1 | 2) exit $status ;; *) exit 2 ;; esac
