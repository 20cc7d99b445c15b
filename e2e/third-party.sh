#!/usr/bin/env bash
# A third party's plugin: built outside the workspace with only the SDK, loaded
# under development, then installed and loaded through the lock.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export GOWORK=off XDG_CONFIG_HOME=$work/config XDG_DATA_HOME=$work/data XDG_STATE_HOME=$work/state
calls='{"jsonrpc":"2.0","id":"init","method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"script","version":"1"}}}
{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"auth0_list_client_grants","arguments":{"audience":"x"}}}'
fail() { echo "third-party: $*" >&2; exit 1; }

cp -r "$root/examples/client-grants" "$work/plugin"
cd "$work/plugin"
# Until the modules are tagged, replace lines say where they are.
go mod edit -replace "github.com/auth0-mcp/auth0-mcp/sdk=$root/sdk" -replace "github.com/auth0-mcp/auth0-mcp/proto=$root/proto"
[ "$(grep -c 'auth0-mcp/auth0-mcp/.* v' go.mod)" -le 2 ] || fail "it requires more than the SDK"
go test ./...
go build -trimpath -o auth0-mcp-plugin-client-grants .

echo "$calls" | "$root/bin/auth0-mcp" run --sandbox --dev-plugin . >"$work/dev.json" 2>"$work/dev.log"
grep -q '"text":"\[' "$work/dev.json" || fail "not called under development: $(cat "$work/dev.json" "$work/dev.log")"
grep -q 'not checked' "$work/dev.log" || fail "a plugin under development is not announced"

# Started by its author, as under a debugger; it outlives its host, and serves the next one.
./auth0-mcp-plugin-client-grants debug 2>"$work/debug.log" &
plugin=$!
for _ in $(seq 600); do
  reattach=$(grep -o '/[^ ]*reattach.json' "$work/debug.log" || true)
  [ -n "$reattach" ] && [ -f "$reattach" ] && break
  sleep 0.1
done
for _ in first second; do
  until [ -f "$reattach" ]; do sleep 0.1; done
  for _ in $(seq 50); do # between two hosts it makes new certificates
    echo "$calls" | "$root/bin/auth0-mcp" run --sandbox --reattach "$reattach" \
      >"$work/attached.json" 2>"$work/attached.log" && break
    sleep 0.1
  done
  grep -q '"text":"\[' "$work/attached.json" || fail "not called under a debugger: $(cat "$work"/attached.*)"
done
kill "$plugin" || fail "it did not outlive its host"
rm -rf "$(dirname "$reattach")"

echo "$calls" | "$root/bin/auth0-mcp" run --sandbox --plugin-dir . >"$work/untrusted.json" 2>"$work/untrusted.log"
grep -q 'plugin install' "$work/untrusted.json" || fail "loaded without being locked: $(cat "$work/untrusted.json")"

"$root/bin/auth0-mcp" plugin lint . || fail "refused by lint"
"$root/bin/auth0-mcp" plugin conformance . || fail "the contract is not kept"
"$root/bin/auth0-mcp" plugin install --yes . | grep -q 'Installed client-grants 0.1.0' || fail "not installed"
echo "$calls" | "$root/bin/auth0-mcp" run --sandbox --log-level error >"$work/locked.json"
grep -q '"text":"\[' "$work/locked.json" || fail "not called through the lock: $(cat "$work/locked.json")"
echo "third-party: built outside, loaded under development and through the lock"
