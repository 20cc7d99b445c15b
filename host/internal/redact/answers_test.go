package redact

import (
	"fmt"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/managementapi"
)

// logs is an answer with a page of logs, and how many of them hold a secret.
func logs(secrets int) []byte {
	var doc strings.Builder
	doc.WriteString(`{"start":0,"length":100,"limit":100,"logs":[`)
	for i := range 100 {
		if i > 0 {
			doc.WriteByte(',')
		}
		description := "Wrong email or password."
		if i < secrets {
			description = "Bearer eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhdXRoMCJ9.c2lnbmF0dXJl"
		}
		fmt.Fprintf(&doc, `{"_id":"900202611282156121700000000000000000012233720370000286%[1]d",`+
			`"audience":"https://api.example.com/orders","client_id":"1kpSLi3CwhyoD1QPsSSW0iq9KMAy1Yti",`+
			`"client_name":"Reader (iOS)","connection":"Username-Password-Authentication","connection_id":"con_u6Xd1QPsSS",`+
			`"date":"2026-11-28T21:56:11.451Z","description":%[2]q,"details":{"initiatedAt":1795212140035,"prompts":[],`+
			`"session_id":"xrPUDN5K77xXOVDCluq3WhLbRLaJeKlJ","stats":{"loginsCount":308}},"hostname":"shop.eu.auth0.com",`+
			`"ip":"203.0.113.1","isMobile":true,"location_info":{"city_name":"Galway","continent_code":"EU",`+
			`"country_code":"IE","country_name":"Ireland","latitude":"53.27","longitude":"-9.06"},`+
			`"log_id":"900202611282156121700000000000000000012233720370000286%[1]d","organization_id":null,`+
			`"scope":"openid profile offline_access","strategy":"auth0","strategy_type":"database","type":"fp",`+
			`"user_agent":"Chrome 139.0.0 / Mac OS X 15.5.0","user_id":"auth0|bd83a9c933a4f113ed98470e",`+
			`"user_name":"tamsin.boyd@example.com"}`, i, description)
	}
	doc.WriteString("]}")
	return []byte(doc.String())
}

// application is an answer without its secret: the scopes of most tokens do not show it.
const application = `{"client_id":"1kpSLi3CwhyoD1QPsSSW0iq9KMAy1Yti","name":"Order Importer","app_type":"non_interactive",` +
	`"callbacks":["https://shop.example.com/callback","http://localhost:3000/callback"],"is_first_party":true,` +
	`"grant_types":["client_credentials"],"jwt_configuration":{"alg":"RS256","lifetime_in_seconds":36000},` +
	`"refresh_token":{"expiration_type":"non-expiring","leeway":0,"rotation_type":"non-rotating"},` +
	`"client_metadata":{"team":"a"},"token_endpoint_auth_method":"client_secret_post"}`

// The secrets of every answer are looked for: of one that has none, next to nothing may be left behind for the garbage
// collector. The one allocation is that of the path.
func TestLittleIsAllocatedWithoutSecrets(t *testing.T) {
	for name, doc := range map[string]string{"GET /api/v2/clients/{id}": application, "GET /api/v2/logs": string(logs(0))} {
		o, _ := managementapi.ByName(name)
		document := []byte(doc)
		if found := Secrets(o.Answer, document); found != nil {
			t.Fatal(name, found)
		}
		if n := testing.AllocsPerRun(100, func() { Secrets(o.Answer, document) }); n > 1 {
			t.Errorf("%s: %v allocations", name, n)
		}
		const most = 6
		clean := new(Redactor)
		if n := testing.AllocsPerRun(100, func() { _, _, _ = clean.Clean(document) }); n > most {
			t.Errorf("%s, cleaned: %v allocations, want at most %d", name, n, most)
		}
	}
}

// Which of two members of a name a reader takes is not known: each is marked by what its own value is.
func TestMembersGivenTwice(t *testing.T) {
	schema, err := managementapi.ParseSchema(`{a?!:string|{key?!:string cert?:string}}`)
	if err != nil {
		t.Fatal(err)
	}
	for doc, want := range map[string]string{
		`{"a":"x1","a":{}}`:                             "x1",
		`{"a":{"key":"x1","cert":"y"},"a":null}`:        "x1",
		`{"a":{"cert":"y","key":"x1"},"a":["x2","x3"]}`: "x1 x2 x3",
	} {
		var got []string
		for _, secret := range Secrets(schema, []byte(doc)) {
			got = append(got, secret.Value)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %s", doc, got, want)
		}
	}
}

func BenchmarkAnswers(b *testing.B) {
	for _, one := range []struct {
		name, operation string
		answer          []byte
	}{
		{"application", "GET /api/v2/clients/{id}", []byte(application)},
		{"logs", "GET /api/v2/logs", logs(0)},
		{"logs with secrets", "GET /api/v2/logs", logs(10)},
	} {
		o, _ := managementapi.ByName(one.operation)
		b.Run("note "+one.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(one.answer)))
			for b.Loop() {
				Secrets(o.Answer, one.answer)
			}
		})
		b.Run("clean "+one.name, func(b *testing.B) {
			r := new(Redactor)
			r.Remember("a token in use " + strings.Repeat("x", 1000))
			b.ReportAllocs()
			b.SetBytes(int64(len(one.answer)))
			for b.Loop() {
				if _, _, err := r.Clean(one.answer); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
