// A sandbox tenant over HTTPS, and a computer with clients of servers for it.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { after, binary, computer, tenant as sandbox } from "./station.mjs";

// desk is where people sit: each starts a server of their own, all in one session and with one state folder. session
// returns the environment that signs in to a tenant; default: a token of the tenant's own for machines.
export async function desk(t, session = ({ token }) => ({ AUTH0_TOKEN: token })) {
  const tenant = await sandbox(t);
  const machine = computer(t, tenant);
  Object.assign(machine.env, { AUTH0_DOMAIN: tenant.domain }, await session(tenant));
  const said = { text: "" };
  const asked = []; // what the people were asked to approve, and did
  const connect = async (...flags) => {
    const client = new Client({ name: "desk", version: "1" }, { capabilities: { elicitation: {} } });
    client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
      asked.push(params.message);
      return { action: "accept", content: { approve: true } };
    });
    const transport = new StdioClientTransport({ command: binary, args: ["run", "--log-level", "debug", ...flags], env: machine.env, stderr: "pipe" });
    transport.stderr.on("data", (chunk) => (said.text += chunk));
    after(t, () => client.close());
    await client.connect(transport);
    const receive = transport.onmessage;
    transport.onmessage = (message, extra) => {
      said.text += JSON.stringify(message);
      receive(message, extra);
    };
    return client;
  };
  // reveal is what a person does with a marker.
  const reveal = async (marker) => {
    const [, fingerprint] = /^\[REDACTED:(\w+)\]$/.exec(marker);
    const run = await machine.auth0mcp(["secret", "get", fingerprint, "--reveal"]).ok();
    return run.out.trim();
  };
  return { tenant, machine, connect, reveal, said, asked };
}
