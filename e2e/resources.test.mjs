// Objects by address, prompts, and completion, through the TypeScript SDK's client.
import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, children, json } from "./client.mjs";

test("resources: templates, none listed, read as the tool reads them", async (t) => {
  const { client, pid } = await connect(t);
  const { resourceTemplates } = await client.listResourceTemplates();
  assert.deepEqual(resourceTemplates.map((one) => one.uriTemplate), [
    "auth0://applications/{id}", "auth0://resource_servers/{id}", "auth0://actions/{id}", "auth0://forms/{id}", "auth0://logs/{id}",
  ]);
  assert.deepEqual((await client.listResources()).resources, []);
  await client.listPrompts();
  assert.equal(children(pid).length, 0, "listing starts no process and calls no tenant");

  const list = async (name, args = {}) => json(await client.callTool({ name, arguments: { per_page: 1, ...args } }));
  const { applications: [{ client_id }] } = await list("auth0_list_applications", { name: "Deploy Pipeline" });
  const { resource_servers: [api] } = await list("auth0_list_resource_servers");
  const { actions: [action] } = await list("auth0_list_actions");
  const { forms: [form] } = await list("auth0_list_forms");
  const { logs: [{ log_id }] } = await list("auth0_list_logs");
  for (const [uri, name, args] of [
    [`auth0://applications/${client_id}`, "auth0_get_application", { client_id }],
    [`auth0://resource_servers/${encodeURIComponent(api.identifier)}`, "auth0_get_resource_server", { id: api.identifier }],
    [`auth0://actions/${action.id}`, "auth0_get_action", { id: action.id }],
    [`auth0://actions/${encodeURIComponent(action.name)}`, "auth0_get_action", { id: action.name }],
    [`auth0://forms/${form.id}`, "auth0_get_form", { id: form.id }],
    [`auth0://logs/${log_id}`, "auth0_get_log", { id: log_id }],
  ]) {
    const { contents } = await client.readResource({ uri });
    const called = await client.callTool({ name, arguments: args });
    assert.deepEqual([contents[0].uri, contents[0].mimeType, contents[0].text], [uri, "application/json", called.content[0].text]);
    assert.deepEqual(contents[0]._meta?.["auth0-mcp/untrusted"], called._meta?.["auth0-mcp/untrusted"]);
  }
  const { contents: [{ text }] } = await client.readResource({ uri: `auth0://applications/${client_id}` });
  assert.match(text, /"client_secret":"\[REDACTED:[0-9a-z]+\]"/);
  await assert.rejects(client.readResource({ uri: "auth0://applications/nobody" }), (error) => error.code === -32002);
  await assert.rejects(client.readResource({ uri: "file:///etc/passwd" }), (error) => error.code === -32002 && /there is no resource/.test(error.message));
});

test("ids are completed by id and by name", async (t) => {
  const { client } = await connect(t);
  const complete = async (ref, name, value) => (await client.complete({ ref, argument: { name, value } })).completion.values;
  const template = { type: "ref/resource", uri: "auth0://applications/{id}" };
  const all = await complete(template, "id", "");
  assert.ok(all.length > 5);
  const [named] = await complete(template, "id", "deploy pipe");
  assert.ok(all.includes(named));
  assert.deepEqual(await complete(template, "id", named.slice(0, 8)), [named]);
  assert.deepEqual(await complete({ type: "ref/resource", uri: "auth0://logs/{id}" }, "id", ""), []);
  assert.deepEqual(await complete({ type: "ref/prompt", name: "investigate_failed_logins" }, "since", "2"), ["24h"]);
  assert.ok((await complete({ type: "ref/prompt", name: "deploy_action" }, "action", "")).length > 0);
  await assert.rejects(complete({ type: "ref/resource", uri: "auth0://tenants/{id}" }, "id", ""), /there is no resource template/);
});

test("prompts: with their arguments, and only where their tools are offered", async (t) => {
  const { client } = await connect(t);
  const { prompts } = await client.listPrompts();
  assert.deepEqual(prompts.map((one) => one.name), ["review_application_urls", "investigate_failed_logins", "deploy_action"]);
  const { messages: [{ role, content }] } = await client.getPrompt({ name: "deploy_action", arguments: { action: "Add roles to tokens" } });
  assert.equal(role, "user");
  assert.match(content.text, /^Deploy the Action "Add roles to tokens" safely\./);
  await assert.rejects(client.getPrompt({ name: "deploy_action" }), /needs the argument action/);
  await assert.rejects(client.getPrompt({ name: "nothing" }), /there is no prompt "nothing"/);

  const readers = await connect(t, "--read-only");
  assert.deepEqual((await readers.client.listPrompts()).prompts.map((one) => one.name), ["review_application_urls", "investigate_failed_logins"]);
  const logs = await connect(t, "--tools", "auth0_list_logs");
  assert.deepEqual(Object.keys(logs.client.getServerCapabilities()).sort(), ["logging", "tools"]);
});
