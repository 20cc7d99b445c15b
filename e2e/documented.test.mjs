// The commands of the documentation, run as they stand there: each block of sh in an empty folder, on a computer that
// has a token of a sandbox tenant. A comment before a block exempts it, with the reason:
//
//   <!-- not run: needs an Auth0 account -->
//
// host/internal/cli/documented_test.go checks the commands of all blocks against the command line's flags and arguments.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join, relative } from "node:path";
import { test } from "node:test";
import { binary, files, folder, tenant as sandbox } from "./station.mjs";

const root = new URL("..", import.meta.url).pathname;

// The tutorial has a test of its own, and the reference is written by a program that makes its calls.
const elsewhere = ["docs/plugins/tutorial.md", "docs/reference/", "docs/adr/"];

const pages = () =>
  ["README.md", ...files(join(root, "docs")).map((path) => relative(root, path)).sort()].filter(
    (path) => path.endsWith(".md") && !elsewhere.some((begin) => path.startsWith(begin)));

function blocks(page) {
  const text = readFileSync(join(root, page), "utf8");
  return [...text.matchAll(/(?:^ *<!-- (not run: [^\n]*?) -->\n)?^( *)```sh\n(.*?)^ *```$/gms)].map(([, exempt, indent, script]) => ({
    exempt,
    script: script.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
  }));
}

const bash = (script, cwd, env) =>
  new Promise((resolve) => {
    const child = execFile("bash", ["-c", `set -euo pipefail\n${script}`], { cwd, env, timeout: 30_000 }, (error, out, err) =>
      resolve({ status: error ? (error.code ?? error.signal) : 0, said: out + err }));
    child.stdin.end();
  });

test("the commands of the documentation", { timeout: 300_000 }, async (t) => {
  let ran = 0;
  const run = async (page) => {
    const todo = blocks(page).filter(({ exempt }) => !exempt);
    if (todo.length === 0) return;
    await t.test(page, async (t) => {
      const work = folder(t);
      const [home, cwd] = ["home", "cwd"].map((name) => join(work, name));
      for (const dir of [home, cwd, join(cwd, "bin")]) mkdirSync(dir);
      symlinkSync(binary, join(cwd, "bin", "auth0-mcp"));
      const tenant = await sandbox(t);
      const env = { PATH: `${join(cwd, "bin")}:${process.env.PATH}`, HOME: home, TMPDIR: work, AUTH0_DOMAIN: tenant.domain, AUTH0_TOKEN: tenant.token, AUTH0_MCP_CA_FILE: tenant.caFile, AUTH0_MCP_APPROVE: "none" };
      const failed = [];
      for (const { script } of todo) {
        const { status, said } = await bash(script, cwd, env);
        if (status !== 0) failed.push(`${script}ended with ${status}: ${said.slice(-500)}`);
        ran += 1;
      }
      assert.equal(failed.join("\n"), "");
    });
  };
  const queue = pages();
  const worker = async () => {
    while (queue.length > 0) await run(queue.shift());
  };
  await Promise.all([worker(), worker()]);
  assert.ok(ran >= 20, `${ran} blocks were run, which are too few`);
});
