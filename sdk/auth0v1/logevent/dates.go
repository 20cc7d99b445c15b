package logevent

import (
	"strconv"
	"strings"
	"time"

	"github.com/auth0-mcp/auth0-mcp/sdk"
)

// DateRange is the clause of a query for events from since to until: RFC 3339, a day in UTC, or an age before now, such
// as 24h or 7d. Empty ends are open, and the clause is empty if both are. The error says what is wrong with which.
func DateRange(since, until string, now time.Time) (string, error) {
	if since == "" && until == "" {
		return "", nil
	}
	from, err := Instant("since", since, now, 0)
	if err != nil {
		return "", err
	}
	to, err := Instant("until", until, now, LastOfDay)
	if err != nil {
		return "", err
	}
	if !from.IsZero() && !to.IsZero() && to.Before(from) {
		return "", sdk.InvalidArgument("until (%s) is before since (%s)", until, since)
	}
	return "date:[" + bound(from) + " TO " + bound(to) + "]", nil
}

// Quote is a value in a query, of which no character is an operator.
func Quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
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
	// LastOfDay is the last moment of a day, as the API counts: in milliseconds.
	LastOfDay = 24*time.Hour - time.Millisecond
)

// Instant reads a time, a day or an age, as [DateRange] does; the zero time if s is empty. name is the argument that
// errors name, ofDay which moment of a day is meant.
func Instant(name, s string, now time.Time, ofDay time.Duration) (time.Time, error) {
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
