// A plugin on its way from its author to users: made, tested, signed and published on a plain web server, installed,
// pinned and called by a real MCP client, updated only as far as the user agrees, copied to other machines, and removed.
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { createReadStream, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { createServer } from "node:http";
import { join, normalize } from "node:path";
import { test } from "node:test";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { json } from "./client.mjs";
import { goEnvironment } from "./goproxy.mjs";
import { after, binary, folder } from "./station.mjs";

const name = "auth0-mcp-plugin-acme-grants";

// Machine has a home folder of its own.
class Machine {
  constructor(t, more = {}) {
    this.home = folder(t);
    this.env = { PATH: process.env.PATH, HOME: this.home, TMPDIR: this.home, ...more };
    this.lockFile = join(this.home, ".config/auth0-mcp/plugins.lock.json");
    this.store = join(this.home, ".local/share/auth0-mcp/plugins/store");
  }

  // execute runs a command while this process goes on: the web server is in it.
  execute(cwd, program, args) {
    return new Promise((ended) => {
      const child = execFile(program, args, { cwd, env: this.env }, (error, out, err) => ended({ status: error?.code ?? 0, out, said: out + err }));
      child.stdin.end();
    });
  }

  async run(cwd, program, ...args) {
    const { status, out, said } = await this.execute(cwd, program, args);
    assert.equal(status, 0, `${program} ${args.join(" ")}:\n${said}`);
    return out;
  }

  plugin(...args) {
    return this.run(this.home, binary, "plugin", ...args);
  }

  // refused is what a command said that must fail.
  async refused(...args) {
    const { status, said } = await this.execute(this.home, binary, ["plugin", ...args]);
    assert.equal(status, 1, said);
    return said;
  }

  get lock() {
    return readFileSync(this.lockFile, "utf8");
  }

  get stored() {
    return existsSync(this.store) ? readdirSync(this.store).filter((entry) => entry.startsWith("sha256-")) : [];
  }

  // The release documents with their signatures.
  get releases() {
    return readdirSync(join(this.store, "releases"));
  }

  async connect(t) {
    const client = new Client({ name: "e2e", version: "1" });
    after(t, () => client.close());
    await client.connect(new StdioClientTransport({ command: binary, args: ["run", "--sandbox", "--log-level", "error"], env: this.env, stderr: "pipe" }));
    return client;
  }

  // works calls the plugin's reading tool.
  async works(t) {
    const client = await this.connect(t);
    await called(client);
    await client.close();
  }
}

async function called(client) {
  const { client_grants } = json(await client.callTool({ name: "auth0_list_client_grants", arguments: {} }));
  assert.ok(client_grants.length > 0);
}

// serve is a web server that knows files and nothing else.
async function serve(t, dir) {
  const server = createServer((request, response) => {
    const file = join(dir, normalize(new URL(request.url, "http://x").pathname));
    if (!existsSync(file)) response.writeHead(404).end();
    else createReadStream(file).pipe(response);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = () => new Promise((closed) => {
    server.close(closed);
    server.closeAllConnections();
  });
  after(t, close);
  return { url: `http://127.0.0.1:${server.address().port}/index.json`, close };
}

// forWindows is how a program for Windows on ARM64 begins: an empty MS-DOS header, which says at 0x3c where PE's is.
function forWindows(version) {
  const program = Buffer.alloc(0x60);
  program.write("MZ");
  program.writeUInt32LE(0x40, 0x3c);
  program.write("PE\0\0", 0x40);
  program.writeUInt16LE(0xaa64, 0x44);
  program.write(version, 0x50);
  return program;
}

// Author has the plugin's repository, a key, and the folder that a web server shows.
class Author extends Machine {
  constructor(t) {
    const work = folder(t);
    mkdirSync(join(work, "bin"));
    symlinkSync(binary, join(work, "bin/auth0-mcp"));
    super(t, { ...goEnvironment(work), PATH: `${join(work, "bin")}:${process.env.PATH}` });
    this.repository = join(this.home, name);
    this.public = join(this.home, "public");
    this.platform = `${execFileSync("go", ["env", "GOOS"], { encoding: "utf8" }).trim()}/${execFileSync("go", ["env", "GOARCH"], { encoding: "utf8" }).trim()}`;
  }

  // change replaces texts in main.go.
  change(...pairs) {
    const file = join(this.repository, "main.go");
    let text = readFileSync(file, "utf8");
    for (const [from, to] of pairs) {
      assert.ok(text.includes(from), from);
      text = text.replace(from, to);
    }
    writeFileSync(file, text);
  }

  // publish builds this platform's release; that for Windows has a program which nothing here opens.
  async publish(version) {
    const here = this.platform.replace("/", "_");
    await this.run(this.repository, "make", here);
    const program = join(this.repository, "dist", here, name);
    writeFileSync(join(this.repository, "manifest.json"), await this.run(this.repository, program, "describe"));
    writeFileSync(join(this.home, "other.exe"), forWindows(version));
    await this.run(this.repository, binary, "plugin", "pack", "--key", "../release.key", "--out", this.public,
      `${this.platform}=${program}`, "windows/arm64=../other.exe");
    await this.plugin("index", "public/index.json", `public/acme-grants_${version}.release.json`, "--key", "release.key", "--expires", "90");
  }
}

test("a plugin from its author to users", { timeout: 300_000 }, async (t) => {
  const author = new Author(t);
  const [user, colleague, isolated] = [new Machine(t), new Machine(t), new Machine(t)];
  const bundle = join(user.home, "plugins.tar");
  let server, running;

  await t.test("is made, tested and published", async () => {
    await author.plugin("new", "acme-grants");
    await author.run(author.repository, "go", "mod", "tidy");
    await author.run(author.repository, "make", "test", "lint");
    await author.plugin("keys", "generate", "release.key", "--unencrypted");
    await author.publish("0.1.0");
    server = await serve(t, author.public);
  });

  await t.test("is installed if a trusted key has signed it, and pinned for every platform", async () => {
    assert.match(await user.refused("install", server.url, "--yes"), /signed by key [0-9A-F]{16}, which you do not trust/);
    assert.deepEqual(user.stored, []);
    await user.plugin("keys", "add", "acme", join(author.home, "release.key.pub"));
    assert.match(await user.refused("install", server.url), /Tool "auth0_update_client_grant"[^]*pass --yes/);
    assert.ok(!existsSync(user.lockFile), "no agreement was given");
    assert.match(await user.plugin("install", server.url, "--key", "acme", "--yes"), /^Installed acme-grants 0\.1\.0 in /m);
    const { version, platforms, tools, signer, source } = JSON.parse(user.lock).plugins["acme-grants"];
    assert.deepEqual([version, source, signer.name], ["0.1.0", server.url, "acme"]);
    assert.deepEqual(Object.keys(platforms).sort(), [author.platform, "windows/arm64"].sort());
    const document = JSON.parse(readFileSync(join(author.public, "acme-grants_0.1.0.release.json"), "utf8"));
    for (const [platform, pin] of Object.entries(platforms)) {
      assert.deepEqual(pin, { archive: document.platforms[platform].digest, binary: document.platforms[platform].binary });
    }
    assert.deepEqual(tools.auth0_list_client_grants.paths, ["GET /api/v2/client-grants"]);
    assert.equal(user.stored.length, 1);
  });

  await t.test("is called by an MCP client", async () => {
    running = await user.connect(t);
    const { tools } = await running.listTools();
    assert.ok(tools.find((tool) => tool.name === "auth0_update_client_grant"));
    await called(running);
  });

  await t.test("is not updated to more than the user agrees to", async (t) => {
    const before = user.lock;
    author.change([`"0.1.0"`, `"0.2.0"`], [`Scopes("read:client_grants")`, `Scopes("read:client_grants", "read:users")`]);
    await author.publish("0.2.0");
    const wider = await user.refused("update", "--yes");
    assert.match(wider, /^Changes since the installed version "0\.1\.0":$/m);
    assert.match(wider, /^It may do more than the installed version:\n {2}\+ "auth0_list_client_grants": scope "read:users"$/m);
    assert.match(wider, /asks for more than version 0\.1\.0.*--allow-widening/);
    assert.equal(user.lock, before);
    assert.equal(user.stored.length, 1);
    await user.works(t);
    assert.match(await user.plugin("update", "--yes", "--allow-widening"), /^Updated acme-grants from 0\.1\.0 to 0\.2\.0\.$/m);
    assert.equal(user.stored.length, 1, "the old version is gone");
    assert.equal(user.releases.length, 1);
    await called(running); // which has the old one, until its next start
    await running.close();
    await user.works(t);

    author.change([`"0.2.0"`, `"0.3.0"`], [`Paths("GET /api/v2/client-grants")`, `Paths("GET /api/v2/client-grants", "GET /api/v2/clients")`],
      [`		},\n	}\n}`, `			sdk.NewTool("auth0_count_client_grants", sdk.Read, "Counts.", list, sdk.Scopes("read:client_grants"),\n				sdk.Paths("GET /api/v2/client-grants")),\n		},\n	}\n}`]);
    await author.publish("0.3.0");
    const said = await user.refused("update", "--yes");
    assert.match(said, /^ {2}\+ new tool "auth0_count_client_grants" \[read\]$/m);
    assert.match(said, /^ {2}\+ "auth0_list_client_grants": request "GET \/api\/v2\/clients"$/m);
    assert.match(await user.plugin("list"), /^acme-grants +0\.2\.0 +2 +acme +ok /m);
  });

  await t.test("is the same on a second machine, by the lock file", async (t) => {
    mkdirSync(join(colleague.home, ".config/auth0-mcp"), { recursive: true, mode: 0o700 });
    writeFileSync(colleague.lockFile, user.lock, { mode: 0o600 });
    await colleague.plugin("keys", "add", "acme", join(author.home, "release.key.pub"));
    assert.match(await colleague.plugin("sync", "--yes"), /^Installed acme-grants 0\.2\.0\.$/m);
    assert.equal(colleague.lock, user.lock);
    assert.deepEqual(colleague.stored, user.stored);
    await colleague.works(t);
  });

  await t.test("goes to a machine without a network", async (t) => {
    await user.plugin("bundle", bundle);
    await server.close();
    rmSync(author.public, { recursive: true });
    assert.match(await isolated.refused("install", server.url, "--yes"), /cannot be reached/);
    assert.match(await isolated.plugin("install", bundle, "--yes"), /^Installed acme-grants 0\.2\.0\.$/m);
    assert.deepEqual(isolated.stored, user.stored);
    assert.match(await isolated.plugin("verify"), /^acme-grants 0\.2\.0: ok$/m);
    await isolated.works(t);
  });

  await t.test("is removed, with the trust in it", async (t) => {
    assert.match(await user.plugin("remove", "acme-grants", "--yes"), /^Removed acme-grants\.$/m);
    assert.deepEqual([...user.stored, ...user.releases], []);
    assert.deepEqual(JSON.parse(user.lock).plugins, {});
    const { tools } = await (await user.connect(t)).listTools();
    assert.ok(!tools.some((tool) => tool.name === "auth0_list_client_grants"));
  });
});
