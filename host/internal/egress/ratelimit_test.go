package egress

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	"github.com/auth0-mcp/auth0-mcp/host/internal/ratelimit"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
	"github.com/auth0-mcp/auth0-mcp/sandbox"
)

const (
	// maxInFlight is the limiter's own bound, and believed how long it acts on an answer.
	maxInFlight = 5
	believed    = 5 * time.Minute
)

// leastLeft is a transport that remembers the smallest X-RateLimit-Remaining, and
// how many requests were under way at a time.
type leastLeft struct {
	to http.RoundTripper

	mu             sync.Mutex
	left           int
	underWay, most int
}

func (l *leastLeft) RoundTrip(r *http.Request) (*http.Response, error) {
	l.mu.Lock()
	l.underWay++
	l.most = max(l.most, l.underWay)
	l.mu.Unlock()
	response, err := l.to.RoundTrip(r)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.underWay--
	if err == nil {
		if left, err := strconv.Atoi(response.Header.Get("X-RateLimit-Remaining")); err == nil {
			l.left = min(l.left, left)
		}
	}
	return response, err
}

// seen is the least that was left, and how many were under way at most and now.
func (l *leastLeft) seen() (left, most, underWay int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.left, l.most, l.underWay
}

// limited is a gate to a sandbox tenant.
func limited(tenant *sandbox.Tenant, change func(*Config)) (*Gate, *leastLeft) {
	seen := &leastLeft{to: tenant.Transport(), left: 1 << 30}
	cfg := Config{Domain: tenant.Domain(), Transport: seen,
		Tokens: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: tenant.Token()})}
	if change != nil {
		change(&cfg)
	}
	return New(cfg), seen
}

// ask sends one request in a call of its own.
func ask(ctx context.Context, g *Gate, method, path string, waiting func(string)) (*pluginv1.RoundTripResponse,
	Outcome) {
	var progress func(done, total float64, note string)
	if waiting != nil {
		progress = func(_, _ float64, note string) { waiting(note) }
	}
	c, err := g.Open(ctx, Grant{Plugin: "p", Progress: progress, Tool: pluginv1.ToolManifest{Name: "auth0_tool",
		Effect: pluginv1.EffectDestroy}})
	if err != nil {
		panic(err)
	}
	answer := g.RoundTrip(ctx, "p",
		&pluginv1.RoundTripRequest{CallId: c.ID(), Method: method, Path: path, Body: []byte(`{"name":"x"}`),
			Headers: []*pluginv1.Header{{Name: "Content-Type", Values: []string{"application/json"}}}})
	return answer, c.Close()
}

// nothingLeft checks that no call waits and no place is taken.
func nothingLeft(t *testing.T, g *Gate) {
	t.Helper()
	if !g.limiter.Idle() {
		t.Error("left: a request that holds a place, or waits for one")
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.calls) != 0 {
		t.Errorf("left: %d open calls", len(g.calls))
	}
}

// Many calls at once, reads and writes of several resources: all are answered, the
// tenant refuses none, and half of its limit is never touched.
func TestShareIsLeftToTheTenant(t *testing.T) {
	for share, reserve := range map[int]int{0: 10, 100: 0, 25: 15} {
		synctest.Test(t, func(t *testing.T) {
			tenant := sandbox.New(sandbox.Options{RateLimit: 20, RateWindow: 10 * time.Second, Latency: 50 * time.Millisecond})
			g, seen := limited(tenant, func(c *Config) { c.RateLimit.Share, c.MaxWait = share, time.Hour })
			var notes sync.Map
			var all sync.WaitGroup
			for i := range 40 {
				method, path := "GET", []string{"/api/v2/clients", "/api/v2/logs", "/api/v2/forms", "/api/v2/resource-servers"}[i%4]
				if i%8 == 0 {
					method = "POST"
				}
				all.Go(func() {
					answer, _ := ask(t.Context(), g, method, path, func(note string) { notes.Store(note, true) })
					if status := answer.GetResponse().GetStatus(); status != 200 && status != 201 {
						t.Errorf("%s %s: %v", method, path, answer)
					}
				})
			}
			all.Wait()
			if n := len(tenant.Requests()); n != 40 {
				t.Errorf("share %d: %d requests reached the tenant", share, n)
			}
			if left, _, _ := seen.seen(); left < reserve {
				t.Errorf("share %d: only %d were left to the tenant, want %d", share, left, reserve)
			}
			if _, most, _ := seen.seen(); most > maxInFlight {
				t.Errorf("share %d: %d requests at a time", share, most)
			}
			told := ""
			notes.Range(func(note, _ any) bool { told += note.(string) + "; "; return true })
			if !strings.Contains(told, "waiting for the tenant's rate limit, ") {
				t.Errorf("share %d: told %q", share, told)
			}
			nothingLeft(t, g)
		})
	}
}

// Two servers know nothing of each other; the headers tell both.
func TestTwoServersShareOneLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := sandbox.New(sandbox.Options{RateLimit: 30, RateWindow: 15 * time.Second, Latency: 50 * time.Millisecond})
		one, seen := limited(tenant, func(c *Config) { c.MaxWait = time.Hour })
		two, _ := limited(tenant, func(c *Config) { c.MaxWait = time.Hour })
		var all sync.WaitGroup
		for i := range 40 {
			all.Go(func() {
				if answer, _ := ask(t.Context(), []*Gate{one, two}[i%2], "GET", "/api/v2/clients",
					nil); answer.GetResponse().GetStatus() != 200 {
					t.Errorf("answer: %v", answer)
				}
			})
		}
		all.Wait()
		// What one has under way the other cannot know: that much more may be used.
		if left, _, _ := seen.seen(); left < 15-maxInFlight {
			t.Errorf("only %d were left", left)
		}
	})
}

func TestBeforeTheFirstAnswerFewGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var sent atomic.Int64
		g := New(Config{Domain: "tenant.auth0.example", Tokens: &tokens{[]string{"one"}}, ReadBudget: time.Hour,
			RateLimit: ratelimit.Config{MaxInFlight: 4},
			Transport: transport(func(*http.Request) (*http.Response, error) {
				sent.Add(1)
				<-release
				return answer{code: 200}.response()
			})})
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() { ask(t.Context(), g, "GET", "/api/v2/clients", nil) })
		}
		synctest.Wait()
		if n := sent.Load(); n != 3 {
			t.Errorf("%d reads at once, want 3", n)
		}
		// One place is a write's, however many reads wait.
		all.Go(func() { ask(t.Context(), g, "POST", "/api/v2/clients", nil) })
		synctest.Wait()
		if n := sent.Load(); n != 4 {
			t.Errorf("%d requests at once with a write, want 4", n)
		}
		close(release)
		all.Wait()
		if n := sent.Load(); n != 21 {
			t.Errorf("%d requests in all", n)
		}
		nothingLeft(t, g)
	})
}

func TestFirstComeFirstServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := sandbox.New(sandbox.Options{RateLimit: 2, RateWindow: 4 * time.Second})
		g, _ := limited(tenant, func(c *Config) { c.MaxWait = time.Hour })
		var all sync.WaitGroup
		var want []string
		for i := range 8 {
			method := []string{"GET", "POST"}[i%2]
			path := "/api/v2/clients/" + strconv.Itoa(i)
			want = append(want, method+" "+path)
			all.Go(func() { ask(t.Context(), g, method, path, nil) })
			synctest.Wait() // it waits in the queue, or has its answer
		}
		all.Wait()
		var got []string
		for _, r := range tenant.Requests() {
			got = append(got, r.Method+" "+r.Path)
		}
		if !slices.Equal(got, want) {
			t.Errorf("order %v\nwant  %v", got, want)
		}
	})
}

// usedUp is a gate whose limit, 10 in 100 s, is used as far as it may be.
func usedUp(t *testing.T, change func(*Config)) (*Gate, *sandbox.Tenant) {
	t.Helper()
	tenant := sandbox.New(sandbox.Options{RateLimit: 10, RateWindow: 200 * time.Second})
	g, _ := limited(tenant, change)
	for range 5 {
		if answer, _ := ask(t.Context(), g, "GET", "/api/v2/clients", nil); answer.GetResponse().GetStatus() != 200 {
			t.Fatalf("answer: %v", answer)
		}
	}
	return g, tenant
}

func TestBeyondTheBoundsItFailsAtOnce(t *testing.T) {
	tests := map[string]struct {
		change  func(*Config)
		waiting int
		want    []string
	}{
		"the reset is too far": {nil, 0, []string{"50 % of the tenant's rate limit", "are used up: try again in 100 s, at " +
			"00:01:40 UTC"}},
		"too many wait": {func(c *Config) { c.MaxWait, c.RateLimit.MaxWaiting = time.Hour, 3 }, 3,
			[]string{"3 requests wait for the tenant already", "try again in 100 s, at 00:01:40 UTC"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g, tenant := usedUp(t, tt.change)
				var all sync.WaitGroup
				for range tt.waiting {
					all.Go(func() { ask(t.Context(), g, "GET", "/api/v2/clients", nil) })
				}
				synctest.Wait()
				for _, method := range []string{"GET", "POST"} {
					begun := time.Now()
					answer, out := ask(t.Context(), g, method, "/api/v2/clients", nil)
					text := answer.GetFailure().GetMessage()
					for _, want := range append(tt.want, method+" /api/v2/clients was not sent") {
						if !strings.Contains(text, want) {
							t.Errorf("%q is not in: %s", want, text)
						}
					}
					var limited *RateLimitedError
					if !errors.As(out.Err, &limited) || limited.Busy || limited.Text != text {
						t.Errorf("limited: %+v", out.Err)
					}
					if out.Effect != NoEffect || time.Since(begun) != 0 {
						t.Errorf("%s: %v, after %v", method, out.Effect, time.Since(begun))
					}
				}
				if n := len(tenant.Requests()); n != 5 {
					t.Errorf("%d requests reached the tenant", n)
				}
				all.Wait()
				nothingLeft(t, g)
			})
		})
	}
}

// That a write may have happened is never hidden behind a limit.
func TestLimitHidesNoWriteThatMayHaveHappened(t *testing.T) {
	tenant := sandbox.New(sandbox.Options{})
	g, _ := limited(tenant, nil)
	c, err := g.Open(t.Context(), Grant{Plugin: "p", Tool: pluginv1.ToolManifest{Effect: pluginv1.EffectWrite}})
	if err != nil {
		t.Fatal(err)
	}
	send := func(method string) {
		g.RoundTrip(t.Context(), "p", &pluginv1.RoundTripRequest{CallId: c.ID(), Method: method, Path: "/api/v2/clients"})
	}
	tenant.Fail(sandbox.FaultRule{Method: "POST", Drop: sandbox.DropAfter})
	tenant.Fail(sandbox.FaultRule{Method: "GET", Status: 429, Reset: time.Hour})
	send("GET")
	g.limiter = ratelimit.New(ratelimit.Config{}) // the write is to be sent all the same
	send("POST")
	if c.limited == nil {
		t.Error("a 429 is no limit")
	}
	if out := c.Close(); out.Err != nil || out.Effect != Uncertain {
		t.Errorf("after a write that may have happened: %+v", out)
	}
}

func TestWaitingIsBoundedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		g := New(Config{Domain: "tenant.auth0.example", Tokens: &tokens{[]string{"one"}}, ReadBudget: time.Hour,
			RateLimit: ratelimit.Config{MaxInFlight: 1},
			Transport: transport(func(*http.Request) (*http.Response,
				error) {
				<-release
				return answer{code: 200}.response()
			})})
		var all sync.WaitGroup
		all.Go(func() { ask(t.Context(), g, "GET", "/api/v2/clients", nil) })
		synctest.Wait()
		begun, notes := time.Now(), 0
		answer, out := ask(t.Context(), g, "GET", "/api/v2/clients", func(string) { notes++ })
		var limited *RateLimitedError
		if text := answer.GetFailure().GetMessage(); !strings.Contains(text,
			"it waited 30 s for earlier requests to the tenant") || !errors.As(out.Err, &limited) || !limited.Busy {
			t.Errorf("failure %s, %+v", text, out.Err)
		}
		if time.Since(begun) != ratelimit.DefaultMaxWait || notes != 5 {
			t.Errorf("after %v and %d notes", time.Since(begun), notes)
		}
		close(release)
		all.Wait()
		nothingLeft(t, g)
	})
}

func TestCancellingFreesThePlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, tenant := usedUp(t, func(c *Config) { c.MaxWait, c.RateLimit.MaxWaiting = time.Hour, 1 })
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			answer, _ := ask(ctx, g, "POST", "/api/v2/clients", nil)
			if code := answer.GetFailure().GetCode(); code != pluginv1.Failure_CODE_CALL_ENDED {
				t.Errorf("the cancelled call: %v", answer)
			}
		})
		synctest.Wait()
		if answer, _ := ask(t.Context(), g, "GET", "/api/v2/clients",
			nil); !strings.Contains(answer.GetFailure().GetMessage(), "1 requests wait") {
			t.Errorf("the queue is not full: %v", answer)
		}
		cancel()
		synctest.Wait()
		if answer, _ := ask(t.Context(), g, "GET", "/api/v2/clients", nil); answer.GetResponse().GetStatus() != 200 {
			t.Errorf("after the cancellation: %v", answer)
		}
		all.Wait()
		if n := len(tenant.Requests()); n != 6 {
			t.Errorf("%d requests reached the tenant, the cancelled one too", n)
		}
		nothingLeft(t, g)
	})
}

// The wait for its turn must not take a request's own time.
func TestWaitingIsNotInTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tenant := sandbox.New(sandbox.Options{RateLimit: 2, RateWindow: 20 * time.Second, Latency: 900 * time.Millisecond})
		g, _ := limited(tenant, func(c *Config) { c.ReadBudget, c.WriteBudget = time.Second, time.Second })
		for i := range 4 {
			begun := time.Now()
			answer, _ := ask(t.Context(), g, []string{"GET", "POST"}[i%2], "/api/v2/clients", nil)
			if status := answer.GetResponse().GetStatus(); status != 200 && status != 201 {
				t.Errorf("answer: %v", answer)
			}
			if waited := time.Since(begun) - 900*time.Millisecond; i > 0 && waited < 8*time.Second {
				t.Errorf("it waited only %v: this proves nothing", waited)
			}
		}
	})
}
