package cli

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/approval"
	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
)

// auditFlags say whether calls are recorded, what of their arguments, and for how long.
type auditFlags struct{ mode, arguments, keep string }

// shortestKeep is the shortest time that records can be kept.
const shortestKeep = 24 * time.Hour

func (f *auditFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.mode, "audit", string(audit.On),
		"the audit log: on (a write that cannot be recorded is not sent), best-effort or off (AUTH0_MCP_AUDIT)")
	cmd.Flags().StringVar(&f.arguments, "audit-arguments", string(audit.ArgumentIDs),
		"which arguments of calls to record: ids (those that name things), redacted (all, without secrets) or none "+
			"(AUTH0_MCP_AUDIT_ARGUMENTS)")
	cmd.Flags().StringVar(&f.keep, "audit-keep", defaultKeep,
		"how long to keep records, such as 30d (AUTH0_MCP_AUDIT_KEEP)")
}

const defaultKeep = "30d"

// config is what flags and environment say; a flag overrides the environment.
func (f *auditFlags) config(cmd *cobra.Command) (audit.Config, error) {
	value := func(flag, typed, variable, byDefault string) (value, source string) {
		set := cmd.Flags().Changed(flag) && strings.TrimSpace(typed) != ""
		if v := account.Variable(variable); v != "" && !set {
			return v, variable
		}
		if set {
			return typed, "--" + flag
		}
		return byDefault, "--" + flag
	}
	given, source := value("audit", f.mode, "AUTH0_MCP_AUDIT", string(audit.On))
	mode, err := audit.ParseMode(given)
	if err != nil {
		return audit.Config{}, fmt.Errorf("%s %w", source, err)
	}
	given, source = value("audit-arguments", f.arguments, "AUTH0_MCP_AUDIT_ARGUMENTS", string(audit.ArgumentIDs))
	view, err := audit.ParseArgumentsView(given)
	if err != nil {
		return audit.Config{}, fmt.Errorf("%s %w", source, err)
	}
	given, source = value("audit-keep", f.keep, "AUTH0_MCP_AUDIT_KEEP", defaultKeep)
	keep, ok := duration(given)
	if !ok || keep < shortestKeep {
		return audit.Config{}, fmt.Errorf("%s %q: want a time of at least a day, such as 30d or 720h", source, given)
	}
	return audit.Config{Folder: auditFolder(), Mode: mode, Arguments: view, Keep: keep}, nil
}

// openAudit is the log of a server for one tenant.
func openAudit(cfg audit.Config, t connection, secrets *redact.Redactor, log *slog.Logger) *audit.Log {
	cfg.Profile, cfg.Tenant, cfg.Redact, cfg.RedactJSON, cfg.Log = t.profile, t.domain, secrets.Text, secrets.JSON, log
	cfg.Delay = audit.DefaultDelay
	return audit.New(cfg)
}

// auditFolder is where the audit log is; "" if there is no home folder.
func auditFolder() string {
	state, err := atomicfile.StateFolder()
	if err != nil {
		return ""
	}
	return filepath.Join(state, "audit")
}

// recordApproval records what a user decided about a proposal.
func recordApproval(cmd *cobra.Command, env Environment, p approval.Proposal, approved bool) error {
	log, err := (&logFlags{level: "warn", format: "text"}).logger(env.Err)
	if err != nil {
		return err
	}
	f := auditFlags{string(audit.On), string(audit.ArgumentIDs), defaultKeep}
	cfg, err := f.config(cmd)
	if err != nil {
		return err
	}
	cfg.Profile, cfg.Tenant, cfg.Redact, cfg.Log = p.Profile, p.Tenant, new(redact.Redactor).Text, log
	verdict := audit.VerdictDeclined
	if approved {
		verdict = audit.VerdictApproved
	}
	audit.New(cfg).Approval(audit.Subject{Client: "auth0-mcp approve", ClientVersion: env.Version, Tool: p.Tool},
		audit.Decision{Verdict: verdict, Rule: "approval:terminal", Approval: p.ID})
	return nil
}

// auditReport is the part of `auth0-mcp session` that describes the audit log.
type auditReport struct {
	Path     string `json:"path"`
	Writable bool   `json:"writable"`
	// Problem is why it is not.
	Problem string `json:"problem,omitempty"`
}

func reportAudit() auditReport {
	state, err := audit.Look(auditFolder())
	r := auditReport{Path: state.Path, Writable: err == nil}
	if err != nil {
		r.Problem = err.Error()
	}
	return r
}

func (r auditReport) words() string {
	if r.Writable {
		return "audit log: " + r.Path
	}
	return fmt.Sprintf(
		"audit log: %s can't be written (%s). Run auth0-mcp doctor to see how to fix it",
		r.Path,
		r.Problem,
	)
}
