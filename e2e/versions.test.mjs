// Resources, prompts, completion, titles and cache hints in each protocol version, message by message: a client library
// would hide what a version does not have.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { after, binary, end, folder } from "./station.mjs";

const versions = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"];
const modern = "2026-07-28";

// A server, and a function that sends a request as a client of a version does, and returns the response.
function serve(t, version) {
  const child = spawn(binary, ["run", "--sandbox", "--log-level", "error"], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { PATH: process.env.PATH, HOME: folder(t), TMPDIR: folder(t) },
  });
  after(t, () => end(child));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const meta = { "io.modelcontextprotocol/protocolVersion": version, "io.modelcontextprotocol/clientCapabilities": {} };
  let id = 0;
  const request = async (method, params = {}) => {
    if (version === modern) params = { ...params, _meta: meta };
    child.stdin.write(JSON.stringify({ jsonrpc: "2.0", id: ++id, method, params }) + "\n");
    const response = JSON.parse((await lines.next()).value);
    assert.equal(response.id, id);
    return response;
  };
  const begin = () =>
    version === modern
      ? request("server/discover")
      : request("initialize", { protocolVersion: version, capabilities: {}, clientInfo: { name: "e2e", version: "1" } });
  return { request, begin };
}

for (const version of versions) {
  test(version, async (t) => {
    const { request, begin } = serve(t, version);
    const { result: begun } = await begin();
    assert.deepEqual(Object.keys(begun.capabilities).sort(), ["completions", "logging", "prompts", "resources", "tools"]);

    const ask = async (method, params) => {
      const { result, error } = await request(method, params);
      assert.ok(result, JSON.stringify(error));
      // Lists and what is read say how long they may be kept, in the version that has that. The tenant's data may not be.
      const cached = version === modern && method !== "prompts/get" && method !== "completion/complete";
      assert.equal(result.resultType, version === modern ? "complete" : undefined, method);
      assert.equal(result.cacheScope, cached ? "private" : undefined, method);
      assert.equal(typeof result.ttlMs, cached ? "number" : "undefined", method);
      if (method === "resources/read" && cached) assert.equal(result.ttlMs, 0);
      return result;
    };
    const titled = (list) => list.every((one) => (version >= "2025-06-18") === "title" in one);
    assert.ok(titled((await ask("tools/list")).tools));
    const { resourceTemplates } = await ask("resources/templates/list");
    assert.ok(resourceTemplates.length === 5 && titled(resourceTemplates));
    assert.deepEqual((await ask("resources/list")).resources, []);
    const { prompts } = await ask("prompts/list");
    assert.ok(prompts.length === 3 && titled(prompts));

    const ref = { type: "ref/resource", uri: "auth0://applications/{id}" };
    const { completion } = await ask("completion/complete", { ref, argument: { name: "id", value: "deploy" } });
    assert.equal(completion.values.length, 1);
    const uri = `auth0://applications/${completion.values[0]}`;
    const { contents } = await ask("resources/read", { uri });
    assert.equal(JSON.parse(contents[0].text).name, "Deploy Pipeline");
    const got = await ask("prompts/get", { name: "review_application_urls" });
    assert.match(got.messages[0].content.text, /all applications/);

    const { error } = await request("resources/read", { uri: "auth0://applications/nothing" });
    assert.equal(error.code, version === modern ? -32602 : -32002);
    for (const [method, params] of [
      ["resources/read", {}], ["resources/read", { uri: 1 }], ["prompts/get", { name: "none" }],
      ["completion/complete", {}], ["completion/complete", { ref: "x", argument: {} }],
    ]) {
      const { error } = await request(method, params);
      assert.ok(error && [-32602, -32002].includes(error.code), `${method} ${JSON.stringify(params)}: ${JSON.stringify(error)}`);
    }
  });
}
