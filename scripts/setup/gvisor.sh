# The needs of level gvisor: runsc. The distribution's works; a newer one is faster and is built if there is a Go
# toolchain for it.

# Of September 2026; the go command checks it against the checksum database.
runsc_version=v0.0.0-20260905035102-160fafc42237
go_minimum=1.26

setup_gvisor() {
  # One that BULKHEAD_RUNSC names needs no package.
  [ ! -x "${BULKHEAD_RUNSC-}" ] || return 0
  build_runsc && return 0
  need runsc runsc
  install_wanted "gVisor"
}

# build_runsc: builds it where the library looks first (levels/gvisor/locate.ts). False if it cannot be built here,
# which is no error.
build_runsc() {
  case ${XDG_DATA_HOME-} in
    /*) tools=$XDG_DATA_HOME/bulkhead/tools ;;
    *) [ -n "${HOME-}" ] && tools=$HOME/.local/share/bulkhead/tools || return 1 ;;
  esac
  [ "$(cat "$tools/runsc.version" 2>/dev/null)" != "$runsc_version" ] || [ ! -x "$tools/runsc" ] || return 0
  ! offline && command -v go >/dev/null 2>&1 && at_least "$go_minimum" "$(go env GOVERSION | sed 's/^go//')" || return 1
  step "building runsc $runsc_version" "$state/runsc.log" env CGO_ENABLED=0 GOTOOLCHAIN=local GOFLAGS=-trimpath GOBIN="$tools" \
    go install -ldflags "-s -w -X gvisor.dev/gvisor/runsc/version.version=$runsc_version" "gvisor.dev/gvisor/runsc@$runsc_version" || return 1
  echo "$runsc_version" >"$tools/runsc.version"
}

# fetch_old_runsc: the distribution's, for tests; unpacked and not installed, so that no other program of this machine
# finds it.
fetch_old_runsc() {
  [ ! -x "$state/runsc/usr/bin/runsc" ] && [ ! -x /usr/bin/runsc ] || return 0
  ! offline && command -v apt-get >/dev/null 2>&1 && command -v dpkg-deb >/dev/null 2>&1 || return 1
  [ -n "$(candidate runsc)" ] || { can_install && step "reading the distribution's package lists" "$state/apt.log" apt update; } || return 1
  step "fetching the distribution's runsc" "$state/runsc-old.log" unpack_package runsc "$state/runsc"
}

# unpack_package PACKAGE DIRECTORY
unpack_package() {
  rm -rf "$2.new" && mkdir "$2.new" && (cd "$2.new" && apt-get -q download "$1" && dpkg-deb -x "$1"_*.deb . && rm -f "$1"_*.deb) &&
    rm -rf "$2" && mv "$2.new" "$2"
}
