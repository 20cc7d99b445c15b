package atomicfile

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// NoFolderError means that the environment does not say where the user's files are, as in a container or a service
// without a home.
type NoFolderError struct {
	// What is kept there, such as "configuration".
	What string
	// Variables are the names of those that would say it, any of which is enough.
	Variables []string
}

func (e *NoFolderError) Error() string {
	return fmt.Sprintf("there is no folder for the %s: set %s to an absolute path", e.What, strings.Join(e.Variables, " or "))
}

// ConfigFolder is the folder of what the user configures: on Linux $XDG_CONFIG_HOME/auth0-mcp, on macOS
// ~/Library/Application Support/auth0-mcp, on Windows %AppData%\auth0-mcp. It need not exist. The error is a
// *[NoFolderError].
//
// XDG_DATA_HOME and XDG_STATE_HOME count on every system, XDG_CONFIG_HOME where the system follows the XDG base directory
// specification. As that says, a relative path counts as none: it would depend on where the program was started.
// https://specifications.freedesktop.org/basedir-spec/0.8/
func ConfigFolder() (string, error) { return configKind.find(runtime.GOOS, os.Getenv) }

// DataFolder is the folder of what the program keeps for the user, such as sessions and installed plugins: on Linux
// $XDG_DATA_HOME/auth0-mcp. See [ConfigFolder].
func DataFolder() (string, error) { return dataKind.find(runtime.GOOS, os.Getenv) }

// StateFolder is the folder of what grows by itself, such as logs: on Linux $XDG_STATE_HOME/auth0-mcp. See [ConfigFolder].
func StateFolder() (string, error) { return stateKind.find(runtime.GOOS, os.Getenv) }

// folderKind is one of the folders. Paths below the home folder end in the program's own.
type folderKind struct {
	what string
	xdg  string // the variable of the XDG base directory specification
	unix string // what stands for it, below the home folder
	// xdgEverywhere: the variable counts also on macOS and Windows.
	xdgEverywhere bool
	darwin        string
	windows       string // its default below the user's profile
	windowsBase   string // the variable for that
	windowsBelow  string
}

const program = "auth0-mcp"

var (
	configKind = folderKind{
		what: "configuration", xdg: "XDG_CONFIG_HOME", unix: ".config",
		darwin: program, windows: "Roaming", windowsBase: "AppData", windowsBelow: program,
	}
	dataKind = folderKind{
		what: "sessions and plugins", xdg: "XDG_DATA_HOME", unix: ".local/share", xdgEverywhere: true,
		darwin: program, windows: "Local", windowsBase: "LocalAppData", windowsBelow: program,
	}
	stateKind = folderKind{
		what: "logs and approvals", xdg: "XDG_STATE_HOME", unix: ".local/state", xdgEverywhere: true,
		darwin: program + "/state", windows: "Local", windowsBase: "LocalAppData", windowsBelow: program + "/state",
	}
)

func (k folderKind) find(system string, getenv func(string) string) (string, error) {
	home, windows, darwin := "HOME", system == "windows", system == "darwin"
	variables := []string{k.xdg}
	if !k.xdgEverywhere && (windows || darwin) {
		variables = nil
	}
	for _, name := range variables {
		if base := getenv(name); filepath.IsAbs(base) {
			return filepath.Join(base, program), nil
		}
	}
	if windows {
		if base := getenv(k.windowsBase); base != "" {
			return filepath.Join(base, k.windowsBelow), nil
		}
		home = "USERPROFILE"
		variables = append(variables, k.windowsBase)
	}
	base := getenv(home)
	switch {
	case windows && base != "":
		return filepath.Join(base, "AppData", k.windows, k.windowsBelow), nil
	case windows || !filepath.IsAbs(base):
		return "", &NoFolderError{What: k.what, Variables: append([]string{home}, variables...)}
	case darwin:
		return filepath.Join(base, "Library", "Application Support", k.darwin), nil
	}
	return filepath.Join(base, k.unix, program), nil
}
