# Installs and builds what a use needs, and reports what it does: sh scripts/setup.sh [USE…] [--offline]
#
# Uses: cli (bundles only), run = chroot = container, server, gvisor, microvm, test, bench, hosts, all. Each step is
# skipped if its result is fresh, so a run after an interruption continues where it stopped. Prints nothing if there is
# nothing to do.
set -eu

here=${0%/*}
[ "$here" != "$0" ] || here=.
root=$(cd "$here/.." && pwd)
state=$root/.setup
# The caller's directory may be hostile: rustup obeys a rust-toolchain.toml there or above, and go a go.mod.
cd "$root/warden"
lacking='' wanted='' ticker=''
. "$root/scripts/setup/fresh.sh"
. "$root/scripts/setup/say.sh"
. "$root/scripts/setup/packages.sh"
. "$root/scripts/setup/node.sh"
. "$root/scripts/setup/server-node.sh"
. "$root/scripts/setup/rust.sh"
. "$root/scripts/setup/tools.sh"
. "$root/scripts/setup/microvm.sh"
. "$root/scripts/setup/gvisor.sh"

# begin_stamp NAME … end_stamp NAME: see fresh.sh.
begin_stamp() {
  : >"$state/$1.begun"
}
end_stamp() {
  mv -f "$state/$1.begun" "$state/$1"
}

setup_base() {
  base_stale || return 0
  begin_stamp base
  if step "making the base image" "$state/base.log" sh "$root/scripts/setup/base-image.sh" "$root/packages/bulkhead/assets/base"; then
    end_stamp base
  else
    missing "the base image" "as root: apt-get install busybox-static"
    return 1
  fi
}

# Independent steps all get their turn, whatever fails: without root as much as possible is set up.
setup_use() {
  case $1 in
    cli) setup_node && setup_npm run && setup_js ;;
    run | chroot | container)
      setup_use cli || true
      setup_warden || true
      setup_base || true
      setup_types || true
      setup_code || true
      ;;
    server)
      setup_use run
      setup_server_node || true
      ;;
    test)
      setup_node && setup_npm dev || true
      setup_cargo dev || true
      setup_use run
      test_tools
      setup_server_node || true
      microvm_tools
      setup_kernel || true
      # Tests run with both.
      setup_gvisor
      fetch_old_runsc || true
      ;;
    bench)
      setup_node && setup_npm dev || true
      setup_use run
      bench_tools
      peer_tools
      ;;
    hosts) host_tools ;;
    all)
      setup_use test
      setup_use bench
      setup_use hosts
      ;;
    microvm)
      setup_use run
      microvm_tools
      setup_kernel || true
      ;;
    gvisor)
      setup_use run
      setup_gvisor
      ;;
    *)
      missing "the use '$1'" "name one of cli run chroot container server gvisor microvm test bench hosts all"
      return 1
      ;;
  esac
}

uses='' json=''
for argument; do
  case $argument in
    --json) json=1 ;;
    --offline) export BULKHEAD_OFFLINE=1 ;;
    -h | --help)
      say 'usage: ./bulkhead setup [chroot|container|gvisor|microvm|server|test|bench|hosts|all]… [--offline] [--json]'
      exit 0
      ;;
    *) uses="$uses $argument" ;;
  esac
done

if ! mkdir -p "$state" 2>/dev/null || [ ! -w "$state" ]; then
  say "this checkout is not ready, and you may not write to it: let its owner run './bulkhead setup'"
  exit 125
fi
# Two first runs at once: the second waits, then finds everything fresh. The kernel drops the lock with its last holder,
# so a killed set-up blocks no other (but a cargo that outlived it is waited for).
exec 9>"$state/lock"
if ! flock -n 9; then
  say "another set-up of this checkout is running; waiting for it …"
  flock 9
fi
trap '[ -z "$ticker" ] || kill "$ticker" 2>/dev/null || true' EXIT
trap 'say interrupted; exit 130' INT TERM HUP

for use in ${uses:-run}; do
  setup_use "$use" || true
done
status=0
report_missing || status=125
[ -z "$json" ] || report_json
exit "$status"
