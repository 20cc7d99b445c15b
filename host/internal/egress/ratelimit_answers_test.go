package egress

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/auth0-mcp/auth0-mcp/sandbox"
)

// After a 429 nothing is sent before the reset, and then one request asks first.
func TestA429StopsAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := sandbox.New(sandbox.Options{Latency: 100 * time.Millisecond})
		g, seen := limited(tenant, func(c *Config) { c.RateLimit.MaxInFlight = 21 })
		if answer, _ := ask(t.Context(), g, "GET", "/api/v2/clients", nil); answer.GetResponse().GetStatus() != 200 {
			t.Fatal(answer)
		}
		begun := time.Now()
		rule := sandbox.FaultRule{Status: 429, Reset: 10 * time.Second, Times: 20}
		tenant.Fail(rule)
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if answer, _ := ask(t.Context(), g, "GET", "/api/v2/clients", nil); answer.GetResponse().GetStatus() != 200 {
					t.Errorf("answer: %v", answer)
				}
			})
		}
		time.Sleep(9 * time.Second)
		if n := len(tenant.Requests()); n != 21 {
			t.Errorf("%d requests before the reset, want 21", n)
		}
		seen.mu.Lock()
		seen.most = 0
		seen.mu.Unlock()
		// The 429s came after 100 ms, and the first answer comes 100 ms after the reset.
		time.Sleep(10150*time.Millisecond - time.Since(begun))
		synctest.Wait()
		_, most, underWay := seen.seen()
		if n := len(tenant.Requests()) + underWay; n != 22 || most != 1 {
			t.Errorf("%d requests after the reset, %d at a time: want one that asks first", n-21, most)
		}
		all.Wait()
		nothingLeft(t, g)
	})
}

func TestBuckets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		left := map[string]string{"clients": "50 30", "logs": "10 1", "forms": "50 29", "users": "10 8"}
		sent := map[string]int{}
		g := New(Config{Domain: "tenant.auth0.example", Tokens: &tokens{[]string{"one"}},
			Transport: transport(func(r *http.Request) (*http.Response, error) {
				resource := strings.Split(r.URL.Path, "/")[3]
				sent[resource]++
				var limit, remaining string
				_, _ = fmt.Sscan(left[resource], &limit, &remaining)
				return answer{code: 200, header: http.Header{"X-Ratelimit-Limit": {limit}, "X-Ratelimit-Remaining": {remaining},
					"X-Ratelimit-Reset": {strconv.FormatInt(time.Now().Unix()+3600, 10)}}}.response()
			})})
		try := func(resource string, want bool) {
			t.Helper()
			before := sent[resource]
			answer, _ := ask(t.Context(), g, "GET", "/api/v2/"+resource, nil)
			if got := sent[resource] > before; got != want {
				t.Errorf("%s sent: %v, want %v (%v)", resource, got, want, answer)
			}
		}
		try("clients", true) // the tenant's bucket, of 50
		try("logs", true)    // one of 10, which is used up
		try("logs", false)
		try("clients", true)
		try("forms", true) // never seen: counts in the tenant's
		try("users", true)
		try("users", false) // the same size as logs': taken for the same
		left["clients"] = "50 25"
		try("clients", true)
		try("clients", false)
		try("forms", false)
		try("actions", false) // never seen, and the tenant's is used up
	})
}

// What a clock that is wrong must not do: refuse everything, or wait for nothing.
func TestClockSkew(t *testing.T) {
	for _, skew := range []time.Duration{-48 * time.Hour, -time.Hour, -time.Minute, 0, time.Minute, time.Hour,
		48 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			tenant := sandbox.New(sandbox.Options{RateLimit: 2, RateWindow: 8 * time.Second,
				Now: func() time.Time { return time.Now().Add(skew) }})
			g, _ := limited(tenant, nil)
			begun := time.Now()
			for range 3 {
				if answer, _ := ask(t.Context(), g, "GET", "/api/v2/clients", nil); answer.GetResponse().GetStatus() != 200 {
					t.Errorf("skew %v: %v", skew, answer)
				}
			}
			if took := time.Since(begun); took < 8*time.Second || took > 10*time.Second {
				t.Errorf("skew %v: two waits of 4 s took %v", skew, took)
			}
		})
	}
}

// A limit that is said to reset in hours is asked again after minutes.
func TestOneHeaderDoesNotSilenceForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := sandbox.New(sandbox.Options{})
		g, _ := limited(tenant, nil)
		tenant.Fail(sandbox.FaultRule{Status: 429, Reset: 5 * time.Hour})
		if answer, _ := ask(t.Context(), g, "POST", "/api/v2/clients", nil); answer.GetResponse().GetStatus() != 429 {
			t.Errorf("answer: %v", answer)
		}
		answer, _ := ask(t.Context(), g, "GET", "/api/v2/logs", nil)
		if text := answer.GetFailure().GetMessage(); !strings.Contains(text, "try again in 18000 s, at 05:00:00 UTC") {
			t.Errorf("failure: %s", text)
		}
		time.Sleep(believed)
		if answer, _ := ask(t.Context(), g, "GET", "/api/v2/logs", nil); answer.GetResponse().GetStatus() != 200 {
			t.Errorf("after %v: %v", believed, answer)
		}
	})
}
