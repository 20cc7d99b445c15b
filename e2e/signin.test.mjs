// A call that lacks a scope, or a session: the client opens the page that the server names, and the call goes on.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { ElicitRequestSchema, ElicitationCompleteNotificationSchema, ToolListChangedNotificationSchema } from "@modelcontextprotocol/sdk/types.js";
import { after, binary, computer, tenant, until } from "./station.mjs";

// A user who has granted one scope, and a client that answers each page by decide.
async function signedIn(t, decide) {
  const auth0 = await tenant(t);
  const desk = computer(t, auth0);
  desk.env.AUTH0_MCP_PASSPHRASE = "a passphrase of a test";
  const init = desk.auth0mcp(["init", "--json", "--store", "file", "--scopes", "read:clients"]);
  await auth0.decide((await init.event("confirm")).user_code, "confirm");
  await init.ok();
  const client = new Client({ name: "e2e", version: "1" }, { capabilities: { elicitation: { url: {} } } });
  const pages = [];
  client.setRequestHandler(ElicitRequestSchema, async ({ params }) => {
    pages.push(params);
    return { action: await decide(auth0, new URL(params.url)) };
  });
  const completed = [];
  client.setNotificationHandler(ElicitationCompleteNotificationSchema, ({ params }) => completed.push(params.elicitationId));
  after(t, () => client.close());
  await client.connect(new StdioClientTransport({ command: binary, args: ["run", "--log-level", "error"], env: desk.env, stderr: "pipe" }));
  return { client, pages, completed, desk, auth0 };
}

const listLogs = { name: "auth0_list_logs", arguments: { per_page: 1 } };

test("a scope that is missing: consented to in the browser, and the call goes on", async (t) => {
  const { client, pages, completed, auth0 } = await signedIn(t, async (auth0, url) => {
    await auth0.decide(url.searchParams.get("user_code"), "confirm");
    return "accept";
  });
  // Not in the list, because the token cannot use it; a client that opens pages can call it all the same.
  assert.ok(!(await client.listTools()).tools.some(({ name }) => name === listLogs.name));
  const notes = [];
  const answer = await client.callTool(listLogs, undefined, { onprogress: ({ message }) => notes.push(message) });
  assert.ok(!answer.isError, answer.content[0].text);
  assert.equal(pages.length, 1);
  const [{ mode, url, message, elicitationId }] = pages;
  assert.equal(mode, "url");
  assert.equal(new URL(url).host, auth0.domain);
  assert.match(message, /auth0_list_logs needs you to sign in .*read:clients, read:logs/);
  assert.doesNotMatch(message, /https?:/);
  assert.deepEqual(completed, [elicitationId]);
  assert.ok(notes.includes("waiting for the user to sign in"), notes);
  // What was granted before stays granted.
  for (const call of [listLogs, { name: "auth0_list_applications", arguments: { per_page: 1 } }]) {
    const again = await client.callTool(call);
    assert.ok(!again.isError, again.content[0].text);
  }
  assert.equal(pages.length, 1);
});

test("declined: the error names the scope, and the user is not asked again", async (t) => {
  const { client, pages } = await signedIn(t, async () => "decline");
  for (let i = 0; i < 2; i++) {
    const answer = await client.callTool(listLogs);
    assert.ok(answer.isError);
    assert.match(answer.content[0].text, /read:logs.*declined/s);
  }
  assert.equal(pages.length, 1);
});

test("logged out while the server runs: signed in again within the call", async (t) => {
  const { client, pages, desk } = await signedIn(t, async (auth0, url) => {
    await auth0.decide(url.searchParams.get("user_code"), "confirm");
    return "accept";
  });
  const call = { name: "auth0_list_applications", arguments: { per_page: 1 } };
  assert.ok(!(await client.callTool(call)).isError);
  await desk.auth0mcp(["logout"]).ok();
  // The server looks once a second whether the session is still there.
  await until("the server asks the user", async () => {
    const answer = await client.callTool(call);
    assert.ok(!answer.isError, answer.content[0].text);
    return pages.length > 0;
  });
  assert.equal(pages.length, 1);
});

test("other scopes are granted while the server runs: the client is told, and lists the tools again", async (t) => {
  const { client, desk, auth0 } = await signedIn(t, async () => "decline");
  const list = async () => (await client.listTools()).tools;
  const before = (await list()).map(({ name }) => name);
  assert.ok(before.includes("auth0_list_applications") && !before.includes(listLogs.name), `${before}`);
  let told = 0;
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => void told++);

  const init = desk.auth0mcp(["init", "--json", "--store", "file", "--scopes", "read:logs,read:actions"]);
  await auth0.decide((await init.event("confirm")).user_code, "confirm");
  await init.ok();
  await until("the client is told", () => told > 0);
  const tools = await list();
  const after = tools.map(({ name }) => name);
  // Both ways: what the new token can use has come, what it cannot is gone.
  assert.ok(after.includes(listLogs.name) && after.includes("auth0_list_actions"), `${after}`);
  assert.ok(!after.includes("auth0_list_applications"), `${after}`);
  const answer = await client.callTool(listLogs);
  assert.ok(!answer.isError, answer.content[0].text);
});
