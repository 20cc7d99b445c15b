// The Windows build runs, under Wine: the same host, a plugin as a process over loopback TCP.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { after, until } from "../station.mjs";
import { Wine } from "./wine.mjs";

const binaries = new URL("../../bin/windows_amd64", import.meta.url).pathname;
const host = "auth0-mcp.exe";
const plugins = "auth0-mcp-plugins.exe";

// A client that speaks line by line, so that nothing stands between the test and the pipes.
class Client {
  constructor(wine) {
    this.child = wine.start("run", "--sandbox", "--log-level", "error");
    this.errors = "";
    this.child.stderr.setEncoding("utf8").on("data", (text) => (this.errors += text));
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
    this.ended = once(this.child, "exit");
  }

  async request(id, method, params = {}) {
    this.child.stdin.write(JSON.stringify({ jsonrpc: "2.0", id, method, params }) + "\n");
    const { value, done } = await this.lines.next();
    assert.ok(!done, `the host ended before it answered ${method}: ${this.errors}`);
    const reply = JSON.parse(value);
    assert.equal(reply.id, id, value);
    assert.ok(reply.result, value);
    return reply.result;
  }

  async useAPlugin() {
    const { serverInfo } = await this.request(1, "initialize", {
      protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "e2e", version: "1" },
    });
    assert.equal(serverInfo.name, "auth0-mcp");
    const { tools } = await this.request(2, "tools/list");
    assert.ok(tools.some(({ name }) => name === "auth0_list_forms"), `tools: ${tools.map(({ name }) => name)}`);
    const { content, isError } = await this.request(3, "tools/call", { name: "auth0_list_forms", arguments: {} });
    assert.ok(!isError, content[0].text);
    assert.ok(JSON.parse(content[0].text).forms.length > 0, content[0].text);
  }
}

test("the Windows build", async (t) => {
  const wine = new Wine(t, binaries);
  after(t, () => wine.close());

  await t.test("answers through a plugin and leaves nothing behind", async () => {
    const client = new Client(wine);
    await client.useAPlugin();
    assert.equal(wine.processes(host).length, 1, "the host is seen as a process");
    assert.equal(wine.processes(plugins).length, 1, "the plugin is a process of its own");
    client.child.stdin.end();
    const [status] = await client.ended;
    assert.equal(status, 0, client.errors);
    assert.equal(client.errors, "");
    // Seen while the Wine server still runs, which would end them too.
    await until("the end of host and plugin", () => wine.processes(host).length + wine.processes(plugins).length === 0);
    assert.deepEqual(wine.temporary(), []);
  });

  await t.test("a plugin ends with a host that was killed", async () => {
    const client = new Client(wine);
    await client.useAPlugin();
    const [pid] = wine.processes(host);
    process.kill(pid, "SIGKILL");
    await client.ended;
    await until("the plugin's end", () => wine.processes(plugins).length === 0);
  });
});
