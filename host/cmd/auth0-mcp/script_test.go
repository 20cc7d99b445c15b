package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/auth0-mcp/auth0-mcp/host/internal/approval"
	"github.com/auth0-mcp/auth0-mcp/host/internal/auth"
	"github.com/auth0-mcp/auth0-mcp/sandbox"
)

// userScopes are what the user grants to signUserIn.
func userScopes() []string { return []string{"read:clients", "read:logs"} }

// signUserIn PROFILE [STATE] signs a user in to the script's tenant and stores
// profile and session, encrypted with the script's passphrase. The tokens get into
// the script's environment as ACCESS and REFRESH, for canaries. STATE is renewable
// for a session whose token has ended, or expired for one that is without a refresh
// token besides.
func signUserIn(ts *testscript.TestScript, _ bool, args []string) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	name, host := args[0], ts.Getenv("TENANT")
	client := tenantClient(ts)
	profile := auth.Profile{
		Domain: host, Method: auth.Device, AuthDomain: host,
		Scopes: userScopes(), Store: string(auth.StoreFile),
	}
	login, err := auth.OAuth{Transport: client.Transport}.StartDevice(ctx, name, profile)
	ts.Check(err)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, login.VerificationURI,
		strings.NewReader(url.Values{"user_code": {login.UserCode}, "action": {"confirm"}}.Encode()))
	ts.Check(err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := client.Do(request)
	ts.Check(err)
	ts.Check(response.Body.Close())
	if response.StatusCode != http.StatusOK {
		ts.Fatalf("confirming the code: %s", response.Status)
	}
	login.Interval = time.Millisecond
	session, err := login.Poll(ctx)
	ts.Check(err)
	ts.Setenv("ACCESS", session.AccessToken)
	ts.Setenv("REFRESH", session.RefreshToken)
	ts.Setenv("DEVICE_CLIENT", session.ClientID)
	if len(args) > 1 {
		session.ExpiresAt = time.Now().Add(-3 * time.Hour)
		if args[1] == "expired" {
			session.RefreshToken = ""
		}
	}
	folders := auth.Folders{
		Config: filepath.Join(ts.Getenv("XDG_CONFIG_HOME"), "auth0-mcp"),
		Data:   filepath.Join(ts.Getenv("XDG_DATA_HOME"), "auth0-mcp"),
	}
	store, err := auth.OpenStore(auth.StoreFile, auth.StoreOptions{
		SessionsFolder: folders.Sessions(), WorkFactor: testWorkFactor,
		Passphrase: func(context.Context, string, bool) (string, error) { return ts.Getenv("AUTH0_MCP_PASSPHRASE"), nil },
	})
	ts.Check(err)
	ts.Check(store.Put(ctx, session))
	ts.Check(os.MkdirAll(folders.Config, 0o700))
	ts.Check(folders.ConfigFile().Update(ctx, func(c *auth.Config) error {
		if c.Profiles == nil {
			c.Profiles = map[string]auth.Profile{}
		}
		c.Profiles[name] = profile
		if c.DefaultProfile == "" {
			c.DefaultProfile = name
		}
		return nil
	}))
}

// refreshes checks that the tenant takes the refresh token of the last signUserIn,
// or with ! that it does not any more.
func refreshes(ts *testscript.TestScript, neg bool, _ []string) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	host := ts.Getenv("TENANT")
	_, err := auth.OAuth{Transport: tenantClient(ts).Transport}.Renew(ctx, auth.Session{
		Domain: host, AuthDomain: host, Method: auth.Device,
		ClientID: ts.Getenv("DEVICE_CLIENT"), RefreshToken: ts.Getenv("REFRESH"),
	}, auth.CredentialOptions{})
	var refused *auth.OAuthError
	switch {
	case neg && !errors.As(err, &refused):
		ts.Fatalf("the refresh token: %v, want a refusal", err)
	case !neg:
		ts.Check(err)
	}
}

// tenantClient trusts the tenant's own authority.
func tenantClient(ts *testscript.TestScript) *http.Client {
	pem, err := os.ReadFile(ts.Getenv("AUTH0_MCP_CA_FILE"))
	ts.Check(err)
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		ts.Check(fmt.Errorf("no certificate in %s", ts.Getenv("AUTH0_MCP_CA_FILE")))
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots,
		MinVersion: tls.VersionTLS12}}}
}

// waitingApproval VARIABLE takes the id of the one change that waits for approval.
func waitingApproval(ts *testscript.TestScript, _ bool, args []string) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	list, err := approval.Store{Dir: filepath.Join(ts.Getenv("XDG_STATE_HOME"), "auth0-mcp", "approvals")}.List(ctx)
	ts.Check(err)
	if len(list) != 1 {
		ts.Fatalf("%d changes wait", len(list))
	}
	ts.Setenv(args[0], list[0].ID)
}

// stall METHOD [FILE] lets the tenant's next answer to the method wait for a minute. The file is there once the request
// has arrived.
func stall(ts *testscript.TestScript, _ bool, args []string) {
	rule := sandbox.FaultRule{Method: args[0], Latency: time.Minute}
	if len(args) > 1 {
		file := ts.MkAbs(args[1])
		rule.Met = func() { _ = os.WriteFile(file, nil, 0o600) } // what waits for it fails without it
	}
	tenant := ts.Value(scriptTenant{}).(*scriptTenant)
	tenant.ClearFaults() // a command that was interrupted before its request has left one
	tenant.Fail(rule)
}

// outage TIMES lets the tenant answer so many requests with 500.
func outage(ts *testscript.TestScript, _ bool, args []string) {
	times, err := strconv.Atoi(args[0])
	ts.Check(err)
	ts.Value(scriptTenant{}).(*scriptTenant).Fail(sandbox.FaultRule{Status: http.StatusInternalServerError, Times: times})
}

// logEvent NAME is an event in the tenant's log, of a user of that name.
func logEvent(ts *testscript.TestScript, _ bool, args []string) {
	ts.Value(scriptTenant{}).(*scriptTenant).AddLog(map[string]any{"type": "f", "user_name": args[0], "ip": "192.0.2.1",
		"client_name": "Shop", "description": "Wrong password.", "details": map[string]any{"note": "\x1b[2J"}})
}

// reached waits until a file of the script holds a text that another process of the
// script writes.
func reached(ts *testscript.TestScript, _ bool, args []string) {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if data, err := os.ReadFile(ts.MkAbs(args[0])); err == nil && strings.Contains(string(data), args[1]) {
			return
		}
	}
	ts.Fatalf("%s does not hold %q", args[0], args[1])
}

// edit FILE FROM TO replaces a text in a file, where it stands first.
func edit(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	data, err := os.ReadFile(path)
	ts.Check(err)
	changed := strings.Replace(string(data), args[1], args[2], 1)
	if changed == string(data) {
		ts.Fatalf("%s does not hold %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(path, []byte(changed), 0o600))
}

// prepend FILE HEX puts bytes before a file's own.
func prepend(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	mark, err := hex.DecodeString(args[1])
	ts.Check(err)
	data, err := os.ReadFile(path)
	ts.Check(err)
	ts.Check(os.WriteFile(path, append(mark, data...), 0o600))
}
