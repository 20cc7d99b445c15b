// Two tenants are compared: the second is that of a profile which the operator names when the server is started.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { after, binary, computer, tenant } from "./station.mjs";

const name = "auth0_compare_tenants";

async function serve(t, desk, flags, env) {
  const client = new Client({ name: "e2e", version: "1" });
  after(t, () => client.close());
  await client.connect(new StdioClientTransport({ command: binary, args: ["run", "--log-level", "error", ...flags], env: { ...desk.env, ...env }, stderr: "pipe" }));
  return client;
}

test("a tenant is compared with that of the profile that the operator named, and with no other", async (t) => {
  const [production, staging] = [await tenant(t), await tenant(t)];
  const desk = computer(t, production);
  desk.env.AUTH0_MCP_CA_FILE = desk.path("both.pem");
  writeFileSync(desk.env.AUTH0_MCP_CA_FILE, production.ca + staging.ca);
  Object.assign(desk.env, { AUTH0_DOMAIN: production.domain, AUTH0_TOKEN: production.token, AUTH0_MCP_PASSPHRASE: "a passphrase of a test" });
  const init = desk.auth0mcp(["init", "--json", "--profile", "staging", "--store", "file", "--scopes", "read:roles"], { env: { AUTH0_MCP_AUTH_DOMAIN: staging.domain, AUTH0_DOMAIN: "", AUTH0_TOKEN: "" } });
  await staging.decide((await init.event("confirm")).user_code, "confirm");
  await init.ok();
  await staging.manage("roles", { name: "Only in staging" });

  const usual = await serve(t, desk, []);
  assert.ok(!(await usual.listTools()).tools.some((tool) => tool.name === name));
  await assert.rejects(usual.callTool({ name, arguments: {} }), /needs a second tenant: start auth0-mcp with --compare-with/);

  const client = await serve(t, desk, ["--compare-with", "staging", "--audit", "on"]);
  const tool = (await client.listTools()).tools.find((one) => one.name === name);
  assert.equal(tool.annotations.readOnlyHint, true);
  assert.ok(!JSON.stringify(tool.inputSchema).includes("profile"));
  assert.ok((await client.listPrompts()).prompts.some((prompt) => prompt.name === "compare_tenants"));
  const { content: [{ text }], isError } = await client.callTool({ name, arguments: { kinds: ["roles", "clients"] } });
  assert.ok(!isError, text);
  const found = JSON.parse(text);
  assert.deepEqual([found.first, found.second], [{ tenant: production.domain }, { profile: "staging", tenant: staging.domain }]);
  assert.deepEqual(found.differences, [{ kind: "roles", name: "Only in staging", in: "second" }]);
  assert.deepEqual(found.not_compared.map(({ kind, tenant, scope }) => [kind, tenant, scope]), [["clients", "second", "read:clients"]]);
  const chosen = await client.callTool({ name, arguments: { profile: "default" } });
  assert.match(chosen.content[0].text, /profile/);
  assert.ok(chosen.isError);
  await client.close();
  const { out } = await desk.auth0mcp(["audit", "query", "--tool", name, "--outcome", "ok", "--json"]).ok();
  const records = out.trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(records.map((record) => record.tenant).sort(), [production.domain, staging.domain].sort());

  await desk.auth0mcp(["logout", "--profile", "staging"]).ok();
  const out2 = await serve(t, desk, [], { AUTH0_MCP_COMPARE_WITH: "staging" });
  const refused = await out2.callTool({ name, arguments: { kinds: ["roles"] } });
  assert.ok(refused.isError);
  assert.match(refused.content[0].text, /profile staging\) could not be compared.*auth0-mcp init/s);
});

test("a profile that is not there, and the server's own tenant, are refused at the start", async (t) => {
  const production = await tenant(t);
  const desk = computer(t, production);
  desk.env.AUTH0_MCP_PASSPHRASE = "a passphrase of a test";
  const init = desk.auth0mcp(["init", "--json", "--store", "file", "--scopes", "read:roles"]);
  await production.decide((await init.event("confirm")).user_code, "confirm");
  await init.ok();
  assert.match((await desk.auth0mcp(["run", "--compare-with", "stagin"]).fails()).err, /--compare-with: .*stagin/);
  assert.match((await desk.auth0mcp(["run", "--compare-with", "default"]).fails()).err, /the tenant of this server/);
  assert.ok(readFileSync(desk.path(".config/auth0-mcp/config.toml"), "utf8").includes("[profiles.default]"));
});
