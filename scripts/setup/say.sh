# Progress messages on stderr: stdout belongs to the program that runs afterwards.

say() {
  printf 'bulkhead: %s\n' "$*" >&2
}

# missing WHAT REMEDY: recorded now, reported together at the end, so that one run names everything that is missing.
missing() {
  case $lacking in
    *"  $1: "*) ;;
    *) lacking="$lacking
  $1: $2" ;;
  esac
}

# report_missing: true when nothing was noted.
report_missing() {
  [ -n "$lacking" ] || return 0
  say "set-up is not complete. Missing:$lacking"
  return 1
}

# report_json: the content of report_missing, on stdout as one JSON object in the form of the command line's errors.
report_json() {
  if [ -z "$lacking" ]; then
    printf '{"ready":true}\n'
    return
  fi
  detail=$(printf '%s' "$lacking" | tr -d '\001-\011\013-\037\177' | sed -e 's/[\\"]/\\&/g' -e 's/^ *//' | awk 'NF { printf "%s%s", separator, $0; separator = "\\n" }')
  printf '{"error":{"code":"SETUP_MISSING","fault":"system","message":"a part of Bulkhead is missing","remedy":"Install the programs that the detail names, then run `./bulkhead setup`.","detail":"%s"}}\n' "$detail"
}

# step LABEL LOG COMMAND…: runs COMMAND with its output in LOG, shows that it is alive, and how long it took.
step() {
  label=$1
  log=$2
  shift 2
  began=$(date +%s)
  say "$label …"
  progress "$began" "$log" &
  ticker=$!
  status=0
  "$@" >"$log" 2>&1 || status=$?
  kill "$ticker" 2>/dev/null || true
  wait "$ticker" 2>/dev/null || true
  ticker=
  [ ! -t 2 ] || printf '\r\033[K' >&2
  took=$(($(date +%s) - began))
  if [ "$status" -eq 0 ]; then
    say "$label: done in $took s"
  else
    say "$label: FAILED after $took s (status $status); the end of $log:"
    tail -n 20 "$log" >&2
  fi
  return "$status"
}

# On a terminal a line that is rewritten each second with the last line of the log, elsewhere a line every half minute.
# Ends with its parent in any case.
progress() {
  while sleep 1 && kill -0 $$ 2>/dev/null; do
    seconds=$(($(date +%s) - $1))
    if [ -t 2 ]; then
      printf '\r\033[K  %s s  %s' "$seconds" "$(tail -n 1 "$2" 2>/dev/null | tr -cd '[:print:]' | cut -c1-60)" >&2
    elif [ $((seconds % 30)) -eq 0 ]; then
      say "  still at it, $seconds s"
    fi
  done
}
