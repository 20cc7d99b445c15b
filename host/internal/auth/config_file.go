package auth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
)

// maxConfigBytes bounds what is read: a config file is a few hundred bytes.
const maxConfigBytes = 1 << 20

// Folders are where this package keeps its files.
type Folders struct {
	// Config holds config.toml.
	Config string
	// Data holds the folder sessions with the encrypted sessions.
	Data string
}

// UserFolders are the user's own: on Linux $XDG_CONFIG_HOME/auth0-mcp and
// $XDG_DATA_HOME/auth0-mcp with the defaults of the XDG base directory
// specification, elsewhere what stands for them. XDG_DATA_HOME counts on every
// system if it is set to an absolute path.
func UserFolders() (Folders, error) {
	config, err := os.UserConfigDir()
	if err != nil {
		return Folders{}, fmt.Errorf("finding the config folder: %w: set the variable that is named here", err)
	}
	data, err := userDataDir()
	if err != nil {
		return Folders{}, fmt.Errorf("finding the data folder: %w: set the variable that is named here", err)
	}
	return Folders{Config: filepath.Join(config, "auth0-mcp"), Data: filepath.Join(data, "auth0-mcp")}, nil
}

func userDataDir() (string, error) {
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return dir, nil
	}
	if dir := os.Getenv("LocalAppData"); runtime.GOOS == "windows" && dir != "" {
		return dir, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	if runtime.GOOS == "darwin" {
		return filepath.Join(home, "Library", "Application Support"), nil
	}
	return filepath.Join(home, ".local", "share"), nil
}

// ConfigFile is the config file in its folder.
type ConfigFile struct {
	Path string
}

// ConfigFile is config.toml in these folders.
func (f Folders) ConfigFile() ConfigFile {
	return ConfigFile{Path: filepath.Join(f.Config, "config.toml")}
}

// Load reads the file. One that does not exist is an empty config. An error names
// the file, and the line where there is one; see [ConfigKeyError] and
// [ConfigSyntaxError].
func (f ConfigFile) Load() (Config, error) {
	data, err := f.read()
	if err != nil {
		return Config{}, err
	}
	return f.parse(data)
}

func (f ConfigFile) parse(data []byte) (Config, error) {
	c, err := ParseConfig(data)
	if err != nil {
		return Config{}, fmt.Errorf("config file %s: %w", f.Path, err)
	}
	return c, nil
}

func (f ConfigFile) read() ([]byte, error) {
	path, err := linkTarget(f.Path)
	if err != nil {
		return nil, fmt.Errorf("config file: %w", err)
	}
	data, err := readBounded(path, maxConfigBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("config file %s: %w", f.Path, err)
	}
	return data, nil
}

// Save makes c the content of the file. It is [ConfigFile.Update] for a caller
// that does not care what was there; keys that c lacks are removed.
func (f ConfigFile) Save(ctx context.Context, c Config) error {
	return f.Update(ctx, func(there *Config) error {
		*there = c
		return nil
	})
}

// Update reads the file, lets change work on it and writes it, under a lock, so
// that two commands do not lose each other's change. An error of change is
// returned as it is, and nothing is written; neither is it when nothing changed or
// when the file can't be understood. The file is replaced at once or not at all,
// is readable by its owner only, and keeps the user's comments and order.
//
// A file in a form that can't be edited in place (inline tables) is written anew,
// and the old one stays beside it as config.toml.bak.
func (f ConfigFile) Update(ctx context.Context, change func(*Config) error) error {
	if err := privateFolder(filepath.Dir(f.Path)); err != nil {
		return fmt.Errorf("config file: %w", err)
	}
	unlock, err := lockFile(ctx, f.Path+".lock")
	if err != nil {
		return fmt.Errorf("config file %s: %w", f.Path, err)
	}
	defer unlock()
	data, err := f.read()
	if err != nil {
		return err
	}
	before, err := f.parse(data)
	if err != nil {
		return err
	}
	after, err := f.parse(data) // a copy of its own: change may write into its lists
	if err != nil {
		return err
	}
	if after.Profiles == nil {
		after.Profiles = map[string]Profile{}
	}
	if err := change(&after); err != nil {
		return err
	}
	return f.replace(data, before, after)
}

func (f ConfigFile) replace(data []byte, before, after Config) error {
	after.Profiles = maps.Clone(after.Profiles) // the caller's own, after Save
	for name, p := range after.Profiles {
		if err := p.normalize(); err != nil {
			return fmt.Errorf("profile %s: %w", quoteForeign(name), err)
		}
		after.Profiles[name] = p
	}
	if err := after.check(); err != nil {
		return err
	}
	edited, inPlace, err := editConfig(data, before, after)
	if err != nil {
		return fmt.Errorf("config file %s: %w", f.Path, err)
	}
	if bytes.Equal(edited, data) {
		return nil
	}
	path, err := linkTarget(f.Path)
	if err == nil && !inPlace {
		err = atomicfile.Replace(path+".bak", data, nil)
	}
	if err == nil {
		err = atomicfile.Replace(path, edited, nil)
	}
	if err != nil {
		return fmt.Errorf("config file: %w", err)
	}
	return nil
}

// linkTarget follows a symbolic link: people keep config files elsewhere and link
// to them, and a rename would replace the link.
func linkTarget(path string) (string, error) {
	target, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		return path, nil
	}
	return target, err
}
