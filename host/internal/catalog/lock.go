package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	strict "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

const (
	// lockVersion is the version of the lock file that is written. Version 1 pinned one binary, for the machine that it
	// was written on, and no permissions.
	lockVersion  = 2
	maxLockBytes = 4 << 20
)

// Lock says which plugins a user, or the build, has decided to trust: by
// content, not by place. The zero value trusts nothing.
type Lock struct {
	Plugins map[string]LockEntry
}

// LockEntry vouches for one plugin on all platforms that its source lists. Manifest and binaries decide. What the
// manifest lets its tools do is repeated in Tools, so that its changes show in a review of the file. A manifest
// that differs from Tools is refused.
type LockEntry struct {
	Version string `json:"version"`
	// Source is where updates come from, as package source writes it. It, Constraint, Release and Signer are empty for a
	// plugin that was locked by version 1 of the format.
	Source string `json:"source,omitempty"`
	// Constraint bounds the versions of updates, such as "~> 1.2"; empty: all.
	Constraint string `json:"constraint,omitempty"`
	// Key is the name of the key that has to sign updates; empty: any or none.
	Key string `json:"key,omitempty"`
	// Release is the digest of the document that lists the release's platforms; zero if the source has none.
	Release Digest `json:"release,omitzero"`
	// Signer is the trusted key that signed the release; zero: none did.
	Signer   Signer `json:"signer,omitzero"`
	Manifest Digest `json:"manifest"`
	// Platforms are those that the plugin can run on, as [Platform] names them.
	Platforms map[string]Pin `json:"platforms"`
	// Tools are the permissions of each tool; nil if they are not recorded, as in version 1 of the format.
	Tools map[string]Permissions `json:"tools,omitempty"`
}

// Signer is who has signed a release.
type Signer struct {
	// Name is the operator's name for the key or identity.
	Name string `json:"name"`
	// Kind is the kind of signature, such as "minisign"; Detail the id of the key, or the identity and its issuer.
	Kind   string `json:"kind"`
	Detail string `json:"detail"`
}

// Pin is what a plugin consists of on one platform.
type Pin struct {
	// Archive is what the source publishes; zero if it publishes no archives.
	Archive Digest `json:"archive,omitzero"`
	// Binary is the executable.
	Binary Digest `json:"binary"`
}

// LockVersionError means that a lock file has a format that this host does not know.
type LockVersionError struct {
	Found int
}

func (e *LockVersionError) Error() string {
	return fmt.Sprintf("it has version %d of the format, and this host knows versions 1 to %d: it needs a newer auth0-mcp",
		e.Found, lockVersion)
}

// newerLockError means that a lock file says something that this host does not know.
type newerLockError struct{ member string }

func (e *newerLockError) Error() string {
	return fmt.Sprintf("it has a member %s that this host does not know: it needs a newer auth0-mcp",
		jsondoc.Quote(e.member))
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
	data, err := ReadSmall(path, maxLockBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return Lock{Plugins: map[string]LockEntry{}}, nil
	}
	if err != nil {
		return Lock{}, fmt.Errorf("lock file: %w", err)
	}
	lock, err := parseLock(data)
	_, version := errors.AsType[*LockVersionError](err)
	_, member := errors.AsType[*newerLockError](err)
	switch {
	case version || member:
		return Lock{}, fmt.Errorf("lock file %s: %w", path, err)
	case err != nil:
		return Lock{}, fmt.Errorf("lock file %s: %w; repair it, or delete it and install the plugins again with auth0-mcp "+
			"plugin install", path, err)
	}
	return lock, nil
}

// parseLock refuses everything it does not know: a lock that is only half
// understood must not vouch for a binary, and must not be written without what was not understood.
func parseLock(data []byte) (Lock, error) {
	var format struct {
		Version *int `json:"version"`
	}
	if err := decodeStrictly(data, &format, false); err != nil {
		return Lock{}, err
	}
	if format.Version == nil {
		return Lock{}, errors.New(`"version" is missing`)
	}
	var plugins map[string]LockEntry
	var err error
	switch *format.Version {
	case 1:
		plugins, err = parseVersion1(data)
	case lockVersion:
		var document lockDocument
		err = decodeStrictly(data, &document, true)
		plugins = document.Plugins
	default:
		return Lock{}, &LockVersionError{Found: *format.Version}
	}
	if err != nil {
		return Lock{}, err
	}
	if plugins == nil {
		return Lock{}, errors.New(`"plugins" is missing`)
	}
	for _, name := range names(plugins) {
		if err := checkLockEntry(name, plugins[name]); err != nil {
			return Lock{}, fmt.Errorf("plugin %s: %w", jsondoc.Quote(name), err)
		}
	}
	return Lock{Plugins: plugins}, nil
}

type lockDocument struct {
	Version int                  `json:"version"`
	Plugins map[string]LockEntry `json:"plugins"`
}

// parseVersion1 reads a file whose binaries are those of this machine.
func parseVersion1(data []byte) (map[string]LockEntry, error) {
	var document struct {
		Version int `json:"version"`
		Plugins map[string]struct {
			Version  string `json:"version"`
			Binary   Digest `json:"binary"`
			Manifest Digest `json:"manifest"`
		} `json:"plugins"`
	}
	if err := decodeStrictly(data, &document, true); err != nil || document.Plugins == nil {
		return nil, err
	}
	plugins := make(map[string]LockEntry, len(document.Plugins))
	for name, e := range document.Plugins {
		plugins[name] = hereOnly(e.Version, e.Binary, e.Manifest)
	}
	return plugins, nil
}

// hereOnly is an entry for this platform without permissions.
func hereOnly(version string, binary, manifest Digest) LockEntry {
	return LockEntry{Version: version, Manifest: manifest, Platforms: map[string]Pin{Platform(): {Binary: binary}}}
}

// decodeStrictly refuses members that are given twice, in another case, or if closed is set, not known.
func decodeStrictly(data []byte, into any, closed bool) error {
	if err := jsondoc.Check(data); err != nil { // says where
		return err
	}
	err := strict.Unmarshal(data, into, strict.RejectUnknownMembers(closed))
	semantic, ok := errors.AsType[*strict.SemanticError](err)
	switch {
	case err == nil:
		return nil
	case !ok:
		return err
	case errors.Is(err, strict.ErrUnknownName):
		return &newerLockError{strings.TrimPrefix(string(semantic.JSONPointer), "/")}
	case semantic.JSONPointer == "":
		return errors.New("not a JSON object")
	case semantic.Err != nil:
		return fmt.Errorf("%s: %w", where(semantic.JSONPointer), semantic.Err)
	}
	return fmt.Errorf("%s: not what belongs there", where(semantic.JSONPointer))
}

func where(pointer jsontext.Pointer) string {
	return jsondoc.Quote(strings.Join(slices.Collect(pointer.Tokens()), "."))
}

func checkLockEntry(name string, entry LockEntry) error {
	switch {
	case !isPluginName(name):
		return errors.New("not a plugin's name")
	case !isSemver(entry.Version):
		return fmt.Errorf("version %s: want a semantic version such as 1.2.3", jsondoc.Quote(entry.Version))
	case entry.Manifest.IsZero():
		return errors.New("the digest of its manifest is missing")
	case len(entry.Platforms) == 0:
		return errors.New("its platforms are missing")
	}
	for platform, pin := range entry.Platforms {
		switch {
		case !isPlatform(platform):
			return fmt.Errorf("platform %s: want a system and an architecture such as linux/amd64", jsondoc.Quote(platform))
		case pin.Binary.IsZero():
			return fmt.Errorf("platform %s: the digest of its binary is missing", platform)
		}
	}
	for tool, may := range entry.Tools {
		if !isIdentifier(tool) {
			return fmt.Errorf("tool %s: not a tool's name", jsondoc.Quote(tool))
		}
		if effectRank(may.Effect) < 1 {
			return fmt.Errorf("tool %s: effect %s: want read, write or destroy", tool, jsondoc.Quote(string(may.Effect)))
		}
	}
	if entry.Source != "" && entry.Tools == nil {
		return errors.New("the permissions of its tools are missing")
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
	executable, err := ParseDigest(binary)
	if err != nil {
		return "", LockEntry{}, err
	}
	declared, err := ParseDigest(manifest)
	if err != nil {
		return "", LockEntry{}, err
	}
	entry := hereOnly(version, executable, declared)
	return name, entry, checkLockEntry(name, entry)
}

// Write replaces the lock file at path by l, at once or not at all: a host that
// starts meanwhile reads the old file or the new one. The same lock gives the same
// bytes on every machine. The file is readable by
// its owner only, and so is the folder if it has to be made; a file that is there keeps its mode. If path is a
// symbolic link, the file that it leads to is replaced and the link is kept.
//
// Write does not lock: whoever reads, changes and writes guards the three steps.
func (l Lock) Write(path string) error {
	data, err := l.Encode()
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
	if err := atomicfile.Replace(path, data, keepMode(path)); err != nil {
		return fmt.Errorf("lock file %s: %w", path, err)
	}
	return nil
}

// keepMode gives a replacement the mode of the file at path: a lock file that belongs to a repository is not private.
func keepMode(path string) func(*os.File) error {
	info, err := os.Stat(path)
	if err != nil {
		return nil
	}
	return func(f *os.File) error { return f.Chmod(info.Mode().Perm()) }
}

// Encode is the file that Write writes. Lists are sorted, and nothing in it is of the moment or of the machine.
func (l Lock) Encode() ([]byte, error) {
	document := lockDocument{Version: lockVersion, Plugins: make(map[string]LockEntry, len(l.Plugins))}
	for name, entry := range l.Plugins {
		if err := checkLockEntry(name, entry); err != nil {
			return nil, fmt.Errorf("plugin %s: %w", jsondoc.Quote(name), err)
		}
		document.Plugins[name] = entry.sorted()
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(document); err != nil {
		return nil, err
	}
	if buf.Len() > maxLockBytes {
		return nil, fmt.Errorf("larger than %d bytes: it could not be read again", maxLockBytes)
	}
	return buf.Bytes(), nil
}

// ParseLock reads what Encode wrote, such as a lock file that came from elsewhere.
func ParseLock(data []byte) (Lock, error) {
	if len(data) > maxLockBytes {
		return Lock{}, fmt.Errorf("larger than %d bytes", maxLockBytes)
	}
	return parseLock(data)
}

func (e LockEntry) sorted() LockEntry {
	if e.Tools == nil {
		return e
	}
	tools := make(map[string]Permissions, len(e.Tools))
	for name, may := range e.Tools {
		tools[name] = may.sorted()
	}
	e.Tools = tools
	return e
}

// Equal reports whether two entries say the same.
func (e LockEntry) Equal(other LockEntry) bool {
	a, errA := json.Marshal(e.sorted())
	b, errB := json.Marshal(other.sorted())
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

// effectRank orders effects by what they allow; below 1: not an effect.
func effectRank(e pluginv1.Effect) int {
	return slices.Index([]pluginv1.Effect{"", pluginv1.EffectRead, pluginv1.EffectWrite, pluginv1.EffectDestroy}, e)
}
