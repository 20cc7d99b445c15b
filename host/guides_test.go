package host_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
)

// The code of a quickstart guide reaches the assistant whole: the host takes no part of it for a secret.
func TestGuidesHoldNothingThatIsHidden(t *testing.T) {
	guides, err := filepath.Glob("../plugins/onboarding/guides/*.md")
	if err != nil || len(guides) < 16 {
		t.Fatalf("%d guides, %v", len(guides), err)
	}
	for _, path := range guides {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := json.Marshal(map[string]string{"guide": string(text)})
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range redact.Secrets(nil, answer) {
			t.Errorf("%s: %q would be hidden", path, secret.Value)
		}
	}
}
