package main

import "testing"

func TestSentence(t *testing.T) {
	role := noun{one: "role", many: "roles", linked: true}
	setting := noun{one: "Duo settings"}
	for _, test := range []struct {
		method string
		noun   noun
		owners []string
		item   bool
		want   string
	}{
		{"GET", role, nil, false, "List roles"},
		{"DELETE", role, nil, true, "Delete a role"},
		{"POST", role, []string{"a user"}, false, "Add roles to a user"},
		{"DELETE", role, []string{"a member", "an organization"}, false, "Remove roles from a member of an organization"},
		{"DELETE", role, []string{"a user"}, true, "Remove a role from a user"},
		{"POST", noun{one: "API", many: "APIs"}, nil, false, "Create an API"},
		{"DELETE", noun{one: "session", many: "sessions"}, []string{"a user"}, false, "Delete all sessions of a user"},
		{"PUT", setting, nil, false, "Replace the Duo settings"},
	} {
		if got := sentence(test.method, test.noun, test.owners, test.item); got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
}

func TestArticle(t *testing.T) {
	for name, want := range map[string]string{"API": "an API", "MFA factor": "an MFA factor", "SCIM token": "a SCIM token",
		"user": "a user", "organization": "an organization", "Action": "an Action", "role": "a role"} {
		if got := article(name); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
