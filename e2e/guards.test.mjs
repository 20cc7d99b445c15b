// What would take from a session what it works with is refused before anything is sent, by each tool that could do it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { desk } from "./desk.mjs";
import { fetchOver } from "./station.mjs";

const post = async (tenant, path, body) => {
  const headers = { "content-type": "application/json" };
  const answer = await fetchOver(tenant.ca, `https://${tenant.domain}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  return JSON.parse(answer.body);
};

const claims = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url"));

// refuse makes each attempt. A request that was sent would be in the audit log of changes.
async function refuse({ machine, connect, attempts, allowed }) {
  const client = await connect("--preset", "developer", "--audit", "on");
  for (const [what, tool, args, why] of attempts) {
    const result = await client.callTool({ name: tool, arguments: args });
    assert.ok(result.isError, `${what}: ${result.content[0].text}`);
    assert.match(result.content[0].text, why, what);
    assert.match(result.content[0].text, /Nothing was changed/, what);
  }
  const records = async (kind) => {
    const { out } = await machine.auth0mcp(["audit", "export", "--writes"]).ok();
    return out.trim().split("\n").map((line) => JSON.parse(line)).filter((record) => record.kind === kind);
  };
  assert.deepEqual((await records("call")).map(({ outcome, rule }) => `${outcome} by ${rule}`), attempts.map(() => "refused by guard"));
  assert.deepEqual(await records("request"), []);
  const [tool, args] = allowed; // that a request which is sent is seen
  const result = await client.callTool({ name: tool, arguments: args });
  assert.ok(!result.isError, result.content[0].text);
  assert.ok((await records("request")).length > 0);
}

test("a machine's session keeps its application, its grant and the Management API", async (t) => {
  const { tenant, machine, connect } = await desk(t);
  const own = claims(tenant.token).azp;
  const { name } = await tenant.manage(`clients/${own}`);
  const [grant] = await tenant.manage(`client-grants?client_id=${own}`);
  const api = (await tenant.manage("resource-servers?per_page=100")).find((one) => one.is_system);
  const application = /is the application that this server is signed in with|of "\w+", the application/;
  const state = async () => [await tenant.manage(`clients/${own}`), await tenant.manage(`client-grants?client_id=${own}`)];
  const before = await state();
  await refuse({ machine, connect, allowed: ["auth0_update_application", { client_id: own, description: "Still there" }], attempts: [
    ["delete the application", "auth0_delete_application", { client_id: own }, application],
    ["delete it by name", "auth0_delete_application", { client_id: name }, application],
    ["delete it by any operation", "auth0_api_destroy", { operation: "DELETE /api/v2/clients/{id}", path: { id: own } }, application],
    ["delete it, encoded", "auth0_api_destroy", { operation: "DELETE /api/v2/clients/{id}", path: { id: own.replace(/^./, (c) => `%${c.charCodeAt(0).toString(16)}`) } }, application],
    ["rotate the secret", "auth0_rotate_application_secret", { client_id: own }, application],
    ["rotate it by any operation", "auth0_api_destroy", { operation: "POST /api/v2/clients/{id}/rotate-secret", path: { id: own } }, application],
    ["another secret", "auth0_update_application", { client_id: own, client_secret: "a-secret-that-is-known-to-me-123" }, application],
    ["no grant types", "auth0_update_application", { client_id: own, grant_types: [] }, application],
    ["no grant types by any operation", "auth0_api_write", { operation: "PATCH /api/v2/clients/{id}", path: { id: own }, body: { grant_types: [] } }, application],
    ["delete the grant", "auth0_delete_application_grant", { id: grant.id }, application],
    ["delete it by the application's name", "auth0_delete_application_grant", { id: name }, application],
    ["delete it by any operation", "auth0_api_destroy", { operation: "DELETE /api/v2/client-grants/{id}", path: { id: grant.id } }, application],
    ["strip it of scopes", "auth0_update_application_grant", { id: grant.id, scope: grant.scope.slice(1) }, /without/],
    ["strip it by any operation", "auth0_api_write", { operation: "PATCH /api/v2/client-grants/{id}", path: { id: grant.id }, body: { scope: [] } }, /without/],
    ["delete the Management API", "auth0_delete_resource_server", { id: api.id }, /is the tenant's Management API/],
    ["delete it by any operation", "auth0_api_destroy", { operation: "DELETE /api/v2/resource-servers/{id}", path: { id: api.id } }, /is the tenant's Management API/],
    ["strip it of scopes", "auth0_update_resource_server", { id: api.id, scopes: [] }, /Management API/],
  ] });
  const [client, grants] = await state();
  assert.deepEqual(grants, before[1]);
  assert.deepEqual({ ...client, description: "" }, { ...before[0], description: "" });
});

test("a user's session keeps its user and its connection", async (t) => {
  let me;
  const { tenant, machine, connect } = await desk(t, async (tenant) => {
    const client_id = "2lhnuYMRQ8IpR5hNsOhDFQqrGQUQMRm5"; // Auth0's public application for signing in by device code
    const code = await post(tenant, "/oauth/device/code", { client_id, scope: claims(tenant.token).scope, audience: `https://${tenant.domain}/api/v2/` });
    await tenant.decide(code.user_code, "confirm");
    const { access_token } = await post(tenant, "/oauth/token", { grant_type: "urn:ietf:params:oauth:grant-type:device_code", client_id, device_code: code.device_code });
    me = claims(access_token).sub;
    return { AUTH0_TOKEN: access_token };
  });
  const user = /the user who is signed in/;
  await refuse({ machine, connect, allowed: ["auth0_block_user", { user: "bram.okafor@example.com" }], attempts: [
    ["delete", "auth0_delete_user", { user: me }, user],
    ["delete by any operation", "auth0_api_destroy", { operation: "DELETE /api/v2/users/{id}", path: { id: me } }, user],
    ["block", "auth0_block_user", { user: me }, user],
    ["block by any operation", "auth0_api_write", { operation: "PATCH /api/v2/users/{id}", path: { id: me }, body: { blocked: true } }, user],
    ["another password", "auth0_update_user", { user: me, password: "a-pass-Phrase-of-a-test-1" }, user],
    ["no factors", "auth0_reset_user_mfa", { user: me }, user],
    ["end the sessions", "auth0_revoke_user_access", { user: me }, user],
    ["take the roles", "auth0_update_user_roles", { user: me, remove: ["Auditor"] }, user],
    ["take the identity", "auth0_unlink_user_identity", { user: me, provider: "auth0", identity: me.split("|")[1] }, user],
    ["merge into another", "auth0_link_user_identity", { user: "ada.finch@example.com", other: me }, user],
  ] });
});
