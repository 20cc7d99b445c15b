// The tools for tasks: a diagnosis, an audit, an export and an onboarding, with the host's checks around them.
import assert from "node:assert/strict";
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { connect, connectTo, json } from "./client.mjs";
import { folder } from "./station.mjs";

const call = async (client, name, args = {}) => json(await client.callTool({ name, arguments: args }));
const names = async (client) => (await client.listTools()).tools.map((tool) => tool.name);
const filesBelow = (root) => readdirSync(root, { recursive: true, withFileTypes: true })
  .filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name));

test("a support person learns in one call why a user cannot log in, and the proposed call fixes it", async (t) => {
  const { client } = await connect(t, "--preset", "support", "--read-only");
  const question = { user: "bram.okafor@example.com" };
  const found = await call(client, "auth0_diagnose_login", question);
  assert.equal(found.verdict.code, "user_blocked");
  assert.equal(found.verdict.certainty, "confirmed");
  assert.deepEqual(found.not_looked_at, []);
  const { text } = (await client.callTool({ name: "auth0_diagnose_login", arguments: question })).content[0];
  assert.ok(text.length < 10_000, `${text.length} bytes`);

  const { client: developer } = await connect(t, "--tools", "auth0_diagnose_login,auth0_unblock_user");
  const { fix } = (await call(developer, "auth0_diagnose_login", question)).causes[0];
  assert.equal(fix.tool, "auth0_unblock_user");
  await call(developer, fix.tool, fix.arguments);
  const after = await call(developer, "auth0_diagnose_login", question);
  assert.ok(!after.causes.some((cause) => cause.code === "user_blocked"), JSON.stringify(after.causes));
});

test("a security officer audits a tenant without changing anything", async (t) => {
  const { client } = await connect(t, "--preset", "security", "--read-only");
  const report = await call(client, "auth0_audit_tenant", { severity: "high", per_page: 5 });
  assert.ok(report.count > 0 && report.count <= 5);
  assert.equal(report.summary.low, 0);
  for (const finding of report.findings)
    assert.ok(finding.object.kind && finding.evidence.length > 0 && finding.remedy.tool, JSON.stringify(finding));
});

test("an export writes below its root alone, without secrets, and again only what has changed", async (t) => {
  const root = folder(t);
  const { client, state } = await connect(t, "--tools", "auth0_export,auth0_update_application,auth0_list_applications",
    "--file-root", `export=${root}`, "--audit", "on");
  const { content } = await client.callTool({ name: "auth0_export", arguments: {} });
  const first = JSON.parse(content[0].text);
  const files = filesBelow(root);
  assert.equal(files.length, first.files);
  assert.deepEqual(first.not_exported, []);
  const secrets = /GOCSPX-q8Vd3kXz0uLrT5mYw2Hn|w7Yp1sKc9VbE4tQz6LxN|mT~8Q~ZrVxN3pLk7YdUw5HsBc1Ae9Jq|9yQ2hVt7LkXw4RbN1sDz/;
  for (const file of [...files, ...filesBelow(state)])
    assert.doesNotMatch(readFileSync(file, "utf8"), secrets, file);

  const times = new Map(files.map((file) => [file, statSync(file).mtimeNs ?? statSync(file).mtimeMs]));
  const again = await client.callTool({ name: "auth0_export", arguments: {} });
  assert.deepEqual(JSON.parse(again.content[1].text), { changed: [] });
  for (const [file, time] of times) assert.equal(statSync(file).mtimeNs ?? statSync(file).mtimeMs, time, file);

  await call(client, "auth0_update_application", { client_id: "Order Importer", description: "Imports orders" });
  const third = await client.callTool({ name: "auth0_export", arguments: {} });
  assert.deepEqual(JSON.parse(third.content[1].text), { changed: [{ request: "WRITE export:clients/Order Importer.json" }] });
  assert.match(readFileSync(join(root, "clients/Order Importer.json"), "utf8"), /"Imports orders"/);
});

test("without a folder nothing is exported, and a read-only server has no such tool", async (t) => {
  const { client } = await connect(t, "--tools", "auth0_export");
  const refused = await client.callTool({ name: "auth0_export", arguments: { kinds: ["roles"] } });
  assert.ok(refused.isError);
  assert.match(refused.content[0].text, /--file-root export=DIR/);
  const { client: reader } = await connect(t, "--preset", "developer", "--read-only");
  assert.ok(!(await names(reader)).includes("auth0_export"));
  const { client: usual } = await connect(t);
  const offered = await names(usual);
  for (const name of ["auth0_export", "auth0_audit_tenant", "auth0_diagnose_login"]) assert.ok(!offered.includes(name), name);
});

test("a developer connects a project: the credentials get into its env file and nowhere else", async (t) => {
  const root = folder(t);
  writeFileSync(join(root, "package.json"), '{"dependencies":{"next":"16"}}');
  const asked = [];
  let action = "decline";
  const client = new Client({ name: "e2e", version: "1" }, { capabilities: { elicitation: {} } });
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
    asked.push(params.message);
    return { action, content: { approve: true } };
  });
  const { state } = await connectTo(t, client, "--preset", "developer", "--project-root", root, "--audit", "on",
    "--audit-arguments", "redacted");
  const onboard = () => client.callTool({ name: "auth0_onboarding", arguments: { app_name: "Shop", project_path: root } });
  assert.ok((await onboard()).isError);
  assert.deepEqual(readdirSync(root), ["package.json"]);
  assert.match(asked[0], /client_secret of \/api\/v2\/clients\/planned-id-001 as AUTH0_CLIENT_SECRET/);

  action = "accept";
  const answers = [await onboard()];
  const { client_id: id, application } = JSON.parse(answers[0].content[0].text);
  assert.equal(application, "created");
  const file = join(root, ".env.local");
  const secret = /^AUTH0_CLIENT_SECRET=(.{64})$/m.exec(readFileSync(file, "utf8"))[1];
  assert.equal(statSync(file).mode & 0o777, 0o600);
  answers.push(await onboard());
  assert.equal(JSON.parse(answers[1].content[0].text).client_id, id);
  assert.equal(asked.length, 2, "what is there already needs no approval");

  answers.push(await client.callTool({ name: "auth0_save_credentials_to_file",
    arguments: { client_id: "Shop", file: ".env", variables: ["SHOP_SECRET=client_secret"] } }));
  assert.equal(readFileSync(join(root, ".env"), "utf8"), `SHOP_SECRET=${secret}\n`);
  for (const file of filesBelow(state)) assert.ok(!readFileSync(file, "utf8").includes(secret), file);
  assert.ok(!JSON.stringify([answers, asked]).includes(secret));
});
