package atomicfile

import (
	"errors"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestFolders(t *testing.T) {
	for name, tt := range map[string]struct {
		system              string
		env                 map[string]string
		config, data, state string
	}{
		"linux": {
			"linux", map[string]string{"HOME": "/h"},
			"/h/.config/auth0-mcp", "/h/.local/share/auth0-mcp", "/h/.local/state/auth0-mcp",
		},
		"XDG": {
			"linux", map[string]string{"HOME": "/h", "XDG_CONFIG_HOME": "/c", "XDG_DATA_HOME": "/d/", "XDG_STATE_HOME": "/s"},
			"/c/auth0-mcp", "/d/auth0-mcp", "/s/auth0-mcp",
		},
		"XDG without a home": {
			"linux", map[string]string{"XDG_CONFIG_HOME": "/c", "XDG_DATA_HOME": "/d", "XDG_STATE_HOME": "/s"},
			"/c/auth0-mcp", "/d/auth0-mcp", "/s/auth0-mcp",
		},
		"XDG relative": {
			"linux", map[string]string{"HOME": "/h", "XDG_CONFIG_HOME": "c", "XDG_DATA_HOME": "./d", "XDG_STATE_HOME": "~/s"},
			"/h/.config/auth0-mcp", "/h/.local/share/auth0-mcp", "/h/.local/state/auth0-mcp",
		},
		"macOS": {
			"darwin", map[string]string{"HOME": "/h", "XDG_CONFIG_HOME": "/c"},
			"/h/Library/Application Support/auth0-mcp", "/h/Library/Application Support/auth0-mcp", "/h/Library/Application " +
				"Support/auth0-mcp/state",
		},
		"macOS, XDG": {
			"darwin", map[string]string{"HOME": "/h", "XDG_DATA_HOME": "/d", "XDG_STATE_HOME": "/s"},
			"/h/Library/Application Support/auth0-mcp", "/d/auth0-mcp", "/s/auth0-mcp",
		},
		"Windows": {
			"windows", map[string]string{"HOME": "/h", "USERPROFILE": "/u", "AppData": "/roaming", "LocalAppData": "/local"},
			"/roaming/auth0-mcp", "/local/auth0-mcp", "/local/auth0-mcp/state",
		},
		"Windows, little environment": {
			"windows", map[string]string{"USERPROFILE": "/u"},
			"/u/AppData/Roaming/auth0-mcp", "/u/AppData/Local/auth0-mcp", "/u/AppData/Local/auth0-mcp/state",
		},
	} {
		t.Run(name, func(t *testing.T) {
			for folder, want := range map[*folder]string{&configFolder: tt.config, &dataFolder: tt.data,
				&stateFolder: tt.state} {
				got, err := folder.find(tt.system, func(name string) string { return tt.env[name] })
				if err != nil || filepath.ToSlash(got) != want {
					t.Errorf("folder of the %s: got %s, %v; want %s", folder.what, got, err, want)
				}
			}
		})
	}
}

// Where there is no folder, the error names the variables that would say where it is.
func TestNoFolder(t *testing.T) {
	for system, want := range map[string]map[*folder]string{
		"linux": {
			&configFolder: "there is no folder for the configuration: set XDG_CONFIG_HOME or HOME to an absolute path",
			&dataFolder:   "there is no folder for the sessions and plugins: set XDG_DATA_HOME or HOME to an absolute path",
			&stateFolder:  "there is no folder for the logs and approvals: set XDG_STATE_HOME or HOME to an absolute path",
		},
		"darwin": {&configFolder: "set HOME to an absolute path", &stateFolder: "set XDG_STATE_HOME or HOME to"},
		"windows": {&configFolder: "set AppData or USERPROFILE to",
			&dataFolder: "set XDG_DATA_HOME or LocalAppData or USERPROFILE to"},
	} {
		for folder, text := range want {
			got, err := folder.find(system, func(name string) string { return map[string]string{"HOME": "relative"}[name] })
			var none *NoFolderError
			if !errors.As(err, &none) || got != "" || !strings.Contains(err.Error(), text) {
				t.Errorf("%s: got %q, %v; want %q", system, got, err, text)
			}
		}
	}
}

func TestFoldersOfTheEnvironment(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_DATA_HOME", filepath.Join(dir, "data"))
	t.Setenv("XDG_STATE_HOME", filepath.Join(dir, "state"))
	data, dataErr := DataFolder()
	state, stateErr := StateFolder()
	if err := errors.Join(dataErr, stateErr); err != nil {
		t.Fatal(err)
	}
	if data != filepath.Join(dir, "data", "auth0-mcp") || state != filepath.Join(dir, "state", "auth0-mcp") {
		t.Errorf("got %s and %s", data, state)
	}
}

// A client that starts the server without the variables would let it look elsewhere.
func TestBases(t *testing.T) {
	for name, tt := range map[string]struct {
		system string
		env    map[string]string
		want   []Base
	}{
		"none set": {"linux", map[string]string{"HOME": "/h"}, []Base{{"XDG_CONFIG_HOME", "/h/.config", false},
			{"XDG_DATA_HOME", "/h/.local/share", false}, {"XDG_STATE_HOME", "/h/.local/state", false}}},
		"moved": {"linux", map[string]string{"HOME": "/h", "XDG_CONFIG_HOME": "/c", "XDG_STATE_HOME": "relative"},
			[]Base{{"XDG_CONFIG_HOME", "/c", true}, {"XDG_DATA_HOME", "/h/.local/share", false},
				{"XDG_STATE_HOME", "/h/.local/state", false}}},
		"set to what it is": {"linux", map[string]string{"HOME": "/h", "XDG_CONFIG_HOME": "/h/.config"},
			[]Base{{"XDG_CONFIG_HOME", "/h/.config", false}, {"XDG_DATA_HOME", "/h/.local/share", false},
				{"XDG_STATE_HOME", "/h/.local/state", false}}},
		"no home": {"linux", map[string]string{"XDG_DATA_HOME": "/d"}, []Base{{"XDG_DATA_HOME", "/d", true}}},
		"macOS": {"darwin", map[string]string{"HOME": "/h", "XDG_STATE_HOME": "/s"},
			[]Base{{"XDG_DATA_HOME", "/h/Library/Application Support", false}, {"XDG_STATE_HOME", "/s", true}}},
	} {
		if runtime.GOOS == "windows" {
			t.Skip("the paths are those of other systems")
		}
		if got := bases(tt.system, func(name string) string { return tt.env[name] }); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %+v, want %+v", name, got, tt.want)
		}
	}
}
