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
	destroys := &catalog.Tool{ToolManifest: pluginv1.ToolManifest{Name: "auth0_save_z", Effect: pluginv1.EffectDestroy,
		Files: []string{"project"}, Secrets: true}}
	outside := &catalog.Tool{ToolManifest: pluginv1.ToolManifest{Name: "notes_delete", Effect: pluginv1.EffectDestroy,
		External: true}}
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
		// An exception lifts nothing that holds for every change of the tenant.
		{approval.Policy{}, "*", saves, approval.None},
		{approval.Policy{Environment: tenant.Production}, "*", saves, approval.Elicit},
		{approval.Policy{Mode: approval.Terminal}, "*", saves, approval.Terminal},
		{approval.Policy{}, "*", destroys, approval.Elicit},
		{approval.Policy{}, "*", outside, approval.None},
		{approval.Policy{}, "", outside, approval.Elicit},
	} {
		r := &Runner{cfg: Config{Approve: tt.policy, ApproveExcept: []string{tt.except}}}
		if got := r.approval(tt.tool); got != tt.want {
			t.Errorf("%s under %+v, except %q: %s, want %s", tt.tool.Name, tt.policy, tt.except, got, tt.want)
		}
	}
}
