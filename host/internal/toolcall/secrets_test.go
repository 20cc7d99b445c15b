package toolcall

import (
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/approval"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/tenant"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// A tool that has secrets put into files asks in every call, also where other writes need no approval.
func TestToolsThatSaveSecretsNeedApproval(t *testing.T) {
	saves := &catalog.Tool{ToolManifest: pluginv1.ToolManifest{Name: "auth0_save_x", Effect: pluginv1.EffectWrite,
		Files: []string{"project"}, Secrets: true}}
	writes := &catalog.Tool{ToolManifest: pluginv1.ToolManifest{Name: "auth0_save_y", Effect: pluginv1.EffectWrite}}
	for _, tt := range []struct {
		policy approval.Policy
		except string
		tool   *catalog.Tool
		want   approval.Mode
	}{
		{approval.Policy{Mode: approval.None}, "", saves, approval.Elicit},
		{approval.Policy{Environment: tenant.Development}, "", saves, approval.Elicit},
		{approval.Policy{Mode: approval.Terminal}, "", saves, approval.Terminal},
		{approval.Policy{Mode: approval.None}, "auth0_save_*", saves, approval.None},
		{approval.Policy{Mode: approval.None}, "auth0_other", saves, approval.Elicit},
		{approval.Policy{Mode: approval.None}, "", writes, approval.None},
		{approval.Policy{Mode: approval.Elicit}, "auth0_save_*", writes, approval.Elicit},
	} {
		r := &Runner{cfg: Config{Approve: tt.policy, ApproveExcept: []string{tt.except}}}
		if got := r.approval(tt.tool); got != tt.want {
			t.Errorf("%s under %+v, except %q: %s, want %s", tt.tool.Name, tt.policy, tt.except, got, tt.want)
		}
	}
}
