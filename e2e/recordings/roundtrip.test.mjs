// Each recorded object of a form, an Action, an application and an API goes through a round trip. REFERENCE is a folder
// with recordings/*.jsonl, which a developer has: source, method, path, status, response, one request a line.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { player } from "../player.mjs";
import { refill, roundTrip, station } from "../roundtrip.mjs";

const reference = process.env.REFERENCE;
assert.ok(reference, "REFERENCE must name a folder");

// Forms from before the API was generally available were written otherwise.
const early = (object) => object.start && "nextNode" in object.start;

const recorded = {
  form: ["forms", /^\/api\/v2\/forms\/[^/?]+$/],
  action: ["actions", /^\/api\/v2\/actions\/actions\/[^/?]+$/],
  application: ["clients", /^\/api\/v2\/clients\/[^/?]+$/],
  api: ["resource-servers", /^\/api\/v2\/resource-servers\/[^/?]+$/],
};

for (const [kind, [file, path]] of Object.entries(recorded)) {
  test(`each recorded ${kind} can be read and written back`, async (t) => {
    const tenant = await player(t);
    const desk = await station(t, tenant);
    const lines = readFileSync(join(reference, "recordings", `${file}.jsonl`), "utf8").trim().split("\n").map((line) => JSON.parse(line));
    const objects = lines.filter((r) => r.method === "GET" && r.status === 200 && path.test(r.path)).filter((r) => !early(r.response)).map((r) => [r.source, refill(r.response)]);
    assert.ok(objects.length > 0, "no recordings");
    const failures = new Map();
    let members = 0;
    let secrets = 0;
    for (const [source, object] of objects) {
      try {
        const done = await roundTrip(desk, tenant, kind, object);
        members += done.members;
        secrets += done.secrets;
      } catch (error) {
        const why = error.message.replaceAll(/"[^"]*(\[REDACTED|[\w-]{30})[^"]*"/g, '"…"').slice(0, 400); // alike are told once
        failures.set(why, [...(failures.get(why) ?? []), `${source} ${object.name}`]);
      }
    }
    const failed = [...failures.values()].flat().length;
    t.diagnostic(`${objects.length - failed} of ${objects.length}, with ${members} members and ${secrets} secrets`);
    const told = [...failures].slice(0, 20).map(([why, where]) => `${where.length} × ${why}\n    for instance ${where[0]}`);
    assert.equal(failed, 0, `${failed} of ${objects.length}:\n${told.join("\n")}`);
  });
}
