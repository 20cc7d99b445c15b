package auth

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
)

// Granted is what is known of a session's scopes without opening its store. It holds no secret, and decides only which
// tools are shown.
type Granted struct {
	Domain string `json:"domain"`
	// Stamp is that of the store when it held the session: another one means that these scopes are of an older session.
	Stamp  string   `json:"stamp"`
	Scopes []string `json:"scopes"`
}

// maxGrantedBytes is what a file of granted scopes may have. All scopes of Auth0 take a tenth of it.
const maxGrantedBytes = 64 << 10

func grantedPath(folder, profile string) string { return filepath.Join(folder, profile+".json") }

// WriteGranted records the scopes of a profile's session in a folder, in place of what is there.
func WriteGranted(folder, profile string, g Granted) error {
	if err := CheckProfileName(profile); err != nil {
		return err
	}
	data, err := json.Marshal(g)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	return atomicfile.Replace(grantedPath(folder, profile), append(data, '\n'), nil)
}

// RemoveGranted forgets what was recorded for a profile. That there is nothing is no error.
func RemoveGranted(folder, profile string) error {
	if err := CheckProfileName(profile); err != nil {
		return err
	}
	if err := os.Remove(grantedPath(folder, profile)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// ReadGranted returns what was recorded for a profile. ok is false if there is nothing, or nothing that makes sense.
func ReadGranted(folder, profile string) (g Granted, ok bool) {
	if CheckProfileName(profile) != nil {
		return g, false
	}
	data, err := readBounded(grantedPath(folder, profile), maxGrantedBytes)
	if err != nil || json.Unmarshal(data, &g) != nil {
		return Granted{}, false
	}
	return g, true
}
