#!/usr/bin/env bash
# Only curl: stream an answer, list and stop a running one, and reconnect to a lost stream.
# Run: bash examples/curl.sh
set -euo pipefail
url=${SLUICE_URL:-http://127.0.0.1:8080}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

ask() { # ask BODY [more of curl's options]
  curl -sN --fail-with-body "$url/v1/chat/completions" -H 'content-type: application/json' -d "$1" "${@:2}"
}
wait_a_little() {
  [ "$SECONDS" -lt 60 ] || fail "nothing arrived within 60 s"
  sleep 0.05
}
fail() {
  echo "FAILED: $1" >&2
  exit 1
}
short='{"messages": [{"role": "user", "content": "What is streaming?"}], "max_tokens": 40, "temperature": 0, "stream": true}'
long='{"messages": [{"role": "user", "content": "Count from 1 to 500."}], "max_tokens": 1500, "temperature": 0, "ignore_eos": true, "stream": true}'

echo "== stream: chunks, then [DONE]"
ask "$short" | tee "$folder/stream"
grep -q '^data: \[DONE\]' "$folder/stream" || fail "no [DONE]"

echo "== list the running requests, and stop one by its id"
id="curl-$$"
ask "$long" -H "x-request-id: $id" >"$folder/stopped" &
until grep -qs '^data:' "$folder/stopped"; do wait_a_little; done
curl -s "$url/v1/requests" | tee "$folder/list"
echo
grep -q "\"$id\"" "$folder/list" || fail "$id is not listed"
curl -s --fail-with-body -X DELETE "$url/v1/requests/$id"
wait $! || true
tail -n 3 "$folder/stopped" | tee "$folder/end"
grep -q '"cancelled"' "$folder/end" || fail "the stream did not end as cancelled"

echo "== a resumable stream: its address is in the Location header, and every event has an id"
ask "$long" -H 'X-Resumable: true' -D "$folder/head" >"$folder/lost" &
until [ "$(grep -c '^id:' "$folder/lost" || true)" -ge 5 ]; do wait_a_little; done
kill $! # the connection is lost; the stream continues
wait $! 2>/dev/null || true
address=$(tr -d '\r' <"$folder/head" | sed -n 's/^[Ll]ocation: //p')
last=$(grep '^id:' "$folder/lost" | tail -n 1 | tr -dc 0-9)

echo "== reconnect after event $last"
curl -sN --max-time 60 "$url$address" -H "Last-Event-ID: $last" >"$folder/resumed"
first=$(grep -m 1 '^id:' "$folder/resumed" | tr -dc 0-9)
echo "the next event is $first, the last line: $(grep '^data:' "$folder/resumed" | tail -n 1)"
[ "$first" -eq $((last + 1)) ] || fail "an event is missing or repeated"
grep -q '^data: \[DONE\]' "$folder/resumed" || fail "the resumed stream has no end"
