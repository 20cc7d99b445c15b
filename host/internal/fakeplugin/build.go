package fakeplugin

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// program names the variable that has the path of the plugin's program while tests run.
const program = "FAKE_PLUGIN"

// Program is the path of the plugin as a program of its own, in tests that Run runs.
func Program() string { return os.Getenv(program) }

// Run runs tests for which it builds the plugin's program, and returns their exit status. A host hashes and copies a
// plugin at each launch, and a test binary has several times its size. It is built as by `make build`, whose cache it
// shares: without the race detector, which looks for the host's races.
func Run(tests interface{ Run() int }) int {
	folder, err := os.MkdirTemp("", "")
	if err == nil {
		defer os.RemoveAll(folder)
		err = Build(folder, "github.com/auth0-mcp/auth0-mcp/host/internal/fakeplugin/auth0-mcp-plugin-conformance")
	}
	path := filepath.Join(folder, "auth0-mcp-plugin-conformance")
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	if err == nil {
		err = os.Setenv(program, path)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "building the plugin of the tests:", err)
		return 1
	}
	return tests.Run()
}

// Build builds a program of this module into a folder, as `make build` builds.
func Build(folder, pkg string) error {
	build := exec.CommandContext(context.Background(), "go", "build", //nolint:gosec // a package that a test names
		"-trimpath", "-buildvcs=false", "-tags", "grpcnotrace", "-ldflags", "-s -w",
		"-o", folder+string(filepath.Separator), pkg)
	build.Env, build.Stderr = append(os.Environ(), "CGO_ENABLED=0"), os.Stderr
	return build.Run()
}
