// Stands between a computer and a tenant, and keeps what they tell each other: the
// requests are counted here, outside the programs that are tested.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { after, fetchOver, folder } from "./station.mjs";

// certificate is one that signs itself, for the loopback address.
export function certificate(dir) {
  const [key, cert] = [join(dir, "key.pem"), join(dir, "cert.pem")];
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
    "-subj", "/CN=recorder", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert], { stdio: ["ignore", "ignore", "pipe"] });
  return { key: readFileSync(key), cert: readFileSync(cert, "utf8") };
}

// recorder returns an address that answers as the tenant does. change may alter the
// members of a token endpoint's answer; each answer comes after a delay, in ms.
export async function recorder(t, tenant, change = (answer) => answer, delay = 0) {
  const dir = folder(t);
  const { key, cert } = certificate(dir);
  const exchanges = [];
  const server = createServer({ key, cert }, async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const headers = { ...request.headers, host: tenant.domain };
    const answer = await fetchOver(tenant.ca, `https://${tenant.domain}${request.url}`, { method: request.method, headers, body });
    if (request.url === "/oauth/token") {
      const form = Object.fromEntries(new URLSearchParams(body.toString()));
      const json = change(JSON.parse(answer.body), form);
      exchanges.push({ grant: form.grant_type, status: answer.status, form, json });
      answer.body = Buffer.from(JSON.stringify(json));
      delete answer.headers["content-length"];
    }
    await wait(delay);
    response.writeHead(answer.status, answer.headers).end(answer.body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  after(t, () => {
    server.close();
    server.closeAllConnections();
  });
  const caFile = join(dir, "ca.pem");
  writeFileSync(caFile, cert + tenant.ca);
  return { domain: `127.0.0.1:${server.address().port}`, caFile, exchanges, count: (grant) => exchanges.filter((e) => e.grant === grant).length };
}
