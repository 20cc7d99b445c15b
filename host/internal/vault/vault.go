// Package vault keeps the key of an installation, and for a short time the secrets that Auth0 answers only once.
//
// The key is 32 random bytes in a file that only its user can read. Whatever needs a key derives its own from it: the
// fingerprints of hidden values, the digests of approvals, the encryption of kept secrets.
package vault

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
)

const (
	keyName  = "key"
	lockName = ".lock"
	keyBytes = 32
	// lockPatience is how long another process may hold the folder: as a rule it does for a millisecond.
	lockPatience = 5 * time.Second
)

// Vault is a folder that all processes of a user share. Its methods may be called from several goroutines.
type Vault struct {
	dir string
	now func() time.Time

	load sync.Once
	root []byte
	err  error // why the key is this process's alone
}

// New returns the vault in a folder, which is made when it is first needed. An empty dir is no place: the key then
// lives as long as the process, and nothing can be kept.
func New(dir string) *Vault { return &Vault{dir: dir, now: time.Now} }

// Key returns the 32 bytes that belong to a purpose. The first call reads the installation's key, or makes it. Where
// that is not possible the key is the process's own.
func (v *Vault) Key(purpose string) []byte {
	v.load.Do(v.loadKey)
	key, err := hkdf.Expand(sha256.New, v.root, "auth0-mcp "+purpose, keyBytes)
	if err != nil {
		panic("vault: " + err.Error()) // only for a length that HKDF cannot give
	}
	return key
}

// Shared returns nil if other processes of the user have the same key, else why not.
func (v *Vault) Shared() error {
	v.load.Do(v.loadKey)
	return v.err
}

func (v *Vault) loadKey() {
	err := v.locked(func() (err error) {
		v.root, err = v.readKey()
		return err
	})
	if err != nil {
		v.root, v.err = newKey(), err
	}
}

func newKey() []byte {
	key := make([]byte, keyBytes)
	_, _ = rand.Read(key) // never fails
	return key
}

// readKey reads the key, and makes one where there is none or what is there is not one. The lock is held.
func (v *Vault) readKey() ([]byte, error) {
	path := filepath.Join(v.dir, keyName)
	key, err := readSmall(path, keyBytes)
	switch {
	case err == nil && len(key) == keyBytes:
		// A copy of the folder may have lost its mode.
		return key, os.Chmod(path, 0o600)
	case err != nil && !errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("reading the key of this installation: %w", err)
	}
	key = newKey()
	if err := atomicfile.Replace(path, key, nil); err != nil {
		return nil, fmt.Errorf("keeping the key of this installation: %w", err)
	}
	return key, nil
}

// readSmall reads a file that only this user can change. More than most bytes are cut off one byte behind them.
func readSmall(path string, most int64) ([]byte, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file", path)
	}
	if err := atomicfile.CheckWriters(path); err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, most+1))
}

// locked runs f while no other process works on the folder.
func (v *Vault) locked(f func() error) error {
	if v.dir == "" {
		_, err := atomicfile.StateFolder()
		return errors.Join(errors.New("there is no folder to keep secrets in"), err)
	}
	if err := os.MkdirAll(v.dir, 0o700); err != nil {
		return fmt.Errorf("the folder of secrets: %w: make it writable for you", err)
	}
	if err := atomicfile.CheckWriters(v.dir); err != nil {
		return fmt.Errorf("the folder of secrets %s is not trusted: %w", v.dir, err)
	}
	unlock, err := atomicfile.LockWithin(filepath.Join(v.dir, lockName), lockPatience)
	if err != nil {
		return fmt.Errorf("locking the folder of secrets: %w", err)
	}
	defer unlock()
	return f()
}
