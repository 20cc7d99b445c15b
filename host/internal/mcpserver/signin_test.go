package mcpserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/approval"
	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/auth"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/egress"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/host/internal/toolcall"
	"github.com/auth0-mcp/auth0-mcp/sandbox"
)

// signingIn is a client of a server whose account is a user's who has granted some scopes.
type signingIn struct {
	*client
	store auth.Store
	code  string // of the page that was asked for last
	id    string // of the elicitation
}

const (
	opensPages = `{"elicitation":{"url":{}}}`
	listLogs   = `{"name":"auth0_ok_narrow","arguments":{"do":"api","method":"GET","path":"/api/v2/logs"}`
)

// connectSigningIn has a session with the granted scopes; "": none. The handshake has been made unless the version is
// empty.
func connectSigningIn(t *testing.T, granted, version, capabilities string, configure ...func(*Config)) *signingIn {
	t.Helper()
	s := &signingIn{}
	s.client = dial(t, catalog.Filter{}, func(*Config) {}, "ok") // its tenant is the account's
	tenant := s.tenant
	tenant.SetSignIn(sandbox.SignIn{PollInterval: time.Millisecond})
	dir := t.TempDir()
	store, err := auth.OpenStore(auth.StoreFile, auth.StoreOptions{SessionsFolder: filepath.Join(dir, "sessions"),
		Passphrase: func(context.Context, string, bool) (string, error) { return "passphrase", nil }, WorkFactor: 1})
	if err != nil {
		t.Fatal(err)
	}
	s.store = store
	profile := auth.Profile{Domain: tenant.Domain(), Method: auth.Device, Scopes: strings.Fields(granted), Store: "file"}
	a := &account.Accounts{Folders: auth.Folders{Config: dir, Data: dir}, Transport: tenant.Transport(),
		OAuth: auth.OAuth{Transport: tenant.Transport()}}
	err = a.Folders.ConfigFile().Update(t.Context(), func(c *auth.Config) error {
		c.Profiles["p"] = profile
		return nil
	})
	if granted != "" {
		err = errors.Join(err, store.Put(t.Context(), auth.Session{Profile: "p", Domain: tenant.Domain(),
			Method: auth.Device, AccessToken: tenant.Token(strings.Fields(granted)...), Scope: granted}))
	}
	if err != nil {
		t.Fatal(err)
	}
	s.serveAs(t, a, &account.Account{Name: "p", Profile: profile, Store: store}, configure)
	if version != "" {
		s.request("initialize", fmt.Sprintf(
			`{"protocolVersion":%q,"capabilities":%s,"clientInfo":{"name":"t","version":"1"}}`, version, capabilities))
	}
	return s
}

// serveAs replaces the server by one that gets its tokens from an account.
func (s *signingIn) serveAs(t *testing.T, a *account.Accounts, acc *account.Account,
	configure []func(*Config)) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	source, err := a.Deferred(t.Context(), acc, log)
	if err != nil {
		t.Fatal(err)
	}
	old := s.tenant
	s.client = dial(t, catalog.Filter{}, func(cfg *Config) {
		cfg.Calls.Domain = old.Domain()
		cfg.Calls.Approvals = approval.Store{Dir: filepath.Join(t.TempDir(), "approvals"),
			Key: func() []byte { return []byte("key") }}
		cfg.Calls.Gate = egress.New(egress.Config{Domain: old.Domain(), Transport: old.Transport(),
			Current: source.Current, Refused: source.Refused, MoreScopes: "sign in in a terminal"})
		cfg.Calls.SignIn = func(ctx context.Context, cause error, scopes []string) (*toolcall.SignIn, error) {
			begun, err := a.BeginConsent(ctx, acc, cause, scopes, source.Reread)
			if err != nil {
				return nil, err
			}
			return &toolcall.SignIn{URL: begun.Page(), Code: begun.UserCode, Scopes: begun.Scopes,
				Expires: begun.ExpiresAt, Finish: begun.Finish}, nil
		}
		for _, also := range configure {
			also(cfg)
		}
	}, "ok")
	s.tenant = old
}

// page waits until the server asks to open a page.
func (s *signingIn) page(t *testing.T) (question string) {
	t.Helper()
	if question = s.pageOr(t, "none"); question == "" {
		t.Fatal("no page was asked for")
	}
	return question
}

// pageOr is page, or "" if the reply to a request comes before.
func (s *signingIn) pageOr(t *testing.T, id string) (question string) {
	t.Helper()
	for s.lines.Scan() {
		var r struct {
			ID     json.RawMessage
			Method string
			Params struct{ Mode, Message, URL, ElicitationID string }
		}
		if json.Unmarshal(s.lines.Bytes(), &r) != nil || r.Method != "elicitation/create" {
			s.other = append(s.other, s.lines.Text())
			if string(r.ID) == id {
				return ""
			}
			continue
		}
		if r.Params.Mode != "url" || r.Params.ElicitationID == "" {
			t.Errorf("the question: %+v", r.Params)
		}
		s.read(t, r.Params.URL, r.Params.Message)
		s.id = r.Params.ElicitationID
		return string(r.ID)
	}
	return ""
}

// read takes the code of a page, which the text must have, too. The text has no address.
func (s *signingIn) read(t *testing.T, url, text string) {
	t.Helper()
	page, code, _ := strings.Cut(url, "?user_code=")
	if page != "https://"+s.tenant.Domain()+"/activate" || !strings.Contains(text, code) ||
		strings.Contains(text, "http") {
		t.Errorf("page %s, text %s", url, text)
	}
	s.code = code
}

func (s *signingIn) answer(question, action string) {
	s.send(`{"jsonrpc":"2.0","id":` + question + `,"result":{"action":"` + action + `"}}`)
}

func (s *signingIn) granted(t *testing.T) []string {
	t.Helper()
	session, err := s.store.Get(t.Context(), "p")
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(session.Scopes(), func(scope string) bool { return scope == "offline_access" })
}

// A call without a session, or whose token lacks a scope of its tool, waits for the user's consent, and goes on.
func TestSignInDuringACall(t *testing.T) {
	t.Parallel()
	for granted, after := range map[string][]string{
		"":             {"read:logs"},
		"read:clients": {"read:clients", "read:logs"},
	} {
		s := connectSigningIn(t, granted, "2025-11-25", opensPages)
		s.send(`{"jsonrpc":"2.0","id":"c","method":"tools/call","params":` + listLogs + `,"_meta":{"progressToken":1}}}`)
		question := s.page(t)
		s.answer(question, "accept")
		if err := s.tenant.Approve(s.code); err != nil {
			t.Fatal(err)
		}
		text, isError := resultText(t, s.wait(`"c"`))
		if isError || text != `"done"` {
			t.Errorf("%q: %s", granted, text)
		}
		if got := s.granted(t); !slices.Equal(got, after) {
			t.Errorf("%q: granted %v", granted, got)
		}
		others := strings.Join(s.other, "\n")
		if !strings.Contains(others, "waiting for the user to sign in") ||
			!strings.Contains(others, `"notifications/elicitation/complete","params":{"elicitationId":"`+s.id+`"}`) {
			t.Errorf("%q: no progress, or no word that the page is done with: %s", granted, others)
		}
		if text, isError := resultText(t, s.request("tools/call", listLogs+`}`)); isError {
			t.Errorf("%q: the next call: %s", granted, text)
		}
	}
}

// Without consent the call fails as it does without a client that opens pages, nothing is stored, and the next call
// does not ask again.
func TestSignInWithoutConsent(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		action   string
		decide   func(*signingIn) error
		lifetime time.Duration
		says     string
	}{
		"declined in the client": {"decline", nil, 0, "declined"},
		"dismissed":              {"cancel", nil, 0, "declined"},
		"refused in the browser": {"accept", func(s *signingIn) error { return s.tenant.Deny(s.code) }, 0,
			"refused in the browser"},
		"not confirmed in time":    {"accept", nil, time.Second, "confirmed"},
		"answered with an unheard": {"ACCEPT", nil, 0, "declined"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := connectSigningIn(t, "read:clients", "2025-11-25", opensPages)
			if tt.lifetime != 0 {
				s.tenant.SetSignIn(sandbox.SignIn{PollInterval: time.Millisecond, CodeLifetime: tt.lifetime})
			}
			s.send(`{"jsonrpc":"2.0","id":"c","method":"tools/call","params":` + listLogs + `}}`)
			s.answer(s.page(t), tt.action)
			if tt.decide != nil {
				if err := tt.decide(s); err != nil {
					t.Fatal(err)
				}
			}
			text, isError := resultText(t, s.wait(`"c"`))
			if !isError || !strings.Contains(text, tt.says) || !strings.Contains(text, "read:logs") ||
				!strings.Contains(text, "sign in in a terminal") || strings.Contains(text, s.code) {
				t.Errorf("answered %s", text)
			}
			if got := s.granted(t); !slices.Equal(got, []string{"read:clients"}) {
				t.Errorf("granted %v", got)
			}
			if tt.says != "declined" {
				return
			}
			text, isError = resultText(t, s.request("tools/call", listLogs+`}`))
			if !isError || !strings.Contains(text, "declined") {
				t.Errorf("the next call: %s", text)
			}
		})
	}
}

// A call that is cancelled while its user signs in is not answered, and asks no more.
func TestSignInCancelled(t *testing.T) {
	t.Parallel()
	s := connectSigningIn(t, "read:clients", "2025-11-25", opensPages)
	s.send(`{"jsonrpc":"2.0","id":"c","method":"tools/call","params":` + listLogs + `}}`)
	s.answer(s.page(t), "accept")
	s.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"c"}}`)
	for question := ""; question == ""; { // its place is free in a moment
		s.send(`{"jsonrpc":"2.0","id":"d","method":"tools/call","params":` + listLogs + `}}`)
		question = s.pageOr(t, `"d"`)
	}
	if slices.ContainsFunc(s.other, func(line string) bool { return strings.Contains(line, `"id":"c"`) }) {
		t.Errorf("the cancelled call was answered: %v", s.other)
	}
	if got := s.granted(t); !slices.Equal(got, []string{"read:clients"}) {
		t.Errorf("granted %v", got)
	}
}

// Clients that do not open pages, or whose protocol version has none, get the error as before.
func TestSignInOfOtherClients(t *testing.T) {
	t.Parallel()
	for _, client := range []struct{ version, capabilities string }{
		{"2025-11-25", `{}`}, {"2025-11-25", `{"elicitation":{}}`}, {"2025-11-25", `{"elicitation":{"form":{}}}`},
		{"2025-06-18", opensPages},
	} {
		s := connectSigningIn(t, "read:clients", client.version, client.capabilities)
		text, isError := resultText(t, s.request("tools/call", listLogs+`}`))
		if !isError || !strings.HasSuffix(text, "To get it, sign in in a terminal") {
			t.Errorf("%v: %s", client, text)
		}
	}
}

// A scope that the tool does not declare is not asked for, whatever its plugin sends.
func TestSignInForDeclaredScopesOnly(t *testing.T) {
	t.Parallel()
	s := connectSigningIn(t, "read:clients", "2025-11-25", opensPages)
	text, isError := resultText(t, s.request("tools/call",
		`{"name":"auth0_ok_read","arguments":{"do":"api","method":"GET","path":"/api/v2/logs"}}`))
	if !isError || !strings.Contains(text, "read:logs") {
		t.Errorf("answered %s", text)
	}
}

// With protocol version 2026-07-28 the client asks between two calls.
func TestSignInBetweenTwoCalls(t *testing.T) {
	t.Parallel()
	s := connectSigningIn(t, "read:clients", "", "")
	const meta = `,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",` +
		`"io.modelcontextprotocol/clientCapabilities":` + opensPages + `}`
	ask := func() string {
		var asked struct {
			ResultType, RequestState string
			InputRequests            map[string]struct {
				Method string
				Params struct{ Mode, Message, URL string }
			}
		}
		if err := json.Unmarshal(s.request("tools/call", listLogs+meta+`}`).Result, &asked); err != nil {
			t.Fatal(err)
		}
		page := asked.InputRequests["sign_in"]
		if asked.ResultType != "input_required" || page.Method != "elicitation/create" || page.Params.Mode != "url" {
			t.Fatalf("answered %+v", asked)
		}
		s.read(t, page.Params.URL, page.Params.Message)
		return asked.RequestState
	}
	answer := func(state, action string) (string, bool) {
		return resultText(t, s.request("tools/call",
			listLogs+meta+`,"requestState":"`+state+`","inputResponses":{"sign_in":{"action":"`+action+`"}}}`))
	}
	state := ask()
	if text, isError := answer("another", "accept"); !isError || !strings.Contains(text, "has ended") {
		t.Errorf("another state: %s", text)
	}
	if err := s.tenant.Approve(s.code); err != nil {
		t.Fatal(err)
	}
	if text, isError := answer(state, "accept"); isError || text != `"done"` {
		t.Errorf("after consent: %s", text)
	}
	if text, isError := answer(state, "accept"); !isError || !strings.Contains(text, "has ended") {
		t.Errorf("the same answer again: %s", text)
	}
	if got := s.granted(t); !slices.Equal(got, []string{"read:clients", "read:logs"}) {
		t.Errorf("granted %v", got)
	}
}

// A sign-in is no approval: the change that lacked a scope is asked about again.
func TestSignInApprovesNothing(t *testing.T) {
	t.Parallel()
	s := connectSigningIn(t, "read:clients", "2025-11-25", `{"elicitation":{"url":{},"form":{}}}`,
		func(cfg *Config) { cfg.Calls.Approve = approval.Policy{Mode: approval.Elicit} })
	credentials, err := s.tenant.Credentials("Deploy Pipeline")
	if err != nil {
		t.Fatal(err)
	}
	a := &approving{client: s.client, target: "/api/v2/clients/" + credentials.ClientID}
	patch := strings.Replace(a.patch(""), `"request"`, `"api"`, 1) // a refusal fails the call
	s.send(`{"jsonrpc":"2.0","id":"w","method":"tools/call","params":` + patch + `}`)
	question, _ := a.asked(t)
	s.answer(question, "accept")
	s.answer(s.page(t), "accept")
	if err := s.tenant.Approve(s.code); err != nil {
		t.Fatal(err)
	}
	question, _ = a.asked(t)
	s.answer(question, "decline")
	if text, isError := resultText(t, s.wait(`"w"`)); !isError || !strings.Contains(text, "declined") {
		t.Errorf("answered %s", text)
	}
	for _, r := range s.tenant.Requests() {
		if r.Method == http.MethodPatch && r.Processed == http.StatusOK {
			t.Error("the change was made")
		}
	}
	if got := s.granted(t); !slices.Equal(got, []string{"read:clients", "update:clients"}) {
		t.Errorf("granted %v", got)
	}
}

// Each sign-in has a record of who was asked for which scopes, and how it ended; it holds no token and no code.
func TestSignInIsRecorded(t *testing.T) {
	t.Parallel()
	for action, want := range map[string]string{
		"accept":  "approved sign_in:browser ok",
		"decline": "declined sign_in:browser refused",
	} {
		folder := filepath.Join(t.TempDir(), "audit")
		s := connectSigningIn(t, "read:clients", "2025-11-25", opensPages, func(cfg *Config) {
			cfg.Calls.Audit = audit.New(audit.Config{Folder: folder, Mode: audit.On, Profile: "p", Tenant: cfg.Calls.Domain,
				Redact: cfg.Calls.Gate.Text, RedactJSON: new(redact.Redactor).JSON})
		})
		s.send(`{"jsonrpc":"2.0","id":"c","method":"tools/call","params":` + listLogs + `}}`)
		s.answer(s.page(t), action)
		if action == "accept" {
			if err := s.tenant.Approve(s.code); err != nil {
				t.Fatal(err)
			}
		}
		s.wait(`"c"`)
		var got []audit.Record
		for _, r := range recorded(t, folder) {
			if r.Kind == audit.KindSignIn {
				got = append(got, r)
			}
		}
		if len(got) != 1 {
			t.Fatalf("%s: %d records of a sign-in", action, len(got))
		}
		r := got[0]
		if told := fmt.Sprint(r.Verdict, " ", r.Rule, " ", r.Outcome); told != want || r.Chain != "" || r.Client != "t" ||
			r.Profile != "p" || r.Tool != "auth0_ok_narrow" || !slices.Contains(r.Scopes, "read:logs") {
			t.Errorf("%s: %+v", action, r)
		}
		if line, err := json.Marshal(r); err != nil || strings.Contains(string(line), s.code) {
			t.Errorf("%s: %s, %v", action, line, err)
		}
	}
}
