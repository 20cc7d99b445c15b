package source

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"aead.dev/minisign"
	jsonv2 "github.com/go-json-experiment/json"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
)

const (
	keysVersion  = 1
	maxKeysBytes = 4 << 20
	// maxRootBytes bounds a trusted root. That of the public Sigstore instance takes 7 kB.
	maxRootBytes = 256 << 10
)

// Key is who may sign plugins. It has Minisign or Sigstore.
type Key struct {
	// Name is the user's name for the key.
	Name string `json:"name"`
	// Minisign is a public key of minisign, which is an Ed25519 key with a number, in base64.
	Minisign string    `json:"minisign,omitempty"`
	Sigstore *Identity `json:"sigstore,omitempty"`
	// Expires is when new releases are no longer believed; zero: never. What is installed stays.
	Expires time.Time `json:"expires,omitzero"`
	// Revoked is when the user stopped trusting the key; zero: they trust it.
	Revoked time.Time `json:"revoked,omitzero"`
}

// Identity is who signs with Sigstore: a certificate authority vouches for them instead of a key.
type Identity struct {
	// Subject is the identity in the certificate, such as the URL of a workflow. "*" stands for any characters but "/"
	// and "@".
	Subject string `json:"subject"`
	// Issuer is the URL of who signed the subject in, such as https://token.actions.githubusercontent.com.
	Issuer string `json:"issuer"`
	// Root is the trusted root: the certificates and log keys of the Sigstore instance, as its trusted_root.json has them.
	Root json.RawMessage `json:"trustedRoot"`
}

// Keys are those that the user has named.
type Keys []Key

type keysDocument struct {
	Format int  `json:"keysVersion"`
	Keys   Keys `json:"keys"`
}

// KeysPath is the user's file of trusted keys, in the configuration folder.
func KeysPath() (string, error) {
	dir, err := atomicfile.ConfigFolder()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "plugin-keys.json"), nil
}

// ReadKeys reads a file of trusted keys. One that does not exist has none; one that another user can change is refused.
func ReadKeys(path string) (Keys, error) {
	var writers *atomicfile.WritersError
	if errors.As(atomicfile.CheckWriters(path), &writers) {
		return nil, fmt.Errorf("trusted keys in %s are not believed: %w", path, writers)
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("trusted keys: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxKeysBytes))
	if err != nil {
		return nil, fmt.Errorf("trusted keys: %w", err)
	}
	var d keysDocument
	err = jsonv2.Unmarshal(data, &d, jsonv2.RejectUnknownMembers(true))
	if err == nil && d.Format != keysVersion {
		err = fmt.Errorf("keysVersion %d: want %d", d.Format, keysVersion)
	}
	if err == nil {
		err = d.Keys.check()
	}
	if err != nil {
		return nil, fmt.Errorf("trusted keys in %s: %w; repair the file, or delete it and add the keys again with "+
			"`auth0-mcp plugin keys add`", path, err)
	}
	return d.Keys, nil
}

func (k Keys) write(path string) error {
	if err := k.check(); err != nil {
		return err
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(keysDocument{keysVersion, k}); err != nil {
		return err
	}
	return atomicfile.Replace(path, out.Bytes(), nil)
}

// keysPatience bounds the wait for another command that changes the file.
const keysPatience = 10 * time.Second

// ChangeKeys replaces the file of trusted keys at path by what change makes of it, while no other command changes it.
func ChangeKeys(ctx context.Context, path string, change func(Keys) (Keys, error)) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	unlock, err := atomicfile.Lock(ctx, path+".lock", keysPatience)
	if err != nil {
		return err
	}
	defer unlock()
	before, err := ReadKeys(path)
	if err != nil {
		return err
	}
	after, err := change(before)
	if err != nil {
		return err
	}
	return after.write(path)
}

// Find returns the key of a name.
func (k Keys) Find(name string) (Key, bool) {
	i := slices.IndexFunc(k, func(key Key) bool { return key.Name == name })
	if i < 0 {
		return Key{}, false
	}
	return k[i], true
}

// Add returns the keys with one more.
func (k Keys) Add(key Key) (Keys, error) {
	if _, ok := k.Find(key.Name); ok {
		return nil, fmt.Errorf("there is a key %s already: choose another name, or remove it first with `auth0-mcp plugin "+
			"keys remove %s`", key.Name, key.Name)
	}
	all := append(slices.Clone(k), key)
	return all, all.check()
}

// Remove returns the keys without one.
func (k Keys) Remove(name string) (Keys, error) {
	if _, ok := k.Find(name); !ok {
		return nil, k.missing(name)
	}
	return slices.DeleteFunc(slices.Clone(k), func(key Key) bool { return key.Name == name }), nil
}

// Revoke returns the keys with one that is not trusted any more. It stays among them, so that what it has signed is
// refused even where no signature is required.
func (k Keys) Revoke(name string, now time.Time) (Keys, error) {
	all := slices.Clone(k)
	i := slices.IndexFunc(all, func(key Key) bool { return key.Name == name })
	if i < 0 {
		return nil, k.missing(name)
	}
	if all[i].Revoked.IsZero() {
		all[i].Revoked = now.UTC().Truncate(time.Second)
	}
	return all, nil
}

func (k Keys) missing(name string) error {
	names := make([]string, 0, len(k))
	for _, key := range k {
		names = append(names, key.Name)
	}
	if len(names) == 0 {
		return fmt.Errorf("there is no key %q: none has been added", name)
	}
	return fmt.Errorf("there is no key %q: there is %s", name, strings.Join(names, ", "))
}

func (k Keys) check() error {
	names, numbers := map[string]bool{}, map[uint64]string{}
	for _, key := range k {
		if err := key.check(); err != nil {
			return fmt.Errorf("key %q: %w", key.Name, err)
		}
		if names[key.Name] {
			return fmt.Errorf("key %q is given twice", key.Name)
		}
		names[key.Name] = true
		if key.Minisign == "" {
			continue
		}
		public, err := key.Public()
		if err != nil {
			return err
		}
		// A revoked key must not stay trusted under another name.
		if other, ok := numbers[public.ID()]; ok {
			return fmt.Errorf("keys %q and %q are the same key, %s", other, key.Name, KeyID(public.ID()))
		}
		numbers[public.ID()] = key.Name
	}
	return nil
}

func (k Key) check() error {
	if !only(k.Name, "._-", 64) {
		return errors.New("want a name of letters, digits and ._-, 64 at most")
	}
	switch {
	case (k.Minisign == "") == (k.Sigstore == nil):
		return errors.New("want a minisign key or a Sigstore identity")
	case k.Minisign != "":
		_, err := k.Public()
		return err
	case len(k.Sigstore.Root) == 0 || len(k.Sigstore.Root) > maxRootBytes:
		return fmt.Errorf("want a trusted root of at most %d bytes", maxRootBytes)
	case strings.Trim(k.Sigstore.Subject, "*/ ") == "":
		return errors.New("want a subject, such as the URL of a workflow: without one anybody could sign")
	case !strings.HasPrefix(k.Sigstore.Issuer, "https://"):
		return errors.New("want an issuer, such as https://token.actions.githubusercontent.com")
	}
	return nil
}

// Public is the public key of a minisign key.
func (k Key) Public() (minisign.PublicKey, error) {
	var public minisign.PublicKey
	if err := public.UnmarshalText([]byte(k.Minisign)); err != nil {
		return public, errors.New("not a public key of minisign: want the line that begins with RW")
	}
	return public, nil
}

// KeyID writes the number of a minisign key as minisign does.
func KeyID(id uint64) string { return fmt.Sprintf("%016X", id) }

// Signer says who the key is: the number of a minisign key, or the identity.
func (k Key) Signer() Signer {
	if k.Sigstore != nil {
		return Signer{Name: k.Name, Kind: "sigstore", Detail: k.Sigstore.Subject + " of " + k.Sigstore.Issuer}
	}
	signer := Signer{Name: k.Name, Kind: "minisign"}
	if public, err := k.Public(); err == nil {
		signer.Detail = "key " + KeyID(public.ID())
	}
	return signer
}
