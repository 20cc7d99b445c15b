package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/sandbox"
)

func sandboxCommand(env Environment) *cobra.Command {
	var listen string
	var switches sandboxSwitches
	var asJSON boolFlag
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Serve the built-in tenant over HTTPS, for tests and demos",
		Long: `Serve the built-in tenant over HTTPS on a local address until interrupted. It prints the
environment with which ` + "`auth0-mcp run`" + ` manages it and ` + "`auth0-mcp init`" + ` signs in to it, one
assignment a line. Its data are invented, its secrets open nothing else.

It can be made to behave as badly as a tenant and a network can, by switches that ` + "`run --sandbox`" + `
and ` + "`call --sandbox`" + ` have too. A fault is

  ` + strings.ReplaceAll(sandbox.FaultGrammar, "\n", "\n  "),
		Example: `  auth0-mcp sandbox --sandbox-rate-limit 10/s --sandbox-latency 100ms
  auth0-mcp call --sandbox --sandbox-fault 'GET /api/v2/clients* status=503 x2' auth0_list_applications
  auth0-mcp call --sandbox --sandbox-fault 'POST * reset-after' auth0_create_application name=Shop app_type=spa`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			listener, err := new(net.ListenConfig).Listen(cmd.Context(), "tcp", listen)
			if err != nil {
				return fmt.Errorf("--listen %s: %w: free the port or pick another, such as 127.0.0.1:0", listen, err)
			}
			return serveSandbox(cmd.Context(), env, listener, switches, asJSON.on)
		},
	}
	switches.add(cmd)
	switches.addCertificate(cmd)
	asJSON.add(cmd, "json", "print the environment for programs: one object")
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:0", "address to listen on")
	return cmd
}

// serveSandbox serves the built-in tenant until the context ends.
func serveSandbox(ctx context.Context, env Environment, listener net.Listener, switches sandboxSwitches,
	asJSON bool) error {
	// The tenant's domain is where it is served, so that audiences and the
	// sign-in page lead back to it.
	tenant, err := switches.tenant(listener.Addr().String())
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	server, err := switches.serve(listener, tenant)
	if err != nil {
		return err
	}
	defer server.Close()
	machine, err := tenant.Credentials("Deploy Pipeline")
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "auth0-mcp-sandbox-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ca := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(ca, server.CAPEM(), 0o600); err != nil {
		return err
	}
	variables := []string{"AUTH0_DOMAIN=" + server.Addr, "AUTH0_MCP_CA_FILE=" + ca,
		"AUTH0_MCP_AUTH_DOMAIN=" + server.Addr, "AUTH0_CLIENT_ID=" + machine.ClientID,
		"AUTH0_CLIENT_SECRET=" + machine.ClientSecret, "AUTH0_TOKEN=" + tenant.Token()}
	if asJSON {
		err = writeJSON(env.Out, assigned(variables))
	} else {
		saySandbox(env, variables)
	}
	if err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// assigned are assignments by the names of their variables.
func assigned(variables []string) map[string]string {
	all := map[string]string{}
	for _, variable := range variables {
		name, value, _ := strings.Cut(variable, "=")
		all[name] = value
	}
	return all
}

// saySandbox prints the environment for the built-in tenant: to a terminal as lines to copy, with what they are for.
func saySandbox(env Environment, variables []string) {
	if !isTerminal(env.Out) {
		say(env.Out, "%s\n", whole(strings.Join(variables, "\n")))
		return
	}
	word := "export "
	if runtime.GOOS == "windows" {
		word = "set "
	}
	sayLine(env.Out, "This is an Auth0 tenant with invented data. It runs here, without an Auth0 account, until Ctrl-C.")
	sayLine(env.Out, "Copy these lines into another terminal, and try `auth0-mcp call auth0_list_applications` there:")
	sayLine(env.Out, "")
	for _, variable := range variables {
		say(env.Out, "%s%s\n", word, whole(variable))
	}
}
