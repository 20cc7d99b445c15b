package ratelimit

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestAnswerOf(t *testing.T) {
	now := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	epoch := func(d time.Duration) string { return strconv.FormatInt(now.Add(d).Unix(), 10) }
	tests := map[string]struct {
		status  int
		headers string
		size    int
		wait    time.Duration
	}{
		"all": {200,
			"X-RateLimit-Limit: 10|X-RateLimit-Remaining: 3|X-RateLimit-Reset: " + epoch(5*time.Second), 10, 5 * time.Second},
		"none":                   {200, "", 0, 0},
		"none, 429":              {429, "", 0, unknownReset},
		"reset in the past, 429": {429, "X-RateLimit-Reset: " + epoch(-time.Hour), 0, unknownReset},
		"reset in years, 429":    {429, "X-RateLimit-Reset: " + epoch(100*365*24*time.Hour), 0, unknownReset},
		"reset in milliseconds": {200,
			"X-RateLimit-Limit: 10|X-RateLimit-Remaining: 3|X-RateLimit-Reset: " + epoch(0) + "000", 10, 0},
		"reset is no number": {200, "X-RateLimit-Limit: 10|X-RateLimit-Remaining: 3|X-RateLimit-Reset: soon", 10,
			0},
		"reset beyond 64 bits": {429, "X-RateLimit-Reset: 99999999999999999999", 0, unknownReset},
		"negative":             {200, "X-RateLimit-Limit: -1|X-RateLimit-Remaining: 3", 0, 0},
		"Retry-After, 429":     {429, "Retry-After: 7", 0, 7 * time.Second},
		"Retry-After, a date, 429": {429, "Retry-After: " + now.Add(9*time.Second).Format(http.TimeFormat), 0,
			9 * time.Second},
		"Retry-After, garbage":    {429, "Retry-After: -5", 0, unknownReset},
		"Retry-After without 429": {503, "Retry-After: 7", 0, 0},
		"both, 429": {429, "Retry-After: 7|X-RateLimit-Reset: " + epoch(3*time.Second), 0,
			7 * time.Second},
		"the tenant's clock is ahead": {429,
			"Date: " + now.Add(time.Hour).Format(http.TimeFormat) + "|X-RateLimit-Reset: " +
				epoch(time.Hour+4*time.Second), 0, 4 * time.Second},
		"the tenant's clock is behind": {429,
			"Date: " + now.Add(-time.Hour).Format(http.TimeFormat) + "|X-RateLimit-Reset: " +
				epoch(4*time.Second-time.Hour), 0, 4 * time.Second},
	}
	for name, tt := range tests {
		h := http.Header{}
		for line := range strings.SplitSeq(tt.headers, "|") {
			key, value, _ := strings.Cut(line, ": ")
			h.Set(key, value)
		}
		got := answerOf(tt.status, h, now)
		if got.size != tt.size || got.wait != tt.wait || (tt.wait > 0 && !got.reset.Equal(now.Add(tt.wait))) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestWhatIsRememberedIsBounded(t *testing.T) {
	l := New(Config{})
	for i := range 3 * maxKnown {
		p, err := l.Enter(t.Context(), EndpointOf("tenant.auth0.example", "GET", fmt.Sprintf("/api/v2/r%d", i)), 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		p.Observe(http.StatusOK, http.Header{"X-Ratelimit-Limit": {strconv.Itoa(i + 1)},
			"X-Ratelimit-Remaining": {strconv.Itoa(i + 1)}})
		p.Leave()
	}
	if len(l.limits.buckets) > maxKnown || len(l.limits.endpoints) > maxKnown || !l.Idle() {
		t.Errorf("%d buckets, %d endpoints", len(l.limits.buckets), len(l.limits.endpoints))
	}
}

// Every request takes this way, limit or not.
func BenchmarkLimiter(b *testing.B) {
	l := New(Config{})
	h := http.Header{"X-Ratelimit-Limit": {"1000000"}, "X-Ratelimit-Remaining": {"999999"},
		"X-Ratelimit-Reset": {strconv.FormatInt(time.Now().Unix()+1, 10)},
		"Date":              {time.Now().UTC().Format(http.TimeFormat)}}
	b.ReportAllocs()
	for b.Loop() {
		p, err := l.Enter(b.Context(), EndpointOf("tenant.auth0.example", "GET", "/api/v2/clients/abc"), DefaultMaxWait, nil)
		if err != nil {
			b.Fatal(errors.New("it did not get through"))
		}
		p.Observe(http.StatusOK, h)
		p.Leave()
	}
}
