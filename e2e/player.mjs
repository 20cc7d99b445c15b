// A tenant over HTTPS that holds given objects as they are, and keeps what is written to it: what a sandbox would make
// of an object is no part of what is tested.
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:https";
import { join } from "node:path";
import { certificate } from "./recorder.mjs";
import { after, folder } from "./station.mjs";

// Each collection of objects: its path, the member that is the id, and how a list of it is wrapped.
const collections = {
  application: { path: "/api/v2/clients", id: "client_id", items: "clients" },
  api: { path: "/api/v2/resource-servers", id: "id", items: "resource_servers" },
  action: { path: "/api/v2/actions/actions", id: "id", items: "actions" },
  form: { path: "/api/v2/forms", id: "id", items: "forms" },
};

// What Auth0 merges member by member when it is changed; others are replaced.
const merged = ["client_metadata", "jwt_configuration", "session_transfer"];

export function merge(stored, body) {
  const out = { ...stored };
  for (const [name, value] of Object.entries(body)) {
    if (value === null) delete out[name];
    else if (merged.includes(name) && typeof value === "object") out[name] = merge(out[name] ?? {}, value);
    else out[name] = value;
  }
  return out;
}

const missing = { statusCode: 404, error: "Not Found", message: "Not Found" };

class Player {
  objects = Object.fromEntries(Object.keys(collections).map((kind) => [kind, new Map()]));
  writes = []; // {method, kind, id, body}

  // put makes an object the tenant's, and returns its id.
  put(kind, object) {
    const id = object[collections[kind].id];
    this.objects[kind].set(id, object);
    return id;
  }

  get = (kind, id) => this.objects[kind].get(id);

  answer(method, url, body) {
    const [kind, { path, items }] = Object.entries(collections).find(([, c]) => url.pathname === c.path || url.pathname.startsWith(c.path + "/")) ?? [null, {}];
    if (!kind) return url.pathname.endsWith("/bindings") && method === "GET" ? [200, { bindings: [], per_page: 50 }] : [404, missing];
    const all = this.objects[kind];
    if (url.pathname === path) {
      if (method !== "GET") return [404, missing];
      const list = [...all.values()];
      return [200, url.searchParams.has("include_totals") || kind === "action" ? { [items]: list, start: 0, limit: 100, total: list.length } : list];
    }
    const id = decodeURIComponent(url.pathname.slice(path.length + 1));
    if (!all.has(id)) return [404, missing];
    if (method === "GET") return [200, all.get(id)];
    this.writes.push({ method, kind, id, body });
    if (method !== "PATCH") return [404, missing];
    all.set(id, merge(all.get(id), body));
    return [200, all.get(id)];
  }
}

// player returns a tenant that plays objects; env makes a server use it.
export async function player(t) {
  const dir = folder(t);
  const { key, cert } = certificate(dir);
  const caFile = join(dir, "cert.pem");
  writeFileSync(caFile, cert);
  const tenant = new Player();
  const server = createServer({ key, cert }, async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const [status, body] = tenant.answer(request.method, new URL(request.url, "https://tenant"), text ? JSON.parse(text) : undefined);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  after(t, () => {
    server.close();
    server.closeAllConnections();
  });
  tenant.env = { AUTH0_DOMAIN: `127.0.0.1:${server.address().port}`, AUTH0_TOKEN: "header.payload.signature-of-a-played-tenant", AUTH0_MCP_CA_FILE: caFile };
  return tenant;
}
