package auth

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"

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

// UserFolders are the user's own, by [atomicfile.ConfigFolder] and [atomicfile.DataFolder]. With the error, an
// *[atomicfile.NoFolderError] or two, the folder that is missing is empty: reading finds nothing in it, and what has to
// write there fails with the same error. So a session that comes from the environment needs no home.
func UserFolders() (Folders, error) {
	config, configErr := atomicfile.ConfigFolder()
	data, dataErr := atomicfile.DataFolder()
	return Folders{Config: config, Data: data}, errors.Join(configErr, dataErr)
}

// ConfigFile is the config file in its folder.
type ConfigFile struct {
	Path string // empty if there is no folder for it
}

// ConfigFile is config.toml in these folders.
func (f Folders) ConfigFile() ConfigFile {
	if f.Config == "" {
		return ConfigFile{}
	}
	return ConfigFile{Path: filepath.Join(f.Config, "config.toml")}
}

// errNoFolder is for folders that the program itself left empty.
var errNoFolder = errors.New("no folder was given for it")

// Load reads the file. One that does not exist, or has no folder, is an empty config. An error names
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
	if f.Path == "" {
		return nil, nil
	}
	path, err := linkTarget(f.Path)
	if err != nil {
		return nil, fmt.Errorf("config file: %w", err)
	}
	var writers *atomicfile.WritersError
	if errors.As(atomicfile.CheckWriters(f.Path), &writers) {
		return nil, fmt.Errorf("config file %s is not trusted: %w", f.Path, writers)
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
	if f.Path == "" {
		_, err := atomicfile.ConfigFolder()
		return fmt.Errorf("config file: %w", cmp.Or(err, errNoFolder))
	}
	if err := privateFolder(filepath.Dir(f.Path)); err != nil {
		return fmt.Errorf("config file: %w", err)
	}
	unlock, err := atomicfile.Lock(ctx, f.Path+".lock", lockPatience)
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
