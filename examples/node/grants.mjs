// The plugin: its name, and its tools.

const perPage = 50;

export const plugin = {
  name: "grants",
  version: "0.1.0",
  description: "Client grants: the APIs and scopes that applications may use by themselves.",
  tools: [
    {
      name: "auth0_list_client_grants",
      title: "List client grants",
      effect: "read",
      description: "The APIs and scopes that applications may use by themselves, 50 a page.",
      scopes: ["read:client_grants"],
      paths: ["GET /api/v2/client-grants"],
      untrusted: ["client_grants[].audience", "client_grants[].scope"],
      inputSchema: {
        type: "object",
        properties: {
          client_id: { type: "string", description: "Only those of this application." },
          page: { type: "integer", minimum: 0, description: "The page, from 0." },
        },
        additionalProperties: false,
      },
      run: async (call, { client_id, page = 0 }) => {
        const query = { per_page: perPage, page, include_totals: true, ...(client_id && { client_id }) };
        const { client_grants, total } = (await call.get(["client-grants"], query)).json();
        return { client_grants, count: client_grants.length, total, has_next: (page + 1) * perPage < total };
      },
    },
    {
      name: "auth0_update_client_grant",
      title: "Update a client grant",
      effect: "write",
      description: "Set which scopes of an API an application may use.",
      idempotent: true,
      scopes: ["update:client_grants"],
      paths: ["PATCH /api/v2/client-grants/{id}"],
      untrusted: ["audience", "scope"],
      inputSchema: {
        type: "object",
        properties: {
          id: { type: "string", description: "The grant's id, from auth0_list_client_grants." },
          scope: {
            type: "array",
            items: { type: "string" },
            description: "All scopes: others are removed.",
          },
        },
        required: ["id", "scope"],
        additionalProperties: false,
      },
      run: (call, { id, ...changes }) => call.send("PATCH", ["client-grants", id], changes),
    },
  ],
};
