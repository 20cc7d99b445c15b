package sandbox

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

func (c caller) userPath(login string) string {
	c.tenant.Incidents() // makes the seed
	return "/api/v2/users/" + url.PathEscape(c.tenant.company.person(login).id)
}

func TestUsersAreSearched(t *testing.T) {
	c := smallCompany(t)
	for query, want := range map[string]int{
		`email:"ADA.FINCH@example.com"`: 1, "ada": 1, "ada*": 1, `identities.connection:"northquay-entra"`: 1,
		"blocked:true": 1, "_exists_:phone_number": 1, "app_metadata.tier:collector AND NOT email:ada*": 10,
		"logins_count:[500 TO *]": 1, `name:"Maeve Linden" OR name:"Ada Finch"`: 2, "": 26,
	} {
		a := c.get("/api/v2/users?include_totals=true&q=" + url.QueryEscape(query)).want(200)
		if a.at("total") != number(want) {
			t.Errorf("%s: %v users, want %d", query, a.at("total"), want)
		}
	}
	c.get("/api/v2/users?q="+url.QueryEscape(`email:"`)).refused(400, "invalid_query_string", "on property q")
	c.get("/api/v2/users-by-email?email=ada.finch%40example.com&fields=email").want(200).
		is(`[{"email":"ada.finch@example.com"}]`)
	paged := c.get("/api/v2/users?per_page=10&page=2&include_totals=true&sort=email:1").want(200)
	paged.is("20", "start")
	paged.is("6", "length")
}

// Ids with any character lead to their user.
func TestUserIDs(t *testing.T) {
	c := smallCompany(t)
	for _, user := range c.get("/api/v2/users?per_page=100").want(200).array() {
		id := text(user.(object)["user_id"])
		if got := c.get("/api/v2/users/" + url.PathEscape(id)).want(200).textAt("user_id"); got != id {
			t.Errorf("%s leads to %s", id, got)
		}
	}
	c.get("/api/v2/users/auth0%7Cnone/roles").refused(404, "inexistent_user", "The user does not exist.")
}

func TestRolesAndPermissions(t *testing.T) {
	c := smallCompany(t)
	user := c.userPath("bram.okafor")
	c.post(user+"/roles", `{"roles":["rol_none000000000000"]}`).refused(404, "", "The role does not exist.")
	c.post(user+"/roles", `{"roles":["rol_WarehouseStaff01"]}`).want(204)
	c.get(user+"/roles?include_totals=true").want(200).is("1", "total")
	if members := c.get("/api/v2/roles/rol_WarehouseStaff01/users").want(200); !strings.Contains(members.text, "bram.okafor") {
		t.Errorf("the role has not its user: %s", members.text)
	}
	const effective = "/effective-permissions?resource_server_identifier=urn:harbourlight:warehouse"
	permissions := c.get(user + effective).want(200)
	permissions.is(`["roles"]`, "permissions", 0, "sources")
	permissions.is(`"write:stock"`, "permissions", 0, "permission_name")
	const permission = `{"permissions":[{"resource_server_identifier":"urn:harbourlight:warehouse","permission_name":"` +
		`write:stock"}]}`
	c.post(user+"/permissions", permission).want(201)
	c.get(user+effective).want(200).is(`["direct","roles"]`, "permissions", 0, "sources")
	c.do(http.MethodDelete, user+"/roles", `{"roles":["rol_WarehouseStaff01"]}`).want(204)
	c.do(http.MethodDelete, user+"/permissions", permission).want(204)
	c.get(user+effective).want(200).is(`[]`, "permissions")
	// A group gives its roles to its members.
	c.get(c.userPath("esme.hollis")+"/effective-roles").want(200).is(`["groups"]`, "roles", 2, "sources")
	// A role that is deleted is no one's.
	c.delete("/api/v2/roles/rol_Auditor000000001").want(200)
	c.get(c.userPath("esme.hollis")+"/roles").want(200).is(`"rol_WarehouseStaff01"`, 0, "id")
}

func TestIdentitiesAreLinked(t *testing.T) {
	c := smallCompany(t)
	user := c.userPath("celia.marsh")
	const other = "/api/v2/users/email%7C65f0c0ffee65f0c0ffee65f0"
	c.post(user+"/identities", `{"provider":"email","user_id":"email|65f0c0ffee65f0c0ffee65f0"}`).want(201).
		is(`"night.reader@example.net"`, 1, "profileData", "email")
	c.get(other).want(404)
	c.delete(user + "/identities/email/65f0c0ffee65f0c0ffee65f0").want(200)
	c.get(other).want(200).is(`"night.reader@example.net"`, "email")
	c.delete(user+"/identities/auth0/none").refused(400, "operation_not_supported", "cannot be unlinked")
}

func TestSessionsEnd(t *testing.T) {
	c := smallCompany(t)
	user := c.userPath("ada.finch")
	c.get(user+"/sessions").want(200).is(`"AdaFinchBrowserSession000000001"`, "sessions", 0, "id")
	c.post(user+"/revoke-access", `{"preserve_refresh_tokens":true}`).want(202)
	c.get(user+"/sessions").want(200).is(`[]`, "sessions")
	c.get("/api/v2/refresh-tokens/AdaFinchReaderToken0000000001").want(200)
	c.delete(user + "/refresh-tokens").want(202)
	c.get("/api/v2/refresh-tokens/AdaFinchReaderToken0000000001").want(404)
	c.get(strings.Replace(user, "/users/", "/user-blocks/", 1)).want(200).is(`"192.0.2.3"`, "blocked_for", 0, "ip")
	c.delete("/api/v2/user-blocks?identifier=ada.finch@example.com").want(204)
	c.get("/api/v2/user-blocks?identifier=ada.finch@example.com").want(200).is(`[]`, "blocked_for")
	c.delete(user).want(204)
	c.get("/api/v2/grants?user_id=" + url.QueryEscape(c.tenant.company.person("ada.finch").id)).want(200).is(`[]`)
}

func TestSigningKeysRotate(t *testing.T) {
	c := smallCompany(t)
	next := c.get("/api/v2/keys/signing").want(200).textAt(1, "kid")
	if got := c.post("/api/v2/keys/signing/rotate", "").want(201).textAt("kid"); got != next {
		t.Errorf("the current key is %s, want the next one, %s", got, next)
	}
	old := c.get("/api/v2/keys/signing").want(200).textAt(0, "kid")
	c.do(http.MethodPut, "/api/v2/keys/signing/"+next+"/revoke", "").refused(400, "signing_key_not_revocable", "rotated out")
	c.do(http.MethodPut, "/api/v2/keys/signing/"+old+"/revoke", "").want(200)
	c.get("/api/v2/keys/signing/"+old).want(200).is("true", "revoked")
}

func TestUsersAreImported(t *testing.T) {
	c := smallCompany(t)
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, value := range map[string]string{
		"connection_id": "con_HarbourlightUser", "upsert": "false",
		"users": `[{"email":"new@example.org"},{"email":"ada.finch@example.com"}]`,
	} {
		if err := form.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	send := func(media string) answer {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
			"https://x/api/v2/jobs/users-imports", bytes.NewReader(body.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+c.token)
		request.Header.Set("Content-Type", media)
		response, err := c.tenant.Transport().RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		return read(t, "import", response)
	}
	send("application/json").refused(415, "", "Unsupported Media Type")
	job := send(form.FormDataContentType()).want(202).textAt("id")
	c.get("/api/v2/jobs/"+job+"/errors").want(200).is(`"DUPLICATED_USER"`, 0, "errors", 0, "code")
	c.get("/api/v2/users-by-email?email=new@example.org").want(200).is(`"new@example.org"`, 0, "email")
}

// The stream of events is one of server-sent events.
func TestEventsAreStreamed(t *testing.T) {
	c := smallCompany(t)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://x/api/v2/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	response, err := c.tenant.Transport().RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var body bytes.Buffer
	if _, err := body.ReadFrom(response.Body); err != nil {
		t.Fatal(err)
	}
	operation, _ := managementapi.ByName("GET /api/v2/events")
	if response.Header.Get("Content-Type") != operation.AnswerType || !strings.HasPrefix(body.String(), "id: evt_") {
		t.Errorf("%s: %.200s", response.Header.Get("Content-Type"), body.String())
	}
}

// The directory is the same whichever request needs it first.
func TestDirectoryIsReproducible(t *testing.T) {
	texts := func(first string) string {
		c := newCaller(t, Options{Seed: 7, Now: newClock().now})
		c.get(first).want(200)
		var out strings.Builder
		for _, path := range []string{"users?per_page=100", "connections", "keys/signing", "custom-domains", "roles"} {
			out.WriteString(c.get(apiPrefix + path).want(200).text)
		}
		return out.String()
	}
	if texts("/api/v2/roles") != texts("/api/v2/keys/signing") {
		t.Error("the seed depends on the order of requests")
	}
}

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		New(Options{})
	}
}

func BenchmarkSeedDirectory(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		New(Options{}).Incidents()
	}
}
