package egress

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"net/url"
	pathpkg "path"
	"slices"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// recorder is a tenant that keeps each request that it was sent as the bytes of a
// connection.
type recorder struct {
	urls []*url.URL
	wire [][]byte
}

func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	r.urls = append(r.urls, request.URL)
	var wire bytes.Buffer
	if err := request.Write(&wire); err != nil {
		return nil, err
	}
	r.wire = append(r.wire, wire.Bytes())
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{},
		Body: io.NopCloser(strings.NewReader("{}"))}, nil
}

var (
	fuzzEffects = []pluginv1.Effect{pluginv1.EffectRead, pluginv1.EffectWrite, pluginv1.EffectDestroy, "", "READ"}
	fuzzRules   = [][]string{nil, {"GET /api/v2/clients/{id}"},
		{"GET /api/v2/clients", "PATCH /api/v2/clients/{id}", "DELETE /api/v2/clients/{id}"}}
)

// Whatever a plugin sends, nothing but the tenant's /api/v2/ is reached, in
// requests as they were checked: no write on a read-only host or beyond the effect, no
// path beyond the declared, and no header of the plugin's but two.
func FuzzPolicy(f *testing.F) {
	f.Fuzz(func(t *testing.T, effect, rules uint8, readOnly bool, method, path, query, name, value string, body []byte) {
		tool := pluginv1.ToolManifest{Name: "auth0_tool", Effect: fuzzEffects[int(effect)%len(fuzzEffects)],
			Paths: fuzzRules[int(rules)%len(fuzzRules)]}
		tenant := &recorder{}
		g := New(Config{Domain: "tenant.example", Transport: tenant, UserAgent: "auth0-mcp/test", ReadOnly: readOnly,
			Tokens: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "the-hosts-token"})})
		c, err := g.Open(t.Context(), Grant{Plugin: "p", Tool: tool})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		answer := g.RoundTrip(t.Context(), "p",
			&pluginv1.RoundTripRequest{CallId: c.ID(), Method: method, Path: path, Query: query, Body: body,
				Headers: []*pluginv1.Header{{Name: name, Values: []string{value}},
					{Name: "authorization", Values: []string{value}}}})
		if len(tenant.urls) == 0 {
			if answer.GetFailure() == nil {
				t.Fatalf("nothing was sent, and the answer is %v", answer)
			}
			return
		}
		for _, target := range tenant.urls {
			if target.Scheme != "https" || target.Host != "tenant.example" || target.User != nil {
				t.Fatalf("%q went to %v", path, tenant.urls)
			}
		}
		if answer.GetFailure() != nil {
			// Refused by HTTP itself, or because of what the host has read: no byte of it went out.
			for _, before := range tenant.wire {
				if got, _ := readWire(t, before); got.Method != http.MethodGet || method == http.MethodGet {
					t.Fatalf("%v, and sent %q", answer, tenant.wire)
				}
			}
			return
		}
		parsed, err := pluginv1.ParsePath(path)
		if err != nil {
			t.Fatal(err)
		}
		// Before a change the host itself reads what is there, to tell what changed.
		for _, before := range tenant.wire[:len(tenant.wire)-1] {
			got, _ := readWire(t, before)
			if got.Method != http.MethodGet || got.URL.EscapedPath() != parsed.String() || method == http.MethodGet ||
				method == http.MethodHead {
				t.Fatalf("before %s %s: %q", method, path, before)
			}
			checkHeader(t, got.Header, "", "")
		}
		got, sent := readWire(t, tenant.wire[len(tenant.wire)-1])
		checkTarget(t, got, tool, readOnly)
		if got.URL.EscapedPath() != parsed.String() {
			t.Fatalf("%q was compared as %s and sent as %s", path, parsed, got.RequestURI)
		}
		checkHeader(t, got.Header, name, value)
		if got.Method != method || got.URL.RawQuery != query || !bytes.Equal(sent, body) {
			t.Fatalf("%s ?%s %q became %s ?%s %q", method, query, body, got.Method, got.URL.RawQuery, sent)
		}
	})
}

// readWire reads the one request that a connection carried.
func readWire(t *testing.T, wire []byte) (*http.Request, []byte) {
	t.Helper()
	in := bufio.NewReader(bytes.NewReader(wire))
	got, err := http.ReadRequest(in)
	if err != nil {
		t.Fatalf("%q: %v", wire, err)
	}
	body, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatalf("%q: %v", wire, err)
	}
	if _, err := in.ReadByte(); err == nil {
		t.Fatalf("more than one request: %q", wire)
	}
	return got, body
}

// checkTarget checks what a server sees of a request.
func checkTarget(t *testing.T, got *http.Request, tool pluginv1.ToolManifest, readOnly bool) {
	t.Helper()
	if got.Host != "tenant.example" || got.URL.Host != "" || !strings.HasPrefix(got.RequestURI, pluginv1.BasePath) {
		t.Fatalf("%s %s of %s", got.Method, got.RequestURI, got.Host)
	}
	// Whatever a server or a proxy does first.
	decoded, _, _ := strings.Cut(got.RequestURI, "?")
	for range 4 {
		for _, seen := range []string{decoded, strings.ReplaceAll(decoded, `\`, "/")} {
			if clean := pathpkg.Clean(seen) + "/"; !strings.HasPrefix(clean, pluginv1.BasePath) {
				t.Fatalf("%s becomes %s", got.RequestURI, clean)
			}
		}
		next, err := url.PathUnescape(decoded)
		if err != nil {
			break
		}
		decoded = next
	}
	reading := got.Method == http.MethodGet || got.Method == http.MethodHead
	if readOnly && !reading || !slices.Contains(tool.Effect.Methods(), got.Method) {
		t.Fatalf("%s with the effect %q, read-only %v", got.Method, tool.Effect, readOnly)
	}
	if len(tool.Paths) == 0 {
		return
	}
	method := got.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	segments := strings.Split(got.URL.EscapedPath(), "/")
	for _, rule := range tool.Paths {
		want := strings.Split(strings.TrimPrefix(rule, method+" "), "/")
		if len(want) == len(segments) && slices.Equal(want[:4], segments[:4]) && (len(want) == 4 || segments[4] != "") {
			return
		}
	}
	t.Fatalf("%s %s fits none of %q", got.Method, got.RequestURI, tool.Paths)
}

// checkHeader checks that a plugin decides nothing but what describes the body.
func checkHeader(t *testing.T, got http.Header, name, value string) {
	t.Helper()
	for header, values := range got {
		switch header {
		case "Authorization":
			if !slices.Equal(values, []string{"Bearer the-hosts-token"}) {
				t.Fatalf("%s: %q", header, values)
			}
		case "User-Agent":
			if !slices.Equal(values, []string{"auth0-mcp/test p/"}) {
				t.Fatalf("%s: %q", header, values)
			}
		case "Content-Type", "Accept":
			if http.CanonicalHeaderKey(name) != header || len(values) != 1 {
				t.Fatalf("%s: %q, of %q: %q", header, values, name, value)
			}
		case "Auth0-Client", "Content-Length":
			if len(values) != 1 {
				t.Fatalf("%s: %q", header, values)
			}
		default:
			t.Fatalf("header %s: %q", header, values)
		}
	}
}
