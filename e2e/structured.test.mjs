// Output schemas and structured content, for clients that are known to use them. The TypeScript SDK's client checks each
// answer of a tool that was listed with a schema, and throws if it has none.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { connectTo } from "./client.mjs";

async function named(t, name, ...flags) {
  const client = new Client({ name, version: "1" });
  await connectTo(t, client, ...flags);
  const { tools } = await client.listTools();
  return { client, tools };
}

test("each tool that has an output schema keeps it", async (t) => {
  const { client, tools } = await named(t, "mcp-inspector");
  const open = new Set(tools.filter((tool) => tool.outputSchema).map((tool) => tool.name));
  assert.ok(open.size > 20, `${open.size} tools have an output schema`);
  t.diagnostic(`${Buffer.byteLength(JSON.stringify({ tools }))} bytes of tools/list`);
  (function walk(schema) {
    for (const keyword of ["required", "additionalProperties"]) assert.ok(!(keyword in schema), keyword);
    for (const part of Object.values(schema.properties ?? {})) walk(part);
  })(tools.find((tool) => tool.name === "auth0_list_logs").outputSchema);

  const call = async (name, args = {}) => {
    const result = await client.callTool({ name, arguments: args });
    assert.ok(!result.isError, `${name}: ${result.content[0].text}`);
    assert.equal(JSON.stringify(result.structuredContent), JSON.stringify(JSON.parse(result.content[0].text)), name);
    open.delete(name);
    return result.structuredContent;
  };
  const { applications: [{ client_id }] } = await call("auth0_list_applications", { per_page: 1 });
  const secret = JSON.stringify(await call("auth0_get_application", { client_id }));
  assert.match(secret, /"client_secret":"\[REDACTED:/);
  const application = await call("auth0_create_application", { name: "Structured", app_type: "spa" });
  await call("auth0_update_application", { client_id: application.client_id, callbacks: [] });

  await call("auth0_list_resource_servers");
  const api = await call("auth0_create_resource_server", { name: "Structured", identifier: "https://structured.example/" });
  await call("auth0_get_resource_server", { id: api.id });
  await call("auth0_update_resource_server", { id: api.id, token_lifetime: 600 });

  await call("auth0_list_actions");
  const trigger = { id: "post-login", version: "v3" };
  const action = await call("auth0_create_action", { name: "Structured", supported_triggers: [trigger], code: "exports.onExecutePostLogin = async () => {};" });
  await call("auth0_get_action", { id: action.id });
  await call("auth0_list_action_versions", { id: action.id });
  await call("auth0_update_action", { id: action.id, code: "exports.onExecutePostLogin = async () => { /* 2 */ };" });
  await call("auth0_list_trigger_bindings");
  await call("auth0_list_trigger_bindings", { trigger_id: "post-login" });

  const { forms: [{ id }] } = await call("auth0_list_forms", { per_page: 1 });
  const { nodes, start, ending } = await call("auth0_get_form", { id });
  const form = await call("auth0_create_form", { name: "Structured", nodes, start, ending });
  await call("auth0_update_form", { id: form.id, name: "Structured again" });
  await call("auth0_check_form", { id: form.id });
  await call("auth0_publish_form", { id: form.id });

  const { logs: [event] } = await call("auth0_list_logs");
  await call("auth0_list_logs", { type: "failed_login", since: "24h", summary: true });
  await call("auth0_list_logs", { from: event.log_id, take: 3 });
  await call("auth0_get_log", { id: event.log_id });
  assert.deepEqual([...open], [], "tools that were not called");

  const error = await client.callTool({ name: "auth0_get_log", arguments: { id: "none" } });
  assert.ok(error.isError && !("structuredContent" in error));
});

test("a long answer is shortened in both alike", async (t) => {
  const { client } = await named(t, "mcp-inspector", "--max-output", "2000");
  const { content, structuredContent } = await client.callTool({ name: "auth0_list_logs", arguments: { per_page: 50 } });
  assert.ok(structuredContent.truncated && structuredContent.pagination.has_next);
  assert.deepEqual(structuredContent, JSON.parse(content[0].text));
});

for (const [what, name, ...flags] of [
  ["another client", "e2e"],
  ["a client that would show it in place of the text", "claude-code"],
  ["--structured off", "mcp-inspector", "--structured", "off"],
]) {
  test(`${what}: no output schemas, no structured content`, async (t) => {
    const { client, tools } = await named(t, name, ...flags);
    for (const tool of tools) assert.ok(!("outputSchema" in tool), tool.name);
    assert.ok(!("structuredContent" in (await client.callTool({ name: "auth0_list_actions", arguments: {} }))));
  });
}
