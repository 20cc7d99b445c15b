// The official conformance suite of the Model Context Protocol against the built binary, through a bridge: the suite
// speaks HTTP only. The tools that it calls by name are those of a plugin made for it.
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, after, test } from "node:test";
import { promisify } from "node:util";
import { bridge } from "./bridge.mjs";

const root = new URL("..", import.meta.url).pathname;
const suite = join(root, "e2e/node_modules/@modelcontextprotocol/conformance/dist/index.js");

// The suite wants Node 22. Where that isn't installed, a package has it.
const node = [
  Number(process.versions.node.split(".")[0]) >= 22 && process.execPath,
  join(root, `e2e/node_modules/node-${process.platform}-${process.arch}/bin/node`),
].find((path) => path && existsSync(path));

const applies = [
  "server-initialize",
  "logging-set-level",
  "ping",
  "tools-list",
  "tools-call-simple-text",
  "tools-call-error",
  "tools-call-with-logging",
  "tools-call-with-progress",
  "json-schema-2020-12",
  "server-sse-multiple-streams",
  "resources-list",
  "prompts-list",
];

const text = "a tool answers one JSON document as text: what Auth0 sends is JSON";
const plugins = "a plugin can't ask the client anything; the host's own questions have tests of their own";
const http = "it is about the HTTP transport, and this server has stdio only";
const own = "it reads what only the suite's own server has; e2e/resources.test.mjs does so with ours";
const subscriptions = "the server has no subscriptions, and doesn't say that it has";
const appliesNot = {
  "completion-complete": own,
  "tools-call-image": text,
  "tools-call-audio": text,
  "tools-call-embedded-resource": text,
  "tools-call-mixed-content": text,
  "tools-call-sampling": plugins,
  "tools-call-elicitation": plugins,
  "elicitation-sep1034-defaults": plugins,
  "elicitation-sep1330-enums": plugins,
  "server-sse-polling": http,
  "dns-rebinding-protection": http,
  "resources-read-text": own,
  "resources-read-binary": own,
  "resources-templates-read": own,
  "resources-subscribe": subscriptions,
  "resources-unsubscribe": subscriptions,
  "prompts-get-simple": own,
  "prompts-get-with-args": own,
  "prompts-get-embedded-resource": own,
  "prompts-get-with-image": own,
};

const work = mkdtempSync(join(tmpdir(), "conformance-"));
after(() => rmSync(work, { recursive: true, force: true }));

before(() => {
  assert.ok(node, "the conformance suite needs Node 22 or later: install it, or the package of this platform");
  execFileSync("go", ["build", "-o", join(work, "plugin", "auth0-mcp-plugin-conformance"), "./internal/fakeplugin/auth0-mcp-plugin-conformance"], {
    cwd: join(root, "host"),
    env: { ...process.env, GOWORK: "off" },
  });
});

test("every scenario of the suite is judged", () => {
  const listed = execFileSync(node, [suite, "list"], { encoding: "utf8" });
  const scenarios = [...listed.split("Client scenarios")[0].matchAll(/^ +- (\S+)/gm)].map((match) => match[1]);
  assert.deepEqual(scenarios.sort(), [...applies, ...Object.keys(appliesNot)].sort());
});

for (const scenario of applies) {
  test(scenario, async (t) => {
    const url = await bridge(t, join(root, "bin/auth0-mcp"), ["run", "--sandbox", "--log-level", "error", "--dev-plugin", join(work, "plugin")],
      { ...process.env, XDG_STATE_HOME: join(work, "state") });
    const results = join(work, scenario);
    const run = promisify(execFile)(node, [suite, "server", "--url", url, "--scenario", scenario, "--output-dir", results], { timeout: 60_000 });
    const said = await run.then((out) => out.stdout, (failed) => assert.fail(`${failed.message}\n${failed.stdout}\n${failed.stderr}`));
    const file = readdirSync(results, { recursive: true }).find((name) => name.endsWith("checks.json"));
    const checks = JSON.parse(readFileSync(join(results, file), "utf8"));
    assert.ok(checks.some((check) => check.status === "SUCCESS"), said);
    for (const check of checks) assert.ok(["SUCCESS", "INFO"].includes(check.status), JSON.stringify(check, null, 2));
  });
}
