package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/comparison"
	"github.com/auth0-mcp/auth0-mcp/host/internal/egress"
	"github.com/auth0-mcp/auth0-mcp/host/internal/toolcall"
)

// comparedProfile is the profile that a tool may compare the tenant with, and what names it; "" for none.
func (f runFlags) comparedProfile() (source, profile string) {
	if profile = strings.TrimSpace(f.compareWith); profile != "" {
		return "--compare-with", profile
	}
	return "AUTH0_MCP_COMPARE_WITH", account.Variable("AUTH0_MCP_COMPARE_WITH")
}

// hostTools are the tools that the host carries out itself.
func (f runFlags) hostTools() []*catalog.Tool {
	if _, profile := f.comparedProfile(); profile == "" {
		return nil
	}
	return []*catalog.Tool{catalog.NewHostTool(comparison.Tool())}
}

// compared is the tenant that t may be compared with; nil for none. shared has what both gates have. Its session is
// opened by the first comparison.
func (f runFlags) compared(ctx context.Context, env Environment, t *connection, shared egress.Config,
	record audit.Config, log *slog.Logger) (*toolcall.Compared, error) {
	source, name := f.comparedProfile()
	if name == "" {
		return nil, nil //nolint:nilnil // nothing is compared
	}
	accounts := t.accounts
	if accounts == nil {
		var err error
		if accounts, err = openAccounts(env, f.account); err != nil {
			return nil, err
		}
	}
	// The flags and variables that choose the server's own session do not choose this one.
	own := *accounts
	own.Profile, own.Store, own.Token, own.Domain = name, "", "", ""
	name, profile, err := own.Config.Select(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", source, err)
	}
	acc, err := own.Open(name, profile)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", source, err)
	}
	other, err := connect(ctx, &own, acc, log)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", source, err)
	case other.domain == t.domain:
		return nil, fmt.Errorf("%s: the profile %s is for %s, the tenant of this server: name one of another tenant", source,
			name, other.domain)
	}
	wait := t.wait
	t.wait = func(ctx context.Context) error { return errors.Join(wait(ctx), other.wait(ctx)) }
	shared.Domain, shared.Current, shared.Refused, shared.Transport = other.domain, other.current, other.refused,
		other.transport
	shared.Prepare, shared.SignIn, shared.MoreScopes = other.prepare, other.signIn, other.moreScopes
	shared.ReadOnly, shared.Files = true, nil
	return &toolcall.Compared{Profile: name, Domain: other.domain, Gate: egress.New(shared),
		Audit: openAudit(record, other, shared.Redact, log)}, nil
}
