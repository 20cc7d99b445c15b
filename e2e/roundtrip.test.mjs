// Objects with secrets in every place that these resources have for them are read, changed and written back through the
// tools. make recordings-check does the same with recorded objects.
import assert from "node:assert/strict";
import { test } from "node:test";
import { player } from "./player.mjs";
import { roundTrip, secretsOf, station } from "./roundtrip.mjs";

const application = {
  client_id: "kept4ndRead1234567890abcdefghijk", tenant: "played", global: false, name: "Ticket desk", app_type: "regular_web",
  client_secret: "Zq1_4uT7mC9kX2vB5nR8wL0pS3dF6gH-jK1yE4tA7oI0uQ2zV5xM8cN", is_first_party: true, oidc_conformant: true,
  callbacks: ["https://desk.example/cb", "https://{organization_name}.desk.example/cb"], description: "",
  client_metadata: { "password policy": "twelve characters", team: "desk" },
  jwt_configuration: { alg: "RS256", lifetime_in_seconds: 36000, secret_encoded: false },
  encryption_key: { pub: "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n-----END PUBLIC KEY-----\n", cert: "-----BEGIN CERTIFICATE-----\nMIIDPDCCAiQC\n-----END CERTIFICATE-----\n", subject: "/CN=desk" },
  signing_keys: [{ cert: "-----BEGIN CERTIFICATE-----\r\nMIIDPDCCAiQC\r\n-----END CERTIFICATE-----\r\n", pkcs7: "-----BEGIN PKCS7-----\r\nMIIDPDCC\r\n-----END PKCS7-----\r\n", subject: "deprecated" }],
  client_authentication_methods: { private_key_jwt: { credentials: [{ id: "cred_8wnHpGZdh24cLX1EBfcpv3" }] } },
  refresh_token: { rotation_type: "rotating", expiration_type: "expiring", leeway: 0, token_lifetime: 2592000, idle_token_lifetime: 1296000 },
  addons: {
    azure_sb: { namespace: "desk", sasKeyName: "writer", sasKey: "c2VjcmV0IG9mIHRoZSBzZXJ2aWNlIGJ1cw==", entityPath: "orders", expiration: 60 },
    azure_blob: { accountName: "deskstore", storageAccessKey: `${"k7".repeat(43)}==`, containerName: "tickets", expiration: 60, blob_read: true },
    wams: { masterkey: "bWFzdGVyIGtleSBvZiB0aGUgbWVkaWE=" },
    layer: { providerId: "layer:///providers/1", keyId: "layer:///keys/1", privateKey: "cHJpdmF0ZSBrZXkgb2YgdGhlIGxheWVy", expiration: 60 },
    sap_api: { clientid: "sap", tokenEndpointUrl: "https://sap.example/token", servicePassword: "a password of a service" },
    samlp: { audience: "https://sp.example", recipient: "https://sp.example/acs", mappings: { email: "http://schemas.example/email" }, signatureAlgorithm: "rsa-sha256" },
  },
};

const api = {
  id: "67b6c1a2f6e0d9c8b7a69584", name: "Tickets", identifier: "https://api.desk.example", signing_alg: "HS256", token_lifetime: 7200,
  signing_secret: "a signing secret that is long enough", scopes: [{ value: "read:tickets", description: "Show tickets" }, { value: "reset:password", description: "Reset a password" }],
  allow_offline_access: false, skip_consent_for_verifiable_first_party_clients: true, enforce_policies: true, token_dialect: "access_token_authz",
  subject_type_authorization: { user: { policy: "allow_all" }, client: { policy: "require_client_grant" } },
};

const action = {
  id: "8b049653-0b15-49fc-9d4c-c66fbc4af8cb", name: "Add roles", supported_triggers: [{ id: "post-login", version: "v3" }], runtime: "node22",
  created_at: "2026-01-25T17:41:51.460334808Z", updated_at: "2026-01-25T17:41:51.474351545Z", status: "built", all_changes_deployed: false,
  code: [
    "// Basic authentication is not used here; the password is checked by Auth0.",
    "const key = 'sk_live_4eC39HqLyjWDarjtT1zdp7dc';",
    "exports.onExecutePostLogin = async (event, api) => {",
    "  const answer = await fetch(`https://crm.example/roles?key=${event.secrets.CRM_KEY}`, { headers: { authorization: `Bearer ${key}` } });",
    "  api.idToken.setCustomClaim('https://desk.example/roles', await answer.json());",
    "};", "",
  ].join("\n"),
  dependencies: [{ name: "axios", version: "1.7.2" }], secrets: [{ name: "CRM_KEY", updated_at: "2026-01-25T17:41:51.474351545Z" }],
};

const step = (id, next_node, ...components) => ({ id, type: "STEP", coordinates: { x: 500, y: 0 }, alias: id, config: { components, next_node } });
const next = (id) => ({ id, category: "BLOCK", type: "NEXT_BUTTON", config: { text: "Continue" } });
const form = {
  id: "ap_1wkRT6inFvWDLwiTKSAQJT", name: "Checkout", languages: { primary: "en" }, created_at: "2026-01-25T17:41:51.460Z", updated_at: "2026-01-25T17:41:51.460Z",
  messages: { errors: { ERR_PASSWORD_WEAK: "Choose a longer password" }, custom: {} },
  translations: { de: { components: { pass: { label: "Kennwort" } } } },
  start: { next_node: "first", coordinates: { x: 0, y: 0 }, hidden_fields: [{ key: "token", value: "{{context.tokens.access_token}}" }] },
  ending: { resume_flow: true, coordinates: { x: 1250, y: 0 } }, style: { css: "h1 { color: navy; }" },
  nodes: [
    step("first", "second",
      { id: "pass", category: "FIELD", type: "PASSWORD", label: "Your new password", required: true, config: { hash: "SHA256", min_length: 12 } },
      { id: "robot", category: "WIDGET", type: "RECAPTCHA", config: { site_key: "6Lc-site-key-that-is-public", secret_key: "6Lc-captcha-secret-of-the-first-step" } },
      next("first_next")),
    step("second", "$ending",
      { id: "robot_again", category: "WIDGET", type: "RECAPTCHA", config: { site_key: "6Lc-site-key-that-is-public", secret_key: "6Lc-captcha-secret-of-the-second-step" } },
      { id: "where", category: "WIDGET", type: "GMAPS_ADDRESS", config: { api_key: "AIza-key-of-the-map-in-the-page", server_key: "AIza-key-of-the-map-on-the-server" } },
      { id: "card", category: "FIELD", type: "PAYMENT", label: "Pay", required: true, config: {
        provider: "STRIPE", charge: { type: "ONE_OFF", one_off: { amount: 1250, currency: "EUR" } },
        credentials: { public_key: "pk_test_public", private_key: "sk_test_private_key_of_the_shop" } } },
      next("second_next")),
  ],
};

const cases = { application, api, action, form };

for (const [kind, object] of Object.entries(cases)) {
  test(`${kind}: read, changed in one member, written back with its secrets`, async (t) => {
    const tenant = await player(t);
    const { secrets } = await roundTrip(await station(t, tenant), tenant, kind, object);
    assert.equal(secrets, { application: 6, api: 1, action: 1, form: 5 }[kind]);
  });
}

test("a form's nodes and fields in another order, with a new field: each secret stays in its item", async (t) => {
  const tenant = await player(t);
  const edit = ({ nodes: [first, second], ...rest }) => {
    const field = { id: "nickname", category: "FIELD", type: "TEXT", label: "Nickname", required: false, config: { max_length: 30 } };
    const [pass, robot, button] = first.config.components;
    return { ...rest, nodes: [second, { ...first, config: { ...first.config, components: [robot, field, pass, button] } }] };
  };
  await roundTrip(await station(t, tenant), tenant, "form", form, edit);
  assert.equal(secretsOf(tenant.get("form", form.id)).size, 5);
});

test("an application's addon goes, the others keep their secrets", async (t) => {
  const tenant = await player(t);
  const edit = ({ addons: { wams, ...addons }, ...rest }) => ({ ...rest, addons });
  await roundTrip(await station(t, tenant), tenant, "application", application, edit);
  assert.ok(!tenant.get("application", application.client_id).addons.wams);
});

test("a secret that a user gives anew replaces the old one", async (t) => {
  const tenant = await player(t);
  const desk = await station(t, tenant);
  const signing_secret = "another secret that is long enough";
  tenant.put("api", structuredClone(api));
  const result = await desk.client.callTool({ name: "auth0_update_resource_server", arguments: { id: api.id, signing_secret } });
  assert.ok(!result.isError, result.content[0].text);
  assert.equal(tenant.get("api", api.id).signing_secret, signing_secret);
  assert.ok(!desk.said.text.includes(signing_secret) && !desk.said.text.includes(api.signing_secret));
});
