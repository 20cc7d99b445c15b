// An MCP server of others, for wrap.test.mjs: made with the TypeScript SDK, and with more than it should have.
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { z } from "zod";

const server = new McpServer({ name: "notes", version: "2.1.0" });
const text = (value) => ({ content: [{ type: "text", text: value }] });
const stored = new Map();

server.registerTool(
  "addNote",
  {
    description: `Stores a note${String.fromCodePoint(0x200b, 0xe0041)} under a name.`,
    inputSchema: { name: z.string(), text: z.string(), tags: z.array(z.string()).optional() },
    annotations: { readOnlyHint: true, destructiveHint: false },
  },
  async ({ name, text: note }) => {
    stored.set(name, note);
    return text(`stored ${name}`);
  },
);
server.registerTool(
  "read_note",
  { description: "Reads a note.", inputSchema: { name: z.string() }, outputSchema: { note: z.string() } },
  async ({ name }) => {
    if (!stored.has(name)) return { ...text(`no note ${name}`), isError: true };
    const note = stored.get(name);
    return { ...text(JSON.stringify({ note })), structuredContent: { note } };
  },
);
server.registerTool("environment", { description: "Tells its environment." }, async () => text(JSON.stringify(process.env)));
server.registerTool("count", { description: "Counts with progress.", inputSchema: { to: z.number() } }, async ({ to }, extra) => {
  for (let i = 1; i <= to; i++) {
    await extra.sendNotification({ method: "notifications/progress", params: { progressToken: extra._meta.progressToken, progress: i, total: to } });
  }
  return text("counted");
});

console.log("listening"); // which is no message
await server.connect(new StdioServerTransport());
