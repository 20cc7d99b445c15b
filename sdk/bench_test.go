package sdk

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

const applications = 50

// pageOfApplications is a list as the Management API answers it: 50 applications of 1.7 kB.
func pageOfApplications() []byte {
	var items []string
	for i := range applications {
		items = append(items, fmt.Sprintf(
			`{"tenant":"example","global":false,"is_token_endpoint_ip_header_trusted":false,"name":"App %d",
"is_first_party":true,"oidc_conformant":true,"sso_disabled":false,"cross_origin_auth":false,"refresh_token":
{"expiration_type":"non-expiring","leeway":0,"infinite_token_lifetime":true,"infinite_idle_token_lifetime":true,
"token_lifetime":31557600,"idle_token_lifetime":2592000,"rotation_type":"non-rotating"},"allowed_clients":[],
"callbacks":["https://a.example/callback","http://localhost:3000"],"native_social_login":{"apple":{"enabled":false},
"facebook":{"enabled":false}},"signing_keys":[{"cert":%q,"pkcs7":%q,"subject":"/CN=example.eu.auth0.com"}],
"client_id":"%032d","jwt_configuration":{"lifetime_in_seconds":36000,"secret_encoded":false},"app_type":"spa",
"grant_types":["authorization_code","implicit","refresh_token"]}`, i, strings.Repeat("MIIDDTCCAfW\n", 60),
			strings.Repeat("MIIDDTCCAfW\n", 40), i))
	}
	return []byte(`{"total":50,"start":0,"limit":50,"clients":[` + strings.Join(items, ",") + `]}`)
}

// listed is what a list tool does between the answer of Auth0 and its own: it reads it, picks members, and encodes a
// page.
func listed(tb testing.TB, body []byte) (call func()) {
	tb.Helper()
	return func() {
		envelope, err := ParseObject(body)
		if err != nil {
			tb.Fatal(err)
		}
		items, err := envelope.Objects("clients")
		if err != nil {
			tb.Fatal(err)
		}
		for i, item := range items {
			items[i] = item.Pick("client_id", "name", "app_type", "callbacks")
		}
		if _, err := encode(Page{Name: "applications", Items: items, Size: len(items), Total: len(items)}); err != nil {
			tb.Fatal(err)
		}
	}
}

// Objects of a list share their names and the memory of their members: each allocates its own list of members, as read
// and as picked, and nothing more.
func TestListsShareMemory(t *testing.T) {
	const most = 60 // of the list itself
	if n := testing.AllocsPerRun(10, listed(t, pageOfApplications())); n > 2*applications+most {
		t.Errorf("%v allocations for %d objects", n, applications)
	}
}

func BenchmarkList(b *testing.B) {
	body := pageOfApplications()
	list := listed(b, body)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		list()
	}
}

// BenchmarkGet reads one object and answers all of it.
func BenchmarkGet(b *testing.B) {
	var items struct{ Clients []json.RawMessage }
	if err := json.Unmarshal(pageOfApplications(), &items); err != nil {
		b.Fatal(err)
	}
	body := items.Clients[0]
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		o, err := ParseObject(body)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := encode(o.Without("signing_keys")); err != nil {
			b.Fatal(err)
		}
	}
}
