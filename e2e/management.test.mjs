// The tools for the whole Management API: the host's checks hold for them as for every tool.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { connect, connectTo, json } from "./client.mjs";

const five = ["auth0_api_describe", "auth0_api_destroy", "auth0_api_read", "auth0_api_search", "auth0_api_write"];
const call = async (client, name, args = {}) => json(await client.callTool({ name, arguments: args }));
const refused = async (client, name, args, text) => {
  const result = await client.callTool({ name, arguments: args });
  assert.ok(result.isError, JSON.stringify(result));
  assert.match(result.content[0].text, text);
};

test("they are off by default, and found, described and called when selected", async (t) => {
  const usual = await connect(t);
  assert.deepEqual((await usual.client.listTools()).tools.filter((tool) => five.includes(tool.name)), []);

  const { client } = await connect(t, "--tools", "auth0_api_*");
  const { tools } = await client.listTools();
  assert.deepEqual(tools.map((tool) => tool.name).sort(), five);
  assert.ok(JSON.stringify({ tools }).length <= 3600, `tools/list has ${JSON.stringify({ tools }).length} bytes`);

  const found = await call(client, "auth0_api_search", { query: "block a user" });
  assert.ok(found.operations.slice(0, 3).some((o) => o.operation === "PATCH /api/v2/users/{id}" && o.tool === "auth0_api_write"));
  const described = await call(client, "auth0_api_describe", { operation: "PATCH /api/v2/users/{id}" });
  assert.match(described.body, /blocked\?:boolean/);
  const { items, next_cursor } = await call(client, "auth0_api_read", { operation: "GET /api/v2/users", limit: 2, fields: ["user_id"] });
  const second = await call(client, "auth0_api_read", { operation: "GET /api/v2/users", cursor: next_cursor, fields: ["user_id"] });
  assert.notEqual(items[0].user_id, second.items[0].user_id);
  const path = { id: items[0].user_id };
  assert.match(path.id, /\|/);
  const changed = await call(client, "auth0_api_write", { operation: "PATCH /api/v2/users/{id}", path, body: { blocked: true } });
  assert.equal(changed.blocked, true);
  await call(client, "auth0_api_destroy", { operation: "DELETE /api/v2/users/{id}", path });
  await refused(client, "auth0_api_read", { operation: "GET /api/v2/users/{id}", path }, /404|does not exist|Nothing is there/);
});

test("effects, unknown operations and read-only hold", async (t) => {
  const { client } = await connect(t, "--tools", "auth0_api_*");
  await refused(client, "auth0_api_write", { operation: "POST /api/v2/keys/signing/rotate" }, /auth0_api_destroy.*Nothing was changed/s);
  await refused(client, "auth0_api_read", { operation: "GET /api/v2/userz" }, /not an operation.*GET \/api\/v2\/users/s);
  for (const id of ["..", "%2e%2e", "../clients"])
    await refused(client, "auth0_api_read", { operation: "GET /api/v2/users/{id}", path: { id } }, /was not sent/);
  const reader = await connect(t, "--tools", "auth0_api_*", "--read-only");
  assert.deepEqual((await reader.client.listTools()).tools.map((tool) => tool.name).sort(),
    ["auth0_api_describe", "auth0_api_read", "auth0_api_search"]);
});

test("secrets are hidden, put back and never recorded", async (t) => {
  const secret = "a-client-secret-that-stays-0123456789";
  const { client, state } = await connect(t, "--tools", "auth0_api_*", "--audit", "on");
  const made = await call(client, "auth0_api_write", { operation: "POST /api/v2/connections", body: {
    name: "corp", strategy: "oidc", options: { client_id: "c", client_secret: secret, issuer: "https://idp.example", type: "back_channel" } } });
  const path = { id: made.id };
  const read = () => call(client, "auth0_api_read", { operation: "GET /api/v2/connections/{id}", path });
  const { options } = await read();
  assert.match(options.client_secret, /^\[REDACTED:[0-9a-z]+\]$/);
  await call(client, "auth0_api_write", { operation: "PATCH /api/v2/connections/{id}", path, body: { options: { ...options, scope: "openid" } } });
  const after = (await read()).options;
  assert.equal(after.scope, "openid");
  assert.equal(after.client_secret, options.client_secret); // the same value has the same marker
  const files = readdirSync(state, { recursive: true, withFileTypes: true }).filter((f) => f.isFile());
  const records = files.map((f) => readFileSync(join(f.parentPath, f.name), "utf8")).join("\n");
  assert.match(records, /auth0_api_write/);
  assert.doesNotMatch(records, new RegExp(secret));
});

test("a change is approved by the user, and a body that is not JSON cannot be", async (t) => {
  const asked = [];
  const client = new Client({ name: "e2e", version: "1" }, { capabilities: { elicitation: {} } });
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
    asked.push(params.message);
    return { action: "accept", content: { approve: true } };
  });
  await connectTo(t, client, "--tools", "auth0_api_*", "--approve", "elicit");
  const role = await call(client, "auth0_api_write", { operation: "POST /api/v2/roles", body: { name: "auditor" } });
  assert.equal(role.name, "auditor");
  assert.match(asked[0], /POST \/api\/v2\/roles/);
  await refused(client, "auth0_api_write", { operation: "POST /api/v2/jobs/users-imports",
    body: { connection_id: "con_0000000000000001", users: [{ email: "a@example.com" }] } }, /not JSON.*cannot be approved/s);
  assert.equal(asked.length, 1);
});
