// Ctrl-C at each moment of `plugin wrap`: its questions, and a server that does not answer.
import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { getDefaultEnvironment } from "@modelcontextprotocol/sdk/client/stdio.js";
import { binary, folder, until } from "../station.mjs";
import { terminal } from "./terminal.mjs";

// silent says that it runs, in a file, and answers nothing.
const silent = (file) => `#!/bin/sh\necho $$ > '${file}'\nexec sleep 600\n`;

// answers is as much of a server as is listed.
const answers = `#!/bin/sh
while read -r line; do
  id=$(echo "$line" | sed -n 's/.*"id":\\([0-9]*\\).*/\\1/p')
  case "$line" in
  *'"initialize"'*) result='{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"x","version":"1"}}' ;;
  *'"tools/list"'*) result='{"tools":[{"name":"a","description":"Does a.","inputSchema":{"type":"object"}}]}' ;;
  *) continue ;;
  esac
  echo '{"jsonrpc":"2.0","id":'"$id"',"result":'"$result"'}'
done
`;

async function wrapping(t, program) {
  const home = folder(t);
  const server = join(home, "server.sh");
  writeFileSync(server, program(home));
  chmodSync(server, 0o755);
  const dir = join(home, "screen");
  mkdirSync(dir);
  const env = { ...getDefaultEnvironment(), HOME: home, TMPDIR: home };
  const screen = await terminal(t, dir, [binary, "plugin", "wrap", "notes", "--", server], env);
  await screen.shows(/Run this once, to list its tools\?/);
  const yes = () => {
    screen.type("y");
    screen.press("Enter");
  };
  const cancelled = async () => {
    screen.press("C-c");
    assert.equal(await screen.end(), 130);
    assert.match(screen.screen(), /auth0-mcp: cancelled: nothing was installed/);
    screen.sane();
    assert.ok(!existsSync(join(home, ".config/auth0-mcp/plugins.lock.json")));
  };
  return { home, screen, yes, cancelled };
}

test("at the first question", async (t) => {
  const { cancelled } = await wrapping(t, () => answers);
  await cancelled();
});

test("while the server does not answer, which then ends too", async (t) => {
  const { home, yes, cancelled } = await wrapping(t, (home) => silent(join(home, "runs")));
  yes();
  const pid = () => existsSync(join(home, "runs")) && Number(readFileSync(join(home, "runs"), "utf8"));
  await until(() => "the server does not start", pid);
  const server = pid();
  await cancelled();
  await until(() => "the server goes on", () => !existsSync(`/proc/${server}`));
});

test("at the second question", async (t) => {
  const { screen, yes, cancelled } = await wrapping(t, () => answers);
  yes();
  await screen.shows(/Trust this plugin and install it\?/);
  await cancelled();
});
