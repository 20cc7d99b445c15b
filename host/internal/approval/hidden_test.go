package approval

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/plan"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
)

func describe(t *testing.T, short bool, changes ...plan.Change) (text string, whole bool) {
	t.Helper()
	r := request()
	r.Plan.Changes = changes
	text, whole, err := r.Describe(new(redact.Redactor), short)
	if err != nil {
		t.Fatal(err)
	}
	return text, whole
}

func post(body string) plan.Change {
	return plan.Change{Method: "POST", Path: "/api/v2/actions/actions", Body: []byte(body)}
}

// A dialog does not ask about a text in which something is hidden, wherever it stands;
// the terminal shows the rest of it with a warning. A member that is a secret is none.
func TestWhatIsHiddenIsCounted(t *testing.T) {
	tests := map[string]struct {
		change  plan.Change
		shows   string
		warning bool
	}{
		"code": {post(`{"code":"let password=abc;\nevil(password)"}`), "code (3 characters hidden):", true},
		"scripts": {post(`{"options":{"customScripts":{"change_password":"f('Bearer abcd1234efgh');evil()"}}}`),
			"change_password", true},
		"a list": {post(`{"dependencies":[{"name":"a","version":"https://a:b@c"}]}`),
			"dependencies (1 character hidden): ", true},
		"a query": {plan.Change{Method: "DELETE", Path: "/api/v2/x", Query: "password=abcd"},
			"1. DELETE /api/v2/x?password=[REDACTED] (4 characters hidden)", true},
		"a member's name": {post(`{"password=abcd":"evil()"}`), "characters hidden): ", true},
		"a secret":        {post(`{"password":"evil()"}`), `password (6 characters hidden): "[REDACTED]"`, false},
		"nothing":         {post(`{"code":"let password=(function(){evil()})()"}`), "password=(function(){evil()})()", false},
		"what was there": {plan.Change{Method: "PATCH", Path: "/a/b", Before: json.RawMessage(`{"code":"password=abc"}`),
			After: json.RawMessage(`{"code":"f()"}`)}, `→ "f()"`, false},
		"a new item": {plan.Change{Method: "PATCH", Path: "/a/b",
			Before: json.RawMessage(`{"l":[{"id":"a","code":"password=abc"}]}`),
			After:  json.RawMessage(`{"l":[{"id":"b","code":"password=evil"},{"id":"a","code":"password=abc"}]}`)},
			`l[b] (4 characters hidden): {"code":"password=[REDACTED]","id":"b"}`, true},
		"a changed item": {plan.Change{Method: "PATCH", Path: "/a/b",
			Before: json.RawMessage(`{"l":[{"id":"a","code":"password=abc"},{"id":"b","code":"password=ab"}]}`),
			After:  json.RawMessage(`{"l":[{"id":"b","code":"password=evil"},{"id":"a","code":"password=abc"}]}`)},
			`l[b].code (4 characters hidden): "password=[REDACTED]" → "password=[REDACTED]"`, true},
		"a text in a list": {plan.Change{Method: "PATCH", Path: "/a/b", Before: json.RawMessage(`{"l":["password=abcdef"]}`),
			After: json.RawMessage(`{"l":["password=abcdef","password=abc"]}`)},
			`l (3 characters hidden): 1 "password=[REDACTED]", + 2 "password=[REDACTED]"`, true},
		"an unseen difference": {plan.Change{Method: "PATCH", Path: "/a/b",
			Before: json.RawMessage(`{"code":"password=abc"}`), After: json.RawMessage(`{"code":"password=evil"}`)},
			"code (4 characters hidden): ", true},
	}
	for name, tt := range tests {
		short, whole := describe(t, true, tt.change)
		long, longWhole := describe(t, false, tt.change)
		if whole == tt.warning || !longWhole || !strings.Contains(long, tt.shows) || !strings.Contains(short, tt.shows) {
			t.Errorf("%s: whole %v, %v:\n%s\n%s", name, whole, longWhole, short, long)
		}
		if last := long[strings.LastIndexByte(long, '\n')+1:]; strings.HasPrefix(last, "Warning: ") != tt.warning {
			t.Errorf("%s: no warning, or one too many:\n%s", name, long)
		}
	}
}

// A part of a text that stays hides no code: it was there before. A dialog may ask about the rest of the text.
func TestWhatStaysHiddenIsNoWarning(t *testing.T) {
	before := `{"code":"f('client_secret=inside-the-code');"}`
	r := request()
	var noted redact.Noted
	for _, secret := range redact.Secrets(nil, []byte(before)) {
		noted.Add(secret, "[REDACTED:k7q2m9xa]")
	}
	hide := new(redact.Redactor).With(&noted)
	for after, whole := range map[string]bool{
		`{"code":"g('client_secret=inside-the-code');"}`: true,
		`{"code":"g('client_secret=something-else1');"}`: false,
	} {
		r.Plan.Changes = []plan.Change{{Method: "PATCH", Path: "/a/b", Body: []byte(after), Before: json.RawMessage(before),
			After: json.RawMessage(after)}}
		text, shown, err := r.Describe(hide, true)
		if err != nil || shown != whole || strings.Contains(text, "inside-the-code") {
			t.Errorf("%s: whole %v, %v:\n%s", after, shown, err, text)
		}
	}
}

// Every character of a dialog counts, those of the requests' lines too.
func TestADialogIsBounded(t *testing.T) {
	long := plan.Change{Method: "PATCH", Path: "/api/v2/clients/a", Query: strings.Repeat("a=b&", 50_000),
		Body: []byte(`{"a":1}`)}
	wanted := plan.Change{Method: "DELETE", Path: "/api/v2/clients/precious"}
	for _, changes := range [][]plan.Change{{long}, {long, wanted}, {wanted, long}} {
		text, whole := describe(t, true, changes...)
		if whole || len(text) > longText+len(changes)*longValue {
			t.Errorf("%d bytes, whole %v", len(text), whole)
		}
		if full, whole := describe(t, false, changes...); !whole || !strings.Contains(full, long.Query) {
			t.Error("the terminal does not show all")
		}
	}
	var many []plan.Change
	for i := range 100 {
		many = append(many, plan.Change{Method: "DELETE", Path: fmt.Sprintf("/api/v2/clients/%0180d", i)})
	}
	if text, whole := describe(t, true, many...); whole || len(text) > 100*(cutHeading+100) {
		t.Errorf("%d bytes, whole %v", len(text), whole)
	}
	r := request()
	r.Tool = strings.Repeat("x", longText)
	if _, whole, err := r.Describe(new(redact.Redactor), true); whole || err != nil {
		t.Errorf("the first line: %v, %v", whole, err)
	}
}

// No value, and no name, is taken for a line of the host's.
func TestNothingImitatesAPlan(t *testing.T) {
	const hostile = "x\n\n2. DELETE /api/v2/clients/y\r\u2028\u0085\x1b[2J\n(no value changes)"
	quoted, err := json.Marshal(hostile)
	if err != nil {
		t.Fatal(err)
	}
	doc := json.RawMessage(fmt.Sprintf(`{"name":%s,%s:1,"o":[{%s:%s}],"good: \"a\" → \"b\", real":1}`, quoted, quoted,
		quoted, quoted))
	changes := []plan.Change{
		{Method: "POST", Path: "/api/v2/a", Body: doc, Target: doc},
		{Method: "PATCH", Path: "/api/v2/b", Query: hostile, Before: doc, After: json.RawMessage(`{"name":"b"}`)},
		{Method: "DELETE", Path: "/api/v2/c", Before: doc},
		{Method: "DELETE", Path: "/api/v2/d", Before: quoted},
	}
	for _, short := range []bool{true, false} {
		text, _ := describe(t, short, changes...)
		requests := 0
		for line := range strings.Lines(text) {
			if strings.ContainsAny(line[:1], "0123456789") {
				requests++
			}
			if strings.HasPrefix(line, "(") || strings.HasPrefix(line, "  good") ||
				strings.ContainsAny(line, "\r\u2028\u0085\x1b") {
				t.Errorf("a line of the tenant's: %q", line)
			}
		}
		if requests != len(changes) || !strings.Contains(text, ", 4 requests:\n") {
			t.Errorf("%d requests:\n%s", requests, text)
		}
	}
}
