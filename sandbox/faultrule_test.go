package sandbox

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestParseFault(t *testing.T) {
	good := map[string]FaultRule{
		"GET /api/v2/clients* status=503 x2":         {Method: "GET", Path: "/api/v2/clients*", Times: 2, Status: 503},
		"* * reset-before":                           {Path: "*", Times: -1, Drop: DropBefore},
		"  POST   /api/v2/forms   reset-after   x1 ": {Method: "POST", Path: "/api/v2/forms", Times: 1, Drop: DropAfter},
		"* * reset-in-header":                        {Path: "*", Times: -1, Drop: DropInHeader},
		"* * reset-in-body":                          {Path: "*", Times: -1, Drop: DropInBody},
		"* * rate-limited=5s":                        {Path: "*", Times: -1, Status: 429, Reset: 5 * time.Second},
		"* * redirect=https://elsewhere.example/x": {Path: "*", Times: -1, Status: 302,
			Header: http.Header{"Location": {"https://elsewhere.example/x"}}},
		"* * body=<p>sorry for this</p> x3": {Path: "*", Times: 3, Status: 200, Body: "<p>sorry for this</p>"},
		"* * malformed":                     {Path: "*", Times: -1, Malformed: true},
		"* * latency=200ms":                 {Path: "*", Times: -1, Latency: 200 * time.Millisecond},
		"* * slow-header=1s":                {Path: "*", Times: -1, SlowHeader: time.Second},
		"* * slow-body=1s":                  {Path: "*", Times: -1, SlowBody: time.Second},
		"* * length=-10":                    {Path: "*", Times: -1, ExtraLength: -10},
		"* * huge=20000000":                 {Path: "*", Times: -1, Huge: 20000000},
		"* * gzip-bomb=1000":                {Path: "*", Times: -1, Huge: 1000, Gzip: true},
		"* * skew=-1h":                      {Path: "*", Times: -1, Skew: -time.Hour},
	}
	for text, want := range good {
		if got, err := ParseFault(text); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %v\ngot  %+v\nwant %+v", text, err, got, want)
		}
		kind, _, _ := strings.Cut(strings.Fields(text)[2], "=")
		if !strings.Contains(FaultGrammar, "\n  "+kind) {
			t.Errorf("the grammar does not tell of %s", kind)
		}
	}
	bad := map[string]string{
		"": "want METHOD PATH KIND", "GET": "want METHOD PATH KIND", "GET /x": "want METHOD PATH KIND",
		"get /x malformed": `method "get"`,
		"GET x malformed":  `path "x"`, "* * nonsense": "no such kind", "* * status": "want a status",
		"* * status=99": "want a status", "* * status=ok": "want a status",
		"* * malformed=1": "takes no value", "* * reset-after=1": "takes no value",
		"* * malformed x0": "want a number of times", "* * malformed x99999999999999999999": "want a number of times",
		"* * latency=5": "want a time", "* * latency=-5s": "want a time", "* * skew=fast": "want a time",
		"* * length=0": "number of bytes", "* * huge=1": "number of bytes",
		"* * redirect=/x": "want an address", "* * body=": "want a text", "* * malformed 3": "no such kind",
	}
	for text, want := range bad {
		if got, err := ParseFault(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %+v, %v, want %q", text, got, err, want)
		}
	}
}

func TestParseRate(t *testing.T) {
	for text, want := range map[string]time.Duration{"10/s": time.Second, "10/5s": 5 * time.Second, "10/m": time.Minute,
		" 10/1m30s": 90 * time.Second} {
		if limit, window, err := ParseRate(text); err != nil || limit != 10 || window != want {
			t.Errorf("%q: %d, %v, %v", text, limit, window, err)
		}
	}
	for _, text := range []string{"", "10", "/s", "0/s", "-1/s", "10/", "10/0s", "10/-5s", "ten/s", "10/fortnight"} {
		if limit, window, err := ParseRate(text); err == nil || !strings.Contains(err.Error(), "such as 10/s") {
			t.Errorf("%q: %d, %v, %v", text, limit, window, err)
		}
	}
}

func TestRateLimitIsEnforced(t *testing.T) {
	clock := newClock()
	c := newCaller(t, Options{Empty: true, Now: clock.now, RateLimit: 4, RateWindow: 8 * time.Second})
	left := func(want int, status int) {
		t.Helper()
		a := c.get("/api/v2/clients").want(status)
		if got := a.header.Get(headerRemaining); got != number(want).String() {
			t.Errorf("%s left, want %d", got, want)
		}
		// The bucket gets one request back in 2 s, and the rest of them in turn.
		if got, want := a.header.Get(headerReset), number(int(clock.now().Unix())+2*(4-want)); got != want.String() {
			t.Errorf("it resets at %s, want %s", got, want)
		}
	}
	for want := 3; want >= 0; want-- {
		left(want, http.StatusOK)
	}
	left(0, http.StatusTooManyRequests)
	if all := c.tenant.Requests(); all[3].Processed == 0 || all[4].Processed != 0 ||
		all[4].Status != http.StatusTooManyRequests {
		t.Errorf("recorded: %+v", all)
	}
	if got := c.do(http.MethodPost, "/oauth/token", ""); got.status == http.StatusTooManyRequests {
		t.Error("the Authentication API is held to the Management API's limit")
	}
	clock.advance(4 * time.Second)
	left(1, http.StatusOK)
	clock.advance(time.Hour)
	left(3, http.StatusOK)
}

func TestWithoutALimitNearlyAllIsLeft(t *testing.T) {
	c := newCaller(t, Options{Empty: true})
	for range 5 {
		if got := c.get("/api/v2/clients").header.Get(headerRemaining); got != "999" {
			t.Errorf("%s left", got)
		}
	}
}
