// tools/list is in the context of every session: what it may take, in bytes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "./client.mjs";

const readers = ["application", "resource_server", "action", "log", "form"].flatMap((what) => [`auth0_list_${what}s`, `auth0_get_${what}`]);
const writers = ["application", "resource_server", "action", "form"].flatMap((what) => [`auth0_create_${what}`, `auth0_update_${what}`]);

for (const [what, most, flags] of [
  ["all tools", 21_000, []],
  ["the twenty tools that every resource has", 18_000, ["--tools", [...readers, ...writers, "auth0_deploy_action", "auth0_publish_form"].join()]],
  ["the ten of them that read", 5_000, ["--tools", readers.join()]],
]) {
  test(`${what}: at most ${most} bytes`, async (t) => {
    const { client } = await connect(t, ...flags);
    const bytes = Buffer.byteLength(JSON.stringify(await client.listTools()));
    t.diagnostic(`${bytes} bytes`);
    assert.ok(bytes <= most, `${bytes} bytes`);
  });
}
