package cli

import (
	"testing"
	"time"
)

func TestExpiry(t *testing.T) {
	for text, want := range map[string]string{
		"2027-12-31":                "2027-12-31T00:00:00Z",
		" 2027-12-31 ":              "2027-12-31T00:00:00Z",
		"2026-12-01":                "2026-12-01T00:00:00Z",
		"2027-12-31T12:00:00Z":      "2027-12-31T12:00:00Z",
		"2027-12-31t12:00:00+02:00": "2027-12-31T10:00:00Z",
		"":                          "",
		"90d":                       "",
		"tomorrow":                  "",
		"2027-13-01":                "",
	} {
		at, err := expiry(text)
		if want == "" {
			if err == nil {
				t.Errorf("%q: taken as %v", text, at)
			}
			continue
		}
		if got := at.Format(time.RFC3339); err != nil || got != want {
			t.Errorf("%q: %s, %v, want %s", text, got, err, want)
		}
	}
}
