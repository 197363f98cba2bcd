#!/bin/sh
# Runs in a Debian guest with systemd as process 1: installs the package, uses it, upgrades it and purges it, and
# compares the files before and after. The last line says `DEB OK` or what failed.
set -eu
first=$1
second=$2

step() {
  echo "DEB STEP $*"
}
fail() {
  echo "DEB FAILED $*"
  exit 1
}
files() {
  find / -xdev \( -path /proc -o -path /sys -o -path /run -o -path /tmp -o -path /root -o -path /var/log \
    -o -path /var/lib/dpkg -o -path /var/lib/systemd -o -path /var/cache -o -path /home \) -prune -o -print | sort
}
expect() {
  wanted=$1
  shift
  got=$("$@" 2>/tmp/stderr) || fail "$*: $got $(cat /tmp/stderr)"
  [ "$got" = "$wanted" ] || fail "$*: $got, expected $wanted"
}

[ "$(cat /proc/1/comm)" = systemd ] || fail "process 1 is not systemd"
id -u dev >/dev/null 2>&1 || useradd --create-home --uid 1000 dev
files >/tmp/before

step install
dpkg -i "$first"
systemctl is-enabled bulkhead-broker.service >/dev/null && fail "the service is enabled"
systemctl is-active bulkhead-broker.service >/dev/null && fail "the service is active"
systemctl is-enabled bulkhead-broker.socket >/dev/null && fail "the socket is enabled"
[ -z "$(getent group bulkhead | cut -d: -f4)" ] || fail "the group has members"
for path in /usr/share/man/man1/bulkhead.1.gz /usr/share/man/man1/bulkhead-run.1.gz \
  /usr/share/bash-completion/completions/bulkhead /usr/share/doc/bulkhead/copyright; do
  [ -s "$path" ] || fail "no $path"
done

step use as root
expect 1000 bulkhead run -- id -u
# There the workload has a uid of the host, of its own.
expect in bulkhead run --level chroot -- echo in

step use as a user
expect 1000 runuser -u dev -- bulkhead run -- id -u

step broker
echo 'BULKHEAD_BROKER_FLAGS="--max-memory 268435456"' >/etc/bulkhead/broker.env
systemctl enable --now bulkhead-broker.socket
systemctl is-active bulkhead-broker.service >/dev/null && fail "the broker runs before its first caller"
export BULKHEAD_BROKER=/run/bulkhead/broker.sock
runuser -u dev -- bulkhead run -- id -u && fail "the broker serves a user outside its group"
systemctl is-active bulkhead-broker.service || fail "the socket did not start the broker"
# Root is always served; its front keeps more capabilities than another user's.
expect 1000 bulkhead run -- id -u
adduser --quiet dev bulkhead
expect 1000 runuser -u dev -- bulkhead run -- id -u
runuser -u nobody -- bulkhead run -- id -u && fail "the broker serves a user that its owner did not name"
# What the group grants: no more memory than the owner's maximum, and no path that the user cannot read.
runuser -u dev -- bulkhead run --memory 512MiB -- true && fail "the group lifts the owner's maximum"
runuser -u dev -- bulkhead run --mount /root:/data -- ls /data && fail "the group opens root's files"
# The uid that the workload has outside is neither root's nor the caller's: enforced as for root.
runuser -u dev -- bulkhead explain | grep -q '^uid-range *enforced' ||
  fail "no uid range from the broker"
before=$(systemctl show -p MainPID --value bulkhead-broker.service)

step service
file=/home/dev/bulkhead.yaml
cat >$file <<'END'
name: booted
components:
  web:
    command: [sh, -c, "echo it serves >/work/index.html; exec httpd -f -p 8080 -h /work"]
    listen: { http: { host: "127.0.0.1:8081", port: 8080 } }
END
chmod 666 $file
bulkhead service install --user dev --file $file && fail "a unit runs a file that everybody may write"
chmod 644 $file
answer() {
  bash -c 'exec 3<>/dev/tcp/127.0.0.1/8081; printf "GET / HTTP/1.0\r\n\r\n" >&3; cat <&3' | tail -n 1
}
serves() {
  systemctl is-active "$1" >/dev/null || fail "$1: $(systemctl status "$1" 2>&1) $(journalctl -n 30 -u "$1" 2>&1)"
  expect "it serves" answer
}
# Through the system broker, in a unit without rights.
bulkhead service install --user dev --file $file --now || fail "no start: $(journalctl -n 40 -u bulkhead-service-booted.service 2>&1)"
systemctl is-enabled bulkhead-service-booted.service || fail "it does not start at boot"
serves bulkhead-service-booted.service
expect "booted active $file" sh -c 'bulkhead service list | tr -s " "'
runuser -u dev -- bulkhead service ps --name booted | grep -q 'web *container *ready' || fail "its user cannot see it"
systemctl restart bulkhead-service-booted.service
serves bulkhead-service-booted.service
systemd-analyze --no-pager security bulkhead-service-booted.service | tail -n 1
systemd-analyze --no-pager security --threshold=20 bulkhead-service-booted.service >/dev/null || fail "an exposure above 2.0"
bulkhead service uninstall --name booted
[ ! -e /etc/systemd/system/bulkhead-service-booted.service ] || fail "the unit is still there"
# As root, with a private broker.
cp $file /srv/booted.yaml
bulkhead service install --file /srv/booted.yaml --now ||
  fail "no start as root: $(journalctl -n 40 -u bulkhead-service-booted.service 2>&1)"
serves bulkhead-service-booted.service
bulkhead service uninstall --name booted
systemctl is-active bulkhead-service-booted.service >/dev/null && fail "the service outlived its unit"
rm /srv/booted.yaml

step upgrade
dpkg -i "$second"
grep -q max-memory /etc/bulkhead/broker.env || fail "the upgrade changed broker.env"
systemctl is-active bulkhead-broker.service || fail "the broker does not run after the upgrade"
[ "$(systemctl show -p MainPID --value bulkhead-broker.service)" != "$before" ] || fail "the old broker runs"
expect 1000 runuser -u dev -- bulkhead run -- id -u
dpkg --verify bulkhead | grep -v '/etc/bulkhead/broker.env$' && fail "files differ from the package"

step remove
dpkg -r bulkhead
systemctl is-active bulkhead-broker.service >/dev/null && fail "the broker outlived its package"
[ -z "$(pgrep warden || true)" ] || fail "a warden outlived its package"
[ ! -e /run/bulkhead/broker.sock ] || fail "the socket outlived its package"

step purge
dpkg -P bulkhead
files >/tmp/after
diff /tmp/before /tmp/after || fail "files were left"
[ ! -e /run/bulkhead ] || fail "/run/bulkhead was left"
getent group bulkhead >/dev/null && fail "the group was left"
echo "DEB OK"
