// Package managementapi holds facts about the operations of Auth0's Management API: method, path,
// scopes, lifecycle, parameters, bodies, answers, paging, what an operation does to a tenant, which members are
// secret, and which decide where a secret is sent. It sends nothing and depends on the standard library alone.
//
// A request is looked up by its method and path ([Lookup]), an operation by its name
// ([ByName]), or by a user's words ([Search]); [All] yields every one. A [Schema] checks values
// ([Schema.Check]), finds the secrets of a document ([Schema.Secrets]), and is written as JSON Schema
// ([Schema.JSONSchema]) or in a compact notation ([Schema.String], [ParseSchema]).
//
// The facts come from the types of go-auth0 v3 and the tables of tools/managementapigen, and are
// embedded compressed (90 kB). They are unpacked when they are first asked for, in about
// 7 ms into 1 MB, and decoded one by one.
package managementapi
