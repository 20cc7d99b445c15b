// A change that needs approval: a client calls the tool, a user approves it in a terminal, the client calls again.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { after, binary, computer, folder, tenant } from "../station.mjs";
import { terminal } from "./terminal.mjs";

async function desk(t, mode, ask) {
  const auth0 = await tenant(t);
  const pc = computer(t, auth0);
  const env = { ...pc.env, AUTH0_DOMAIN: auth0.domain, AUTH0_TOKEN: auth0.token };
  const transport = new StdioClientTransport({ command: binary, args: ["run", "--approve", mode, "--log-level", "error"], env, stderr: "pipe" });
  const client = new Client({ name: "e2e", version: "1" }, { capabilities: ask ? { elicitation: {} } : {} });
  if (ask) client.setRequestHandler(ElicitRequestSchema, ask);
  after(t, () => client.close());
  await client.connect(transport);
  const rename = () => client.callTool({ name: "auth0_update_application", arguments: { client_id: auth0.clientID, name: "Renamed by a test" } });
  const name = async () => (await auth0.manage(`clients/${auth0.clientID}`)).name;
  return { auth0, rename, name, open: (...words) => terminal(t, folder(t), [binary, ...words], env) };
}

test("a user approves in a terminal, once", async (t) => {
  const { rename, name, open } = await desk(t, "terminal");
  const before = await name();
  const held = await rename();
  assert.equal(held.isError, true);
  const id = /auth0-mcp approve ([A-Z2-7]{4}-[A-Z2-7]{4})/.exec(held.content[0].text)[1];
  assert.equal(await name(), before, "nothing is changed before");
  const screen = await open("approve", id);
  await screen.shows(/Type yes to approve/);
  assert.match(screen.screen(), new RegExp(`name: "${before}" → "Renamed by a test"`));
  screen.type("yes");
  screen.press("Enter");
  assert.equal(await screen.end(), 0);
  screen.sane();
  assert.equal(await name(), before, "approving alone changes nothing");
  const done = await rename();
  assert.ok(!done.isError, done.content[0].text);
  assert.match(done.content[1].text, /"field":"name"/);
  assert.equal(await name(), "Renamed by a test");
  assert.equal((await rename()).isError, true, "an approval is used once");
});

test("a slip asks again; no, and Ctrl-C, change nothing", async (t) => {
  const { rename, name, open } = await desk(t, "terminal");
  const before = await name();
  const held = await rename();
  const id = /auth0-mcp approve ([A-Z2-7]{4}-[A-Z2-7]{4})/.exec(held.content[0].text)[1];
  let screen = await open("approve", id);
  await screen.shows(/Type yes to approve/);
  screen.press("C-c");
  assert.notEqual(await screen.end(), 0);
  screen.sane();
  screen = await open("approve", id.toLowerCase());
  await screen.shows(/Type yes to approve/);
  screen.type("y");
  screen.press("Enter");
  await screen.shows(/Type yes or no/);
  screen.type("no");
  screen.press("Enter");
  assert.equal(await screen.end(), 0);
  assert.match(screen.screen(), /Declined\. Nothing was changed/);
  assert.equal((await rename()).isError, true);
  assert.equal(await name(), before);
});

for (const [action, changed] of [["accept", true], ["decline", false], ["cancel", false]]) {
  test(`a client that asks: ${action}`, async (t) => {
    let shown;
    const { rename, name } = await desk(t, "elicit", (request) => {
      shown = request.params.message;
      return { action, ...(action === "accept" && { content: {} }) };
    });
    const before = await name();
    const result = await rename();
    assert.match(shown, new RegExp(`"${before}" → "Renamed by a test"`));
    assert.equal(!result.isError, changed, result.content[0].text);
    assert.equal(await name(), changed ? "Renamed by a test" : before);
  });
}
