# npm test [-- --only PART,…] [--skip PART,…]: sets up what the tests need, then runs them.
set -eu
here=${0%/*}
# Set-up has named what it could not install; tests that need it say so themselves.
sh "$here/setup.sh" test || echo "bulkhead: testing what can be tested" >&2
# rustup's directory is on the PATH of login shells only.
command -v cargo >/dev/null || PATH=$PATH:${HOME-}/.cargo/bin
exec node --import tsx "$here/test/main.ts" "$@"
