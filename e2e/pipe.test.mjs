// Lines piped in, as from a script: stdin ends before anything is answered, and every
// line is answered.
import assert from "node:assert/strict";
import { test } from "node:test";
import { recorder } from "./recorder.mjs";
import { computer, tenant } from "./station.mjs";

const line = (id, method, params) => JSON.stringify({ jsonrpc: "2.0", id, method, params });
const hello = line(0, "initialize", { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "pipe", version: "1" } });
const tools = ["auth0_list_applications", "auth0_list_resource_servers", "auth0_list_actions", "auth0_list_forms", "auth0_list_logs"];
const calls = Array.from({ length: 20 }, (_, i) => line(i + 1, "tools/call", { name: tools[i % tools.length], arguments: { per_page: 1 } }));
const input = [hello, ...calls].map((text) => `'${text}'`).join(" ");

async function piped(t, flags, env) {
  const desk = computer(t, { caFile: "", domain: "" });
  // The shell's printf, and its pipe: all lines at once, and then the end.
  const run = desk.shell(`printf '%s\\n' ${input} | "$0" run --log-level error ${flags}`, env);
  await run.ok();
  assert.equal(run.err, "");
  const replies = run.out.trimEnd().split("\n").map((text) => JSON.parse(text));
  assert.deepEqual(replies.map((r) => r.id).sort((a, b) => a - b), Array.from({ length: 21 }, (_, i) => i));
  for (const { id, result } of replies) {
    assert.ok(result && !result.isError, JSON.stringify(result));
    if (id > 0) assert.equal(JSON.parse(result.content[0].text).count, 1);
  }
}

test("initialize and twenty calls are twenty-one answers, and exit status 0", (t) => piped(t, "--sandbox", {}));

test("the same over HTTPS, with a tenant that takes its time", async (t) => {
  const auth0 = await tenant(t);
  const slow = await recorder(t, auth0, undefined, 700);
  await piped(t, "", { AUTH0_DOMAIN: slow.domain, AUTH0_TOKEN: auth0.token, AUTH0_MCP_CA_FILE: slow.caFile });
});
