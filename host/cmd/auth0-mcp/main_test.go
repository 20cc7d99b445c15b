package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/auth0-mcp/auth0-mcp/host/internal/fakeplugin"
	"github.com/auth0-mcp/auth0-mcp/sandbox"
)

const (
	// patience is the longest wait for an event. Only a test that fails waits this long.
	patience = 2 * time.Minute
	// testWorkFactor replaces the cost of a passphrase, which takes seconds under the
	// race detector.
	testWorkFactor = 4
)

// The test binary is auth0-mcp, and the programs that drive it.
func TestMain(m *testing.M) {
	testscript.Main(withPrograms{m}, map[string]func(){
		"auth0-mcp":      startPatiently,
		"auth0-mcp-team": startDistribution,
		"screen":         screen,
		"fits":           fits,
	})
}

// withPrograms are the tests, with auth0-mcp-fetch beside auth0-mcp, and the fake plugin.
type withPrograms struct{ *testing.M }

func (m withPrograms) Run() int {
	host, err := exec.LookPath("auth0-mcp")
	if err == nil {
		err = fakeplugin.Build(filepath.Dir(host), "../auth0-mcp-fetch")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "building auth0-mcp-fetch:", err)
		return 1
	}
	return fakeplugin.Run(m.M)
}

// copyPlugin puts the fake plugin into a folder, for a role.
func copyPlugin(dir, role string) error {
	return copyFile(fakeplugin.Program(), filepath.Join(dir, "auth0-mcp-plugin-"+role))
}

// startPatiently gives plugins more time to start than users would, for a busy machine.
func startPatiently() {
	const flag = "--plugin-start-timeout"
	words := append(slices.Clone(os.Args[1:]), "", "")
	starts := slices.Contains([]string{"run", "call", "logs"}, words[0]) ||
		words[0] == "plugin" && slices.Contains([]string{"lint", "conformance", "run-tool"}, words[1])
	if starts && !slices.Contains(os.Args, flag) {
		os.Args = append(os.Args, flag+"="+patience.String())
	}
	start(testWorkFactor)
}

// startDistribution is the build of a team, from the distribution's file in DISTRIBUTION.
func startDistribution() {
	distribution = base64.StdEncoding.EncodeToString([]byte(os.Getenv("DISTRIBUTION")))
	startPatiently()
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata",
		UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			env.Setenv("XDG_CONFIG_HOME", env.WorkDir+"/config")
			env.Setenv("XDG_DATA_HOME", env.WorkDir+"/data")
			env.Setenv("XDG_STATE_HOME", env.WorkDir+"/state")
			env.Setenv("HOME", env.WorkDir+"/home")
			// The race detector waits a second in every process that ends.
			env.Setenv("GORACE", "atexit_sleep_ms=0")
			env.Values[scriptTenant{}] = &scriptTenant{}
			return os.Mkdir(env.WorkDir+"/home", 0o700)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"fakeplugin": makePlugin,
			"tenant":     serveTenant,
			"signuserin": signUserIn,
			"waiting":    waitingApproval,
			"refreshes":  refreshes,
			"stall":      stall,
			"outage":     outage,
			"event":      logEvent,
			"reached":    reached,
			"edit":       edit,
			"prepend":    prepend,
		},
	})
}

// makePlugin DIR ROLE makes a plugin's folder: its binary and its manifest.
func makePlugin(ts *testscript.TestScript, _ bool, args []string) {
	dir, role := ts.MkAbs(args[0]), args[1]
	ts.Check(os.MkdirAll(dir, 0o755))
	ts.Check(copyPlugin(dir, role))
	m := fakeplugin.Manifest(role)
	m.Executable = "auth0-mcp-plugin-" + role
	data, err := m.Encode()
	ts.Check(err)
	ts.Check(os.WriteFile(filepath.Join(dir, "manifest.json"), data, 0o600))
}

// copyFile copies a program. No process is forked meanwhile: it would inherit the open file, which could not be executed
// as long as that process has it.
func copyFile(from, to string) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// scriptTenant is the tenant that serveTenant serves to a script.
type scriptTenant struct{ *sandbox.Tenant }

// serveTenant serves a sandbox over HTTPS and puts what run needs into the
// script's environment.
func serveTenant(ts *testscript.TestScript, _ bool, _ []string) {
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	ts.Check(err)
	tenant := sandbox.New(sandbox.Options{Domain: listener.Addr().String()})
	server, err := sandbox.Serve(listener, tenant)
	ts.Check(err)
	ts.Value(scriptTenant{}).(*scriptTenant).Tenant = tenant
	ts.Defer(func() { _ = server.Close() })
	ca := ts.MkAbs("ca.pem")
	ts.Check(os.WriteFile(ca, server.CAPEM(), 0o600))
	ts.Setenv("AUTH0_DOMAIN", "https://"+server.Addr+"/")
	ts.Setenv("AUTH0_TOKEN", tenant.Token())
	ts.Setenv("AUTH0_MCP_CA_FILE", ca)
	machine, err := tenant.Credentials("Deploy Pipeline")
	ts.Check(err)
	ts.Setenv("TENANT", server.Addr)
	ts.Setenv("CLIENT_ID", machine.ClientID)
	ts.Setenv("AUTH0_CLIENT_SECRET", machine.ClientSecret)
}
