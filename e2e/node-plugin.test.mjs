// A plugin in JavaScript, as `auth0-mcp plugin new` makes it: tested, built, and called by a real MCP client.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { connect, json } from "./client.mjs";
import { binary, folder } from "./station.mjs";

const minutes = { timeout: 300_000 };

test("a plugin in JavaScript", minutes, async (t) => {
  const home = folder(t);
  const env = { PATH: process.env.PATH, HOME: home, TMPDIR: home, npm_config_cache: process.env.npm_config_cache ?? execFileSync("npm", ["config", "get", "cache"], { encoding: "utf8" }).trim() };
  const run = (cwd, program, ...args) => execFileSync(program, args, { cwd, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  run(home, binary, "plugin", "new", "acme-grants", "--lang", "node");
  const dir = join(home, "auth0-mcp-plugin-acme-grants");
  run(dir, "npm", "ci", "--silent", "--ignore-scripts");

  await t.test("passes its tests", () => {
    assert.match(run(dir, "npm", "test"), /^# fail 0$/m);
    assert.match(run(dir, binary, "plugin", "lint", "--strict", "."), /0 refused, 0 warnings/);
  });

  await t.test("keeps the contract", () => {
    // It fails unless all lines are ok.
    assert.match(run(dir, binary, "plugin", "conformance", "."), /^ok +cancel /m);
  });

  await t.test("answers an MCP client", async (t) => {
    const { client } = await connect(t, "--dev-plugin", dir);
    const { tools } = await client.listTools();
    assert.ok(tools.find((tool) => tool.name === "auth0_update_client_grant"));
    const call = (name, args) => client.callTool({ name, arguments: args }).then(json);
    const { client_grants } = await call("auth0_list_client_grants", {});
    const { id, scope } = client_grants.find((grant) => grant.scope.length === 2);
    assert.deepEqual((await call("auth0_update_client_grant", { id, scope: scope.slice(1) })).scope, scope.slice(1));

    const none = await client.callTool({ name: "auth0_update_client_grant", arguments: { id: "cgr_a/../b", scope: [] } });
    assert.ok(none.isError, "an id that climbs");
    const gone = await client.callTool({ name: "auth0_update_client_grant", arguments: { id: "a/b", scope: [] } });
    assert.match(gone.content[0].text, /404/);
  });

  await t.test("is signed, published, installed from an index and called", () => {
    const platform = `${process.platform}/${process.arch === "x64" ? "amd64" : process.arch}`;
    run(dir, binary, "plugin", "keys", "generate", "../release.key", "--unencrypted");
    run(dir, binary, "plugin", "pack", "--key", "../release.key", "--out", "../public", `${platform}=auth0-mcp-plugin-acme-grants`);
    run(home, binary, "plugin", "index", "public/index.json", "public/acme-grants_0.1.0.release.json", "--key", "release.key");
    run(home, binary, "plugin", "keys", "add", "acme", "release.key.pub");
    run(home, binary, "plugin", "install", "--yes", "--key", "acme", "public/index.json");
    assert.match(run(home, binary, "plugin", "list"), /^acme-grants +0\.1\.0 +2 +acme +ok /m);
    assert.equal(JSON.parse(run(home, binary, "call", "--sandbox", "auth0_list_client_grants", "client_id=none")).count, 0);
    run(home, binary, "plugin", "remove", "--yes", "acme-grants");
  });

  await t.test("is installed with Node.js inside, and called", () => {
    run(dir, "node", "build.mjs", "--sea");
    run(dir, binary, "plugin", "install", "--yes", ".");
    const answer = run(home, binary, "call", "--sandbox", "auth0_list_client_grants", "client_id=none");
    assert.equal(JSON.parse(answer).count, 0);
    assert.ok(existsSync(join(home, ".local/share/auth0-mcp/plugins")));
  });
});
