package auth0v1_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
	"github.com/auth0-mcp/auth0-mcp/sdk/sdktest"
)

// odd are names that could be read as something else on their way.
var odd = []string{"a/b", "../clients", "a?b#c", "50%", "%2e%2e", `say "hi"`, "ü 🐚", " two  spaces ", "null",
	"id99999",
	"a\tb", "*", "."}

func TestFind(t *testing.T) {
	s := &tenant{n: 250, nameOf: func(i int) string {
		switch {
		case i < len(odd):
			return odd[i]
		case i == 200:
			return "id201" // the id of another
		case i == 130 || i == 131:
			return "twin"
		}
		return number(i)
	}}
	want := map[string]string{"id7": "id7", "Thing 249": "id249", "id201": "id201"}
	for i, name := range odd {
		want[name] = fmt.Sprint("id", i)
	}
	for key, id := range want {
		args, _ := json.Marshal(map[string]string{"id": key})
		r := sdktest.Call(t, plugin(s), s, "get", string(args))
		if !strings.Contains(string(r.JSON), `"id":"`+id+`"`) {
			t.Errorf("%q: got %s %v, want %s", key, r.JSON, r.Failure, id)
		}
		args, _ = json.Marshal(map[string]string{"id": key, "name": "new"})
		if r = sdktest.Call(t, plugin(s), s, "update", string(args)); s.lastEscaped != "/api/v2/things/"+id ||
			s.lastBody != `{"name":"new"}` {
			t.Errorf("%q: sent %s to %s (%v), want %s", key, s.lastBody, s.lastEscaped, r.Failure, id)
		}
	}
	for key, want := range map[string]struct {
		code pluginv1.Failure_Code
		text string
	}{
		"twin": {pluginv1.Failure_CODE_AMBIGUOUS,
			`2 things are called "twin": give the id of one of them: "twin" (id130), "twin" (id131)`},
		"thing 24":  {pluginv1.Failure_CODE_NOT_FOUND, `Similar names: "Thing 24" (id24), "Thing 240" (id240)`},
		"Twin":      {pluginv1.Failure_CODE_NOT_FOUND, `"twin" (id130)`},
		"no such":   {pluginv1.Failure_CODE_NOT_FOUND, `no thing has the id or the name "no such"`},
		"two words": {pluginv1.Failure_CODE_NOT_FOUND, "two words"},
		"":          {pluginv1.Failure_CODE_INVALID_ARGUMENT, "its id or its exact name"},
	} {
		for _, tool := range []string{"get", "update"} {
			s.lastBody = ""
			args, _ := json.Marshal(map[string]string{"id": key, "name": "new"})
			f := sdktest.Call(t, plugin(s), s, tool, string(args)).Failure
			if f.GetCode() != want.code || !strings.Contains(f.GetMessage(), want.text) || s.lastBody != "" {
				t.Errorf("%s %q: %v, want %v with %s; sent %q", tool, key, f, want.code, want.text, s.lastBody)
			}
		}
	}
}

// What reads alike is one name: the item that is meant must not be decided by a character that
// is stripped before anyone reads the name.
func TestNamesThatReadAlike(t *testing.T) {
	names := []string{"Shop", "Sh\u200bop", "Kiosk\U000e0041", "Caf\u00e9", "Cafe\u0301", "👩\u200d💻"}
	s := &tenant{n: len(names), nameOf: func(i int) string { return names[i] }}
	for key, want := range map[string]string{
		"Kiosk": "id2", "Kiosk\U000e0041": "id2", "Caf\u00e9": "id3", "Cafe\u0301": "id4", "👩\u200d💻": "id5",
		"Shop": "", "Sh\u200bop": "", "\u2066Shop\u2069": "",
	} {
		args, _ := json.Marshal(map[string]string{"id": key})
		r := sdktest.Call(t, plugin(s), s, "get", string(args))
		switch {
		case want != "" && !strings.Contains(string(r.JSON), `"id":"`+want+`"`):
			t.Errorf("%+q: got %s %v, want %s", key, r.JSON, r.Failure, want)
		case want == "" && (r.Failure.GetCode() != pluginv1.Failure_CODE_AMBIGUOUS ||
			!strings.Contains(r.Failure.GetMessage(), "(id0)") || !strings.Contains(r.Failure.GetMessage(), "(id1)")):
			t.Errorf("%+q: got %s %v", key, r.JSON, r.Failure)
		}
	}
}

func TestManyCandidates(t *testing.T) {
	s := &tenant{n: 90, nameOf: func(int) string { return "same" }}
	f := sdktest.Call(t, plugin(s), s, "get", `{"id":"same"}`).Failure
	if f.GetCode() != pluginv1.Failure_CODE_AMBIGUOUS || strings.Count(f.GetMessage(), "(id") != 20 ||
		!strings.HasPrefix(f.GetMessage(), "90 things") || !strings.HasSuffix(f.GetMessage(), ", …") {
		t.Errorf("got %v", f)
	}
}

// What Auth0 answers to a key as an id decides what is tried next.
func TestAnswersToAKey(t *testing.T) {
	for _, tt := range []struct {
		status       int
		key          string
		code         pluginv1.Failure_Code
		sentTo       string
		requestsMost int
	}{
		{404, "Thing 2", 0, "id2", 3},
		{400, "Thing 2", 0, "id2", 3},
		{400, "no such", pluginv1.Failure_CODE_API, "", 2},
		{404, "no such", pluginv1.Failure_CODE_NOT_FOUND, "", 2},
		{403, "id2", 0, "id2", 2}, // a token that may write and not read
		{429, "Thing 2", pluginv1.Failure_CODE_API, "", 1},
		{500, "Thing 2", pluginv1.Failure_CODE_API, "", 1},
	} {
		s := &tenant{n: 3, status: tt.status, nameOf: number}
		f := sdktest.Call(t, plugin(s), s, "update", `{"id":"`+tt.key+`","name":"new"}`).Failure
		sent := ""
		if s.lastBody != "" {
			sent = strings.TrimPrefix(s.lastEscaped, "/api/v2/things/")
		}
		if f.GetCode() != tt.code || sent != tt.sentTo || len(s.requests) > tt.requestsMost {
			t.Errorf("%d to %q: %v, sent to %q with %d requests", tt.status, tt.key, f, sent, len(s.requests))
		}
		if f.GetCode() == pluginv1.Failure_CODE_API && f.GetHttpStatus() != int32(tt.status) {
			t.Errorf("%d to %q: told as %d", tt.status, tt.key, f.GetHttpStatus())
		}
	}
	s := &tenant{n: 3, status: http.StatusForbidden, nameOf: number}
	if f := sdktest.Call(t, plugin(s), s, "get", `{"id":"id2"}`).Failure; f.GetHttpStatus() != http.StatusForbidden {
		t.Errorf("a read that is forbidden: %v", f)
	}
}

func TestNamesInALongList(t *testing.T) {
	find := func(s *tenant, name string) sdktest.Result {
		s.window, s.requests = true, nil
		return sdktest.Call(t, plugin(s), s, "find", `{"name":"`+name+`"}`)
	}
	s := &tenant{n: 1150, checkpoint: true, nameOf: number}
	if r := find(s, "Thing 1149"); !strings.Contains(string(r.JSON), `"id1149"`) {
		t.Errorf("by checkpoints: %s %v", r.JSON, r.Failure)
	}
	if f := find(s, "no such").Failure; f.GetCode() != pluginv1.Failure_CODE_NOT_FOUND ||
		strings.Contains(f.GetMessage(), "first") {
		t.Errorf("by checkpoints: %v", f)
	}
	s.n = 9000
	if f := find(s, "no such").Failure; !strings.Contains(f.GetMessage(), "Only the first 5000 were examined") ||
		len(s.requests) != 51 {
		t.Errorf("cap: %v after %d requests", f, len(s.requests))
	}
	s = &tenant{n: 1150, nameOf: number}
	if f := find(s, "Thing 1149").Failure; f.GetCode() != pluginv1.Failure_CODE_NOT_FOUND ||
		!strings.Contains(f.GetMessage(), "Only the first 1000 were examined: give the id") || len(s.requests) != 10 {
		t.Errorf("without checkpoints: %v after %d requests", f, len(s.requests))
	}
	// Another of that name may be beyond.
	if f := find(s, "Thing 3").Failure; f.GetCode() != pluginv1.Failure_CODE_AMBIGUOUS ||
		!strings.Contains(f.GetMessage(), `"Thing 3" (id3)`) {
		t.Errorf("one of perhaps several: %v", f)
	}
	s.n = 1000
	if r := find(s, "Thing 999"); !strings.Contains(string(r.JSON), `"id999"`) {
		t.Errorf("the thousandth: %s %v", r.JSON, r.Failure)
	}
}
