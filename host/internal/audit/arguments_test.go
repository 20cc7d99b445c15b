package audit

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestIdentifiers(t *testing.T) {
	const given = `{"id":"a","user_id":"auth0|1","name":"N","identifiers":["x","y"],"trigger_id":"t","n_ids":[1]}`
	const recorded = `{"id":"a","identifiers":["x","y"],"n_ids":["1"],"name":"N","trigger_id":"t","user_id":"auth0|1"}`
	tests := map[string]string{
		given: recorded,
		`{"user_name":"eve@example.com","ip":"192.0.2.1","q":"email:x","signing_secret":"s","code":"c","per_page":3}`: ``,
		`{"id":{"a":1}}`: ``, `{"id":[["a"]]}`: ``, `{"id":true}`: ``, `{"id":null}`: ``,
		`{"id":12345678901234567890}`: `{"id":"12345678901234567890"}`,
		`[1]`:                         ``, `nonsense`: ``, ``: ``,
		`{"id":"` + strings.Repeat("x", 300) + `"}`: `{"id":"` + strings.Repeat("x", maxIdentifierLen) + `…"}`,
	}
	for arguments, want := range tests {
		if got := string(identifiers([]byte(arguments))); got != want {
			t.Errorf("%s: %s, want %s", arguments, got, want)
		}
	}
}

func TestViews(t *testing.T) {
	const arguments = `{ "id": "a", "code": "x\u001b[2J` + "\u202e" + `", "n": 1.50 }`
	for view, want := range map[ArgumentsView]string{
		ArgumentIDs:       `{"id":"a"}`,
		ArgumentsRedacted: `{"id":"a","code":"x\u001b[2J\u202e","n":1.50}`,
		ArgumentsNone:     ``,
	} {
		l, _ := testLog(t, func(c *Config) { c.Arguments = view })
		l.Begin(Subject{Tool: "x"}, json.RawMessage(arguments)).End(OK, "")
		data, err := os.ReadFile(l.Path())
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(data), want) {
			t.Errorf("%s: %s, want %s", view, data, want)
		}
		r := records(t, l)[0]
		if none := view == ArgumentsNone; (r.ArgumentsHMAC == "") != none || (r.Arguments == nil) != none {
			t.Errorf("%s: %+v", view, r)
		}
	}
}

func TestLongArgumentsAreLeftOut(t *testing.T) {
	l, _ := testLog(t, func(c *Config) { c.Arguments = ArgumentsRedacted })
	l.Begin(Subject{}, json.RawMessage(`{"code":"`+strings.Repeat("x", 2*maxArguments)+`"}`)).End(OK, "")
	if got := string(records(t, l)[0].Arguments); !strings.HasPrefix(got, `{"left_out_bytes":`) {
		t.Errorf("%.100s", got)
	}
}

// The same arguments have the same HMAC in one log and another in the next one:
// a reader of an exported log can't find them by trying.
func TestHMACIsKeyed(t *testing.T) {
	first, _ := testLog(t)
	second, _ := testLog(t)
	for _, l := range []*Log{first, second} {
		l.Begin(Subject{}, json.RawMessage(`{"a":1,"b":"x"}`)).End(OK, "")
		l.Begin(Subject{}, json.RawMessage("{ \"b\": \"\\u0078\",\n\"a\":1}")).End(OK, "")
		l.Begin(Subject{}, json.RawMessage(`{"a":1.0,"b":"x"}`)).End(OK, "")
	}
	a, b := records(t, first), records(t, second)
	if a[0].ArgumentsHMAC != a[1].ArgumentsHMAC || a[0].ArgumentsHMAC == a[2].ArgumentsHMAC ||
		a[0].ArgumentsHMAC == b[0].ArgumentsHMAC ||
		len(a[0].ArgumentsHMAC) != 64 {
		t.Errorf("%s %s %s, %s", a[0].ArgumentsHMAC, a[1].ArgumentsHMAC, a[2].ArgumentsHMAC, b[0].ArgumentsHMAC)
	}
	s, err := OpenSnapshot(first.cfg.Folder)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.HMAC([]byte(`{"b":"x","a":1}`)) != a[0].ArgumentsHMAC {
		t.Error("a snapshot can't find the call by its arguments")
	}
	// Without a key there is no HMAC, and nothing else is missing.
	if err := os.WriteFile(filepath.Join(first.cfg.Folder, keyName), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	next, _ := testLog(t, func(c *Config) { c.Folder = first.cfg.Folder })
	next.Begin(Subject{}, json.RawMessage(`{}`)).End(OK, "")
	if all := records(t, next); len(all) != 4 || all[3].ArgumentsHMAC != "" {
		t.Errorf("%+v", all[3])
	}
}

func TestParse(t *testing.T) {
	for _, good := range []string{"on", "best-effort", "off"} {
		if m, err := ParseMode(good); err != nil || string(m) != good {
			t.Errorf("%s: %v %v", good, m, err)
		}
	}
	for _, bad := range []string{"", "On", "true", "besteffort"} {
		if m, err := ParseMode(bad); err == nil {
			t.Errorf("%q is %v", bad, m)
		}
		if v, err := ParseArgumentsView(bad); err == nil {
			t.Errorf("%q is %v", bad, v)
		}
	}
}
