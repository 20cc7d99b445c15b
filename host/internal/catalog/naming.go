package catalog

import (
	"errors"
	"fmt"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

// ParseManifest reads a manifest that is in no folder yet and checks it in full, as [ReadPlugin] does with a file.
func ParseManifest(data []byte) (pluginv1.Manifest, error) {
	if len(data) > maxManifestBytes {
		return pluginv1.Manifest{}, fmt.Errorf("manifest: more than %d bytes", maxManifestBytes)
	}
	m, err := parseManifest(data)
	if err != nil {
		return pluginv1.Manifest{}, err
	}
	if _, err := decodeSchemas(data, m); err != nil {
		return pluginv1.Manifest{}, err
	}
	if m.Executable == "" {
		return pluginv1.Manifest{}, errors.New(`manifest: "executable" is missing`)
	}
	return m, ValidateManifest(m)
}

// CheckNaming refuses a plugin's name and version that no manifest could have.
func CheckNaming(name, version string) error {
	switch {
	case name == HostPlugin:
		return fmt.Errorf("name %s: it stands for auth0-mcp itself", jsondoc.Quote(name))
	case !isPluginName(name):
		return fmt.Errorf("name %s: want a lower-case letter, then lower-case letters, digits and dashes, 31 characters at "+
			"most", jsondoc.Quote(name))
	case !isSemver(version):
		return fmt.Errorf("version %s: want a semantic version such as 1.2.3", jsondoc.Quote(version))
	}
	return nil
}
