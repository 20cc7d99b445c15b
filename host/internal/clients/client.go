package clients

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Print is the name of the client that stands for any other: it has no file, its
// entry is pasted yourself (Snippet).
const Print = "print"

// Places is what a client's paths depend on. It is an input, so that the paths of
// all three systems are known, and tested, on one.
type Places struct {
	// OS is linux, darwin or windows, as in runtime.GOOS. Another system's paths
	// are taken to be those of Linux.
	OS string
	// Home is the absolute path of the user's home folder.
	Home string
	// State is auth0-mcp's own folder for what it keeps; empty: one beside the applications'
	// data.
	State string
	// Getenv reads the environment, as os.Getenv does. It must not be nil.
	Getenv func(string) string
}

// Client is an MCP client and what is particular about its config file.
type Client struct {
	// Name is what a user types, such as claude-code.
	Name string
	// Title is the client's name in a sentence, such as Claude Code.
	Title string
	// Scopes are the files that the client reads, the usual one first. Print has none.
	Scopes []Scope

	syntax syntax
	// key is the top-level key that holds the servers.
	key string
	// typed says that an entry carries "type": "stdio".
	typed bool
}

// Scope is one of a client's config files.
type Scope struct {
	// Name is what a user types, such as user or workspace.
	Name string
	// Project says that the file lies in a project's folder, which has to be given.
	Project bool
	// Next says what the user does for the client to notice a change.
	Next string

	base   base
	within []string
	// create says that the folders that lead to the file may be made.
	create bool
}

// syntax is how a config file is written.
type syntax int

const (
	// jsonSyntax is edited as JSON with comments and trailing commas, whether the
	// client allows them or not: what stands there is kept, and none is added.
	jsonSyntax syntax = iota
	tomlSyntax
)

// base is the folder that a client's path starts from.
type base int

const (
	homeFolder base = iota
	// appFolder is where a desktop application keeps its data: Electron's appData.
	appFolder
	// claudeFolder is appFolder, unless Claude Desktop is a package of Windows.
	claudeFolder
	// zedFolder is XDG's, on macOS ~/.config; on Windows it is below appFolder.
	zedFolder
	projectFolder
	claudeCodeFolder
	geminiFolder
	codexFolder
)

// All returns every client that is known, Print last.
func All() []Client {
	user := func(base base, next string, within ...string) []Scope {
		return []Scope{{Name: "user", base: base, within: within, create: true, Next: next}}
	}
	return []Client{
		// https://modelcontextprotocol.io/docs/develop/connect-local-servers
		{Name: "claude", Title: "Claude Desktop", key: "mcpServers",
			Scopes: user(claudeFolder, "Quit Claude Desktop completely, not only its window, and start it again.", "Claude",
				"claude_desktop_config.json")},
		// https://code.claude.com/docs/en/mcp
		{Name: "claude-code", Title: "Claude Code", key: "mcpServers", typed: true, Scopes: []Scope{
			{Name: "user", base: claudeCodeFolder, within: []string{".claude.json"},
				Next: "Start a new Claude Code session; /mcp shows the server."},
			{Name: "project", Project: true, base: projectFolder, within: []string{".mcp.json"},
				Next: "Start Claude Code in the project's folder and allow the server when it asks; /mcp shows it."},
		}},
		// https://cursor.com/docs/context/mcp
		{Name: "cursor", Title: "Cursor", key: "mcpServers",
			Scopes: user(homeFolder, "Restart Cursor; its settings list the server under MCP.", ".cursor", "mcp.json")},
		// https://docs.windsurf.com/windsurf/cascade/mcp
		{Name: "windsurf", Title: "Windsurf", key: "mcpServers",
			Scopes: user(homeFolder, "Press Refresh in Windsurf's MCP panel, or restart Windsurf.", ".codeium", "windsurf",
				"mcp_config.json")},
		// https://code.visualstudio.com/docs/copilot/reference/mcp-configuration
		{Name: "vscode", Title: "VS Code", key: "servers", typed: true, Scopes: []Scope{
			{Name: "global", base: appFolder, within: []string{"Code", "User", "mcp.json"}, create: true,
				Next: "Run `MCP: List Servers` in VS Code and start the server there, or restart VS Code."},
			{Name: "workspace", Project: true, base: projectFolder, within: []string{".vscode", "mcp.json"}, create: true,
				Next: "Open the folder in VS Code and start the server from `MCP: List Servers`."},
		}},
		// https://github.com/google-gemini/gemini-cli/blob/main/docs/tools/mcp-server.md
		{Name: "gemini", Title: "Gemini CLI", key: "mcpServers",
			Scopes: user(geminiFolder, "Start Gemini CLI again; /mcp shows the server.", ".gemini", "settings.json")},
		// https://github.com/openai/codex/blob/main/docs/config.md
		{Name: "codex", Title: "Codex", key: "mcp_servers", syntax: tomlSyntax,
			Scopes: user(codexFolder, "Start Codex again; /mcp shows the server.", "config.toml")},
		// https://zed.dev/docs/ai/mcp
		{Name: "zed", Title: "Zed", key: "context_servers", Scopes: []Scope{
			{Name: "user", base: zedFolder, within: []string{"settings.json"}, create: true,
				Next: "Zed notices the change; the server's dot in the Agent panel's settings turns green."},
		}},
		{Name: Print, Title: "another client", key: "mcpServers"},
	}
}

// Find returns the client called name.
func Find(name string) (Client, error) {
	all := All()
	names := make([]string, 0, len(all))
	for _, c := range all {
		if c.Name == name {
			return c, nil
		}
		names = append(names, c.Name)
	}
	return Client{}, fmt.Errorf("no client is called %q: choose one of %s", name, strings.Join(names, ", "))
}

// Scope returns the scope called name, or the usual one if name is empty.
func (c Client) Scope(name string) (Scope, error) {
	if len(c.Scopes) == 0 {
		return Scope{}, fmt.Errorf("%s has no config file that is known: paste the entry into the file yourself", c.Title)
	}
	if name == "" {
		return c.Scopes[0], nil
	}
	names := make([]string, 0, len(c.Scopes))
	for _, s := range c.Scopes {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return Scope{}, fmt.Errorf("%s has no scope %q: choose one of %s", c.Title, name, strings.Join(names, ", "))
}

// Path returns where the scope's file is, whether it exists or not. folder is the
// project's; a scope that is not a project's takes none.
func (s Scope) Path(p Places, folder string) (string, error) {
	dir, err := s.folder(p, folder)
	if err != nil {
		return "", err
	}
	return filepath.Join(append([]string{dir}, s.within...)...), nil
}

func (s Scope) folder(p Places, folder string) (string, error) {
	switch {
	case s.Project && folder == "":
		return "", fmt.Errorf("scope %s: name the project's folder", s.Name)
	case s.Project:
		return filepath.Abs(folder)
	case folder != "":
		return "", fmt.Errorf("scope %s: its file is in the home folder, it takes no project folder (%s)", s.Name, folder)
	}
	if err := p.check(); err != nil {
		return "", err
	}
	if s.base == claudeFolder && p.OS == "windows" {
		return p.packagedClaude()
	}
	return p.folder(s.base), nil
}

func (p Places) check() error {
	if filepath.IsAbs(p.Home) {
		return nil
	}
	variable := "HOME"
	if p.OS == "windows" {
		variable = "USERPROFILE"
	}
	return fmt.Errorf("the home folder is not known: set %s to its absolute path", variable)
}

// packagedClaude looks for Claude Desktop as a package, which is how it has been
// delivered since 2026: Windows shows such a program a folder of its own in the
// place of APPDATA, so that it never sees a file that is written there.
// https://github.com/anthropics/claude-code/issues/26073
func (p Places) packagedClaude() (string, error) {
	packages := filepath.Join(p.variable("LOCALAPPDATA", filepath.Join(p.Home, "AppData", "Local")), "Packages")
	entries, err := os.ReadDir(packages)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("looking for Claude Desktop: %w", err)
	}
	var found []string
	for _, entry := range entries {
		dir := filepath.Join(packages, entry.Name(), "LocalCache", "Roaming")
		if info, err := os.Stat(dir); strings.HasPrefix(entry.Name(), "Claude_") && err == nil && info.IsDir() {
			found = append(found, dir)
		}
	}
	switch len(found) {
	case 0:
		return p.apps(), nil
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("there are several packages of Claude Desktop (%s): uninstall those that you do not use, or "+
		"paste the entry yourself", strings.Join(found, ", "))
}

func (p Places) folder(b base) string {
	switch b {
	case appFolder, claudeFolder:
		return p.apps()
	case zedFolder:
		// https://github.com/zed-industries/zed/blob/main/crates/paths/src/paths.rs
		switch p.OS {
		case "windows":
			return filepath.Join(p.apps(), "Zed")
		case "darwin":
			return filepath.Join(p.Home, ".config", "zed")
		}
		return filepath.Join(p.xdg(), "zed")
	case claudeCodeFolder:
		return p.variable("CLAUDE_CONFIG_DIR", p.Home)
	case geminiFolder:
		return p.variable("GEMINI_CLI_HOME", p.Home)
	case codexFolder:
		return p.variable("CODEX_HOME", filepath.Join(p.Home, ".codex"))
	}
	return p.Home
}

// apps is Electron's appData folder: https://www.electronjs.org/docs/latest/api/app#appgetpathname
func (p Places) apps() string {
	switch p.OS {
	case "windows":
		return p.variable("APPDATA", filepath.Join(p.Home, "AppData", "Roaming"))
	case "darwin":
		return filepath.Join(p.Home, "Library", "Application Support")
	}
	return p.xdg()
}

func (p Places) state() string {
	if p.State != "" {
		return p.State
	}
	return filepath.Join(p.apps(), "auth0-mcp")
}

func (p Places) xdg() string {
	return p.variable("XDG_CONFIG_HOME", filepath.Join(p.Home, ".config"))
}

// variable reads a folder from the environment. A relative one is not followed:
// it would mean another folder to the client, which starts elsewhere.
func (p Places) variable(name, otherwise string) string {
	if dir := p.Getenv(name); filepath.IsAbs(dir) {
		return dir
	}
	return otherwise
}
