// The session's key in a real keychain, and what is said when there is none.
import assert from "node:assert/strict";
import { test } from "node:test";
import { computer, tenant } from "../station.mjs";
import { bus, keyring } from "./keyring.mjs";

const machine = (auth0) => ["init", "--store", "keychain", "--auth0-domain", auth0.domain, "--auth0-client-id", auth0.clientID];
const call = ["call", "--json", "auth0_list_logs", "per_page=1"];

async function desk(t, address) {
  const auth0 = await tenant(t);
  const pc = computer(t, auth0);
  if (address) pc.env.DBUS_SESSION_BUS_ADDRESS = address;
  return { auth0, pc, signIn: () => pc.auth0mcp(machine(auth0), { env: { AUTH0_CLIENT_SECRET: auth0.secret } }) };
}

// Every failure names the other stores, for nothing falls back by itself.
const otherStores = /--store file/;

test("signed in with the keychain, used, shown, and logged out", async (t) => {
  const address = await bus(t);
  await keyring(t, address);
  const { pc, signIn } = await desk(t, address);
  await signIn().ok();
  pc.keptSession("default", "keychain");
  assert.equal(JSON.parse((await pc.auth0mcp(call).ok()).out).count, 1);

  const { sessions: [session] } = JSON.parse((await pc.auth0mcp(["session", "--json"]).ok()).out);
  assert.equal(session.state, "valid");
  assert.equal(session.renews, true);
  assert.equal(session.store.kind, "keychain");

  assert.match((await pc.auth0mcp(["logout"]).ok()).said, /keychain/);
  pc.lostSession("default");
  const gone = await pc.auth0mcp(call).fails();
  assert.match(gone.err, /auth0-mcp init/);
});

test("a locked keychain fails in bounded time, and names the other stores", async (t) => {
  const address = await bus(t);
  const ring = await keyring(t, address);
  const { pc, signIn } = await desk(t, address);
  await signIn().ok();
  await ring.lock();
  const locked = await pc.auth0mcp(call).fails();
  assert.match(locked.err, /keychain (is locked|did not answer in time)/);
  assert.match(locked.err, otherStores);
  pc.keptSession("default", "keychain");
});

for (const [what, address] of [["no service on the bus", bus], ["no bus", () => undefined]]) {
  test(`${what}: init fails, names the other stores, and writes nothing`, async (t) => {
    const { pc, signIn } = await desk(t, await address(t));
    const absent = await signIn().fails();
    assert.match(absent.err, /there is no system keychain/);
    assert.match(absent.err, otherStores);
    pc.wroteNothing();
  });
}
