# Which parts are already built from the current sources? The launcher sources this file on every start, so it starts no
# process.
#
# A part is fresh if none of its inputs is newer than its stamp. `git pull`, `git checkout` and editors give the files
# they write a new time, and removing a file changes its directory's time. A stamp has the time when its step *began* (a
# change made during the build is newer) and is put in place when the step is complete (an interrupted one leaves none).
# Expects $root.

# stale STAMP PATH…: true when STAMP is missing or a PATH is newer than it.
stale() {
  stamp=$1
  shift
  [ -e "$stamp" ] || return 0
  for path; do
    # shellcheck disable=SC3013 # -nt: every shell that is /bin/sh on Linux has it, and POSIX since 2024
    [ ! "$path" -nt "$stamp" ] || return 0
  done
  return 1
}

# npm writes node_modules/.package-lock.json last of all.
npm_stale() {
  stale "$root/node_modules/.package-lock.json" "$root/package-lock.json"
}

npm_dev_stale() {
  npm_stale || [ ! -e "$root/node_modules/vitest/package.json" ]
}

# The command line finds the library through node_modules.
js_stale() {
  [ ! -e "$root/packages/cli/dist/bulkhead.cjs" ] || [ ! -e "$root/node_modules/bulkhead" ] || [ ! -e "$root/packages/server/dist/index.js" ] || stale "$root/.setup/js" \
    "$root/package-lock.json" "$root"/scripts/*.mjs "$root"/packages/*/src \
    "$root"/packages/*/src/* "$root"/packages/*/src/*/* "$root"/packages/*/src/*/*/*
}

# V8's code cache is best taken from a complete run; nothing depends on it, so `ready` does not ask.
code_stale() {
  stale "$root/.setup/code" "$root/.setup/js" "$root/.setup/warden" "$root/.setup/base"
}

# As with the code: nothing that runs depends on it.
types_stale() {
  [ ! -e "$root/packages/bulkhead/dist/index.d.ts" ] || stale "$root/.setup/types" "$root/.setup/js" "$root/scripts/types.mjs"
}

warden_stale() {
  [ ! -x "$root/packages/bulkhead/bin/warden" ] || stale "$root/.setup/warden" \
    "$root/warden/Cargo.lock" "$root/warden/.cargo/config.toml" "$root"/warden/*/Cargo.toml "$root"/warden/*/src \
    "$root"/warden/*/build.rs "$root"/warden/*/src/* "$root"/warden/*/src/*/* "$root"/warden/*/src/*/*/* "$root"/warden/plan/profiles/*
}

base_stale() {
  [ ! -e "$root/packages/bulkhead/assets/base/bin/busybox" ] ||
    stale "$root/.setup/base" "$root/scripts/setup/base-image.sh"
}

# ready USE: true when nothing has to be done for it.
ready() {
  case $1 in
    cli) ! js_stale ;;
    server) ready run && server_node >/dev/null ;;
    *) ! js_stale && ! warden_stale && ! base_stale ;;
  esac
}
