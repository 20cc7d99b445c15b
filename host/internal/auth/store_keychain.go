package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"filippo.io/age"
	"github.com/zalando/go-keyring"
)

const (
	// keychainService names our entries in the keychain; the account is the profile.
	keychainService = "auth0-mcp"
	// keychainPatience bounds one question to the keychain. It may be waiting for a
	// user to unlock it, and a server has none.
	keychainPatience = 5 * time.Second
)

// KeychainReason is why the system's keychain could not be used.
type KeychainReason string

// The reasons.
const (
	KeychainAbsent   KeychainReason = "absent"
	KeychainLocked   KeychainReason = "locked"
	KeychainTimedOut KeychainReason = "timed out"
	KeychainFailed   KeychainReason = "failed"
)

// KeychainError means that the system's keychain could not be used.
type KeychainError struct {
	Reason KeychainReason
	// Op is what was tried, in words.
	Op string
	// Remedy is what to do, in these surroundings.
	Remedy string
	// Err is the cause, if there is one.
	Err error
}

func (e *KeychainError) Error() string {
	what := map[KeychainReason]string{
		KeychainAbsent:   "there is no system keychain",
		KeychainLocked:   "the system keychain is locked",
		KeychainTimedOut: "the system keychain did not answer in time",
		KeychainFailed:   "the system keychain failed",
	}[e.Reason]
	text := e.Op + ": " + what
	if e.Err != nil {
		text += " (" + e.Err.Error() + ")"
	}
	return text + ": " + e.Remedy
}

func (e *KeychainError) Unwrap() error { return e.Err }

// KeyLostError means that a session's file is there and its key is not in the
// keychain, or is another one: the keychain was reset, or the file copied.
type KeyLostError struct {
	Path    string
	Profile string
}

func (e *KeyLostError) Error() string {
	return fmt.Sprintf("the key of %s is not in this system's keychain: sign in again with auth0-mcp init --profile %s",
		e.Path, e.Profile)
}

// keychain is the system's keychain with bounded patience. The functions are those
// of go-keyring, which knows no context.
type keychain struct {
	get    func(service, account string) (string, error)
	set    func(service, account, secret string) error
	remove func(service, account string) error
	// reason sorts the errors of this system.
	reason       func(error) KeychainReason
	surroundings Surroundings
	patience     time.Duration
}

func systemKeychain(s Surroundings) keychain {
	return keychain{
		get: keyring.Get, set: keyring.Set, remove: keyring.Delete,
		reason: keychainReason, surroundings: s, patience: keychainPatience,
	}
}

// ask runs f aside. When its time is over, f is left behind: what hangs in a
// keychain's prompt can't be stopped, and ends with the process. found is false if
// there is no such entry.
func (k keychain) ask(ctx context.Context, op string, f func() (string, error)) (secret string, found bool, err error) {
	if k.surroundings.NoBus {
		return "", false, k.fail(op, KeychainAbsent, nil)
	}
	type answer struct {
		secret string
		err    error
		reason KeychainReason
	}
	answered := make(chan answer, 1)
	bounded, cancel := context.WithTimeout(ctx, k.patience)
	defer cancel()
	go func() {
		a := answer{reason: KeychainFailed}
		defer func() {
			// The library trusts what it reads from the bus.
			if p := recover(); p != nil {
				a.err = fmt.Errorf("the keychain's answer is malformed: %v", p)
			}
			answered <- a
		}()
		if a.secret, a.err = f(); a.err != nil && !errors.Is(a.err, keyring.ErrNotFound) {
			a.reason = k.reason(a.err)
		}
	}()
	select {
	case a := <-answered:
		switch {
		case errors.Is(a.err, keyring.ErrNotFound):
			return "", false, nil
		case a.err != nil:
			return "", false, k.fail(op, a.reason, a.err)
		}
		return a.secret, true, nil
	case <-bounded.Done():
		if err := ctx.Err(); err != nil {
			return "", false, fmt.Errorf("%s: %w", op, err)
		}
		return "", false, k.fail(op, KeychainTimedOut, nil)
	}
}

func (k keychain) fail(op string, reason KeychainReason, err error) error {
	return &KeychainError{Reason: reason, Op: op, Remedy: k.surroundings.keychainRemedy(reason), Err: err}
}

// keychainStore keeps each session in a file that is encrypted to a random key, and
// only the key in the keychain: Windows takes 2,560 bytes there and macOS some
// 3,000, and a session with a private key has more. The key is made once for a
// profile and stays, so that putting a session is one rename.
type keychainStore struct {
	folder   sessionFolder
	keychain keychain
}

func newKeychainStore(folder sessionFolder, k keychain) *keychainStore {
	return &keychainStore{folder: folder, keychain: k}
}

// key is the profile's; nil without an error if the keychain has none.
func (s *keychainStore) key(ctx context.Context, profile string) (*age.X25519Identity, error) {
	op := "reading the key of profile " + profile
	text, found, err := s.keychain.ask(ctx, op, func() (string, error) {
		return s.keychain.get(keychainService, profile)
	})
	if err != nil || !found {
		return nil, err
	}
	identity, err := age.ParseX25519Identity(text)
	if err != nil { // its text may repeat the key
		return nil, fmt.Errorf("%s: the entry %q of %q in the keychain was not written by auth0-mcp, or is damaged: "+
			"remove it with auth0-mcp logout --profile %s and sign in again", op, profile, keychainService, profile)
	}
	return identity, nil
}

func (s *keychainStore) Get(ctx context.Context, profile string) (Session, error) {
	if err := CheckProfileName(profile); err != nil {
		return Session{}, err
	}
	sealed, ok, err := s.folder.read(profile)
	if err != nil {
		return Session{}, err
	}
	if !ok {
		return Session{}, &NoSessionError{Profile: profile, Store: StoreKeychain}
	}
	// A key that opens nothing tells which store wrote the file: the keychain, which may
	// be locked or ask a user, is not bothered for another store's.
	none, err := age.GenerateX25519Identity()
	if err != nil {
		return Session{}, err
	}
	var mismatch *age.NoIdentityMatchError
	switch _, err := s.folder.open(sealed, profile, none); {
	case !errors.As(err, &mismatch):
		return Session{}, err // damaged: no key would open it
	case slices.Contains(mismatch.StanzaTypes, scryptStanza):
		return Session{}, &StoreMismatchError{Path: s.folder.path(profile), Written: StoreFile}
	}
	identity, err := s.key(ctx, profile)
	if err != nil {
		return Session{}, err
	}
	if identity == nil {
		return Session{}, &KeyLostError{Path: s.folder.path(profile), Profile: profile}
	}
	session, err := s.folder.open(sealed, profile, identity)
	if errors.As(err, &mismatch) {
		return Session{}, &KeyLostError{Path: s.folder.path(profile), Profile: profile}
	}
	return session, err
}

// Put writes the key first, if there is none, and the file last. Whatever ends it
// in between, the file that is there still has its key: either the key did not
// change, or the file could not be opened before.
func (s *keychainStore) Put(ctx context.Context, session Session) error {
	// Two that make a key at once would leave one's file with the other's key.
	unlock, err := s.folder.lock(ctx, session.Profile, putSuffix)
	if err != nil {
		return err
	}
	defer unlock()
	identity, err := s.key(ctx, session.Profile)
	if err != nil {
		return err
	}
	if identity == nil {
		if identity, err = s.newKey(ctx, session.Profile); err != nil {
			return err
		}
	}
	return s.folder.seal(session, identity.Recipient())
}

// newKey puts a key into the keychain and reads it back: some keychains report
// success when a user dismissed the prompt.
func (s *keychainStore) newKey(ctx context.Context, profile string) (*age.X25519Identity, error) {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, err
	}
	op := "storing a key for profile " + profile
	if _, _, err := s.keychain.ask(ctx, op, func() (string, error) {
		return "", s.keychain.set(keychainService, profile, identity.String())
	}); err != nil {
		return nil, err
	}
	stored, err := s.key(ctx, profile)
	if err != nil {
		return nil, err
	}
	if stored == nil || stored.String() != identity.String() {
		return nil, s.keychain.fail(op, KeychainFailed, errors.New("it reported success and does not have the key"))
	}
	return identity, nil
}

// Delete removes the file first: without it the session is gone, even if the
// keychain can't be reached.
func (s *keychainStore) Delete(ctx context.Context, profile string) ([]string, error) {
	unlock, err := s.folder.lock(ctx, profile, putSuffix)
	if err != nil {
		return nil, err
	}
	defer unlock()
	removed, err := s.folder.remove(profile)
	if err != nil {
		return nil, err
	}
	_, found, err := s.keychain.ask(ctx, "removing the key of profile "+profile, func() (string, error) {
		return "", s.keychain.remove(keychainService, profile)
	})
	var failed *KeychainError
	switch {
	case errors.As(err, &failed) && failed.Reason == KeychainAbsent && len(removed) == 0:
		return nil, nil // no file and no keychain: there is nothing
	case err != nil:
		return removed, err
	case found:
		removed = append(removed, fmt.Sprintf("the key %q of %q in the system keychain", profile, keychainService))
	}
	return removed, nil
}

func (s *keychainStore) Stamp(profile string) string { return s.folder.stamp(profile) }

func (s *keychainStore) Check(ctx context.Context, profile string) error {
	_, err := s.key(ctx, profile)
	return err
}

func (s *keychainStore) Describe() StoreDescription {
	where := []string{"files encrypted with a key in the system keychain (service " + keychainService + ")",
		"in " + s.folder.dir}
	return StoreDescription{Kind: StoreKeychain, Where: strings.Join(where, " "), Writable: true}
}
