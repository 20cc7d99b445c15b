// Twenty requests of a support person, a security officer and a developer, each with the calls and bytes that it may
// take, against a sandbox tenant over HTTPS. Whether it came right is read from the tenant itself.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { costs } from "./costs.mjs";
import { desk } from "./desk.mjs";
import { fetchOver } from "./station.mjs";

// The tools of each person: those of their task, and what they may change.
const support = ["--tools", "auth0_diagnose_login,auth0_*_user,auth0_*_user_*,auth0_list_users,auth0_send_verification_email,"
  + "auth0_create_password_ticket,auth0_*_organization_*"];
const security = ["--tools", "auth0_audit_tenant,auth0_list_logs,auth0_*_application_grant*,auth0_*_signing_key*,auth0_*_attack_protection,"
  + "auth0_update_brute_force_protection,auth0_*_network_acl*,auth0_*_log_stream*,auth0_*_role_*,auth0_update_application,auth0_*mfa*"];

const secret = /invitation=[A-Za-z0-9]{20,}|ticket=[A-Za-z0-9]{20,}/;

test("twenty requests of three people", async (t) => {
  const { tenant, machine, connect, reveal, said, asked } = await desk(t);
  const { request, report } = costs(t, asked);
  const named = async (list, name) => (await tenant.manage(`${list}?per_page=100`)).find((one) => one.name === name);
  const user = async (email) => (await tenant.manage(`users-by-email?email=${encodeURIComponent(email)}`))[0];
  const below = async (email, path) => tenant.manage(`users/${encodeURIComponent((await user(email)).user_id)}/${path}`);
  const names = (list) => list.map((one) => one.name).sort();

  await forSupport({ client: await connect(...support), request, tenant, user, below, names, reveal, said });
  await forSecurity({ client: await connect(...security), request, tenant, named, names });
  const root = machine.path("export");
  await forDevelopers({ client: await connect("--preset", "developer", "--file-root", `export=${machine.home}`), request, tenant, machine, named, root });

  assert.doesNotMatch(said.text, secret, "a link was in an output");
  const total = report();
  assert.ok(total < 60_000, `the answers have ${total} bytes`);
});

async function forSupport({ client, request, tenant, user, below, names, reveal, said }) {
  await request(client, "Bram cannot log in. Why? Let him in again", { calls: 2, bytes: 8000 }, async (call) => {
    const { verdict, causes } = await call("auth0_diagnose_login", { user: "bram.okafor@example.com" });
    assert.deepEqual([verdict.code, verdict.certainty], ["user_blocked", "confirmed"]);
    assert.equal(causes[0].fix.tool, "auth0_unblock_user");
    await call(causes[0].fix.tool, causes[0].fix.arguments);
    assert.equal((await user("bram.okafor@example.com")).blocked, false);
  });

  await request(client, "Ada's password is right, and still she is kept out", { calls: 2, bytes: 8000 }, async (call) => {
    const blocks = async () => (await tenant.manage(`user-blocks/${encodeURIComponent((await user("ada.finch@example.com")).user_id)}`)).blocked_for;
    assert.equal((await blocks()).length, 1);
    const { verdict, causes } = await call("auth0_diagnose_login", { user: "ada.finch@example.com" });
    assert.equal(verdict.code, "brute_force_block");
    await call(causes[0].fix.tool, causes[0].fix.arguments);
    assert.deepEqual(await blocks(), []);
  });

  await request(client, "Ada lost her phone", { calls: 1, bytes: 1000 }, async (call) => {
    assert.ok((await below("ada.finch@example.com", "authentication-methods")).length > 0);
    await call("auth0_reset_user_mfa", { user: "ada.finch@example.com" });
    assert.deepEqual(await below("ada.finch@example.com", "authentication-methods"), []);
  });

  await request(client, "her laptop was stolen: log her out everywhere", { calls: 1, bytes: 1000 }, async (call) => {
    assert.ok((await below("ada.finch@example.com", "sessions")).sessions.length > 0);
    await call("auth0_revoke_user_access", { user: "ada.finch@example.com" });
    assert.deepEqual((await below("ada.finch@example.com", "sessions")).sessions, []);
    assert.deepEqual((await below("ada.finch@example.com", "refresh-tokens")).tokens, []);
  });

  await request(client, "a link with which Celia sets a new password", { calls: 1, bytes: 1000 }, async (call) => {
    const { ticket } = await call("auth0_create_password_ticket", { user: "celia.marsh@example.com", ttl_sec: 3600 });
    const link = await reveal(ticket);
    assert.match(link, new RegExp(`^https://${tenant.domain}/\\S*\\?ticket=\\w{20,}`));
    assert.ok(!said.text.includes(link));
  });

  await request(client, "invite a librarian", { calls: 1, bytes: 1500 }, async (call) => {
    const { invitation_url } = await call("auth0_create_organization_invitation", { organization: "northquay-libraries",
      email: "iris@northquay.example", inviter: "Priya Raman", application: (await dashboards(tenant))[0].client_id,
      connection: "northquay-entra", roles: ["Librarian"] });
    const invitations = await tenant.manage("organizations/org_NorthquayLibrary/invitations");
    const there = invitations.find(({ invitee }) => invitee.email === "iris@northquay.example");
    assert.deepEqual(there.roles, ["rol_Librarian0000001"]);
    assert.equal(await reveal(invitation_url), there.invitation_url);
  });

  await request(client, "who has not verified the address? Remind the first", { calls: 2, bytes: 5000 }, async (call) => {
    const { users } = await call("auth0_list_users", { email_verified: false, connection: "Username-Password-Authentication", fields: ["user_id", "email"] });
    assert.ok(users.length > 0);
    for (const { email } of users) assert.equal((await user(email)).email_verified, false, email);
    const job = await call("auth0_send_verification_email", { user: users[0].user_id });
    assert.equal((await tenant.manage(`jobs/${job.id}`)).type, "verification_email");
  });

  await request(client, "Esme moves from the warehouse to customer service", { calls: 1, bytes: 1000 }, async (call) => {
    assert.deepEqual(names(await below("esme.hollis@example.com", "roles")), ["Auditor", "Warehouse"]);
    await call("auth0_update_user_roles", { user: "esme.hollis@example.com", add: ["Customer service"], remove: ["Warehouse"] });
    assert.deepEqual(names(await below("esme.hollis@example.com", "roles")), ["Auditor", "Customer service"]);
  });

  await request(client, "two accounts of one reader become one", { calls: 2, bytes: 2500 }, async (call) => {
    const second = await user("night.reader@example.net");
    const first = await call("auth0_create_user", { connection: "Username-Password-Authentication", email: "night.reader@example.org",
      password: "a-pass-Phrase-of-a-test-1" });
    await call("auth0_link_user_identity", { user: first.user_id, other: second.user_id });
    const there = await tenant.manage(`users/${encodeURIComponent(first.user_id)}`);
    assert.deepEqual(there.identities.map(({ provider }) => provider), ["auth0", "email"]);
    assert.equal(await user("night.reader@example.net"), undefined);
  });
}

const dashboards = async (tenant) => (await tenant.manage("clients?per_page=100")).filter(({ name }) => name === "Staff Dashboard");

async function forSecurity({ client, request, tenant, named, names }) {
  await request(client, "the gravest weaknesses, and one that is fixed", { calls: 3, bytes: 12_000 }, async (call) => {
    const { findings } = await call("auth0_audit_tenant", { checks: ["application"], per_page: 5 });
    const { remedy, object } = findings.find(({ check }) => check === "implicit_grant");
    assert.equal(remedy.tool, "auth0_update_application");
    await call(remedy.tool, { ...remedy.arguments, grant_types: ["authorization_code"] });
    assert.deepEqual((await tenant.manage(`clients/${object.id}`)).grant_types, ["authorization_code"]);
    const after = await call("auth0_audit_tenant", { checks: ["implicit_grant"] });
    assert.ok(!after.findings.some((finding) => finding.object.id === object.id));
  });

  await request(client, "which addresses guess passwords? Keep the worst out", { calls: 2, bytes: 8000 }, async (call) => {
    const { summary } = await call("auth0_list_logs", { type: "wrong_password", since: "7d", summary: true, per_page: 1 });
    const { ip } = summary.by_ip[0];
    const { id } = await call("auth0_create_network_acl", { description: "Guesses passwords", active: true, priority: 2,
      rule: { action: { block: true }, scope: "authentication", match: { ipv4_cidrs: [`${ip}/32`] } } });
    const there = await tenant.manage(`network-acls/${id}`);
    assert.deepEqual([there.active, there.rule.match], [true, { ipv4_cidrs: [`${ip}/32`] }]);
  });

  await request(client, "three guesses instead of ten", { calls: 2, bytes: 4000 }, async (call) => {
    const before = await tenant.manage("attack-protection/brute-force-protection");
    await call("auth0_get_attack_protection");
    await call("auth0_update_brute_force_protection", { max_attempts: 3 });
    assert.deepEqual(await tenant.manage("attack-protection/brute-force-protection"), { ...before, max_attempts: 3 });
  });

  await request(client, "who can get tokens of the Orders API? Less for the importer", { calls: 2, bytes: 4000 }, async (call) => {
    const { id } = await named("clients", "Order Importer").then(({ client_id }) => tenant.manage(`client-grants?client_id=${client_id}`)).then((all) => all[0]);
    const { application_grants } = await call("auth0_list_application_grants", { audience: "Orders API" });
    assert.ok(application_grants.some((grant) => grant.id === id));
    await call("auth0_update_application_grant", { id, scope: ["read:orders"] });
    assert.deepEqual((await tenant.manage("client-grants?per_page=100")).find((grant) => grant.id === id).scope, ["read:orders"]);
  });

  await request(client, "new signing key", { calls: 1, bytes: 2500 }, async (call) => {
    const current = async () => (await tenant.manage("keys/signing")).find((key) => key.current).kid;
    const before = await current();
    const { kid } = await call("auth0_rotate_signing_key");
    assert.notEqual(await current(), before);
    assert.equal(await current(), kid);
  });

  await request(client, "which log streams failed? Go on with them", { calls: 2, bytes: 3000 }, async (call) => {
    const { log_streams } = await call("auth0_list_log_streams");
    const stopped = log_streams.filter(({ status }) => status === "suspended");
    assert.deepEqual(names(stopped), ["Archive"]);
    await call("auth0_update_log_stream", { stream: "Archive", status: "active" });
    const there = (await tenant.manage("log-streams")).find(({ name }) => name === "Archive");
    assert.deepEqual([there.status, there.sink.datadogRegion], ["active", "eu"]);
  });

  await request(client, "who is shop manager? Nobody who left", { calls: 2, bytes: 2000 }, async (call) => {
    const { users } = await call("auth0_list_role_members", { role: "Shop manager" });
    assert.deepEqual(users.map(({ email }) => email), ["ada.finch@example.com"]);
    await call("auth0_update_role_members", { role: "Shop manager", remove: ["ada.finch@example.com"] });
    assert.deepEqual(await tenant.manage("roles/rol_ShopManager00001/users"), []);
  });
}

async function forDevelopers({ client, request, tenant, machine, named, root }) {
  await request(client, "a nightly job that reads orders", { calls: 2, bytes: 4000 }, async (call) => {
    const { client_id, client_secret } = await call("auth0_create_application", { name: "Nightly report", app_type: "non_interactive" });
    await call("auth0_create_application_grant", { client_id, audience: "Orders API", scope: ["read:orders"] });
    assert.match(client_secret, /^\[REDACTED:/);
    const { out } = await machine.auth0mcp(["secret", "get", "application", "Nightly report", "--reveal"]).ok();
    const body = JSON.stringify({ grant_type: "client_credentials", client_id, client_secret: out.trim(), audience: "https://api.harbourlight.example/orders" });
    const answer = await fetchOver(tenant.ca, `https://${tenant.domain}/oauth/token`, { method: "POST", headers: { "content-type": "application/json" }, body });
    assert.equal(answer.status, 200, answer.body.toString());
    assert.equal(JSON.parse(answer.body).scope, "read:orders");
  });

  await request(client, "single sign-on for a new customer", { calls: 4, bytes: 5000 }, async (call) => {
    const [{ client_id }] = await dashboards(tenant);
    await call("auth0_create_connection", { name: "saltmarsh-oidc", strategy: "oidc", options: { type: "back_channel",
      client_id: "harbourlight", client_secret: "a-secret-of-the-customer", issuer: "https://id.saltmarsh.example",
      authorization_endpoint: "https://id.saltmarsh.example/authorize", token_endpoint: "https://id.saltmarsh.example/token",
      jwks_uri: "https://id.saltmarsh.example/keys" } });
    await call("auth0_update_connection_applications", { connection: "saltmarsh-oidc", add: [client_id] });
    await call("auth0_create_organization", { name: "saltmarsh", display_name: "Saltmarsh Archive" });
    await call("auth0_set_organization_connection", { organization: "saltmarsh", connection: "saltmarsh-oidc", assign_membership_on_login: true });
    const { id } = await named("connections", "saltmarsh-oidc");
    assert.ok((await tenant.manage(`connections/${id}/clients`)).clients.some((one) => one.client_id === client_id));
    const organization = await tenant.manage("organizations/name/saltmarsh");
    const [enabled] = await tenant.manage(`organizations/${organization.id}/enabled_connections`);
    assert.deepEqual([enabled.connection_id, enabled.assign_membership_on_login], [id, true]);
  });

  await request(client, "an API for returns, and a role that may use it", { calls: 4, bytes: 4000 }, async (call) => {
    await call("auth0_create_resource_server", { name: "Returns API", identifier: "https://api.harbourlight.example/returns",
      scopes: [{ value: "read:returns", description: "Read returns" }], enforce_policies: true });
    await call("auth0_create_role", { name: "Returns desk" });
    await call("auth0_update_role_permissions", { role: "Returns desk", add: [{ api: "Returns API", permission: "read:returns" }] });
    await call("auth0_update_role_members", { role: "Returns desk", add: ["celia.marsh@example.com"] });
    const { id } = await named("roles", "Returns desk");
    assert.deepEqual((await tenant.manage(`roles/${id}/permissions`)).map((one) => one.permission_name), ["read:returns"]);
    assert.deepEqual((await tenant.manage(`roles/${id}/users`)).map((one) => one.email), ["celia.marsh@example.com"]);
  });

  await request(client, "the tenant as files", { calls: 1, bytes: 6000 }, async (call) => {
    const { files } = await call("auth0_export", { folder: "export" });
    const written = readdirSync(root, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
    assert.equal(written.length, files);
    const api = JSON.parse(readFileSync(join(root, "resource-servers", "Returns API.json"), "utf8"));
    assert.deepEqual(api.scopes, [{ value: "read:returns", description: "Read returns" }]);
    for (const file of written) assert.ok(!readFileSync(join(file.parentPath, file.name), "utf8").includes("a-secret-of-the-customer"), file.name);
  });
}
