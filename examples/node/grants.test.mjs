import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { plugin } from "./grants.mjs";
import { Call } from "./sdk/call.mjs";
import { manifest } from "./sdk/manifest.mjs";

const file = (name) => readFileSync(new URL(name, import.meta.url), "utf8");

// run calls a tool for a tenant that takes one request and gives one answer.
async function run(name, input, request, status, answer) {
  const host = async (method, { method: verb, path, query, body }) => {
    assert.deepEqual([method, verb, path, query, body.toString()], ["RoundTrip", ...request]);
    return { response: { status, headers: [], body: Buffer.from(answer) } };
  };
  const tool = plugin.tools.find((t) => t.name === name);
  return tool.run(new Call(host, { call_id: "test", domain: "tenant.auth0.example" }, new AbortController().signal), input);
}

// Write it anew with: make manifest
test("manifest.json is what the plugin declares", () => {
  assert.equal(file("manifest.json"), manifest(plugin));
});

test("the built program describes itself", () => {
  const program = new URL(JSON.parse(file("manifest.json")).executable, import.meta.url).pathname;
  assert.equal(execFileSync(program, ["describe"], { encoding: "utf8", env: {} }), manifest(plugin));
});

test("list", async () => {
  const request = ["GET", "/api/v2/client-grants", "per_page=50&page=1&include_totals=true&client_id=a+b", ""];
  const answer = await run("auth0_list_client_grants", { client_id: "a b", page: 1 }, request, 200,
    '{"total":51,"client_grants":[{"id":"cgr_1"}]}');
  assert.deepEqual(answer, { client_grants: [{ id: "cgr_1" }], count: 1, total: 51, has_next: false });
});

test("update", async () => {
  const request = ["PATCH", "/api/v2/client-grants/a%2Fb", "", '{"scope":["read:orders"]}'];
  const answer = await run("auth0_update_client_grant", { id: "a/b", scope: ["read:orders"] }, request, 200, '{"id":"a/b"}');
  assert.equal(answer.text, '{"id":"a/b"}');
});

test("update of none", async () => {
  const request = ["PATCH", "/api/v2/client-grants/none", "", '{"scope":[]}'];
  const answer = run("auth0_update_client_grant", { id: "none", scope: [] }, request, 404, '{"message":"does not exist"}');
  await assert.rejects(answer, { code: "CODE_API", httpStatus: 404 });
});

test("an id that no path can hold is not sent", async () => {
  for (const id of ["", "..", "a/../b", "a%252f..", "a\u0000", "\ud800", "a".repeat(5000)]) {
    await assert.rejects(run("auth0_update_client_grant", { id, scope: [] }), { code: "CODE_INVALID_ARGUMENT" }, id);
  }
});
