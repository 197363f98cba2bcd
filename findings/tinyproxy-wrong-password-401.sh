#!/bin/sh
# What: tinyproxy 1.11.1 (Debian 12, tinyproxy-bin) with BasicAuth. Behaviour: a request without proxy credentials is
# answered with 407 and Proxy-Authenticate, but one with wrong ones with 401 and WWW-Authenticate, also a CONNECT. A
# client takes that for the server's question, and may send the server's password to the proxy, or report that the
# server refused. What one would have guessed: 407 both times (RFC 9110, section 15.5.8: 401 is the origin's, 407 the
# proxy's). Seen: 2026-11-30: "none: 407 Proxy-Authenticate", "wrong: 401 WWW-Authenticate", "wrong, CONNECT: 401
# WWW-Authenticate".
set -eu
for program in tinyproxy curl; do
  command -v "$program" >/dev/null 2>&1 || { echo "cannot tell: $program is missing (apt-get install tinyproxy-bin curl)"; exit 2; }
done
tinyproxy -v
directory=$(mktemp -d)
proxy=
trap '[ -z "$proxy" ] || kill "$proxy"; rm -rf "$directory"' EXIT
port=38899
printf 'Port %s\nListen 127.0.0.1\nTimeout 10\nBasicAuth someone right\n' "$port" > "$directory/conf"
tinyproxy -d -c "$directory/conf" > "$directory/log" 2>&1 &
proxy=$!

# asked PROXY-USER URL: the status, and which header asks for a password. Nothing listens at the URL: the proxy answers
# before it would connect.
asked() {
  curl -s -o /dev/null -D - --noproxy '' -x "http://$1127.0.0.1:$port" "$2" | tr -d '\r' |
    awk 'NR == 1 { status = $2 } tolower($1) ~ /^(www|proxy)-authenticate:$/ { name = $1 } END { sub(":", "", name); print status, name }'
}

tries=0
until [ -n "$(asked '' http://127.0.0.1:9/ | tr -d ' ')" ]; do
  tries=$((tries + 1))
  [ "$tries" -lt 50 ] || { echo "cannot tell: tinyproxy did not start"; cat "$directory/log"; exit 2; }
  sleep 0.1
done
none=$(asked '' http://127.0.0.1:9/)
wrong=$(asked someone:wrong@ http://127.0.0.1:9/)
tunnel=$(asked someone:wrong@ https://127.0.0.1:9/)
echo "none: $none"
echo "wrong: $wrong"
echo "wrong, CONNECT: $tunnel"
[ "$none" = "407 Proxy-Authenticate" ] && [ "$wrong" = "401 WWW-Authenticate" ] && [ "$tunnel" = "401 WWW-Authenticate" ]
