// What a strict client demands of any MCP server, and what is promised of the processes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { connect, children, json } from "./client.mjs";

test("initialize, instructions, ping", async (t) => {
  const { client } = await connect(t);
  assert.equal(client.getServerVersion().name, "auth0-mcp");
  assert.ok(client.getInstructions().length < 2000);
  assert.deepEqual(Object.keys(client.getServerCapabilities()).sort(), ["completions", "logging", "prompts", "resources", "tools"]);
  await client.ping();
});

test("what a client shows users: titles, an icon, a website", async (t) => {
  const { client } = await connect(t);
  const { title, icons, websiteUrl } = client.getServerVersion();
  assert.equal(title, "Auth0");
  assert.match(websiteUrl, /^https:/);
  assert.deepEqual(icons.map(({ mimeType, sizes }) => [mimeType, sizes]), [["image/png", ["64x64"]]]);
  const { tools } = await client.listTools();
  for (const tool of tools) assert.ok(tool.title && !tool.annotations.title, tool.name);
});

test("every tool's schema is draft 2020-12, closed, without type unions", async (t) => {
  const { client, pid } = await connect(t);
  const { tools } = await client.listTools();
  assert.equal(children(pid).length, 0, "listing starts no process");
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: false });
  for (const tool of tools) {
    ajv.compile(tool.inputSchema);
    assert.ok(tool.description.length <= 1024, tool.name);
    assert.equal(typeof tool.annotations.readOnlyHint, "boolean");
    (function walk(schema, at) {
      assert.ok(!Array.isArray(schema.type), `${at}: type union`);
      if (schema.type === "object") assert.ok("additionalProperties" in schema, `${at}: open object`);
      if (schema.type === "array") assert.ok(schema.items && !Array.isArray(schema.items), `${at}: items`);
      for (const [name, sub] of Object.entries(schema.properties ?? {})) walk(sub, `${at}.${name}`);
      if (schema.items) walk(schema.items, `${at}[]`);
      for (const sub of schema.anyOf ?? []) walk(sub, at);
    })(tool.inputSchema, tool.name);
  }
});

test("failed logins of the last day are one call", async (t) => {
  const { client } = await connect(t);
  const answer = json(await client.callTool({ name: "auth0_list_logs", arguments: { type: "failed_login", since: "24h" } }));
  assert.ok(answer.logs.length > 0);
  for (const event of answer.logs) assert.match(event.type_meaning, /^Failed/);
});

test("exactly one plugin process with one tool selected", async (t) => {
  const { client, pid } = await connect(t, "--tools", "auth0_list_logs");
  const { tools } = await client.listTools();
  assert.deepEqual(tools.map((t) => t.name), ["auth0_list_logs"]);
  await Promise.all(Array.from({ length: 8 }, () => client.callTool({ name: "auth0_list_logs", arguments: { per_page: 1 } })));
  assert.equal(children(pid).length, 1);
});

test("read-only leaves reading tools", async (t) => {
  const { client } = await connect(t, "--read-only");
  const { tools } = await client.listTools();
  for (const tool of tools) assert.equal(tool.annotations.readOnlyHint, true, tool.name);
});

test("what is wrong is said by name", async (t) => {
  const { client } = await connect(t);
  const result = await client.callTool({ name: "auth0_list_logs", arguments: { perpage: 5 } });
  assert.ok(result.isError);
  assert.match(result.content[0].text, /did you mean "per_page"/);
  await assert.rejects(client.callTool({ name: "auth0_delete_everything", arguments: {} }), /there is no tool/);
});

test("no secret in an answer", async (t) => {
  const { client } = await connect(t);
  const { logs } = json(await client.callTool({ name: "auth0_list_logs", arguments: { type: "api_operation", per_page: 10 } }));
  for (const { log_id } of logs) {
    const text = JSON.stringify(json(await client.callTool({ name: "auth0_get_log", arguments: { id: log_id } })));
    assert.doesNotMatch(text, /eyJ[\w-]+\.[\w-]+\./);
    assert.doesNotMatch(text, /"client_secret":"(?!\[REDACTED[:\]])[^"]+"/);
  }
});
