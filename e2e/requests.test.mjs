// Ten requests that a user makes of an assistant, each with the calls that it takes, against a sandbox tenant over
// HTTPS. Whether it came right is read from the tenant itself. The table at the end says what each costs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { costs } from "./costs.mjs";
import { secretsOf, station } from "./roundtrip.mjs";
import { tenant as sandbox } from "./station.mjs";

const css = "h1 { color: teal; }";
const roles = "exports.onExecutePostLogin = async (event, api) => {\n  api.accessToken.setCustomClaim('https://harbourlight.example/roles', event.authorization?.roles ?? []);\n};\n";

test("ten requests of a user", async (t) => {
  const tenant = await sandbox(t);
  const desk = await station(t, { env: { AUTH0_DOMAIN: tenant.domain, AUTH0_TOKEN: tenant.token, AUTH0_MCP_CA_FILE: tenant.caFile } });
  const { request: of, report } = costs(t);
  const request = (name, calls, run) => of(desk.client, name, { calls }, run);

  const named = async (list, name) => (await tenant.manage(`${list}?per_page=100`)).find((one) => one.name === name);
  const bound = async (trigger) => (await tenant.manage(`actions/triggers/${trigger}/bindings`)).bindings.map((b) => b.action.name);
  const without = ({ updated_at, ...rest }, ...names) => Object.fromEntries(Object.entries(rest).filter(([name]) => !names.includes(name)));
  const ago = (hours) => new Date(Date.now() - hours * 3_600_000).toISOString();
  const events = async (type, hours) => {
    const q = encodeURIComponent(`type:${type} AND date:[${ago(hours)} TO *]`);
    const pages = await Promise.all([0, 1, 2].map((page) => tenant.manage(`logs?per_page=100&page=${page}&q=${q}`)));
    return pages.flat();
  };

  await request("failed logins of the last day, and why", 1, async (call) => {
    const { summary } = await call("auth0_list_logs", { type: "failed_login", since: "24h", summary: true, per_page: 5 });
    let all = 0;
    for (const { type, events: counted } of summary.by_type) {
      const there = (await events(type, 24)).length;
      assert.ok(Math.abs(there - counted) <= 1, `${type}: ${counted} counted, ${there} at the tenant`); // a moment passes in between
      all += counted;
    }
    assert.equal(summary.events, all);
    for (const type of ["f", "fp", "fu"]) assert.ok(summary.by_type.some((one) => one.type === type), type);
    assert.equal(summary.by_reason.reduce((sum, one) => sum + one.events, 0), all);
    assert.ok(summary.by_application.length > 0 && summary.by_ip.length > 0);
  });

  await request("a single-page application with a callback", 1, async (call) => {
    const made = await call("auth0_create_application", { name: "Reading room", app_type: "spa", callbacks: ["https://read.example/callback"] });
    const there = await tenant.manage(`clients/${made.client_id}`);
    assert.deepEqual([there.name, there.app_type, there.callbacks], ["Reading room", "spa", ["https://read.example/callback"]]);
    assert.equal(there.token_endpoint_auth_method, "none");
  });

  await request("a staging callback, without losing the others", 2, async (call) => {
    const before = await named("clients", "Harbourlight Shop");
    const { client_id, callbacks } = await call("auth0_get_application", { name: "Harbourlight Shop" });
    await call("auth0_update_application", { client_id, callbacks: [...callbacks, "https://staging.shop.harbourlight.example/callback"] });
    const after = await tenant.manage(`clients/${before.client_id}`);
    assert.deepEqual(after.callbacks, [...before.callbacks, "https://staging.shop.harbourlight.example/callback"]);
    assert.deepEqual(without(after, "callbacks"), without(before, "callbacks"));
  });

  await request("the token lifetime and a scope of an API", 2, async (call) => {
    const before = await named("resource-servers", "Orders API");
    const { id, scopes } = await call("auth0_get_resource_server", { id: "Orders API" });
    await call("auth0_update_resource_server", { id, token_lifetime: 3600, scopes: [...scopes, { value: "export:orders", description: "Export orders" }] });
    const after = await tenant.manage(`resource-servers/${before.id}`);
    assert.equal(after.token_lifetime, 3600);
    assert.deepEqual(after.scopes, [...before.scopes, { value: "export:orders", description: "Export orders" }]);
    assert.deepEqual(without(after, "scopes", "token_lifetime"), without(before, "scopes", "token_lifetime"));
  });

  await request("an Action that adds roles, deployed and bound", 3, async (call) => {
    const before = await bound("post-login");
    await call("auth0_create_action", { name: "Roles in access tokens", supported_triggers: [{ id: "post-login", version: "v3" }], code: roles });
    await call("auth0_deploy_action", { id: "Roles in access tokens" });
    await call("auth0_update_trigger_bindings", { trigger_id: "post-login", add: ["Roles in access tokens"] });
    assert.deepEqual(await bound("post-login"), [...before, "Roles in access tokens"]);
    const { actions: [action] } = await tenant.manage("actions/actions?actionName=Roles+in+access+tokens");
    assert.deepEqual([action.code, action.all_changes_deployed], [roles, true]);
  });

  await request("the colour of a form", 2, async (call) => {
    const before = await tenant.manage(`forms/${(await named("forms", "Marketing consent")).id}`);
    const { id, style = {} } = await call("auth0_get_form", { id: "Marketing consent" });
    await call("auth0_update_form", { id, style: { ...style, css } });
    const after = await tenant.manage(`forms/${before.id}`);
    assert.deepEqual(after.style, { css });
    assert.deepEqual(without(after, "style"), without(before, "style"));
  });

  await request("publish it", 1, async (call) => {
    const before = await bound("post-login");
    const answer = await call("auth0_publish_form", { id: "Marketing consent", render_in: "post-login" });
    assert.deepEqual([answer.valid, answer.live], [true, true]);
    const after = await bound("post-login");
    assert.deepEqual(after.slice(0, -1), before);
    const { actions } = await tenant.manage("actions/actions?per_page=100");
    const rendering = actions.find((action) => action.name === after.at(-1));
    const { id } = await named("forms", "Marketing consent");
    assert.ok(rendering.deployed_version.code.includes(`api.prompt.render('${id}')`), rendering.deployed_version.code);
  });

  await request("which Actions are bound, in which order", 1, async (call) => {
    const { bindings } = await call("auth0_list_trigger_bindings");
    const listed = {};
    for (const { trigger_id, action, position } of bindings) {
      (listed[trigger_id] ??= []).push(action.name);
      assert.equal(position, listed[trigger_id].length);
    }
    const { triggers } = await tenant.manage("actions/triggers");
    const there = {};
    for (const id of new Set(triggers.map((one) => one.id))) {
      const names = await bound(id);
      if (names.length > 0) there[id] = names;
    }
    assert.deepEqual(listed, there);
  });

  await request("what changed today, and by whom", 1, async (call) => {
    const fields = ["date", "type", "description", "client_name", "user_name", "ip"];
    const { logs, total } = await call("auth0_list_logs", { type: "api_operation", since: "24h", per_page: 100, fields });
    const there = await events("sapi", 24);
    const changes = logs.filter((event) => event.type === "sapi");
    assert.ok(changes.length > 0 && Math.abs(changes.length - there.length) <= 1, `${changes.length} listed, ${there.length} at the tenant; ${total}`);
    for (const { description, client_name, date } of changes) {
      assert.ok(there.some((event) => event.date === date && event.description === description && event.client_name === client_name), `${date} ${description}`);
    }
  });

  const secret_key = "6Lc-secret-key-of-the-captcha";
  const components = [
    { id: "mail", category: "FIELD", type: "EMAIL", label: "Your address", required: true, config: {} },
    { id: "robot", category: "WIDGET", type: "RECAPTCHA", config: { site_key: "6Lc-site-key", secret_key } },
    { id: "go_on", category: "BLOCK", type: "NEXT_BUTTON", config: { text: "Send" } },
  ];
  const contact = await tenant.manage("forms", {
    name: "Contact us", start: { next_node: "ask", coordinates: { x: 0, y: 0 } },
    nodes: [{ id: "ask", type: "STEP", coordinates: { x: 500, y: 0 }, config: { components, next_node: "$ending" } }],
  });
  await request("a new field in a form with a captcha", 2, async (call) => {
    const field = { id: "subject", category: "FIELD", type: "TEXT", label: "Subject", required: false, config: { max_length: 80 } };
    const { id, nodes } = await call("auth0_get_form", { id: "Contact us" });
    nodes[0].config.components.splice(1, 0, field);
    await call("auth0_update_form", { id, nodes });
    const after = await tenant.manage(`forms/${contact.id}`);
    assert.deepEqual(after.nodes[0].config.components, components.toSpliced(1, 0, field));
  });

  for (const client of await tenant.manage("clients?per_page=100")) {
    for (const secret of secretsOf(client)) assert.ok(!desk.said.text.includes(secret), `a secret of ${client.name} was in an output`);
  }
  assert.ok(!desk.said.text.includes(secret_key));

  const total = report();
  assert.ok(total < 100_000, `the answers have ${total} bytes`);
});
