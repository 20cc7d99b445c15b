package mcpserver

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/approval"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/fakeplugin"
	"github.com/auth0-mcp/auth0-mcp/host/internal/stdio"
)

// approving is a client of a server that asks before each change.
type approving struct {
	*client
	store  approval.Store
	target string // an application's path
}

func connectApproving(t *testing.T, mode approval.Mode, capabilities string, configure ...func(*Config)) *approving {
	t.Helper()
	a := &approving{store: approval.Store{Dir: filepath.Join(t.TempDir(), "approvals"),
		Key: func() []byte { return []byte("key") }}}
	a.client = connectWith(t, catalog.Filter{}, func(cfg *Config) {
		cfg.Calls.Approve, cfg.Calls.Approvals = approval.Policy{Mode: mode}, a.store
		for _, also := range configure {
			also(cfg)
		}
	}, "ok")
	if capabilities != "" {
		a.request("initialize",
			fmt.Sprintf(`{"protocolVersion":"2025-11-25","capabilities":%s,"clientInfo":{"name":"t","version":"1"}}`,
				capabilities))
		a.send(`{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	}
	credentials, err := a.tenant.Credentials("Deploy Pipeline")
	if err != nil {
		t.Fatal(err)
	}
	a.target = "/api/v2/clients/" + credentials.ClientID
	return a
}

// patch is the parameters of a call that changes the target's name, as the fake
// plugin does, with more members.
func (a *approving) patch(more string) string {
	return fmt.Sprintf(`{"name":%q,"arguments":{"do":"request","method":"PATCH","path":%q}%s}`,
		fakeplugin.Manifest("ok").Tools[fakeplugin.Write].Name, a.target, more)
}

// writes are the requests that reached the tenant and may have changed it.
func (a *approving) writes() int {
	n := 0
	for _, r := range a.tenant.Requests() {
		if r.Method != http.MethodGet {
			n++
		}
	}
	return n
}

// asked waits for the server's question and returns its id and text.
func (a *approving) asked(t *testing.T) (id, text string) {
	t.Helper()
	for a.lines.Scan() {
		var r struct {
			ID     json.RawMessage
			Method string
			Params struct{ Message string }
		}
		if json.Unmarshal(a.lines.Bytes(), &r) == nil && r.Method == "elicitation/create" {
			return string(r.ID), r.Params.Message
		}
	}
	t.Fatal("no question was asked")
	return "", ""
}

type outcome struct {
	Content []struct{ Text string }
	IsError bool
	Meta    struct {
		Error string `json:"auth0-mcp/error"`
	} `json:"_meta"`
	ResultType    string
	RequestState  string
	InputRequests map[string]struct {
		Method string
		Params struct{ Message string }
	}
}

func outcomeOf(t *testing.T, r reply) outcome {
	t.Helper()
	var o outcome
	if r.Error != nil {
		t.Fatalf("error %v", r.Error)
	}
	if err := json.Unmarshal(r.Result, &o); err != nil {
		t.Fatalf("%s: %v", r.Result, err)
	}
	return o
}

func TestElicitation(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		answer string // a member of the JSON-RPC response
		writes int
		kind   string
	}{
		"accept":                    {`"result":{"action":"accept","content":{}}`, 1, ""},
		"accept without content":    {`"result":{"action":"accept"}`, 1, ""},
		"decline":                   {`"result":{"action":"decline"}`, 0, "approval_declined"},
		"cancel":                    {`"result":{"action":"cancel"}`, 0, "approval_declined"},
		"another word":              {`"result":{"action":"ACCEPT"}`, 0, "approval_declined"},
		"accept in another case":    {`"result":{"action":"decline","Action":"accept"}`, 0, "approval_required"},
		"decline and accept":        {`"result":{"action":"decline","action":"accept"}`, 0, "approval_required"},
		"accept in one other case":  {`"result":{"Action":"accept"}`, 0, "approval_declined"},
		"accept, content twice":     {`"result":{"action":"accept","content":{"a":1,"a":2}}`, 0, "approval_required"},
		"no action":                 {`"result":{}`, 0, "approval_declined"},
		"an action that is no text": {`"result":{"action":true,"content":{"action":"accept"}}`, 0, "approval_declined"},
		"something else":            {`"result":"accept"`, 0, "approval_declined"},
		"an error":                  {`"error":{"code":-32601,"message":"no such method"}`, 0, "approval_required"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := connectApproving(t, approval.Elicit, `{"elicitation":{}}`)
			a.send(`{"jsonrpc":"2.0","id":"w","method":"tools/call","params":` + a.patch("") + `}`)
			id, text := a.asked(t)
			if !strings.Contains(text, "PATCH "+a.target) || !strings.Contains(text, `"planted"`) ||
				!strings.Contains(text, `"Deploy Pipeline"`) {
				t.Errorf("the question: %s", text)
			}
			if n := a.writes(); n != 0 {
				t.Fatalf("%d writes before the answer", n)
			}
			a.send(`{"jsonrpc":"2.0","id":` + id + `,` + tt.answer + `}`)
			o := outcomeOf(t, a.wait(`"w"`))
			if n := a.writes(); n != tt.writes {
				t.Errorf("%d writes, want %d", n, tt.writes)
			}
			if o.IsError == (tt.writes > 0) || o.Meta.Error != tt.kind {
				t.Errorf("outcome %+v, want kind %q", o, tt.kind)
			}
			if tt.writes > 0 && (len(o.Content) != 2 ||
				!strings.Contains(o.Content[1].Text, `{"field":"name","before":"Deploy Pipeline","after":"planted"}`)) {
				t.Errorf("the report: %+v", o.Content)
			}
		})
	}
}

// A client that cannot ask, or says so, gets a plan for the terminal.
func TestClientsThatCannotAsk(t *testing.T) {
	t.Parallel()
	for _, capabilities := range []string{`{}`, `{"elicitation":{"url":{}}}`} {
		t.Run(capabilities, func(t *testing.T) {
			a := connectApproving(t, approval.Elicit, capabilities)
			o := outcomeOf(t, a.request("tools/call", a.patch("")))
			if o.Meta.Error != "approval_required" || a.writes() != 0 {
				t.Errorf("%+v, %d writes", o, a.writes())
			}
		})
	}
}

var idInText = regexp.MustCompile(`auth0-mcp approve ([A-Z2-7-]{9})`)

// Where no file of an approval can be kept, such as on a read-only disk, a client that can ask does; else the error
// says what it was needed for.
func TestApprovalWithoutAFolder(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	below := func(cfg *Config) { cfg.Calls.Approvals.Dir = filepath.Join(file, "approvals") }
	a := connectApproving(t, approval.Elicit, `{"elicitation":{}}`, below)
	a.send(fmt.Sprintf(`{"jsonrpc":"2.0","id":7,"method":"tools/call","params":%s}`, a.patch("")))
	if id, text := a.asked(t); id == "" || !strings.Contains(text, "PATCH") {
		t.Errorf("asked %q: %s", id, text)
	}
	a = connectApproving(t, approval.Terminal, `{}`, below)
	o := outcomeOf(t, a.request("tools/call", a.patch("")))
	if text := o.Content[0].Text; !o.IsError || !strings.Contains(text, "Nothing was changed") ||
		!strings.Contains(text, "approval") || a.writes() != 0 {
		t.Errorf("%+v", o)
	}
}

func TestTerminalApproval(t *testing.T) {
	t.Parallel()
	a := connectApproving(t, approval.Terminal, `{"elicitation":{}}`)
	o := outcomeOf(t, a.request("tools/call", a.patch("")))
	m := idInText.FindStringSubmatch(o.Content[0].Text)
	if m == nil || !o.IsError || o.Meta.Error != "approval_required" ||
		!strings.Contains(o.Content[0].Text, `"Deploy Pipeline" → "planted"`) {
		t.Fatalf("without an approval: %+v", o)
	}
	again := outcomeOf(t, a.request("tools/call", a.patch("")))
	if id := idInText.FindStringSubmatch(again.Content[0].Text); id == nil || id[1] != m[1] {
		t.Errorf("the same call again: %+v", again)
	}
	p, err := a.store.Find(t.Context(), m[1])
	if err == nil {
		err = a.store.Approve(t.Context(), p)
	}
	if err != nil {
		t.Fatal(err)
	}
	if n := a.writes(); n != 0 {
		t.Fatalf("%d writes before the call", n)
	}
	if o := outcomeOf(t, a.request("tools/call", a.patch(""))); o.IsError || a.writes() != 1 {
		t.Errorf("approved: %+v, %d writes", o, a.writes())
	}
	if o := outcomeOf(t, a.request("tools/call", a.patch(""))); !o.IsError || a.writes() != 1 {
		t.Errorf("a second time: %+v, %d writes", o, a.writes())
	}
	// Reading needs no approval.
	if text, isError := a.call("ok", fakeplugin.Read, fmt.Sprintf(`{"do":"request","path":%q}`, a.target)); isError {
		t.Errorf("reading: %s", text)
	}
}

// The tenant changes between the approval and the call: what was approved is not what
// would happen, so the call only gives a new plan.
func TestApprovalOfAnotherState(t *testing.T) {
	t.Parallel()
	a := connectApproving(t, approval.Terminal, `{}`)
	o := outcomeOf(t, a.request("tools/call", a.patch("")))
	p, err := a.store.Find(t.Context(), idInText.FindStringSubmatch(o.Content[0].Text)[1])
	if err == nil {
		err = a.store.Approve(t.Context(), p)
	}
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, "https://"+a.tenant.Domain()+a.target,
		strings.NewReader(`{"description":"by another writer"}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+a.token)
	request.Header.Set("Content-Type", "application/json")
	response, err := a.tenant.Transport().RoundTrip(request)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%v, %v", response, err)
	}
	defer response.Body.Close()
	o = outcomeOf(t, a.request("tools/call", a.patch("")))
	if id := idInText.FindStringSubmatch(o.Content[0].Text); a.writes() != 1 || id == nil || id[1] == p.ID {
		t.Errorf("%+v, %d writes", o, a.writes())
	}
}

func TestInputRequired(t *testing.T) {
	t.Parallel()
	const meta = `,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",` +
		`"io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},` +
		`"io.modelcontextprotocol/clientCapabilities":{"elicitation":{}}}`
	ask := func(t *testing.T, a *approving) string {
		t.Helper()
		o := outcomeOf(t, a.request("tools/call", a.patch(meta)))
		question := o.InputRequests["approval"]
		if o.ResultType != "input_required" || o.RequestState == "" || question.Method != "elicitation/create" ||
			!strings.Contains(question.Params.Message, `"planted"`) || a.writes() != 0 {
			t.Fatalf("the question: %+v, %d writes", o, a.writes())
		}
		return o.RequestState
	}
	answer := func(a *approving, state, response string) string {
		return a.patch(fmt.Sprintf(`,"requestState":%q,"inputResponses":%s%s`, state, response, meta))
	}
	tests := map[string]struct {
		response string
		writes   int
	}{
		"accept":              {`{"approval":{"action":"accept","content":{}}}`, 1},
		"decline":             {`{"approval":{"action":"decline"}}`, 0},
		"cancel":              {`{"approval":{"action":"cancel"}}`, 0},
		"no answer":           {`{}`, 0},
		"an answer elsewhere": {`{"other":{"action":"accept"}}`, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := connectApproving(t, approval.Elicit, "")
			params := answer(a, ask(t, a), tt.response)
			if o := outcomeOf(t, a.request("tools/call", params)); a.writes() != tt.writes || o.IsError == (tt.writes > 0) {
				t.Errorf("%+v, %d writes", o, a.writes())
			}
			if o := outcomeOf(t, a.request("tools/call", params)); a.writes() != tt.writes || !o.IsError {
				t.Errorf("the answer a second time: %+v, %d writes", o, a.writes())
			}
		})
	}
	// A request that makes something meets no target whose state would stop a second one.
	t.Run("an answer counts once", func(t *testing.T) {
		a := connectApproving(t, approval.Elicit, "")
		create := func(more string) string {
			return fmt.Sprintf(`{"name":"auth0_ok_write","arguments":{"do":"request","method":"POST",`+
				`"path":"/api/v2/clients"}%s}`, more)
		}
		state := outcomeOf(t, a.request("tools/call", create(meta))).RequestState
		params := create(fmt.Sprintf(`,"requestState":%q,"inputResponses":{"approval":{"action":"accept"}}%s`, state, meta))
		for i, isError := range []bool{false, true} {
			if o := outcomeOf(t, a.request("tools/call", params)); o.IsError != isError || a.writes() != 1 {
				t.Errorf("answer %d: %+v, %d writes", i+1, o, a.writes())
			}
		}
	})
	t.Run("forged", func(t *testing.T) {
		a := connectApproving(t, approval.Elicit, "")
		state := ask(t, a)
		for name, params := range map[string]string{
			"a state that was never given": answer(a, "guess", `{"approval":{"action":"accept"}}`),
			"no state":                     answer(a, "", `{"approval":{"action":"accept"}}`),
			"other arguments": strings.Replace(answer(a, state, `{"approval":{"action":"accept"}}`), a.target,
				a.target+"x", 1),
		} {
			if o := outcomeOf(t, a.request("tools/call", params)); !o.IsError || a.writes() != 0 {
				t.Errorf("%s: %+v, %d writes", name, o, a.writes())
			}
		}
	})
	t.Run("a client that cannot ask", func(t *testing.T) {
		a := connectApproving(t, approval.Elicit, "")
		o := outcomeOf(t, a.request("tools/call", a.patch(strings.Replace(meta, `{"elicitation":{}}`, `{}`, 1))))
		if o.Meta.Error != "approval_required" || a.writes() != 0 {
			t.Errorf("%+v, %d writes", o, a.writes())
		}
	})
}

// What a dialog would cut off, it must not decide about.
func TestTooLargeForADialog(t *testing.T) {
	t.Parallel()
	a := connectApproving(t, approval.Elicit, `{"elicitation":{}}`)
	o := outcomeOf(t, a.request("tools/call",
		fmt.Sprintf(`{"name":"auth0_ok_write","arguments":{"do":"request","method":"POST","path":"/api/v2/clients",`+
			`"file":%q}}`, strings.Repeat("x", 5000))))
	if o.Meta.Error != "approval_required" || !strings.Contains(o.Content[0].Text, "cannot be shown whole") ||
		a.writes() != 0 {
		t.Errorf("%+v, %d writes", o, a.writes())
	}
}

// While people think, tools run.
func TestOpenQuestionsHoldUpNothing(t *testing.T) {
	t.Parallel()
	a := connectApproving(t, approval.Elicit, `{"elicitation":{}}`)
	var ids []string
	for i := range stdio.DefaultWrites { // a call that held its place would leave none
		a.send(fmt.Sprintf(`{"jsonrpc":"2.0","id":"q%d","method":"tools/call","params":%s}`, i, a.patch("")))
		id, _ := a.asked(t)
		ids = append(ids, id)
	}
	if text, isError := a.call("ok", fakeplugin.Read, `{}`); isError {
		t.Errorf("a reading call: %s", text)
	}
	if text, isError := a.call("ok", fakeplugin.Write, `{}`); isError {
		t.Errorf("a writing call: %s", text)
	}
	for i, id := range ids {
		a.send(`{"jsonrpc":"2.0","id":` + id + `,"result":{"action":"decline"}}`)
		if o := outcomeOf(t, a.wait(fmt.Sprintf(`"q%d"`, i))); !o.IsError {
			t.Errorf("%+v", o)
		}
	}
	if n := a.writes(); n != 0 {
		t.Errorf("%d writes", n)
	}
}

// The end of input is not consent.
func TestEndOfInputWhileAsking(t *testing.T) {
	t.Parallel()
	a := connectApproving(t, approval.Elicit, `{"elicitation":{}}`)
	a.send(`{"jsonrpc":"2.0","id":"w","method":"tools/call","params":` + a.patch("") + `}`)
	a.asked(t)
	if err := a.in.Close(); err != nil {
		t.Fatal(err)
	}
	r := a.wait(`"w"`)
	if o := outcomeOf(t, r); !o.IsError || a.writes() != 0 {
		t.Errorf("%+v, %d writes", o, a.writes())
	}
}

func TestReportOfChanges(t *testing.T) {
	t.Parallel()
	a := connectApproving(t, approval.None, `{}`)
	o := outcomeOf(t, a.request("tools/call", a.patch("")))
	if o.IsError || len(o.Content) != 2 || !strings.Contains(o.Content[1].Text, `"request":"PATCH `+a.target+`"`) {
		t.Errorf("%+v", o)
	}
	// Of what is made the request is told, the answer has the rest; and that nothing was
	// changed is told too.
	for args, want := range map[string]string{
		`{"do":"request","method":"POST","path":"/api/v2/clients"}`: `{"changed":[{"request":"POST /api/v2/clients"}]}`,
		`{"do":"pid"}`: `{"changed":[]}`,
	} {
		o := outcomeOf(t, a.request("tools/call", `{"name":"auth0_ok_write","arguments":`+args+`}`))
		if o.IsError || len(o.Content) != 2 || o.Content[1].Text != want {
			t.Errorf("%s: %+v", args, o)
		}
	}
}
