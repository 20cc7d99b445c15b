package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// StoreEntry names the folder in the store that holds an entry's manifest and its executable for a platform, after the
// SHA-256 of their digests: "sha256-" and 64 digits. It is empty if the entry is not for that platform.
func (e LockEntry) StoreEntry(platform string) string {
	pin, ok := e.Platforms[platform]
	if !ok {
		return ""
	}
	sum := e.content(pin)
	return storePrefix + hex.EncodeToString(sum[:])
}

const storePrefix = "sha256-"

// IsStoreEntry reports whether a name is one that StoreEntry gives.
func IsStoreEntry(name string) bool {
	digits, ok := strings.CutPrefix(name, storePrefix)
	return ok && len(digits) == hex.EncodedLen(sha256.Size) && onlyBytes(digits, func(c byte) bool {
		return isDigit(c) || c >= 'a' && c <= 'f'
	})
}

func (e LockEntry) content(pin Pin) [sha256.Size]byte {
	return sha256.Sum256(slices.Concat(pin.Binary[:], e.Manifest[:]))
}

// OlderFolder names the folder, directly in the user's plugin folder, that versions before the store installed an
// entry's plugin in. A plugin's name has no "@".
func (e LockEntry) OlderFolder(name string) string {
	sum := e.content(e.Platforms[Platform()])
	return name + "@" + hex.EncodeToString(sum[:8])
}

// CheckStoreEntry refuses a folder of the store that is a symbolic link, or lies behind one: what is trusted by its
// place must be there. It returns fs.ErrNotExist if there is none.
func CheckStoreEntry(store, entry string) error {
	for _, path := range []string{store, filepath.Join(store, entry)} {
		info, err := os.Lstat(path)
		if err != nil {
			return err
		}
		if !info.IsDir() {
			return &NoFolderError{Path: path, Mode: info.Mode()}
		}
	}
	return nil
}

// NoFolderError means that something else is where a folder of the store should be.
type NoFolderError struct {
	Path string
	Mode fs.FileMode
}

func (e *NoFolderError) Error() string {
	what := "a file"
	if e.Mode&fs.ModeSymlink != 0 {
		what = "a symbolic link"
	}
	return fmt.Sprintf("%s is %s, not a folder of the plugin store", e.Path, what)
}

// addStored adds what the lock file vouches for, by content: the store is not searched.
func (l *loader) addStored() {
	if l.src.StoreDir == "" {
		return
	}
	for _, name := range names(l.src.Lock.Plugins) {
		entry := l.src.Lock.Plugins[name].StoreEntry(Platform())
		if entry == "" {
			continue // refuseMissing says so
		}
		path := filepath.Join(l.src.StoreDir, entry, manifestName)
		err := CheckStoreEntry(l.src.StoreDir, entry)
		switch {
		case errors.Is(err, fs.ErrNotExist): // it may be in the user's folder
		case err != nil:
			l.refuse(Refusal{Name: name, Path: filepath.Dir(path), Origin: OriginUser, Kind: Untrusted, Reason: err.Error(),
				Remedy: "remove it, then run auth0-mcp plugin sync"})
		default:
			refused := len(l.refused)
			l.addManifest(l.readManifest(path, OriginUser), OriginUser)
			for i := range l.refused[refused:] {
				l.refused[refused+i].Name = name // the folder's name says nothing
			}
		}
	}
}

// refuseMissing names what the lock file vouches for and no folder holds.
func (l *loader) refuseMissing() {
	if l.src.StoreDir == "" {
		return
	}
	for _, name := range names(l.src.Lock.Plugins) {
		if l.plugins[name] != nil || slices.ContainsFunc(l.refused, func(r Refusal) bool { return r.Name == name }) {
			continue
		}
		r := Refusal{Name: name, Path: l.src.StoreDir, Origin: OriginUser, Kind: Missing,
			Reason: "it is in the lock file, and not on this machine", Remedy: "run auth0-mcp plugin sync"}
		if entry := l.src.Lock.Plugins[name]; entry.StoreEntry(Platform()) == "" {
			r.Kind, r.Reason, r.Remedy = WrongPlatform, notFor(entry), platformRemedy(name)
		}
		l.refuse(r)
	}
}

// leftover reports whether a folder of the user's plugins is one that an install has
// replaced and could not remove, or that an interrupted install has left behind: what the lock entry names is in the
// store or in a folder beside, and this is another.
func (e LockEntry) leftover(src Sources, p *Plugin) bool {
	if filepath.Dir(filepath.Clean(p.Dir)) != filepath.Clean(src.UserDir) {
		return false // in the store
	}
	places := []string{filepath.Join(src.UserDir, e.OlderFolder(p.Name))}
	if entry := e.StoreEntry(Platform()); src.StoreDir != "" && entry != "" {
		places = append(places, filepath.Join(src.StoreDir, entry))
	}
	for _, place := range places {
		if _, err := os.Stat(filepath.Join(place, manifestName)); err == nil && place != filepath.Clean(p.Dir) {
			return true
		}
	}
	return false
}
