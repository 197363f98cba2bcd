#!/bin/sh
# Boots Debian 13 with systemd under QEMU's emulation and runs deb-inside.sh there: sh tests/packaging/deb.sh FILE.deb
#
# Run by hand: it needs root, mmdebstrap, mke2fs, qemu-system-x86_64, a mirror of Debian, and some minutes.
set -eu
here=$(cd "${0%/*}" && pwd)
deb=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The next version, for the upgrade: the same files.
dpkg-deb -R "$deb" "$work/next"
sed -i 's/^Version: .*/&+next/' "$work/next/DEBIAN/control"
dpkg-deb --root-owner-group -Zxz -b "$work/next" "$work/second.deb" >/dev/null

mmdebstrap --quiet --variant=minbase \
  --include=nodejs,systemd,systemd-sysv,dbus,udev,procps,passwd,adduser,linux-image-cloud-amd64 trixie "$work/root"
mkdir "$work/root/opt/deb"
cp "$deb" "$work/root/opt/deb/first.deb"
cp "$work/second.deb" "$here/deb-inside.sh" "$work/root/opt/deb/"
units=$work/root/etc/systemd/system
cat >"$units/deb-test.service" <<'END'
[Unit]
After=multi-user.target
SuccessAction=poweroff
FailureAction=poweroff
[Service]
Type=oneshot
ExecStart=/bin/sh -c "exec sh /opt/deb/deb-inside.sh /opt/deb/first.deb /opt/deb/second.deb >/dev/ttyS0 2>&1"
END
mkdir -p "$units/multi-user.target.wants"
ln -s ../deb-test.service "$units/multi-user.target.wants/deb-test.service"
ln -s /dev/null "$units/serial-getty@ttyS0.service"
mke2fs -q -t ext4 -d "$work/root" "$work/disk.img" 3G
# la57 (five-level page tables) is broken in QEMU 7.2's emulation.
timeout 900 qemu-system-x86_64 -M q35 -cpu max,la57=off -m 2048 -smp 2 -nographic -no-reboot -nodefaults -serial stdio \
  -kernel "$work"/root/boot/vmlinuz-* -initrd "$work"/root/boot/initrd.img-* \
  -append "root=/dev/vda rw console=ttyS0 systemd.show_status=0 quiet" \
  -drive "file=$work/disk.img,if=virtio,format=raw,cache=unsafe" </dev/null >"$work/console" || true
tr -d '\r' <"$work/console" | grep -a 'DEB \|^[<>]' || { tail -n 60 "$work/console"; exit 1; }
tr -d '\r' <"$work/console" | grep -qa '^DEB OK$' || { tail -n 60 "$work/console"; exit 1; }
