package resource

import (
	"strconv"
	"strings"
	"time"

	"github.com/auth0-mcp/auth0-mcp/sdk"
)

const (
	// maxAge keeps an age inside what a Duration holds; no tenant keeps anything longer.
	maxAge = 100 * 365
	// LastOfDay is the last moment of a day, as the API counts: in milliseconds.
	LastOfDay = 24*time.Hour - time.Millisecond
)

// Instant reads a time: RFC 3339, a day in UTC, or an age before now such as 24h or 7d; the zero time if s is empty.
// name is the argument that errors name, ofDay which moment of a day is meant.
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
