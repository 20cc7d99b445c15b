// Package sandbox is an Auth0 tenant that lives in memory: the Management API v2, and
// the part of the Authentication API that hands out and takes back tokens for it, behind
// an [net/http.Handler].
//
// It answers with the shapes, the paging envelopes, the defaults and the errors
// of the real API, so that a program can be tried, demonstrated and tested
// without an Auth0 account. Which operation a request calls, the scopes that it
// needs, and which paths, queries and bodies are valid are facts of package
// managementapi; tools/sandboxcheck replays recorded requests and compares the
// answers.
//
// Most operations are answered from three tables: collections of objects
// (resource_table.go), objects that exist once (setting_table.go), and which objects
// belong to which (membershipTable). routes_table.go lists the operations that need code
// of their own. [Tenant.Incidents] lists failures in the seeded company whose cause is
// known.
//
// A user signs in with the device flow, on a page of the tenant's or through
// [Tenant.Approve]; a machine with a secret or a key. One tenant plays both parts:
// the host where users sign in, and the tenant that the token is then for. [New]
// makes a tenant, seeded with a small invented company; [Tenant.Transport] reaches it
// in process, [Listen] over HTTPS.
//
// Everything that looks like a secret in here is invented, and looks real on
// purpose: a program that leaks secrets shall be caught against this tenant, and
// not against a real one.
package sandbox
