package redact

import (
	"regexp"
	"slices"
	"testing"
)

func TestMarkersTellPlacesApart(t *testing.T) {
	key := NewKey()
	place := Place{Tenant: "a.auth0.com", Resource: "/api/v2/clients/a", Member: "/client_secret"}
	one := key.Marker(place, "value-1")
	if !regexp.MustCompile(`^\[REDACTED:[0-9a-hjkmnp-tv-z]{8}\]$`).MatchString(one) {
		t.Fatal(one)
	}
	if again := key.Marker(place, "value-1"); again != one {
		t.Errorf("%s, then %s", one, again)
	}
	seen := map[string]string{one: "the first"}
	for name, other := range map[string]string{
		"another value":    key.Marker(place, "value-2"),
		"another tenant":   key.Marker(Place{"b.auth0.com", place.Resource, place.Member}, "value-1"),
		"another resource": key.Marker(Place{place.Tenant, "/api/v2/clients/b", place.Member}, "value-1"),
		"another member":   key.Marker(Place{place.Tenant, place.Resource, "/secret"}, "value-1"),
		"shifted fields":   key.Marker(Place{place.Tenant + "/api/v2/clients/a", "", place.Member}, "value-1"),
		"shifted value":    key.Marker(Place{place.Tenant, place.Resource, place.Member + "value-"}, "1"),
		"another key":      NewKey().Marker(place, "value-1"),
	} {
		if before, ok := seen[other]; ok {
			t.Errorf("%s has the marker of %s", name, before)
		}
		seen[other] = name
	}
}

func TestFindMarkers(t *testing.T) {
	for text, want := range map[string][]string{
		"": nil, "[REDACTED": nil, "[REDACTED:": nil, "[REDACTED:abc": nil, "[REDACTED abc]": nil, "[redacted]": nil,
		"[REDACTED]": {"[REDACTED]"}, "a[REDACTED:k7q2m9xa]b": {"[REDACTED:k7q2m9xa]"},
		"[REDACTED][REDACTED:x]":     {"[REDACTED]", "[REDACTED:x]"},
		"[REDACTED[REDACTED:A1]]":    {"[REDACTED:A1]"},
		"[REDACTED:][REDACTED:a b]":  {"[REDACTED:]"},
		"[REDACTED:a:b] [REDACTED]!": {"[REDACTED]"},
	} {
		var got []string
		for _, found := range FindMarkers(text) {
			got = append(got, found.Text)
			if text[found.Start:found.End] != found.Text || found.Plain() != (found.Text == Marker) {
				t.Errorf("%q: %+v", text, found)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
