package main

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

func TestDrawIsXML(t *testing.T) {
	picture := draw("a <b> & c", []line{{"$ auth0-mcp call x=<y>", true}, {}, {text: `  "a": "&\u0000"`}})
	dec := xml.NewDecoder(strings.NewReader(string(picture)))
	var texts []string
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in %s", err, picture)
		}
		if chars, ok := token.(xml.CharData); ok && strings.TrimSpace(string(chars)) != "" {
			texts = append(texts, string(chars))
		}
	}
	if want := []string{"a <b> & c", "$ auth0-mcp call x=<y>", `  "a": "&\u0000"`}; !slices.Equal(texts, want) {
		t.Errorf("got %q, want %q", texts, want)
	}
}

func TestWrap(t *testing.T) {
	for text, want := range map[string][]string{
		"":              {""},
		"one two three": {"one two", "three"},
		"onetwothree":   {"onetwoth", "ree"},
	} {
		if got := wrap(text, 8); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestSettle(t *testing.T) {
	got := settle("saved in /tmp/h1/x, approve ABCD-2345, [REDACTED:0z9]", "/tmp/h1")
	if want := "saved in ~/x, approve K7QF-2M9D, [REDACTED:k7q2m9xa]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
