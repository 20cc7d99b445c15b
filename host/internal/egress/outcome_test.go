package egress

import (
	"net/http"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/plan"
)

// What is known of a request's end decides what became of it.
func TestResult(t *testing.T) {
	exhausted := http.Header{"X-Ratelimit-Limit": {"10"}, "X-Ratelimit-Remaining": {"0"}}
	answered := func(status int) ending { return ending{begun: true, status: status} }
	tests := map[string]struct {
		ending ending
		want   Result
	}{
		"never begun":                      {ending{}, NotSent},
		"no address, or no TLS":            {ending{begun: true, unreached: true}, NotSent},
		"refused by the proxy":             {ending{begun: true, unreached: true}, NotSent},
		"a connection, no answer":          {ending{begun: true}, Unknown},
		"an answer on a second connection": {ending{begun: true, unreached: true, status: 201}, Done},
		"100 and nothing more":             {answered(100), Unknown},
		"200":                              {answered(200), Done},
		"201":                              {answered(201), Done},
		"202":                              {answered(202), Done},
		"204":                              {answered(204), Done},
		"299":                              {answered(299), Done},
		"300":                              {answered(300), Unknown},
		"302":                              {answered(302), Unknown},
		"304":                              {answered(304), Unknown},
		"307":                              {answered(307), Unknown},
		"400":                              {answered(400), Rejected},
		"401":                              {answered(401), Rejected},
		"403":                              {answered(403), Rejected},
		"404":                              {answered(404), Rejected},
		"409":                              {answered(409), Rejected},
		"429 of the tenant's limiter":      {ending{begun: true, status: 429, header: exhausted}, Rejected},
		"429 of something in between":      {answered(429), Unknown},
		"429 that says that requests are left": {ending{begun: true, status: 429,
			header: http.Header{"X-Ratelimit-Remaining": {"7"}}}, Unknown},
		"400 with the headers of an exhausted limit": {ending{begun: true, status: 400, header: exhausted}, Rejected},
		"500":                        {answered(500), Unknown},
		"502":                        {answered(502), Unknown},
		"503":                        {answered(503), Unknown},
		"504":                        {answered(504), Unknown},
		"a status that no one knows": {answered(999), Unknown},
	}
	for name, tt := range tests {
		if got := tt.ending.result(); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

// What was written is told apart from what was changed in the tenant.
func TestSentenceOfFiles(t *testing.T) {
	request, file := plan.Change{Method: "POST", Path: "/api/v2/clients"}, plan.Change{Method: plan.MethodWrite,
		Path: "project:a"}
	for want, o := range map[string]Outcome{
		"This call wrote files: project:a. Check the files before you try again.": {Changes: []plan.Change{file}},
		"This call changed the tenant: POST /api/v2/clients. This call wrote files: project:a. Check the tenant before " +
			"you try again.": {Changes: []plan.Change{file, request}},
	} {
		if got := o.Sentence(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
