package sandbox

import (
	"net/http"
	"slices"
	"testing"
)

// What is observed is all that reached the tenant, and what came of it there,
// whatever the caller got to know.
func TestObserve(t *testing.T) {
	type seen struct{ status, processed int }
	var got []seen
	c := newCaller(t, Options{Empty: true, Observe: func(r Request) { got = append(got, seen{r.Status, r.Processed}) }})
	c.tenant.Fail(FaultRule{Drop: DropBefore})
	c.tenant.Fail(FaultRule{Drop: DropAfter})
	c.tenant.Fail(FaultRule{Status: http.StatusServiceUnavailable})
	for range 2 {
		if answer, err := send(t.Context(), t, c.tenant, http.MethodGet, "/api/v2/clients", http.NoBody); err == nil {
			_ = answer.Body.Close()
			t.Error("a dropped connection answered")
		}
	}
	c.get("/api/v2/clients").want(503)
	c.get("/api/v2/clients").want(200)
	for range maxRecordedRequests {
		c.get("/api/v2/nothing").want(404)
	}
	want := append([]seen{{0, 0}, {0, 200}, {503, 0}, {200, 200}},
		slices.Repeat([]seen{{404, 404}}, maxRecordedRequests)...)
	if !slices.Equal(got, want) {
		t.Errorf("%d observed, first %v; want %d, first %v", len(got), got[:min(6, len(got))], len(want), want[:6])
	}
}
