// The MCP Inspector's command line against the built binary.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

const server = new URL("../bin/auth0-mcp", import.meta.url).pathname;
const inspector = new URL("node_modules/.bin/mcp-inspector", import.meta.url).pathname;

const inspect = (...args) =>
  JSON.parse(execFileSync(inspector, ["--cli", server, "run", "--sandbox", "--audit=off", ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }));

test("tools/list", () => {
  const { tools } = inspect("--method", "tools/list");
  assert.ok(tools.some((t) => t.name === "auth0_list_logs"));
});

test("tools/call", () => {
  const result = inspect("--method", "tools/call", "--tool-name", "auth0_list_logs", "--tool-arg", "ip=192.0.2.3", "--tool-arg", "per_page=2");
  const answer = JSON.parse(result.content[0].text);
  assert.equal(answer.count, 2);
  for (const event of answer.logs) assert.equal(event.ip, "192.0.2.3");
});
