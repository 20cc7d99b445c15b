package sandbox

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"
)

const (
	headerLimit     = "X-Ratelimit-Limit"
	headerRemaining = "X-Ratelimit-Remaining"
	headerReset     = "X-Ratelimit-Reset"

	// generousLimit is what a tenant without a limit speaks of.
	generousLimit = 1000
)

// rateLimit is the Management API's rate limit: a bucket of tokens that refills
// evenly, as in
// https://auth0.com/docs/troubleshoot/customer-support/operational-policies/rate-limit-policy.
type rateLimit struct {
	size   int
	window time.Duration // how long an empty bucket takes to fill; 0: not enforced
	// generous: no header ever says that anything was used.
	generous bool

	// left is what an enforced bucket held at the time at. One that is not enforced
	// counts the requests of the second at in used.
	left float64
	used int
	at   time.Time
}

func newRateLimit(size int, window time.Duration, now time.Time) rateLimit {
	r := rateLimit{size: size, window: window, generous: size <= 0, at: now}
	if size <= 0 {
		r.size = generousLimit
	}
	r.left = float64(r.size)
	return r
}

// limitState is what an answer says of the limit.
type limitState struct {
	exceeded  bool
	remaining int
	reset     int64 // epoch seconds
}

// takeToken counts a request. The caller holds mu.
func (t *Tenant) takeToken(path string) limitState {
	r, now := &t.rate, t.now()
	if r.window <= 0 || r.generous {
		if now.Unix() != r.at.Unix() {
			r.used = 0
		}
		r.at = now
		r.used++
		state := limitState{remaining: r.size - 1, reset: now.Unix() + 1}
		if !r.generous {
			// It never says 0: nothing is refused here, and a client that believes
			// the header would stop for no reason.
			state.remaining = max(r.size-r.used, 1)
		}
		return state
	}
	perSecond := float64(r.size) / r.window.Seconds()
	r.left = min(float64(r.size), r.left+perSecond*max(0, now.Sub(r.at).Seconds()))
	r.at = now
	state := limitState{}
	switch {
	case onOAuthPath(path): // the Authentication API has limits of its own
	case r.left < 1:
		state.exceeded = true
	default:
		r.left--
	}
	state.remaining = int(r.left)
	full := now.Add(time.Duration((float64(r.size) - r.left) / perSecond * float64(time.Second)))
	state.reset = int64(math.Ceil(float64(full.UnixNano()) / float64(time.Second)))
	return state
}

// headers makes the headers of an answer. The caller holds mu.
func (t *Tenant) headers(limit limitState, skew time.Duration) http.Header {
	t.answered++
	return http.Header{
		headerRequestID: {fmt.Sprintf("%020x", t.answered)},
		"Content-Type":  {"application/json; charset=utf-8"},
		"Date":          {t.now().Add(skew).UTC().Format(http.TimeFormat)},
		headerLimit:     {strconv.Itoa(t.rate.size)},
		headerRemaining: {strconv.Itoa(limit.remaining)},
		headerReset:     {strconv.FormatInt(limit.reset+int64(skew/time.Second), 10)},
	}
}
