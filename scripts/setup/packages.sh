# Packages of the distribution. Installs as root where there is apt; otherwise names what to install.

offline() {
  [ -n "${BULKHEAD_OFFLINE-}" ]
}

can_install() {
  [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1 && ! offline
}

apt() {
  # Another apt may be running (unattended upgrades); wait at most five minutes.
  DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 "$@" </dev/null
}

# candidate PACKAGE: the version that apt would install; nothing if it knows none.
candidate() {
  LC_ALL=C apt-cache policy "$1" 2>/dev/null | awk '$1 == "Candidate:" && $2 != "(none)" { print $2 }'
}

# install PACKAGE…: true when they are there afterwards.
install_packages() {
  can_install || return 1
  [ -n "$(candidate "$1")" ] || step "reading the distribution's package lists" "$state/apt.log" apt update || return 1
  step "installing $*" "$state/apt.log" apt install --no-install-recommends "$@"
}

# need COMMAND PACKAGE [PATH]: notes it in $wanted when COMMAND is found neither on PATH nor at PATH.
need() {
  command -v "$1" >/dev/null 2>&1 || { [ -n "${3-}" ] && [ -x "$3" ]; } || wanted="$wanted $2"
}

# install_wanted WHY: installs what `need` noted, in one go.
install_wanted() {
  [ -n "$wanted" ] || return 0
  # shellcheck disable=SC2086 # a list of names
  if ! install_packages $wanted; then
    missing "$1" "as root: apt-get install$wanted"
  fi
  wanted=
}
