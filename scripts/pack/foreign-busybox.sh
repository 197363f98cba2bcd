# Fetches Debian's static busybox for another architecture: sh foreign-busybox.sh ARCHITECTURE DIRECTORY
#
# apt gets lists, cache and package status of its own, so this machine's stay as they are; it checks signatures as
# always. Nothing is installed.
set -eu
architecture=$1
directory=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
# shellcheck disable=SC2016 # apt's own variables
archive=$(apt-get indextargets --format '$(LABEL)|$(REPO_URI)' 'Created-By: Packages' | sed -n 's/^Debian|//p' | head -n 1)
[ -n "$archive" ] || { echo "apt knows no Debian archive: add one to its sources" >&2; exit 1; }
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/package"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $archive $suite main" >"$work/sources.list"
cat >"$work/apt.conf" <<END
APT::Architecture "$architecture"; APT::Architectures "$architecture"; APT::Sandbox::User ""; Acquire::Languages "none";
Dir::Etc::sourcelist "$work/sources.list"; Dir::Etc::sourceparts "/dev/null"; Dir::State::status "/dev/null";
Dir::State::lists "$work/lists"; Dir::Cache "$work/cache";
END
export APT_CONFIG="$work/apt.conf"
apt-get -qq update >&2
cd "$work/package"
apt-get -qq download busybox-static >&2
dpkg-deb -x busybox-static_*.deb .
dpkg-deb -f busybox-static_*.deb Version >"$directory/version"
dpkg-deb -f busybox-static_*.deb Built-Using >"$directory/built-using"
cp usr/share/doc/busybox-static/copyright /usr/share/common-licenses/GPL-2 /usr/share/common-licenses/LGPL-2.1 "$directory/"
find . -type f -path '*bin/busybox' -exec cp {} "$directory/busybox" \;
