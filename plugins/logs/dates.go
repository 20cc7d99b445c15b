package logs

import (
	"strconv"
	"strings"
	"time"

	"github.com/auth0-mcp/auth0-mcp/sdk"
)

func dateRange(since, until string, now time.Time) (string, error) {
	if since == "" && until == "" {
		return "", nil
	}
	from, err := instant("since", since, now, 0)
	if err != nil {
		return "", err
	}
	to, err := instant("until", until, now, lastOfDay)
	if err != nil {
		return "", err
	}
	if !from.IsZero() && !to.IsZero() && to.Before(from) {
		return "", sdk.InvalidArgument("until (%s) is before since (%s)", until, since)
	}
	return "date:[" + bound(from) + " TO " + bound(to) + "]", nil
}

func bound(t time.Time) string {
	if t.IsZero() {
		return "*"
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

const (
	// maxAge keeps an age inside what a Duration holds; no tenant keeps logs longer.
	maxAge = 100 * 365
	// lastOfDay is the last moment of a day, as the API counts: in milliseconds.
	lastOfDay = 24*time.Hour - time.Millisecond
)

// instant reads a time, a day or an age. ofDay is which moment of a day is meant.
func instant(name, s string, now time.Time, ofDay time.Duration) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	if day, err := time.Parse(time.DateOnly, s); err == nil {
		return day.Add(ofDay), nil
	}
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n >= 0 && n <= maxAge {
			return now.Add(-time.Duration(n) * 24 * time.Hour), nil
		}
	}
	if age, err := time.ParseDuration(s); err == nil && age >= 0 {
		return now.Add(-age), nil
	}
	return time.Time{}, sdk.InvalidArgument("%s %q: want RFC 3339, such as 2026-03-01T00:00:00Z, a day, such as "+
		"2026-03-01 (in UTC), or an age, such as 24h or 7d", name, s)
}
