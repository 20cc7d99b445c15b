// What tools/list leaves out can be found and set, and what was read can be written back.
import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, json } from "./client.mjs";

const call = async (client, name, args = {}) => json(await client.callTool({ name, arguments: args }));

test("a setting that tools/list does not show: described, set, cleared", async (t) => {
  const { client } = await connect(t);
  const { tools } = await client.listTools();
  const listed = tools.find((one) => one.name === "auth0_update_application").inputSchema;
  assert.equal(listed.additionalProperties, false);
  assert.ok(!("token_quota" in listed.properties) && listed.properties.more.additionalProperties === true);

  const described = await call(client, "auth0_describe_tool", { tool: "auth0_update_application", member: "token_quota.client_credentials" });
  assert.deepEqual(Object.keys(described.schema.properties).sort(), ["enforce", "per_day", "per_hour"]);
  const unknown = await client.callTool({ name: "auth0_describe_tool", arguments: { tool: "auth0_update_application", member: "token_quotas" } });
  assert.match(unknown.content[0].text, /did you mean token_quota\?/);

  const { client_id } = await call(client, "auth0_create_application", { name: "Kiosk", app_type: "spa", description: null, callbacks: '["https://kiosk.example/cb"]' });
  const quota = { client_credentials: { per_day: 5, enforce: true } };
  const changed = await call(client, "auth0_update_application", { client_id, more: { token_quota: quota } });
  assert.deepEqual([changed.token_quota, changed.callbacks], [quota, ["https://kiosk.example/cb"]]);
  const cleared = await call(client, "auth0_update_application", { client_id, more: { token_quota: null } });
  assert.ok(!cleared.token_quota);
  const refused = await client.callTool({ name: "auth0_update_application", arguments: { client_id, more: { token_quota: { per_day: 5 } } } });
  assert.match(refused.content[0].text, /token_quota\.per_day/);
});

test("an application is written back as it was read", async (t) => {
  const { client } = await connect(t);
  const { applications } = await call(client, "auth0_list_applications", { per_page: 50 });
  const chosen = applications.filter((one) => !one.global).slice(0, 5);
  assert.ok(chosen.length > 2);
  for (const { client_id } of chosen) {
    const read = await call(client, "auth0_get_application", { client_id });
    const again = await call(client, "auth0_update_application", { ...read, description: "Written back." });
    assert.deepEqual(again, { ...read, description: "Written back." });
  }
});
