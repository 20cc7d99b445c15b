package egress

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/oauth2"
	"google.golang.org/protobuf/proto"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// A plugin gets nothing in which the tenant echoes the token: no body, header, error page
// or failure, in none of the usual writings.
func TestAnEchoedTokenReachesNoPlugin(t *testing.T) {
	const token = "cANaRy-opaque.token/4711+cANaRy=="
	hexadecimal := strings.NewReplacer("c", `\u0063`, "/", `\/`, "R", `\u0052`)
	answers := map[string]func(w http.ResponseWriter, sent string){
		"body":    func(w http.ResponseWriter, sent string) { fmt.Fprintf(w, `{"echo":%q}`, sent) },
		"escapes": func(w http.ResponseWriter, sent string) { fmt.Fprintf(w, `{"echo":"%s"}`, hexadecimal.Replace(sent)) },
		"query": func(w http.ResponseWriter, sent string) {
			fmt.Fprintf(w, `{"next":"https://x/?t=%s"}`, url.QueryEscape(sent))
		},
		"base64": func(w http.ResponseWriter, sent string) {
			fmt.Fprintf(w, `{"authorization":"%s"}`, base64.StdEncoding.EncodeToString([]byte(sent)))
		},
		"header": func(w http.ResponseWriter, sent string) {
			w.Header().Set("X-Debug", sent)
			w.Header().Add("X-Debug", url.PathEscape(sent))
			fmt.Fprint(w, `{}`)
		},
		"error page": func(w http.ResponseWriter, sent string) {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprintf(w, "<p>Authorization: %s</p>",
				strings.NewReplacer("=", "&#61;", "+", "&#x2b;", "/", "&sol;").Replace(sent))
		},
		"error": func(w http.ResponseWriter, sent string) {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"statusCode":400,"error":"Bad Request","message":"you sent %s"}`, sent)
		},
		"malformed": func(w http.ResponseWriter, sent string) {
			connection, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				fmt.Fprintf(connection, "HTTP/1.1 %s\r\n\r\n", strings.TrimPrefix(sent, "Bearer "))
				err = connection.Close()
			}
			if err != nil {
				t.Error(err)
			}
		},
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			seen := make(chan string, 20)
			server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				seen <- r.Header.Get("Authorization")
				answer(w, r.Header.Get("Authorization"))
			}))
			defer server.Close()
			f := fixture{Gate: New(Config{Domain: strings.TrimPrefix(server.URL, "https://"),
				Transport: server.Client().Transport, UserAgent: "auth0-mcp/test",
				Tokens: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token})})}
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				c := f.open(t, pluginv1.EffectWrite)
				response := f.RoundTrip(t.Context(), "p",
					&pluginv1.RoundTripRequest{CallId: c.ID(), Method: method, Path: "/api/v2/clients"})
				c.Close()
				if sent := <-seen; sent != "Bearer "+token {
					t.Fatalf("the tenant got %q", sent)
				}
				bytes, err := proto.Marshal(response)
				if err != nil {
					t.Fatal(err)
				}
				for _, part := range []string{"4711", "ANaRy", "FOYVJ5", "NDcxM"} {
					if strings.Contains(string(bytes), part) {
						t.Errorf("%s: the plugin gets %q", method, bytes)
					}
				}
				if !strings.Contains(string(bytes), "[REDACTED]") && name != "malformed" {
					t.Errorf("%s: no echo in %q", method, bytes)
				}
			}
		})
	}
}
