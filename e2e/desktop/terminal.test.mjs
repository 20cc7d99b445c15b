// init in a terminal: the picker, the waiting, Ctrl-C, the passphrase.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { binary, computer, folder, tenant } from "../station.mjs";
import { terminal } from "./terminal.mjs";

const passphrase = "a passphrase of a test";

async function desk(t) {
  const auth0 = await tenant(t);
  const pc = computer(t, auth0);
  return { auth0, pc, open: (env, ...words) => terminal(t, folder(t), [binary, ...words], { ...pc.env, ...env }) };
}

const init = ["init", "--store", "file", "--no-browser"];
const picking = /Select the scopes to request/;
const waiting = /Waiting for the confirmation \(Ctrl-C gives up\)/;
const userCode = (screen) => /shows the code ([A-Z]{4}-[A-Z]{4})/.exec(screen)[1];

test("the picker: filter, choose, sign in; the terminal is as before", async (t) => {
  const { auth0, pc, open } = await desk(t);
  const screen = await open({ AUTH0_MCP_PASSPHRASE: passphrase }, ...init);
  assert.match(await screen.shows(picking), /read:logs +list_logs, get_log/);
  screen.press("/");
  screen.type("read:logs");
  await screen.shows(/esc set filter/);
  screen.press("Enter");
  assert.doesNotMatch(await screen.shows(/esc clear filter/), /read:clients/);
  screen.press("Space");
  await screen.shows(/✓ logs +read:logs/);
  screen.press("Enter");
  const shown = await screen.shows(waiting);
  assert.match(shown, new RegExp(`https://${auth0.domain}/activate\\?user_code=`));
  await auth0.decide(userCode(shown), "confirm");
  assert.equal(await screen.end(), 0);
  assert.match(screen.history(), /Scopes: .*read:logs.* They enable 3 of \d+ tools\./);
  assert.doesNotMatch(screen.history(), waiting, "the waiting line is wiped away");
  screen.sane();
  pc.keptSession("default", "file");
  assert.match(readFileSync(pc.path(".config/auth0-mcp/config.toml"), "utf8"), /^scopes = \['read:logs'\]$/m);
});

test("ctrl+a chooses all scopes; Ctrl-C while waiting ends it clean", async (t) => {
  const { pc, open } = await desk(t);
  const screen = await open({ AUTH0_MCP_PASSPHRASE: passphrase }, ...init);
  await screen.shows(picking);
  screen.press("C-a");
  assert.doesNotMatch(await screen.shows(/✓ logs +read:logs/), /• +([a-z_]+ +)?[a-z]+:/, "each scope is chosen");
  screen.press("Enter");
  await screen.shows(waiting);
  screen.press("C-c");
  assert.equal(await screen.end(), 130);
  assert.match(screen.screen(), /cancelled: nothing was written/);
  screen.sane();
  pc.wroteNothing();
});

test("Ctrl-C in the picker ends it clean", async (t) => {
  const { pc, open } = await desk(t);
  const screen = await open({ AUTH0_MCP_PASSPHRASE: passphrase }, ...init);
  await screen.shows(picking);
  screen.press("C-c");
  assert.equal(await screen.end(), 130);
  assert.match(screen.screen(), /cancelled: nothing was written/);
  screen.sane();
  pc.wroteNothing();
});

const machine = (auth0) => ["init", "--store", "file", "--auth0-domain", auth0.domain, "--auth0-client-id", auth0.clientID];

test("the passphrase is typed before the sign-in, which a mistake would cost", async (t) => {
  const { auth0, pc, open } = await desk(t);
  const screen = await open({}, ...init, "--scopes", "read:logs");
  for (const prompt of [/Choose a passphrase to encrypt this session: /, /Repeat the passphrase: /]) {
    assert.doesNotMatch(await screen.shows(prompt), /open this address/);
    screen.type(passphrase);
    screen.press("Enter");
  }
  await auth0.decide(userCode(await screen.shows(waiting)), "confirm");
  assert.equal(await screen.end(), 0);
  screen.sane();
  pc.keptSession("default", "file");
});

test("--no-interaction asks for no passphrase, also on a terminal", async (t) => {
  const { pc, open } = await desk(t);
  const screen = await open({}, ...init, "--scopes", "read:logs", "--no-interaction");
  assert.equal(await screen.end(), 1);
  assert.match(screen.screen(), /needs a passphrase: set AUTH0_MCP_PASSPHRASE/);
  assert.doesNotMatch(screen.screen(), /open this address/);
  pc.wroteNothing();
});

test("the passphrase is asked for twice and not shown", async (t) => {
  const { auth0, pc, open } = await desk(t);
  const screen = await open({ AUTH0_CLIENT_SECRET: auth0.secret }, ...machine(auth0));
  await screen.shows(/Choose a passphrase to encrypt this session: /);
  screen.type(passphrase);
  screen.press("Enter");
  await screen.shows(/Repeat the passphrase: /);
  screen.type(passphrase);
  screen.press("Enter");
  assert.equal(await screen.end(), 0);
  assert.doesNotMatch(screen.history(), new RegExp(passphrase));
  screen.sane();
  pc.keptSession("default", "file");
  const call = pc.auth0mcp(["call", "--json", "auth0_list_logs", "per_page=1"], { env: { AUTH0_MCP_PASSPHRASE: passphrase } });
  assert.equal(JSON.parse((await call.ok()).out).count, 1);
});

test("two passphrases that differ are an error", async (t) => {
  const { auth0, pc, open } = await desk(t);
  const screen = await open({ AUTH0_CLIENT_SECRET: auth0.secret }, ...machine(auth0));
  await screen.shows(/Choose a passphrase to encrypt this session: /);
  screen.type(passphrase);
  screen.press("Enter");
  await screen.shows(/Repeat the passphrase: /);
  screen.type(`${passphrase}!`);
  screen.press("Enter");
  assert.equal(await screen.end(), 1);
  assert.match(screen.screen(), /the two passphrases differ: nothing was written/);
  screen.sane();
  pc.wroteNothing();
});

test("Ctrl-C at the passphrase ends it clean", async (t) => {
  const { auth0, pc, open } = await desk(t);
  const screen = await open({ AUTH0_CLIENT_SECRET: auth0.secret }, ...machine(auth0));
  await screen.shows(/Choose a passphrase to encrypt this session: /);
  screen.press("C-c");
  assert.equal(await screen.end(), 130);
  assert.match(screen.screen(), /cancelled: nothing was written/);
  screen.sane();
  pc.wroteNothing();
});
