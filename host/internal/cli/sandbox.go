package cli

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/sandbox"
)

func sandboxCommand(env Environment) *cobra.Command {
	var listen string
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Serve the built-in tenant over HTTPS, for tests and demos",
		Long: `Serve the built-in tenant over HTTPS on a local address until interrupted. It prints the
environment with which «auth0-mcp run» manages it, one assignment a line. Its data are
invented, its token opens nothing else.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			tenant := sandbox.New(sandbox.Options{})
			server, err := sandbox.Listen(listen, tenant)
			if err != nil {
				return err
			}
			defer server.Close()
			dir, err := os.MkdirTemp("", "auth0-mcp-sandbox-")
			if err != nil {
				return err
			}
			defer os.RemoveAll(dir)
			ca := filepath.Join(dir, "ca.pem")
			if err := os.WriteFile(ca, server.CAPEM(), 0o600); err != nil {
				return err
			}
			fmt.Fprintf(env.Out, "AUTH0_DOMAIN=%s\nAUTH0_TOKEN=%s\nAUTH0_MCP_CA_FILE=%s\n", server.Addr, tenant.Token(), ca)
			<-cmd.Context().Done()
			return nil
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:0", "address to listen on")
	return cmd
}
