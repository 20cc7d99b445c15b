package vault

import (
	"cmp"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
)

const (
	// Lifetime is how long a secret is kept: long enough for a user to fetch it, too short to be forgotten.
	Lifetime = 15 * time.Minute
	// maxKept bounds how many are kept at once, and maxKeptBytes each of them.
	maxKept      = 200
	maxKeptBytes = 64 << 10
	suffix       = ".secret"
	purposeKept  = "kept secrets"
)

// Secret is a value that Auth0 answered once.
type Secret struct {
	// ID is the fingerprint in the value's marker, which stands for it in the conversation.
	ID string `json:"id"`
	// Tenant, Request ("POST /api/v2/tickets/password-change") and Member say where it comes from.
	Tenant  string    `json:"tenant"`
	Request string    `json:"request"`
	Member  string    `json:"member"`
	Value   string    `json:"value"`
	Expires time.Time `json:"expires"`
}

// UnknownError says that no such secret is kept.
type UnknownError struct{ ID string }

func (e *UnknownError) Error() string {
	return fmt.Sprintf("no secret with the fingerprint %q is kept: it has expired (after %v), or the server keeps its "+
		"state elsewhere (XDG_STATE_HOME). Only values that Auth0 answers once are kept", e.ID, Lifetime)
}

// FullError says that too many secrets are kept.
type FullError struct{}

func (e *FullError) Error() string {
	return fmt.Sprintf("%d secrets are kept already: wait until they expire (%v)", maxKept, Lifetime)
}

var fingerprint = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-z0-9]{4,64}$`)
})

// Ready returns why a secret could not be kept now; nil if it could.
func (v *Vault) Ready() error {
	if err := v.Shared(); err != nil {
		return err
	}
	return v.locked(func() error {
		kept, err := v.kept()
		if err != nil {
			return err
		}
		if len(kept) >= maxKept {
			return &FullError{}
		}
		probe := filepath.Join(v.dir, "probe")
		return errors.Join(atomicfile.Replace(probe, make([]byte, 4096), nil), os.Remove(probe))
	})
}

// Keep keeps a secret, encrypted, for Lifetime from now. A value with the same id is replaced.
func (v *Vault) Keep(s Secret) error {
	if err := v.Shared(); err != nil {
		return err
	}
	if !fingerprint().MatchString(s.ID) {
		return fmt.Errorf("a secret cannot be kept under %q", s.ID)
	}
	s.Expires = v.now().Add(Lifetime).UTC()
	sealed, err := v.seal(s)
	if err != nil {
		return err
	}
	return v.locked(func() error {
		if err := atomicfile.Replace(v.path(s.ID), sealed, nil); err != nil {
			return fmt.Errorf("keeping a secret: %w", err)
		}
		return nil
	})
}

// Get returns the secret with an id. The error is an *[UnknownError] if there is none.
func (v *Vault) Get(id string) (Secret, error) {
	list, err := v.List()
	if err != nil {
		return Secret{}, err
	}
	at := slices.IndexFunc(list, func(s Secret) bool { return s.ID == id })
	if at < 0 {
		return Secret{}, &UnknownError{id}
	}
	return list[at], nil
}

// List returns the secrets that are kept, oldest first, and removes those that have expired.
func (v *Vault) List() (list []Secret, err error) {
	if err := v.Shared(); err != nil {
		return nil, err
	}
	err = v.locked(func() error {
		list, err = v.kept()
		return err
	})
	return list, err
}

func (v *Vault) path(id string) string { return filepath.Join(v.dir, id+suffix) }

// kept reads what is kept, and removes what has expired or cannot be read. The lock is held.
func (v *Vault) kept() ([]Secret, error) {
	entries, err := os.ReadDir(v.dir)
	if err != nil {
		return nil, fmt.Errorf("the folder of secrets: %w", err)
	}
	var list []Secret
	for _, entry := range entries {
		id, ok := strings.CutSuffix(entry.Name(), suffix)
		if !ok || !fingerprint().MatchString(id) {
			continue
		}
		s, err := v.open(id)
		if now := v.now(); err != nil || !s.Expires.After(now) || s.Expires.Sub(now) > Lifetime {
			if err := os.Remove(v.path(id)); err != nil {
				return nil, fmt.Errorf("removing a secret that has expired: %w", err)
			}
			continue
		}
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b Secret) int {
		return cmp.Or(a.Expires.Compare(b.Expires), strings.Compare(a.ID, b.ID))
	})
	return list, nil
}

func (v *Vault) cipher() (cipher.AEAD, error) {
	block, err := aes.NewCipher(v.Key(purposeKept))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// seal encrypts a secret; its id is authenticated with it, so that files cannot be exchanged.
func (v *Vault) seal(s Secret) ([]byte, error) {
	plain, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	if len(plain) > maxKeptBytes {
		return nil, fmt.Errorf("a secret of %d bytes is too long to be kept", len(s.Value))
	}
	aead, err := v.cipher()
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails
	return aead.Seal(nonce, nonce, plain, []byte(s.ID)), nil
}

var errDamaged = errors.New("damaged, or encrypted with another key")

func (v *Vault) open(id string) (Secret, error) {
	sealed, err := readSmall(v.path(id), maxKeptBytes+1024)
	if err != nil {
		return Secret{}, err
	}
	aead, err := v.cipher()
	if err != nil {
		return Secret{}, err
	}
	if len(sealed) < aead.NonceSize() {
		return Secret{}, errDamaged
	}
	plain, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], []byte(id))
	if err != nil {
		return Secret{}, errDamaged
	}
	var s Secret
	if json.Unmarshal(plain, &s) != nil || s.ID != id {
		return Secret{}, errDamaged
	}
	return s, nil
}
