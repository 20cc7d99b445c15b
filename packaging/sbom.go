package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// ours begins the path of each of our modules.
const ours = "github.com/auth0-mcp/auth0-mcp/"

// writeSBOM has syft list the Go modules that the binaries of an archive name, and the digests of the binaries. The
// same archive gives the same document: the random number and the time, both optional in CycloneDX, are taken out of
// it. Our modules are built from the work tree, so that the binaries do not know their version; it is put in.
// https://cyclonedx.org/docs/1.7/json/
func writeSBOM(name, version, archive, document string) error {
	home, err := os.MkdirTemp("", "sbom")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(home) }()
	args := []string{"scan", "file:" + archive, "--quiet", "--output", "cyclonedx-json", "--source-name", name,
		"--source-version", version}
	syft := exec.CommandContext(context.Background(), "syft", args...) //nolint:gosec // what .goreleaser.yaml says
	// Nobody's configuration changes the document, and syft does not ask whether there is a newer syft.
	syft.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + home,
		"SYFT_CHECK_FOR_APP_UPDATE=false"}
	syft.Stderr = os.Stderr
	text, err := syft.Output()
	if err != nil {
		return fmt.Errorf("syft scan %s: %w", archive, err)
	}
	var bom map[string]any
	if err := json.Unmarshal(text, &bom); err != nil {
		return fmt.Errorf("syft's document of %s: %w", archive, err)
	}
	settle(bom, version)
	if text, err = json.MarshalIndent(bom, "", " "); err != nil {
		return err
	}
	return os.WriteFile(document, append(text, '\n'), 0o644) //nolint:gosec // a release is public
}

// settle takes out of a CycloneDX document what differs from run to run, and gives our modules their version.
func settle(bom map[string]any, version string) {
	delete(bom, "serialNumber")
	if metadata, ok := bom["metadata"].(map[string]any); ok {
		delete(metadata, "timestamp")
	}
	components, _ := bom["components"].([]any)
	for _, c := range components {
		component, _ := c.(map[string]any)
		if path, _ := component["name"].(string); strings.HasPrefix(path, ours) {
			component["version"] = "v" + version
			component["purl"] = "pkg:golang/" + path + "@v" + strings.ReplaceAll(version, "+", "%2B")
		}
	}
}
