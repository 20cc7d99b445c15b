// The TypeScript SDK's stdio client, a strict one, connected to the built binary.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { getDefaultEnvironment, StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { after, binary, folder } from "./station.mjs";

// The server ends with its test, also with one that fails: a client left open would keep node alive.
export async function connect(t, ...flags) {
  const client = new Client({ name: "e2e", version: "1" });
  return { client, ...(await connectTo(t, client, ...flags)) };
}

// A client with capabilities of its own.
export async function connectTo(t, client, ...flags) {
  // Not the developer's own audit log.
  const state = folder(t);
  const transport = new StdioClientTransport({
    command: binary,
    args: ["run", "--sandbox", "--log-level", "error", ...flags],
    env: { ...getDefaultEnvironment(), XDG_STATE_HOME: state, TMPDIR: state },
    stderr: "pipe",
  });
  after(t, () => client.close());
  await client.connect(transport);
  return { pid: transport.pid, state };
}

export const json = (result) => {
  // One document, not a block for each item; beside it at most the report of what an update changed.
  for (const { text } of result.content.slice(1)) assert.deepEqual(Object.keys(JSON.parse(text)), ["changed"]);
  assert.ok(!result.isError, result.content[0].text);
  return JSON.parse(result.content[0].text);
};

export const children = (pid) =>
  readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").trim().split(" ").filter(Boolean));
