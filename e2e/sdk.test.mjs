// The TypeScript SDK's stdio client, a strict one, against the built binary.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readdirSync, readFileSync } from "node:fs";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { Ajv2020 } from "ajv/dist/2020.js";

const server = new URL("../bin/auth0-mcp", import.meta.url).pathname;

async function connect(...flags) {
  const transport = new StdioClientTransport({
    command: server,
    args: ["run", "--sandbox", "--log-level", "error", ...flags],
    stderr: "pipe",
  });
  const client = new Client({ name: "e2e", version: "1" });
  await client.connect(transport);
  return { client, pid: transport.pid };
}

const json = (result) => {
  assert.equal(result.content.length, 1, "one document, not a block for each item");
  assert.ok(!result.isError, result.content[0].text);
  return JSON.parse(result.content[0].text);
};

const children = (pid) =>
  readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").trim().split(" ").filter(Boolean));

test("initialize, instructions, ping", async () => {
  const { client } = await connect();
  assert.equal(client.getServerVersion().name, "auth0-mcp");
  assert.ok(client.getInstructions().length < 2000);
  assert.deepEqual(Object.keys(client.getServerCapabilities()).sort(), ["logging", "tools"]);
  await client.ping();
  await client.close();
});

test("every tool's schema is draft 2020-12, closed, without type unions", async () => {
  const { client, pid } = await connect();
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
  await client.close();
});

test("failed logins of the last day are one call", async () => {
  const { client } = await connect();
  const answer = json(await client.callTool({ name: "auth0_list_logs", arguments: { type: "failed_login", since: "24h" } }));
  assert.ok(answer.logs.length > 0);
  for (const event of answer.logs) assert.match(event.type_meaning, /^Failed/);
  await client.close();
});

test("exactly one plugin process with one tool selected", async () => {
  const { client, pid } = await connect("--tools", "auth0_list_logs");
  const { tools } = await client.listTools();
  assert.deepEqual(tools.map((t) => t.name), ["auth0_list_logs"]);
  await Promise.all(Array.from({ length: 8 }, () => client.callTool({ name: "auth0_list_logs", arguments: { per_page: 1 } })));
  assert.equal(children(pid).length, 1);
  await client.close();
});

test("read-only leaves reading tools", async () => {
  const { client } = await connect("--read-only");
  const { tools } = await client.listTools();
  for (const tool of tools) assert.equal(tool.annotations.readOnlyHint, true, tool.name);
  await client.close();
});

test("what is wrong is said by name", async () => {
  const { client } = await connect();
  const result = await client.callTool({ name: "auth0_list_logs", arguments: { perpage: 5 } });
  assert.ok(result.isError);
  assert.match(result.content[0].text, /did you mean "per_page"/);
  await assert.rejects(client.callTool({ name: "auth0_delete_everything", arguments: {} }), /there is no tool/);
  await client.close();
});

test("no secret in an answer", async () => {
  const { client } = await connect();
  const { logs } = json(await client.callTool({ name: "auth0_list_logs", arguments: { type: "api_operation", per_page: 10 } }));
  for (const { log_id } of logs) {
    const text = JSON.stringify(json(await client.callTool({ name: "auth0_get_log", arguments: { id: log_id } })));
    assert.doesNotMatch(text, /eyJ[\w-]+\.[\w-]+\./);
    assert.doesNotMatch(text, /"client_secret":"(?!\[REDACTED\])[^"]+"/);
  }
  await client.close();
});
