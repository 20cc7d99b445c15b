package logevent

import (
	"strings"
	"time"

	"github.com/auth0-mcp/auth0-mcp/sdk"
	"github.com/auth0-mcp/auth0-mcp/sdk/resource"
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

// LastOfDay is [resource.LastOfDay].
const LastOfDay = resource.LastOfDay

// Instant is [resource.Instant].
func Instant(name, s string, now time.Time, ofDay time.Duration) (time.Time, error) {
	return resource.Instant(name, s, now, ofDay)
}
