package managementapi

import (
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// How many operations Auth0 documents. Adding one to the tables changes this.
const documented = 469

func TestEveryOperationIsComplete(t *testing.T) {
	n := 0
	names := map[string]bool{}
	for o := range All() {
		n++
		if names[o.Name()] {
			t.Errorf("%s is there twice", o.Name())
		}
		names[o.Name()] = true
		if by, ok := ByName(o.Name()); !ok || by != o {
			t.Errorf("ByName does not find %s", o.Name())
		}
		checkOperation(t, o)
	}
	if n != documented {
		t.Errorf("%d operations, want %d", n, documented)
	}
	if listed := slices.Collect(Names()); len(listed) != n {
		t.Errorf("Names yields %d", len(listed))
	}
	if _, ok := ByName("GET /api/v2/nothing"); ok {
		t.Error("ByName found what is not there")
	}
}

func checkOperation(t *testing.T, o *Operation) {
	t.Helper()
	if !strings.HasPrefix(o.Path, "/api/v2/"+o.Group) {
		t.Errorf("%s is in group %s", o.Name(), o.Group)
	}
	if len(o.Scopes) == 0 {
		t.Errorf("%s has no scope", o.Name())
	}
	if !slices.Contains([]Lifecycle{GA, EA, Beta, ""}, o.Lifecycle) {
		t.Errorf("%s has lifecycle %q", o.Name(), o.Lifecycle)
	}
	template := regexp.MustCompile(`\{([^}]+)\}`).FindAllStringSubmatch(o.Path, -1)
	if len(template) != len(o.PathParameters) {
		t.Fatalf("%s has %d path parameters", o.Name(), len(o.PathParameters))
	}
	for i, p := range o.PathParameters {
		if p.Name != template[i][1] || !p.Required {
			t.Errorf("%s: path parameter %d is %+v", o.Name(), i, p)
		}
		checkRefs(t, o.Name(), p.Schema)
	}
	for _, p := range o.Query {
		checkRefs(t, o.Name(), p.Schema)
	}
	if o.Body != nil {
		checkRefs(t, o.Name(), o.Body)
		if o.ContentType != JSON && o.ContentType != Multipart {
			t.Errorf("%s takes %q", o.Name(), o.ContentType)
		}
		if o.Method == http.MethodGet {
			t.Errorf("%s takes a body", o.Name())
		}
	}
	if o.Answer != nil {
		checkRefs(t, o.Name(), o.Answer)
	}
	if o.OnlyAdds && o.Method != http.MethodPost || o.OnlyAdds && o.Effect != Write {
		t.Errorf("%s cannot only add", o.Name())
	}
	for _, member := range o.Once {
		if o.Effect == Read || o.Answer == nil || !o.Answer.Secret(member) {
			t.Errorf("%s answers %s once, and it is no secret of the answer of a write", o.Name(), member)
		}
	}
	for _, path := range o.Merges {
		s := o.Body
		for _, name := range strings.Split(path, ".") {
			m, ok := s.Member(name)
			if !ok || o.Method != http.MethodPatch {
				t.Fatalf("%s has no member %s to merge", o.Name(), path)
			}
			s = m.Schema
		}
		if kind := s.Resolve().Kind; kind != KindObject {
			t.Errorf("%s merges %s, which is a %v", o.Name(), path, kind)
		}
	}
}

// checkRefs proves that every reference leads to a definition, and every pattern is one for Go too.
func checkRefs(t *testing.T, at string, s *Schema) {
	t.Helper()
	switch {
	case s == nil:
	case s.Kind == KindRef:
		if _, ok := Definition(s.Ref); !ok {
			t.Errorf("%s refers to %s", at, s.Ref)
		}
	}
	if s == nil {
		return
	}
	if _, err := regexp.Compile(s.Pattern); err != nil { // or schemas cannot be compiled with Go's regexp
		t.Errorf("%s: %v", at, err)
	}
	checkRefs(t, at, s.Items)
	checkRefs(t, at, s.Rest)
	for _, one := range s.AnyOf {
		checkRefs(t, at, one)
	}
	for _, m := range s.Members {
		if m.Name == "" || m.Schema == nil {
			t.Errorf("%s has member %+v", at, m)
		}
		checkRefs(t, at+"."+m.Name, m.Schema)
	}
}

func TestEveryDefinitionIsUsableAndReadsBack(t *testing.T) {
	n := 0
	for name := range Definitions() {
		n++
		s, ok := Definition(name)
		if !ok {
			t.Fatalf("%s is not there", name)
		}
		checkRefs(t, name, s)
		if s.Resolve().Kind == KindRef {
			t.Errorf("%s does not end", name)
		}
		back, err := ParseSchema(s.String())
		if err != nil || back.String() != s.String() {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n < 2000 {
		t.Errorf("%d definitions", n)
	}
	if _, ok := Definition("Nothing"); ok {
		t.Error("there is a definition Nothing")
	}
}

func TestEffects(t *testing.T) {
	for name, want := range map[string]Effect{
		"GET /api/v2/clients":                                                        Read,
		"POST /api/v2/clients":                                                       Write,
		"PATCH /api/v2/clients/{id}":                                                 Write,
		"DELETE /api/v2/clients/{id}":                                                Destroy,
		"POST /api/v2/clients/{id}/rotate-secret":                                    Destroy,
		"POST /api/v2/connections/{id}/keys/rotate":                                  Destroy,
		"POST /api/v2/keys/signing/rotate":                                           Destroy,
		"PUT /api/v2/keys/signing/{kid}/revoke":                                      Destroy,
		"POST /api/v2/keys/encryption/rekey":                                         Destroy,
		"POST /api/v2/refresh-tokens/revoke":                                         Destroy,
		"POST /api/v2/sessions/{id}/revoke":                                          Destroy,
		"POST /api/v2/users/{id}/revoke-access":                                      Destroy,
		"POST /api/v2/users/{id}/recovery-code-regeneration":                         Destroy,
		"POST /api/v2/users/{id}/multifactor/actions/invalidate-remember-browser":    Destroy,
		"PUT /api/v2/users/{id}/authentication-methods":                              Destroy,
		"POST /api/v2/self-service-profiles/{profileId}/sso-ticket/{id}/revoke":      Destroy,
		"POST /api/v2/actions/actions/{id}/deploy":                                   Write,
		"POST /api/v2/actions/modules/{id}/rollback":                                 Write,
		"PATCH /api/v2/actions/triggers/{triggerId}/bindings":                        Write,
		"PUT /api/v2/connections/{id}/directory-provisioning/synchronized-groups":    Write,
		"DELETE /api/v2/organizations/{id}/members":                                  Destroy,
		"DELETE /api/v2/user-blocks/{id}":                                            Destroy,
		"POST /api/v2/experimentation/experiments/{id}/validate":                     Write,
		"GET /api/v2/connections/{id}/status":                                        Read,
		"POST /api/v2/connections/{id}/directory-provisioning/synchronizations":      Write,
		"DELETE /api/v2/connections/{id}/directory-provisioning/synchronized-groups": Destroy,
		"DELETE /api/v2/organizations/{organization_id}/groups/{group_id}/roles":     Destroy,
		"DELETE /api/v2/users/{id}/identities/{provider}/{user_id}":                  Destroy,
		"POST /api/v2/event-streams/{id}/redeliver":                                  Write,
		"PUT /api/v2/rules-configs/{key}":                                            Write,
		"PATCH /api/v2/branding/phone/templates/{id}/reset":                          Destroy,
		"POST /api/v2/users/{id}/identities":                                         Destroy, // the other user is gone, with its metadata; unlinking brings neither back
		"POST /api/v2/users/{id}/risk-assessments/clear":                             Destroy,
		"PUT /api/v2/self-service-profiles/{id}/custom-text/{language}/{page}":       Write,
		"PUT /api/v2/guardian/factors/push-notification/providers/apns":              Write,
		"DELETE /api/v2/experimentation/feature-flags/{id}/variations/{vid}":         Destroy,
	} {
		o, ok := ByName(name)
		if !ok {
			t.Errorf("there is no %s", name)
		} else if o.Effect != want {
			t.Errorf("%s: %s, want %s", name, o.Effect, want)
		}
	}
	// A path that ends in one of these words destroys, also if the operation is added later.
	final := regexp.MustCompile(`/(rotate|rotate-secret|revoke|revoke-access|rekey|reset|clear|` +
		`[a-z-]*regeneration|invalidate-[a-z-]*)$`)
	for o := range All() {
		switch {
		case o.Method == http.MethodGet && o.Effect != Read, o.Method != http.MethodGet && o.Effect == Read:
			t.Errorf("%s: %s", o.Name(), o.Effect)
		case (o.Method == http.MethodDelete || final.MatchString(o.Path)) && o.Effect != Destroy:
			t.Errorf("%s: %s", o.Name(), o.Effect)
		}
	}
}

// What is looked up without unpacking says what the facts say.
func TestOnlyAddsByName(t *testing.T) {
	adds := 0
	for o := range All() {
		if OnlyAdds(o.Name()) != o.OnlyAdds {
			t.Errorf("%s: %v", o.Name(), o.OnlyAdds)
		}
		if o.OnlyAdds {
			adds++
		}
	}
	if adds < 50 || strings.Count(onlyAddsFile, "\n") != adds {
		t.Errorf("%d operations only add", adds)
	}
	for name, want := range map[string]bool{
		"POST /api/v2/clients/{any}/credentials": true, "POST /api/v2/clients": true, "POST /api/v2/client": false,
		"POST /api/v2/{any}": false, "POST /api/v2/clients\nPOST /api/v2/clients": false, "": false, "POST ": false,
		"PATCH /api/v2/clients": false, "POST /api/v2/clients/": false, "POST /api/v2/clients/x/credentials": false,
	} {
		if got := OnlyAdds(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}

func TestOnlyAdds(t *testing.T) {
	for name, want := range map[string]bool{
		"POST /api/v2/clients":                            true,
		"POST /api/v2/users":                              true,
		"POST /api/v2/tickets/password-change":            true,
		"POST /api/v2/organizations/{id}/members":         true,
		"POST /api/v2/clients/cimd/register":              false, // updates one that is registered
		"POST /api/v2/jobs/users-imports":                 false, // upsert
		"POST /api/v2/users/{id}/identities":              false, // the other account is used up
		"POST /api/v2/actions/actions/{id}/deploy":        false,
		"POST /api/v2/clients/{id}/rotate-secret":         false,
		"POST /api/v2/keys/encryption/{kid}/wrapping-key": false,
		"PATCH /api/v2/clients/{id}":                      false,
	} {
		if o, ok := ByName(name); !ok || o.OnlyAdds != want {
			t.Errorf("%s: %v, want %v", name, ok && o.OnlyAdds, want)
		}
	}
}

func TestPaging(t *testing.T) {
	both := Paging{Offset: true, Totals: true, Checkpoint: true, Next: "next"}
	with := func(p Paging, items string) Paging { p.Items = items; return p }
	for name, want := range map[string]Paging{
		"GET /api/v2/clients":         with(both, "clients"),
		"GET /api/v2/organizations":   with(both, "organizations"),
		"GET /api/v2/clients/{id}":    {},
		"GET /api/v2/users":           {Offset: true, Totals: true, Items: "users"},
		"GET /api/v2/actions/actions": {Offset: true, Items: "actions"},
		"GET /api/v2/logs":            {Offset: true, Totals: true, Checkpoint: true, Items: "logs"},
		"GET /api/v2/agents":          {Checkpoint: true, Items: "agents", Next: "next"},
		"GET /api/v2/event-streams":   {Checkpoint: true, Items: "eventStreams", Next: "next"},

		"GET /api/v2/connections/{id}/scim-configuration/tokens": {},
	} {
		o, ok := ByName(name)
		if !ok || o.Paging != want {
			t.Errorf("%s: %+v, want %+v", name, o.Paging, want)
		}
	}
	for o := range All() {
		if o.Paging.Any() && o.Method != http.MethodGet || o.Paging.Totals && !o.Paging.Offset {
			t.Errorf("%s: %+v", o.Name(), o.Paging)
		}
	}
}

// Importing the package unpacks nothing.
func TestImportCostsNothing(t *testing.T) {
	if os.Getenv("MANAGEMENTAPI_TRACED") != "" {
		return
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestImportCostsNothing$")
	cmd.Env = append(os.Environ(), "MANAGEMENTAPI_TRACED=1", "GODEBUG=inittrace=1")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "init ") {
		t.Fatalf("%v\n%s", err, out)
	}
	// "init PACKAGE @TIME ms, TIME ms clock, BYTES bytes, N allocs"; a package without work has no line.
	line := regexp.MustCompile(`init github.com/auth0-mcp/auth0-mcp/managementapi @.*, ([0-9]+) bytes`)
	if found := line.FindSubmatch(out); found != nil {
		if bytes, err := strconv.Atoi(string(found[1])); err != nil || bytes > 4096 {
			t.Errorf("%s", found[0])
		}
	}
}

func BenchmarkFirstUse(b *testing.B) {
	for b.Loop() {
		newTable(operationsText)
	}
}

func BenchmarkLookupDecodes(b *testing.B) {
	table := newTable(operationsText)
	lines := map[string]string{}
	for line := range strings.Lines(operationsText) {
		name, _, _ := strings.Cut(line, "\t")
		lines[name] = line
	}
	for b.Loop() {
		if _, _, ok := table.lookup("PATCH", []string{"api", "v2", "clients", "x"}); !ok {
			b.Fatal("not found")
		}
		if _, err := decode(lines["PATCH /api/v2/clients/{id}"]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLookup(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, _, ok := Lookup("PATCH", "/api/v2/clients/x"); !ok {
			b.Fatal("not found")
		}
	}
}

// BenchmarkMemory reports what stays in memory once operations are listed.
func BenchmarkMemory(b *testing.B) {
	var before, after runtime.MemStats
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		table, library := newTable(operationsText), &library{text: schemasText}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc), "B")
		runtime.KeepAlive(table)
		runtime.KeepAlive(library)
	}
}

// The text is searched by halves: a name that is a part of another, or before the first or behind the last, is none.
func TestOnlyWholeNamesAreDefinitions(t *testing.T) {
	library := &library{text: "Action=a\nActionBase=b\nClient=c\n"}
	for name, want := range map[string]string{"Action": "a", "ActionBase": "b", "Client": "c",
		"": "", "Act": "", "ActionB": "", "Aaa": "", "Bbb": "", "Clients": "", "Zzz": "", "a": ""} {
		if got, ok := library.notation(name); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v; want %q", name, got, ok, want)
		}
	}
}

// Operations and definitions can be decoded from several goroutines at once.
func TestConcurrentUse(t *testing.T) {
	table, library := newTable(operationsText), &library{text: schemasText}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for _, e := range table.entries {
				e.get()
			}
			for name := range Definitions() {
				if _, ok := library.definition(name); !ok {
					t.Error(name)
				}
			}
		})
	}
	group.Wait()
}

func TestMergesAndOnce(t *testing.T) {
	for name, want := range map[string][]string{
		"PATCH /api/v2/users/{id}":         {"user_metadata", "app_metadata"},
		"PATCH /api/v2/clients/{id}":       {"client_metadata", "session_transfer", "jwt_configuration"},
		"PATCH /api/v2/connections/{id}":   nil, // options are replaced as a whole
		"PATCH /api/v2/emails/provider":    nil, // credentials are replaced as a whole
		"PATCH /api/v2/log-streams/{id}":   nil,
		"PUT /api/v2/network-acls/{id}":    nil,
		"PATCH /api/v2/tenants/settings":   {"flags", "change_password", "guardian_mfa_page"},
		"PATCH /api/v2/organizations/{id}": nil,
	} {
		if o, ok := ByName(name); !ok || !slices.Equal(o.Merges, want) {
			t.Errorf("%s does not merge %v alone", name, want)
		}
	}
	for name, want := range map[string][]string{
		"POST /api/v2/tickets/password-change":                    {"ticket"},
		"POST /api/v2/tickets/email-verification":                 {"ticket"},
		"POST /api/v2/guardian/enrollments/ticket":                {"ticket_id", "ticket_url"},
		"POST /api/v2/self-service-profiles/{id}/sso-ticket":      {"ticket"},
		"POST /api/v2/users/{id}/recovery-code-regeneration":      {"recovery_code"},
		"POST /api/v2/users/{id}/authentication-methods":          {"totp_secret"},
		"POST /api/v2/connections/{id}/scim-configuration/tokens": {"token"},
		"POST /api/v2/custom-domains/{id}/verify":                 {"cname_api_key"},
		"POST /api/v2/organizations/{id}/invitations":             {"invitation_url"}, // GET repeats it, hidden as well
		"POST /api/v2/clients":                                    nil,                // GET repeats the secret
		"POST /api/v2/clients/{id}/rotate-secret":                 nil,                // GET repeats the secret
	} {
		if o, ok := ByName(name); !ok || !slices.Equal(o.Once, want) {
			t.Errorf("%s answers once %v", name, want)
		}
	}
}
