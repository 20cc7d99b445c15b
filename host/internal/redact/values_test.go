package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"
)

const liveToken = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbm_-F0dXJl+/=="

// writings are how a text may be echoed.
var writings = map[string]func(string) string{
	"as it is":         func(s string) string { return s },
	"JSON":             quoted,
	"JSON's escapes":   escaped,
	"one escape":       func(s string) string { return `\u0065` + s[1:] },
	"last escape":      func(s string) string { return s[:len(s)-1] + `\u003D` },
	"slashes":          func(s string) string { return strings.ReplaceAll(s, "/", `\/`) },
	"a script's":       func(s string) string { return strings.ReplaceAll(s, ".", `\x2e`) },
	"JSON in JSON":     func(s string) string { return quoted(escaped(s)) },
	"query":            url.QueryEscape,
	"query in a query": func(s string) string { return url.QueryEscape(url.QueryEscape(s)) },
	"every byte": func(s string) string {
		var out strings.Builder
		for _, c := range []byte(s) {
			fmt.Fprintf(&out, "%%%02x", c)
		}
		return out.String()
	},
	"HTML":           html.EscapeString,
	"HTML's numbers": func(s string) string { return strings.ReplaceAll(s, ".", "&#46;") },
	"hexadecimal":    func(s string) string { return strings.ReplaceAll(s, ".", "&#x2E;") },
	"no semicolon":   func(s string) string { return strings.ReplaceAll(s, "_", "&#95") },
	"names": func(s string) string {
		return strings.NewReplacer("=", "&equals;", "+", "&plus;", "/", "&sol;").Replace(s)
	},
	"HTML in HTML":   func(s string) string { return strings.ReplaceAll(s, "=", "&amp;amp;#61;") },
	"base64":         func(s string) string { return base64.StdEncoding.EncodeToString([]byte("Bearer " + s + "\n")) },
	"base64, by one": func(s string) string { return base64.StdEncoding.EncodeToString([]byte("Bearer: " + s)) },
	"base64, by two": func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte("bearer = " + s)) },
}

func TestValuesInEveryWriting(t *testing.T) {
	r := new(Redactor)
	r.Remember("another-token-4711")
	r.Remember(liveToken)
	for name, write := range writings {
		for _, around := range []string{"%s", `{"echo":"Bearer %s"}`, "<p>%s &amp; 100% \\ more</p>",
			"%%25\\u0065&#101;%s\\&%%", "eyJ\\u0068%s"} {
			doc := strings.Replace(around, "%s", write(liveToken), 1)
			got := string(r.Values([]byte(doc)))
			if !strings.Contains(got, Marker) || strings.Contains(got, "NiJ9") || strings.Contains(got, "c2ln") ||
				strings.Contains(got, "U1Nj") {
				t.Errorf("%s: %s became %s", name, doc, got)
			}
		}
	}
	// A value beside another, and one that begins twice.
	if got := string(r.Values([]byte(`another-token-4711another\u002dtoken-4711` +
		"another-%61nother-token-4711"))); got != Marker+Marker+"another-"+Marker {
		t.Error(got)
	}
	for _, innocent := range []string{`{"a":"b\u0065c\\","u":"https://x/?a=%20b&c=d"}`, "&", "%", "\\", "%2", "\\u006",
		"&#", "&#x", "&amp", "another\\u002dtoken", "%61nother-token-471"} {
		if got := string(r.Values([]byte(innocent))); got != innocent {
			t.Errorf("%s became %s", innocent, got)
		}
	}
}

// Whatever is written in whatever mixture, it is found, and nothing else is changed.
func TestValuesInMixedWritings(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	r := new(Redactor)
	r.Remember(liveToken)
	for range 5000 {
		var doc strings.Builder
		for _, c := range []byte(liveToken) {
			forms := []string{string(c), string(c), string(c), fmt.Sprintf(`\u%04x`, c), fmt.Sprintf(`\\u%04X`, c),
				fmt.Sprintf("%%%02X", c), fmt.Sprintf("%%25%02x", c), fmt.Sprintf("&#%d;", c), fmt.Sprintf("&amp;#x%x;", c)}
			doc.WriteString(forms[random.IntN(len(forms))])
		}
		if got := string(r.Values([]byte("é<" + doc.String() + ">\\"))); got != "é<"+Marker+">\\" {
			t.Fatalf("%s became %s", doc.String(), got)
		}
	}
}

func FuzzValues(f *testing.F) {
	f.Add([]byte(`\u0065yJ %65yJ &#101;yJ`), []byte("&amp;"))
	f.Fuzz(func(t *testing.T, before, after []byte) {
		r := new(Redactor)
		r.Remember(liveToken)
		for _, write := range writings {
			got := r.Values([]byte(string(before) + "\n" + write(liveToken) + "\n" + string(after)))
			if !strings.Contains(string(got), Marker) || strings.Contains(string(got), liveToken) {
				t.Fatalf("%q", got)
			}
		}
		if json.Valid(before) {
			if got := r.Values(before); !json.Valid(got) {
				t.Fatalf("%q became %q", before, got)
			}
		}
	})
}

func BenchmarkValuesWithoutAMatch(b *testing.B) {
	r := new(Redactor)
	for i := range keptValues {
		r.Remember(fmt.Sprintf("eyJhbGciOiJSUzI1NiJ9.%s%d.c2lnbmF0dXJl", strings.Repeat("eyJzdWIiOiJ4In0", 60), i))
	}
	for name, part := range map[string]string{
		"plain":   `{"log_id":"9002023","date":"2026-03-01T00:00:00Z","type":"s","ip":"192.0.2.3","user_agent":"Mozilla/5.0 (X11)"},`,
		"escapes": `{"html":"<\/p>\u0065\u0079J &amp; &#101;","url":"https:\/\/x\/?a=%65%79J&b=c"},`,
	} {
		body := []byte(strings.Repeat(part, 100_000/len(part)))
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				r.Values(body)
			}
		})
	}
}

// The quick search never misses what is there.
func FuzzMayBeIn(f *testing.F) {
	f.Add("a token", []byte("in the midst of a token."))
	f.Add("aaaaaaaaab", []byte("aaaaaaaaaaaaaaaaaab"))
	f.Add(strings.Repeat("0123456789", 20), []byte(strings.Repeat("0123456789", 21)))
	f.Fuzz(func(t *testing.T, token string, text []byte) {
		if len(token) < minValue {
			return
		}
		v := values{}.with(token)[0]
		for _, form := range v.forms() {
			for at := range min(len(text), 100) {
				if with := slices.Concat(text[:at], form, text[at:]); !v.mayBeIn(with) {
					t.Fatalf("%q is not found in %q", form, with)
				}
			}
			if bytes.Contains(text, form) && !v.mayBeIn(text) {
				t.Fatalf("%q is not found in %q", form, text)
			}
		}
	})
}
