# Job control needs a terminal; `script` makes one. The job ends only after it was counted, however slow the machine.
mkfifo held counted
{ : <counted; sleep 0.1; : >held; } &
script -qec 'set -m; cat held & jobs | wc -l; : >counted; fg >/dev/null 2>&1; tty | cut -c1-9' /dev/null | tr -d '\r'
