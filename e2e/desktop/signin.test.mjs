// A user signs in with a browser: init prints a page, Chromium confirms on it, and
// the client that was set up starts a server that works.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { after, binary, computer, tenant } from "../station.mjs";
import { browser, openPage } from "./page.mjs";

const flags = ["init", "--json", "--store", "file", "--scopes", "read:logs,read:clients", "--client", "cursor", "--read-only"];

test("confirmed by a click: signed in, the client set up, and its server works", async (t) => {
  const auth0 = await tenant(t);
  const desk = computer(t, auth0);
  desk.env.AUTH0_MCP_PASSPHRASE = "a passphrase of a test";
  const init = desk.auth0mcp(flags);
  const confirm = await init.event("confirm");
  const page = await openPage(await browser(t), confirm);
  assert.equal(await page.code(), confirm.user_code);
  assert.deepEqual((await page.scopes()).sort(), ["offline_access", "read:clients", "read:logs"]);
  assert.match(await page.press("Confirm"), /signed in/);
  await init.ok();
  const signedIn = await init.event("signed_in");
  assert.equal(signedIn.domain, auth0.domain);
  assert.deepEqual(signedIn.scopes.filter((s) => s.startsWith("read:")).sort(), ["read:clients", "read:logs"]);
  desk.keptSession("default", "file");

  const { mcpServers: { auth0: entry } } = JSON.parse(readFileSync(desk.path(".cursor/mcp.json"), "utf8"));
  assert.equal(entry.command, binary);
  assert.ok(entry.args.includes("--read-only"), entry.args);
  const client = new Client({ name: "e2e", version: "1" });
  after(t, () => client.close());
  // Started as the client would do it: by its entry, in an environment of its own.
  await client.connect(new StdioClientTransport({ ...entry, env: desk.env, stderr: "pipe" }));
  const { tools } = await client.listTools();
  for (const tool of tools) assert.equal(tool.annotations.readOnlyHint, true, tool.name);
  const answer = await client.callTool({ name: "auth0_list_logs", arguments: { per_page: 2 } });
  assert.ok(!answer.isError, answer.content[0].text);
  assert.equal(JSON.parse(answer.content[0].text).count, 2);
  // A scope that was not granted opens nothing.
  assert.ok(!tools.some(({ name }) => name === "auth0_list_actions"));
  await assert.rejects(client.callTool({ name: "auth0_list_actions", arguments: {} }), /lacks the scope read:actions/);
});

test("cancelled by a click: exit status 1, and nothing is written", async (t) => {
  const auth0 = await tenant(t);
  const desk = computer(t, auth0);
  desk.env.AUTH0_MCP_PASSPHRASE = "a passphrase of a test";
  const init = desk.auth0mcp(flags);
  const page = await openPage(await browser(t), await init.event("confirm"));
  assert.match(await page.press("Cancel"), /not signed in/);
  await init.fails();
  assert.match(init.err, /refused in the browser/);
  assert.match(init.err, /auth0-mcp init/);
  desk.wroteNothing();
});
