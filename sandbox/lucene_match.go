package sandbox

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxNumberLength is the longest text that is compared as a number: reading one
// of a million digits takes seconds.
const maxNumberLength = 100

// searchable tells whether a log query, or a sort, may name a field. Below
// details, a query may name any path.
func searchable(field string) bool {
	switch field {
	case "client_id", "client_name", "connection", "connection_id", "date", "description", "hostname", "ip",
		"log_id", "organization_id", "strategy", "strategy_type", "type", "user_agent", "user_id", "user_name":
		return true
	}
	return false
}

// bareFields are the fields that a term without a field name is looked for in.
func bareFields() []string {
	return []string{"client_name", "connection", "description", "ip", "log_id", "type", "user_name"}
}

// termClause matches whole values: log fields are not cut into words. A star in
// text, written as wildcard, stands for any run of characters.
type termClause struct {
	field, text string
	wild        bool
}

func (c termClause) matches(event object) bool {
	fields := []string{c.field}
	if c.field == "" {
		fields = bareFields()
	}
	for _, field := range fields {
		for _, value := range fieldValues(event, field) {
			if c.matchesValue(field, value) {
				return true
			}
		}
	}
	return false
}

func (c termClause) matchesValue(field, value string) bool {
	if c.wild {
		return wildcardMatch(c.text, value)
	}
	if field == "date" {
		want, wantErr := parseQueryDate(c.text)
		have, haveErr := parseQueryDate(value)
		return wantErr == nil && haveErr == nil && want.Equal(have)
	}
	return c.text == value
}

// existsClause matches events whose field has a value.
type existsClause struct{ field string }

func (c existsClause) matches(event object) bool {
	return slices.ContainsFunc(fieldValues(event, c.field), func(value string) bool { return value != "" })
}

// rangeClause matches values between two bounds, of which wildcard is none.
type rangeClause struct {
	field, low, high  string
	openLow, openHigh bool
}

func (c rangeClause) matches(event object) bool {
	return slices.ContainsFunc(fieldValues(event, c.field), func(value string) bool {
		if c.low != wildcard {
			if order, fits := compareValues(c.field, value, c.low); !fits || order < 0 || (order == 0 && c.openLow) {
				return false
			}
		}
		if c.high != wildcard {
			if order, fits := compareValues(c.field, value, c.high); !fits || order > 0 || (order == 0 && c.openHigh) {
				return false
			}
		}
		return true
	})
}

// compareValues compares as dates, as numbers or as text, whichever fits both.
func compareValues(field, a, b string) (order int, fits bool) {
	if field == "date" {
		first, firstErr := parseQueryDate(a)
		second, secondErr := parseQueryDate(b)
		return first.Compare(second), firstErr == nil && secondErr == nil
	}
	if len(a) <= maxNumberLength && len(b) <= maxNumberLength {
		first, _, firstErr := big.ParseFloat(a, 10, 256, big.ToNearestEven)
		second, _, secondErr := big.ParseFloat(b, 10, 256, big.ToNearestEven)
		if firstErr == nil && secondErr == nil {
			return first.Cmp(second), true
		}
	}
	return strings.Compare(a, b), true
}

// fieldValues returns the values of a field as text. A field that can't be
// searched has none, and neither has a null.
func fieldValues(event object, field string) []string {
	if !searchable(field) && !strings.HasPrefix(field, "details.") {
		return nil
	}
	values := []any{event}
	for _, step := range strings.Split(field, ".") {
		var next []any
		for _, value := range values {
			next = append(next, children(value, step)...)
		}
		values = next
	}
	var out []string
	for _, value := range values {
		out = appendLeaves(out, value)
	}
	return out
}

func children(value any, step string) []any {
	switch value := value.(type) {
	case object:
		if child, found := value[step]; found {
			return []any{child}
		}
	case []any:
		var out []any
		for _, item := range value {
			out = append(out, children(item, step)...)
		}
		return out
	}
	return nil
}

func appendLeaves(out []string, value any) []string {
	switch value := value.(type) {
	case string:
		return append(out, value)
	case bool:
		return append(out, strconv.FormatBool(value))
	case json.Number:
		return append(out, value.String())
	case []any:
		for _, item := range value {
			out = appendLeaves(out, item)
		}
	}
	return out
}

// wildcardMatch matches text against a pattern in which the wildcard rune stands
// for any run of characters.
func wildcardMatch(pattern, text string) bool {
	parts := strings.Split(pattern, wildcard)
	if !strings.HasPrefix(text, parts[0]) {
		return false
	}
	text = text[len(parts[0]):]
	for _, part := range parts[1 : len(parts)-1] {
		at := strings.Index(text, part)
		if at < 0 {
			return false
		}
		text = text[at+len(part):]
	}
	return strings.HasSuffix(text, parts[len(parts)-1])
}

// parseQueryDate reads a date as log search does: what is missing is zero.
func parseQueryDate(text string) (time.Time, error) {
	for _, layout := range []string{
		"2006-01-02T15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999",
		"2006-01-02T15:04Z07:00", "2006-01-02T15:04", "2006-01-02T15", "2006-01-02", "2006-01", "2006",
	} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a date", text)
}
