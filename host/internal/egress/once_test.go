package egress

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/auth0-mcp/auth0-mcp/host/internal/redact"
	"github.com/auth0-mcp/auth0-mcp/host/internal/vault"
)

const ticketPath = "/api/v2/tickets/password-change"

// What Auth0 answers once is hidden and kept for the user; where it cannot be kept, the request is not sent.
func TestAnsweredOnce(t *testing.T) {
	const ticket = "https://t.auth0.example/lo/reset?ticket=abcdefghijkl"
	request := sent{"POST", ticketPath, `{"user_id":"auth0|1"}`}
	d := &double{answer: fmt.Sprintf(`{"ticket":%q}`, ticket)}
	dir := filepath.Join(t.TempDir(), "secrets")
	f := doubled(d, "t.auth0.example", dir)
	c, statuses, _ := f.call(t, Grant{}, request)
	out := c.Close()
	if statuses[0] != http.StatusOK || len(out.Kept) != 1 || out.Kept[0].Err != nil || out.Kept[0].Member != "ticket" {
		t.Fatalf("%v, %+v", statuses, out)
	}
	if got := out.Redact.Text("see " + ticket); got != "see "+out.Kept[0].Marker {
		t.Errorf("hidden as %q", got)
	}
	secret, err := vault.New(dir).Get(redact.Fingerprint(out.Kept[0].Marker))
	if err != nil || secret.Value != ticket || secret.Request != "POST "+ticketPath || secret.Tenant != "t.auth0.example" {
		t.Errorf("kept: %+v, %v", secret, err)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(filepath.Join(dir, file.Name()))
		if err != nil || strings.Contains(string(data), "ticket") {
			t.Errorf("%s holds the secret: %v", file.Name(), err)
		}
	}

	for name, mode := range map[string]Grant{"a call": {}, "a dry run": {DryRun: true}} {
		d := &double{answer: d.answer}
		c, statuses, _ := doubled(d, "t.auth0.example", "").call(t, mode, request)
		var noPlace *NoPlaceError
		if out := c.Close(); statuses[0] != 0 || len(d.arrived()) > 0 || !errors.As(out.Err, &noPlace) {
			t.Errorf("%s without a place: %v, %v, %v", name, statuses, d.arrived(), out.Err)
		}
	}
	// What a read repeats needs no place: the secret of a new application.
	other := &double{answer: `{"client_id":"new","client_secret":"made-by-auth0-1"}`}
	c, statuses, _ = doubled(other, "t.auth0.example", "").call(t, Grant{}, sent{"POST", "/api/v2/clients", `{"name":"n"}`})
	if out := c.Close(); statuses[0] != http.StatusOK || len(out.Kept) > 0 || out.Err != nil {
		t.Errorf("a new application: %v, %+v", statuses, out)
	}
}
