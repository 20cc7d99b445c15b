package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
)

const (
	lockVersion  = 1
	maxLockBytes = 1 << 20
)

// Lock says which plugins a user, or the build, has decided to trust: by
// content, not by place. The zero value trusts nothing.
type Lock struct {
	Plugins map[string]LockEntry
}

// LockEntry vouches for one plugin. The digests decide; the version is for the
// user who reads the file.
type LockEntry struct {
	Version  string `json:"version"`
	Binary   Digest `json:"binary"`
	Manifest Digest `json:"manifest"`
}

type lockDocument struct {
	Version int                  `json:"version"`
	Plugins map[string]LockEntry `json:"plugins"`
}

// LockVersionError means that a lock file was written in another format.
type LockVersionError struct {
	Found int
}

func (e *LockVersionError) Error() string {
	return fmt.Sprintf("format version %d is not known, this host writes version %d: use the version of auth0-mcp that "+
		"wrote the file", e.Found, lockVersion)
}

// ReadLock reads the lock file at path. A file that does not exist is an empty
// lock: nothing has been installed yet. So is an empty path, where there is no folder for one.
func ReadLock(path string) (Lock, error) {
	if path == "" {
		return Lock{Plugins: map[string]LockEntry{}}, nil
	}
	var writers *atomicfile.WritersError
	if errors.As(atomicfile.CheckWriters(path), &writers) {
		return Lock{}, fmt.Errorf("lock file %s is not trusted: %w", path, writers)
	}
	data, err := readSmall(path, maxLockBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return Lock{Plugins: map[string]LockEntry{}}, nil
	}
	if err != nil {
		return Lock{}, fmt.Errorf("lock file: %w", err)
	}
	lock, err := parseLock(data)
	if err != nil {
		return Lock{}, fmt.Errorf("lock file %s: %w; repair it, or delete it and install the plugins again with auth0-mcp "+
			"plugin install", path, err)
	}
	return lock, nil
}

// parseLock refuses everything it does not know: a lock that is only half
// understood must not vouch for a binary.
func parseLock(data []byte) (Lock, error) {
	tree, err := jsondoc.Decode(data)
	if err != nil {
		return Lock{}, err
	}
	document, err := exactKeys(tree, fieldNames[lockDocument]())
	if err != nil {
		return Lock{}, err
	}
	number, _ := document["version"].(json.Number)
	version, err := strconv.Atoi(number.String())
	if err != nil {
		return Lock{}, errors.New(`"version" is missing or not an integer`)
	}
	if version != lockVersion {
		return Lock{}, &LockVersionError{Found: version}
	}
	plugins, ok := document["plugins"].(map[string]any)
	if !ok {
		return Lock{}, errors.New(`"plugins" is missing`)
	}
	lock := Lock{Plugins: make(map[string]LockEntry, len(plugins))}
	for _, name := range sortedNames(plugins) {
		entry, err := parseLockEntry(plugins[name])
		if err == nil {
			err = checkLockEntry(name, entry)
		}
		if err != nil {
			return Lock{}, fmt.Errorf("plugin %s: %w", jsondoc.Quote(name), err)
		}
		lock.Plugins[name] = entry
	}
	return lock, nil
}

func parseLockEntry(v any) (LockEntry, error) {
	object, err := exactKeys(v, fieldNames[LockEntry]())
	if err != nil {
		return LockEntry{}, err
	}
	var entry LockEntry
	entry.Version, _ = object["version"].(string)
	for key, digest := range map[string]*Digest{"binary": &entry.Binary, "manifest": &entry.Manifest} {
		text, ok := object[key].(string)
		if !ok {
			return LockEntry{}, fmt.Errorf("%q is missing", key)
		}
		if *digest, err = ParseDigest(text); err != nil {
			return LockEntry{}, fmt.Errorf("%s: %w", key, err)
		}
	}
	return entry, nil
}

func checkLockEntry(name string, entry LockEntry) error {
	switch {
	case !isPluginName(name):
		return errors.New("not a plugin's name")
	case !isSemver(entry.Version):
		return fmt.Errorf("version %s: want a semantic version such as 1.2.3", jsondoc.Quote(entry.Version))
	case entry.Binary.IsZero() || entry.Manifest.IsZero():
		return errors.New("a digest is missing")
	}
	return nil
}

// ParseBundled reads what the build writes into the host with -ldflags -X:
// "NAME@VERSION=BINARY,MANIFEST", several separated by semicolons, both digests
// in the form of Digest.String. An empty text is an empty lock.
func ParseBundled(s string) (Lock, error) {
	lock := Lock{Plugins: map[string]LockEntry{}}
	if s == "" {
		return lock, nil
	}
	for item := range strings.SplitSeq(strings.TrimSuffix(s, ";"), ";") {
		name, entry, err := parseBundledEntry(item)
		if err != nil {
			return Lock{}, fmt.Errorf("bundled plugin %s: %w; the build is faulty", jsondoc.Quote(item), err)
		}
		if _, twice := lock.Plugins[name]; twice {
			return Lock{}, fmt.Errorf("bundled plugin %s is given twice; the build is faulty", name)
		}
		lock.Plugins[name] = entry
	}
	return lock, nil
}

func parseBundledEntry(item string) (string, LockEntry, error) {
	identity, digests, ok := strings.Cut(item, "=")
	name, version, hasVersion := strings.Cut(identity, "@")
	binary, manifest, hasManifest := strings.Cut(digests, ",")
	if !ok || !hasVersion || !hasManifest {
		return "", LockEntry{}, errors.New("want NAME@VERSION=BINARY,MANIFEST")
	}
	entry := LockEntry{Version: version}
	var err error
	if entry.Binary, err = ParseDigest(binary); err != nil {
		return "", LockEntry{}, err
	}
	if entry.Manifest, err = ParseDigest(manifest); err != nil {
		return "", LockEntry{}, err
	}
	return name, entry, checkLockEntry(name, entry)
}

// Write replaces the lock file at path by l, at once or not at all: a host that
// starts meanwhile reads the old file or the new one. The file is readable by
// its owner only, and so is the folder if it has to be made. If path is a
// symbolic link, the file that it leads to is replaced and the link is kept.
//
// Write does not lock: whoever reads, changes and writes guards the three steps.
func (l Lock) Write(path string) error {
	data, err := l.encode()
	if err != nil {
		return fmt.Errorf("lock file %s: %w", path, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("lock file %s: %w", path, err)
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("lock file %s: %w", path, err)
	}
	if err := atomicfile.Replace(path, data, nil); err != nil {
		return fmt.Errorf("lock file %s: %w", path, err)
	}
	return nil
}

func (l Lock) encode() ([]byte, error) {
	for name, entry := range l.Plugins {
		if err := checkLockEntry(name, entry); err != nil {
			return nil, fmt.Errorf("plugin %s: %w", jsondoc.Quote(name), err)
		}
	}
	document := lockDocument{Version: lockVersion, Plugins: l.Plugins}
	if document.Plugins == nil {
		document.Plugins = map[string]LockEntry{}
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetIndent("", "  ")
	if err := enc.Encode(document); err != nil {
		return nil, err
	}
	if buf.Len() > maxLockBytes {
		return nil, fmt.Errorf("larger than %d bytes: it could not be read again", maxLockBytes)
	}
	return buf.Bytes(), nil
}
