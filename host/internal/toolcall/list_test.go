package toolcall

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/egress"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// fixedTenant answers every request with one body.
type fixedTenant []byte

func (body fixedTenant) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)), Request: r}, nil
}

// list is the answer of the tenant with n items, and what the tool makes of it.
func list(n int, item string) (answered, projected []byte) {
	items := strings.TrimSuffix(strings.Repeat(item+",", n), ",")
	page := fmt.Sprintf(`"count":%d,"total":%[1]d,"pagination":{"page":0,"per_page":%[1]d,"total_pages":1,"has_next":false}`,
		n)
	return fmt.Appendf(nil, `{"start":0,"limit":%d,"length":%[1]d,"total":%[1]d,"items":[%s]}`, n, items),
		fmt.Appendf(nil, `{"items":[%s],%s}`, items, page)
}

const (
	application = `{"client_id":"1kpSLi3CwhyoD1QPsSSW0iq9KMAy1Yti","name":"Order Importer","app_type":"non_interactive",` +
		`"callbacks":["https://shop.example.com/callback"],"grant_types":["client_credentials"],"is_first_party":true}`
	logEvent = `{"log_id":"90020261128215612170000000000000000001223372037","date":"2026-11-28T21:56:11.451Z",` +
		`"type":"fp","description":"Wrong email or password.","client_name":"Reader (iOS)","ip":"203.0.113.1",` +
		`"user_agent":"Chrome 139.0.0 / Mac OS X 15.5.0","user_id":"auth0|bd83a9c933a4f113ed98470e",` +
		`"user_name":"tamsin.boyd@example.com","details":{"stats":{"loginsCount":308}}}`
)

// What the host does with a list (gate, redaction, budget, untrusted fields) allocates for the call and not for each
// item: a tenth of the items takes as many allocations. A page over the budget is read once more, by its items.
func TestAListAllocatesLittle(t *testing.T) {
	const (
		most  = 180 // of a call with one request
		grows = 8   // buffers of more sizes
	)
	for _, tt := range []struct {
		name, path, item string
		items            int
		maxOutput        int
		each             int // allocations
	}{
		{"auth0_list_applications", "/api/v2/clients", application, 50, 1 << 20, 0},
		{"auth0_list_logs", "/api/v2/logs", logEvent, 100, 1 << 20, 0},
		{"auth0_list_logs over the budget", "/api/v2/logs", logEvent, 100, 10_000, 4},
	} {
		small := testing.AllocsPerRun(20, listing(t, tt.path, tt.item, tt.items/10, tt.maxOutput))
		large := testing.AllocsPerRun(20, listing(t, tt.path, tt.item, tt.items, tt.maxOutput))
		t.Logf("%s: %v allocations for %d items, %v for %d", tt.name, small, tt.items/10, large, tt.items)
		if small > most || large > small+grows+float64(tt.each*tt.items) {
			t.Errorf("%s: %v allocations for %d items, %v for %d", tt.name, small, tt.items/10, large, tt.items)
		}
	}
}

// listing makes the host's part of a call: from Open, by way of the answer of the tenant, to the result.
func listing(tb testing.TB, path, item string, items, maxOutput int) (call func()) {
	tb.Helper()
	answered, projected := list(items, item)
	tool := &catalog.Tool{ToolManifest: pluginv1.ToolManifest{Name: "auth0_list_items", Effect: pluginv1.EffectRead,
		Paths: []string{"GET " + path}, Untrusted: []string{"items[].name", "items[].user_agent"}},
		Plugin: &catalog.Plugin{}}
	gate := egress.New(egress.Config{Domain: "example.eu.auth0.com", Transport: fixedTenant(answered),
		Tokens: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "a-token-of-the-test"})})
	r := &Runner{cfg: Config{MaxOutput: maxOutput}}
	return func() {
		call, err := gate.Open(tb.Context(), egress.Grant{Plugin: "p", Tool: tool.ToolManifest, Arguments: []byte(`{}`)})
		if err != nil {
			tb.Fatal(err)
		}
		answer := gate.RoundTrip(tb.Context(), "p",
			&pluginv1.RoundTripRequest{CallId: call.ID(), Method: http.MethodGet, Path: path})
		if len(answer.GetResponse().GetBody()) != len(answered) {
			tb.Fatal(answer)
		}
		result := r.present(tool, call.Close(), projected)
		if cut := len(result.Texts[0]) != len(projected); result.IsError || cut && len(projected) <= maxOutput {
			tb.Fatal(result)
		}
	}
}

// BenchmarkList is the host's part of a call of a list.
func BenchmarkList(b *testing.B) {
	for _, maxOutput := range []int{1 << 20, 10_000} {
		b.Run(fmt.Sprintf("budget %d", maxOutput), func(b *testing.B) {
			call := listing(b, "/api/v2/logs", logEvent, 100, maxOutput)
			b.ReportAllocs()
			for b.Loop() {
				call()
			}
		})
	}
}
