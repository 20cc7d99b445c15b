// Ten processes with one session at once: the token is renewed once, and all go on.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { recorder } from "../recorder.mjs";
import { computer, tenant } from "../station.mjs";
import { bus, keyring } from "./keyring.mjs";

test("ten processes with an ending token make one refresh request", async (t) => {
  const auth0 = await tenant(t);
  // The user's sign-in gives a token that ends at once; what a renewal gives lasts.
  const between = await recorder(t, auth0, (answer, form) =>
    form.grant_type === "refresh_token" || !answer.access_token ? answer : { ...answer, expires_in: 1 });
  const desk = computer(t, auth0);
  const address = await bus(t);
  await keyring(t, address);
  Object.assign(desk.env, { AUTH0_MCP_AUTH_DOMAIN: between.domain, AUTH0_MCP_CA_FILE: between.caFile, DBUS_SESSION_BUS_ADDRESS: address });
  const init = desk.auth0mcp(["init", "--json", "--scopes", "read:logs"]);
  await auth0.decide((await init.event("confirm")).user_code, "confirm");
  await init.ok();
  assert.equal((await init.event("signed_in")).renews, true);
  assert.equal(between.count("refresh_token"), 0);

  // Until then it is good, and is not renewed.
  await setTimeout(1100);
  const calls = Array.from({ length: 10 }, () => desk.auth0mcp(["call", "--json", "auth0_list_logs", "per_page=1"]));
  for (const call of calls) assert.equal(JSON.parse((await call.ok()).out).count, 1);
  assert.equal(between.count("refresh_token"), 1);

  await desk.auth0mcp(["call", "auth0_list_logs", "per_page=1"]).ok();
  assert.equal(between.count("refresh_token"), 1, "what was renewed was stored");
  assert.ok(between.exchanges.every((e) => e.status === 200 || e.json.error === "authorization_pending"), "no exchange was refused");
});
