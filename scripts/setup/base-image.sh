# Builds the `base` root file system from the distribution's static busybox: sh base-image.sh DIRECTORY
#
# Extracts busybox from its package without installing it, so no root is needed and the host is unchanged.
set -eu

destination=$1
mkdir -p "$(dirname "$destination")"
work=$(mktemp -d "$destination.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
tree=$work/tree

# Prints the path of a static busybox.
find_busybox() {
  if [ "$(dpkg-query -W -f '${db:Status-Status}' busybox-static 2>/dev/null)" = installed ]; then
    echo /bin/busybox
  elif command -v apt-get >/dev/null && [ -z "${BULKHEAD_OFFLINE-}" ] && download >&2; then
    find "$work/package" -type f -name busybox -path '*bin/busybox'
  elif [ -n "$(command -v busybox)" ] && ! grep -q 'ld-linux\|ld-musl' "$(command -v busybox)"; then
    command -v busybox
  fi
}

download() (
  mkdir "$work/package"
  chmod 0755 "$work"
  cd "$work/package"
  apt-get -q download busybox-static || { [ "$(id -u)" -eq 0 ] && apt-get -q update && apt-get -q download busybox-static; }
  dpkg-deb -x busybox-static_*.deb .
)

busybox=$(find_busybox)
if [ -z "$busybox" ]; then
  echo "no static busybox: install the package busybox-static, or run set-up once with a network" >&2
  exit 1
fi

umask 022
# Its origin, for those who pass the program on (scripts/pack).
origin=$work/origin
mkdir "$origin"
if [ -d "$work/package" ]; then
  deb=$(echo "$work"/package/busybox-static_*.deb)
  dpkg-deb -f "$deb" Version >"$origin/version"
  dpkg-deb -f "$deb" Built-Using >"$origin/built-using"
  cp "$work/package/usr/share/doc/busybox-static/copyright" "$origin/"
elif [ "$busybox" = /bin/busybox ] && [ -e /usr/share/doc/busybox-static/copyright ]; then
  dpkg-query -W -f '${Version}\n' busybox-static >"$origin/version"
  dpkg-query -W -f '${Built-Using}\n' busybox-static >"$origin/built-using"
  cp /usr/share/doc/busybox-static/copyright "$origin/"
fi
# Every directory that a default plan mounts on exists, so that no overlay is needed to create it.
for directory in bin sbin usr/bin usr/sbin usr/lib lib etc dev proc sys tmp run root home/sandbox work data input output opt mnt srv \
  var/lib var/log var/tmp; do
  mkdir -p "$tree/$directory"
done
# Nothing here may be writable for others: what a local user wrote would appear in every sandbox. A plan covers /tmp.
cp "$busybox" "$tree/bin/busybox"
chmod 0755 "$tree/bin/busybox"
# The licences that its copyright file refers to.
[ ! -e "$origin/version" ] || cp /usr/share/common-licenses/GPL-2 /usr/share/common-licenses/LGPL-2.1 "$origin/" || rm -f "$origin/version"

# One relative link per applet, so that the links work wherever the tree is mounted.
"$busybox" --list-full | while read -r path; do
  case $path in
    bin/busybox) ;;
    bin/*) ln -s busybox "$tree/$path" ;;
    sbin/*) ln -s ../bin/busybox "$tree/$path" ;;
    usr/*) ln -s ../../bin/busybox "$tree/$path" ;;
  esac
done

cat >"$tree/etc/passwd" <<'END'
root:x:0:0:root:/root:/bin/sh
sandbox:x:1000:1000:sandbox:/home/sandbox:/bin/sh
nobody:x:65534:65534:nobody:/nonexistent:/bin/false
END
cat >"$tree/etc/group" <<'END'
root:x:0:
sandbox:x:1000:
nogroup:x:65534:
END
# As a default plan would write them, so that it need not cover them.
printf '127.0.0.1 localhost\n::1 localhost\n127.0.1.1 sandbox\n' >"$tree/etc/hosts"
: >"$tree/etc/resolv.conf"
printf 'sandbox\n' >"$tree/etc/hostname"
printf 'NAME="Bulkhead base"\nID=bulkhead-base\n' >"$tree/etc/os-release"

chmod 0755 "$tree"
if [ -e "$destination" ]; then
  mv "$destination" "$work/old"
fi
mv "$tree" "$destination"
rm -rf "${destination%/*}/busybox"
[ ! -e "$origin/version" ] || mv "$origin" "${destination%/*}/busybox"
