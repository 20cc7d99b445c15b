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
	variables := strings.Join(e.Variables, " or ")
	return fmt.Sprintf("there is no folder for the %s: set %s to an absolute path", e.What, variables)
}

// ConfigFolder is the folder of what the user configures: on Linux $XDG_CONFIG_HOME/auth0-mcp, on macOS
// ~/Library/Application Support/auth0-mcp, on Windows %AppData%\auth0-mcp. It need not exist. The error is a
// *[NoFolderError].
//
// XDG_DATA_HOME and XDG_STATE_HOME count on every system, XDG_CONFIG_HOME where the system follows the XDG base
// directory specification. As that says, a relative path counts as none: it would depend on where the program was
// started. https://specifications.freedesktop.org/basedir-spec/0.8/
func ConfigFolder() (string, error) { return configFolder.find(runtime.GOOS, os.Getenv) }

// DataFolder is the folder of what the program keeps for the user, such as sessions and installed plugins: on Linux
// $XDG_DATA_HOME/auth0-mcp. See [ConfigFolder].
func DataFolder() (string, error) { return dataFolder.find(runtime.GOOS, os.Getenv) }

// StateFolder is the folder of what grows by itself, such as logs: on Linux $XDG_STATE_HOME/auth0-mcp. See
// [ConfigFolder].
func StateFolder() (string, error) { return stateFolder.find(runtime.GOOS, os.Getenv) }

// Base is a variable of the XDG base directory specification with the folder that it would have to name for the user's
// folders to be where they are now.
type Base struct {
	Variable, Folder string
	// Moves is true if the variable is set and the user's folder would be elsewhere without it: a program that is started
	// without the variable would not find what is there.
	Moves bool
}

// Bases are those of the configuration, the data and the state, as far as one variable can say it on this system.
func Bases() []Base { return bases(runtime.GOOS, os.Getenv) }

func bases(system string, getenv func(string) string) []Base {
	var all []Base
	for _, f := range []folder{configFolder, dataFolder, stateFolder} {
		now, err := f.find(system, getenv)
		if err != nil || filepath.Base(now) != "auth0-mcp" {
			continue
		}
		for _, p := range f.placesOn(system) {
			if !strings.HasPrefix(p.variable, "XDG_") {
				continue
			}
			without, err := f.find(system, func(name string) string {
				if name == p.variable {
					return ""
				}
				return getenv(name)
			})
			all = append(all, Base{p.variable, filepath.Dir(now), err != nil || without != now})
		}
	}
	return all
}

// folder is one of the user's folders.
type folder struct {
	what string // it keeps
	// places are where it may be, by GOOS, with "" for all other systems; the first whose variable is set counts.
	places map[string][]place
}

// place is a path below the one in a variable.
type place struct{ variable, below string }

var (
	configFolder = folder{"configuration", map[string][]place{
		"":        {{"XDG_CONFIG_HOME", "auth0-mcp"}, {"HOME", ".config/auth0-mcp"}},
		"darwin":  {{"HOME", "Library/Application Support/auth0-mcp"}},
		"windows": {{"AppData", "auth0-mcp"}, {"USERPROFILE", "AppData/Roaming/auth0-mcp"}},
	}}
	dataFolder = folder{"sessions and plugins", map[string][]place{
		"":       {{"XDG_DATA_HOME", "auth0-mcp"}, {"HOME", ".local/share/auth0-mcp"}},
		"darwin": {{"XDG_DATA_HOME", "auth0-mcp"}, {"HOME", "Library/Application Support/auth0-mcp"}},
		"windows": {
			{"XDG_DATA_HOME", "auth0-mcp"}, {"LocalAppData", "auth0-mcp"}, {"USERPROFILE", "AppData/Local/auth0-mcp"},
		},
	}}
	stateFolder = folder{"logs and approvals", map[string][]place{
		"":       {{"XDG_STATE_HOME", "auth0-mcp"}, {"HOME", ".local/state/auth0-mcp"}},
		"darwin": {{"XDG_STATE_HOME", "auth0-mcp"}, {"HOME", "Library/Application Support/auth0-mcp/state"}},
		"windows": {
			{"XDG_STATE_HOME", "auth0-mcp"}, {"LocalAppData", "auth0-mcp/state"},
			{"USERPROFILE", "AppData/Local/auth0-mcp/state"},
		},
	}}
)

func (f folder) find(system string, getenv func(string) string) (string, error) {
	none := &NoFolderError{What: f.what}
	for _, p := range f.placesOn(system) {
		if base := getenv(p.variable); filepath.IsAbs(base) {
			return filepath.Join(base, filepath.FromSlash(p.below)), nil
		}
		none.Variables = append(none.Variables, p.variable)
	}
	return "", none
}

func (f folder) placesOn(system string) []place {
	if places, ok := f.places[system]; ok {
		return places
	}
	return f.places[""]
}
