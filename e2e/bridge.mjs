// Streamable HTTP in front of the built binary, for suites that know HTTP only. It forwards JSON-RPC as it is, so that
// what is judged is the server's own words: each session is a process, each POST's stream gets the reply to its request
// and the notifications that come meanwhile.
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { createInterface } from "node:readline";

export async function bridge(t, command, args, env) {
  const sessions = new Map();

  function start() {
    const child = spawn(command, args, { env, stdio: ["pipe", "pipe", "inherit"] });
    const streams = new Map(); // by the id of the request that each waits for the reply to
    createInterface({ input: child.stdout }).on("line", (line) => {
      const message = JSON.parse(line);
      const reply = "result" in message || "error" in message;
      const stream = reply ? streams.get(message.id) : streams.values().next().value;
      stream?.write(`event: message\ndata: ${line}\n\n`);
      if (reply) {
        streams.delete(message.id);
        stream?.end();
      }
    });
    return { child, streams };
  }

  async function post(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const message = JSON.parse(Buffer.concat(chunks).toString());
    let id = request.headers["mcp-session-id"];
    if (!id && message.method === "initialize") sessions.set((id = randomUUID()), start());
    const session = sessions.get(id);
    if (!session) return response.writeHead(404).end();
    if (message.id === undefined || !message.method) {
      response.writeHead(202).end();
    } else {
      response.writeHead(200, { "content-type": "text/event-stream", "mcp-session-id": id });
      session.streams.set(message.id, response);
    }
    session.child.stdin.write(JSON.stringify(message) + "\n");
  }

  const end = async ({ child }) => {
    const exited = child.exitCode === null ? once(child, "exit") : [child.exitCode];
    child.stdin.end();
    const [code] = await exited;
    if (code !== 0) throw new Error(`the server ended with ${code}`);
  };

  const server = createServer((request, response) => {
    if (request.method === "POST") {
      post(request, response).catch((error) => response.writeHead(400).end(String(error)));
    } else {
      response.writeHead(405).end(); // no stream apart from requests, no sessions that the client ends
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(async () => {
    server.closeAllConnections();
    server.close();
    await Promise.all([...sessions.values()].map(end));
  });
  return `http://127.0.0.1:${server.address().port}/mcp`;
}
