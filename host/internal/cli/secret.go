package cli

import (
	"path/filepath"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
	"github.com/auth0-mcp/auth0-mcp/host/internal/vault"
)

// secretVault is the vault of this user. It touches no file before it is used.
func secretVault() *vault.Vault {
	state, err := atomicfile.StateFolder()
	if err != nil {
		return vault.New("") // its key is the process's
	}
	return vault.New(filepath.Join(state, "secrets"))
}
