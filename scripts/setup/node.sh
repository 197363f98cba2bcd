# Node and npm packages.

node_enough() {
  command -v node >/dev/null 2>&1 &&
    node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 11) ? 0 : 1)'
}

# Debian 12's own Node (18) is too old, so its package is used only if it is recent enough.
setup_node() {
  if ! node_enough; then
    version=$(candidate nodejs)
    if [ -n "$version" ] && dpkg --compare-versions "$version" ge 20.11; then
      install_packages nodejs npm || true
    fi
  fi
  if ! node_enough; then
    missing "Node 20.11 or later" "install it from https://nodejs.org/ or your distribution and have it on PATH"
    return 1
  fi
}

# setup_npm run|dev: no package's install script runs: nothing here needs one, and each would be foreign code running as
# you.
setup_npm() {
  case $1 in
    run) npm_stale || return 0 ;;
    dev) npm_dev_stale || return 0 ;;
  esac
  # A developer's packages are updated with the rest, not removed.
  [ ! -e "$root/node_modules/vitest/package.json" ] || set -- dev
  if ! command -v npm >/dev/null 2>&1; then
    missing npm "install it (it comes with Node)"
    return 1
  fi
  set -- "$1" ci --ignore-scripts --no-audit --no-fund
  [ "$1" = dev ] || set -- "$@" --omit=dev
  ! offline || set -- "$@" --offline
  shift
  (cd "$root" && step "installing npm packages" "$state/npm.log" npm "$@") && return 0
  missing "npm packages" "run './bulkhead setup' once with a network (log: .setup/npm.log)"
  return 1
}

setup_js() {
  js_stale || return 0
  begin_stamp js
  if (cd "$root" && step "bundling the library and the command line" "$state/js.log" node scripts/build.mjs); then
    end_stamp js
  else
    missing "the bundled command line" "see .setup/js.log"
    return 1
  fi
}

# Declarations are for programs in TypeScript; nothing here needs them, so a failure is reported and stops nothing.
setup_types() {
  types_stale || return 0
  begin_stamp types
  if (cd "$root" && step "writing the library's type declarations" "$state/types.log" node scripts/types.mjs); then
    end_stamp types
  else
    say "TypeScript programs that import the library will find no types; see .setup/types.log"
    return 1
  fi
}

# The build could not run a sandbox to learn what a run needs, unless a warden already existed. Without this everything
# works, but slower.
setup_code() {
  code_stale || return 0
  begin_stamp code
  if node "$root/scripts/keep-code.mjs" >"$state/code.log" 2>&1; then
    end_stamp code
  fi
}
