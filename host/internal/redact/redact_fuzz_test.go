package redact

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

const canary = "cANaRy4711cANaRy4711"

// hiddenDocument is a document with the canary in it as a secret, and otherwise as
// the bytes of plan choose: each takes one choice. text is what stands around it.
type hiddenDocument struct {
	plan []byte
	text string
}

func (h *hiddenDocument) choose(n int) int {
	if len(h.plan) == 0 {
		return 0
	}
	c := int(h.plan[0]) % n
	h.plan = h.plan[1:]
	return c
}

func quoted(s string) string {
	out, _ := json.Marshal(s) // a text always encodes
	return string(out)
}

// escaped writes a text as \u escapes only.
func escaped(s string) string {
	var out strings.Builder
	out.WriteByte('"')
	for _, r := range s {
		if r > 0xffff {
			r -= 0x10000
			fmt.Fprintf(&out, `\u%04x`, 0xd800+r>>10)
			r = 0xdc00 + r&0x3ff
		}
		fmt.Fprintf(&out, `\u%04x`, r)
	}
	out.WriteByte('"')
	return out.String()
}

// split puts something invisible into the middle of a text.
func split(s string, by int) string {
	separators := []string{"\u200b", "\u00ad", "\u200d", "\u200c", "\u200e", "\u2060\u2063", "\U000e0041", "\ufe0f",
		"\U000e0101", "\x00", "\x1b", "\u202e", "\ufeff", "\u115f", "\ufff9", "\u061c"}
	if by >= len(separators) {
		return s
	}
	middle := len(s) / 2
	for middle > 0 && !utf8.RuneStart(s[middle]) {
		middle--
	}
	return s[:middle] + separators[by] + s[middle:]
}

const separatorsAndNone = 17

// word writes a text as a JSON string in one of its writings.
func (h *hiddenDocument) word(s string) string {
	s = split(s, h.choose(separatorsAndNone))
	if h.choose(2) == 1 {
		return escaped(s)
	}
	return quoted(s)
}

// secret is the innermost: the canary as the value of a secret's name, or in a
// text by its shape.
func (h *hiddenDocument) secret() string {
	switch h.choose(3) {
	case 0:
		names := []string{"client_secret", "refreshToken", "X-Api-Key", "password", "signing_secret", "clientAssertion",
			"recovery_codes", "smtp.pass"}
		value := h.word(canary)
		if h.choose(2) == 1 {
			value = `["",` + value + `]`
		}
		return `{` + h.word(names[h.choose(len(names))]) + `:` + value + `}`
	case 1:
		containers := []string{`{"secrets":[{"name":"a","value":%s}]}`, `{"secrets":{"a":%s}}`,
			`{"signing_keys":[{"kid":"a","key":%s}]}`,
			`{"jwks":{"keys":[{"kty":"RSA","d":%s}]}}`, `{"credentials":[{"id":"a","private_key":%s}]}`}
		return fmt.Sprintf(containers[h.choose(len(containers))], h.word(canary))
	}
	shapes := []string{"client_secret=%s", "api-key=%s", "Bearer %s", "BEARER %s", "Basic %s",
		"eyJhbGciOiJub25lIn0.%s.c2ln", "https://user:%s@db.example/x",
		"-----BEGIN PRIVATE KEY-----\n%s\n-----END PRIVATE KEY-----", `{"client_secret":"%s","cut`, `'refresh_token': '%s'`,
		`{\"password\":\"%s\",\"cut`}
	text := fmt.Sprintf(shapes[h.choose(len(shapes))], canary)
	// Only where it splits the shape, not what stands around it.
	text = split(text, h.choose(separatorsAndNone))
	return h.word(h.text + " " + text + " " + h.text)
}

// document puts the secret deeper and deeper.
func (h *hiddenDocument) document() string {
	doc := h.secret()
	for len(h.plan) > 0 && len(doc) < 1<<14 {
		switch h.choose(7) {
		case 0:
			doc = `{` + h.word(h.text) + `:` + doc + `}`
		case 1:
			doc = `[1.0,` + quoted(h.text) + `,` + doc + `,null]`
		case 2:
			doc = quoted(doc)
		case 3:
			doc = escaped(doc)
		case 4:
			doc = quoted(" \n" + split(doc, 12*h.choose(2)) + "\t")
		case 5:
			var out bytes.Buffer
			if json.Indent(&out, []byte(doc), "\t", " ") == nil {
				doc = out.String()
			}
		case 6:
			doc = `{"a":1,` + quoted(h.text) + `:` + doc + `,` + quoted(h.text) + `:` + quoted(h.text) + `}`
		}
	}
	return doc
}

// tells reports whether anybody who decodes a text, however often, finds the canary.
func tells(text string) bool {
	text = bare(text)
	if strings.Contains(text, canary) {
		return true
	}
	if !json.Valid([]byte(text)) {
		return false
	}
	// By token: decoding would keep one of two members of a name.
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	for {
		token, err := dec.Token()
		if err != nil {
			return false
		}
		if s, ok := token.(string); ok && tells(s) {
			return true
		}
	}
}

// cleaned is what a model gets of a document.
func cleaned(doc []byte) ([]byte, error) {
	doc, _, err := new(Redactor).Clean(doc)
	return doc, err
}

// No secret survives, at whatever depth and in whatever writing it stands; what
// comes out is valid JSON, and redacting it again changes nothing.
func FuzzRedact(f *testing.F) {
	f.Fuzz(func(t *testing.T, plan []byte, text string) {
		if len(plan) > 64 || len(text) > 200 || strings.Contains(text, canary[:4]) {
			return
		}
		h := &hiddenDocument{plan: plan, text: strings.ToValidUTF8(text, "\ufffd")}
		doc := h.document()
		if !json.Valid([]byte(doc)) {
			t.Fatalf("the test made %q", doc)
		}
		for _, redact := range []func([]byte) ([]byte, error){new(Redactor).JSON, cleaned} {
			got, err := redact([]byte(doc))
			if err != nil {
				return // nested too deep: nothing is answered at all
			}
			if tells(string(got)) {
				t.Fatalf("the canary survives:\n%+q\n%+q", doc, got)
			}
			if !json.Valid(got) || !utf8.Valid(got) {
				t.Fatalf("%+q became %+q", doc, got)
			}
			if again, err := redact(got); err != nil || !bytes.Equal(again, got) {
				t.Fatalf("%+q became\n%+q and then\n%+q, %v", doc, got, again, err)
			}
		}
	})
}

// A document is walked to its end if it is JSON, and refused if it is not: no validator reads it before.
func FuzzOnlyJSONIsWalked(f *testing.F) {
	for _, doc := range []string{`{"a":[1,-0.5e+3,true,null,"\u00e9\n"]} `, `[1,]`, `{"a":1,}`, `{"a" 1}`, `{"a":1 "b":2}`, `[1 2]`,
		`{1:2}`, `[}`, `01`, `-`, `1.`, `1e`, `+1`, `.5`, `tru`, `nul`, `"a`, `"\x"`, `"\u12g4"`, "\"a\nb\"", "\"\xff\"", `""""`, `1 2`,
		`{"value":"x","name`, "\x00", "", ` `, `{"a":1,"b":2},`, `[{"a":1},{"a" :1},{"a"}]`} {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		for _, w := range []*walker{{silent: true}, {stripped: new(Stripped)}} {
			if err := w.document(doc); !errors.Is(err, errTooDeep) && (err == nil) != json.Valid(doc) {
				t.Errorf("%q: %v", doc, err)
			}
		}
	})
}

// The generator reaches every writing: without this FuzzRedact could pass on
// documents that hold no secret.
func TestHiddenDocumentsHoldTheCanary(t *testing.T) {
	for seed := range 256 {
		h := &hiddenDocument{text: "a"}
		for i := range seed % 24 {
			h.plan = append(h.plan, byte(seed*31+i*i*7))
		}
		if doc := h.document(); !tells(doc) {
			t.Fatalf("%q", doc)
		}
	}
}
