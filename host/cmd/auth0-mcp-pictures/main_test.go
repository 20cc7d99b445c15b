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
	want := []string{"a <b> & c", "$ auth0-mcp call x=<y>", `  "a": "&\u0000"`}
	got := textsOf(t, draw(want[0], []line{{want[1], true}, {}, {text: want[2]}}))
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// The walk of a call names each of its parties and steps.
func TestDrawCall(t *testing.T) {
	texts := textsOf(t, drawCall())
	for _, p := range parties() {
		if !slices.Contains(texts, p.title) {
			t.Errorf("%s is not in %q", p.title, texts)
		}
	}
	for _, one := range steps() {
		if !slices.Contains(texts, one.text) {
			t.Errorf("%s is not in %q", one.text, texts)
		}
	}
}

// textsOf are the texts of a picture, which has to be XML.
func textsOf(t *testing.T, picture []byte) (texts []string) {
	t.Helper()
	dec := xml.NewDecoder(strings.NewReader(string(picture)))
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return texts
		}
		if err != nil {
			t.Fatalf("%v in %s", err, picture)
		}
		if chars, ok := token.(xml.CharData); ok && strings.TrimSpace(string(chars)) != "" {
			texts = append(texts, string(chars))
		}
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
	got := settle("… waiting\n... waiting\nCalling auth0_x ...\nsaved in /tmp/h1/x, approve ABCD-2345, [REDACTED:0z9]", "/tmp/h1")
	if want := "saved in ~/x, approve K7QF-2M9D, [REDACTED:k7q2m9xa]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
