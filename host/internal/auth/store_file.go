package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"filippo.io/age"
)

const (
	// workFactor makes one guess at a passphrase cost 2^17 rounds of scrypt with
	// 128 MiB (RFC 7914): half a second on one core of a small server, which is
	// paid at a sign-in and a renewal, and little enough memory for a container.
	workFactor = 17
	// maxWorkFactor bounds what a file that another user wrote can cost: 1 GiB.
	maxWorkFactor = 20
	// scryptStanza is how a file says that a passphrase opens it.
	scryptStanza = "scrypt"
)

// Passphrase gives the passphrase of a profile's file: AUTH0_MCP_PASSPHRASE, or
// what a user types. fresh means that there is no file yet, so that a user
// should type it twice.
type Passphrase func(ctx context.Context, profile string, fresh bool) (string, error)

// PassphraseError means that a passphrase does not open a session's file.
type PassphraseError struct {
	Path    string
	Profile string
}

func (e *PassphraseError) Error() string {
	return fmt.Sprintf("wrong passphrase for %s (or the file is damaged): set AUTH0_MCP_PASSPHRASE to the one it was "+
		"written with; if it is lost, auth0-mcp logout --profile %s and sign in again", e.Path, e.Profile)
}

// NoPassphraseError means that the store "file" can't ask.
type NoPassphraseError struct {
	Profile string
}

func (e *NoPassphraseError) Error() string {
	return fmt.Sprintf(`profile %s: the store "file" needs a passphrase: set AUTH0_MCP_PASSPHRASE`, e.Profile)
}

// StoreMismatchError means that a session was written by another store.
type StoreMismatchError struct {
	Path string
	// Written is the store that wrote it.
	Written StoreKind
}

func (e *StoreMismatchError) Error() string {
	return fmt.Sprintf("the session %s was written by the store %q: choose it with --store %s", e.Path, e.Written,
		e.Written)
}

// fileStore keeps each session in a file encrypted with a passphrase.
type fileStore struct {
	folder sessionFolder
	ask    Passphrase
	// factor is workFactor, except in tests.
	factor int

	// known are the passphrases that opened or wrote a file, so that a server asks
	// once: it renews for days.
	mu    sync.Mutex
	known map[string]knownPassphrase
}

// knownPassphrase is the passphrase of a file as it was at stamp.
type knownPassphrase struct {
	pass, stamp string
}

func newFileStore(folder sessionFolder, ask Passphrase, factor int) *fileStore {
	if factor == 0 {
		factor = workFactor
	}
	return &fileStore{folder: folder, ask: ask, factor: factor, known: map[string]knownPassphrase{}}
}

// passphrase is the known one, or asks. fresh is the question's.
func (s *fileStore) passphrase(ctx context.Context, profile string, fresh bool) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	s.mu.Lock()
	known, ok := s.known[profile]
	s.mu.Unlock()
	if ok {
		return known.pass, nil
	}
	if s.ask == nil {
		return "", &NoPassphraseError{Profile: profile}
	}
	pass, err := s.ask(ctx, profile, fresh)
	if err == nil && pass == "" {
		err = &NoPassphraseError{Profile: profile}
	}
	return pass, err
}

// proven reports whether pass is known to open the file that has this stamp.
func (s *fileStore) proven(profile, pass, stamp string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known[profile] == knownPassphrase{pass, stamp}
}

func (s *fileStore) remember(profile, pass, stamp string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known[profile] = knownPassphrase{pass, stamp}
}

// forget lets the next call ask again.
func (s *fileStore) forget(profile string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.known, profile)
}

func (s *fileStore) Get(ctx context.Context, profile string) (Session, error) {
	if err := CheckProfileName(profile); err != nil {
		return Session{}, err
	}
	stamp := s.folder.stamp(profile)
	sealed, ok, err := s.folder.read(profile)
	if err != nil {
		return Session{}, err
	}
	if !ok {
		return Session{}, &NoSessionError{Profile: profile, Store: StoreFile}
	}
	pass, err := s.passphrase(ctx, profile, false)
	if err != nil {
		return Session{}, err
	}
	session, err := s.open(sealed, profile, pass)
	if err == nil {
		s.remember(profile, pass, stamp)
	}
	return session, err
}

func (s *fileStore) open(sealed []byte, profile, pass string) (Session, error) {
	identity, err := age.NewScryptIdentity(pass)
	if err != nil {
		return Session{}, err
	}
	identity.SetMaxWorkFactor(maxWorkFactor)
	session, err := s.folder.open(sealed, profile, identity)
	var mismatch *age.NoIdentityMatchError
	if errors.As(err, &mismatch) {
		s.forget(profile)
		if !slices.Contains(mismatch.StanzaTypes, scryptStanza) {
			return Session{}, &StoreMismatchError{Path: s.folder.path(profile), Written: StoreKeychain}
		}
		return Session{}, &PassphraseError{Path: s.folder.path(profile), Profile: profile}
	}
	return session, err
}

// Put asks for the passphrase that the file has already, if it has one: a slip of
// the finger must not lock the user out. A forgotten one is what Delete is for.
func (s *fileStore) Put(ctx context.Context, session Session) error {
	profile := session.Profile
	if err := CheckProfileName(profile); err != nil {
		return err
	}
	// Before the lock: a user who types must not keep a server waiting.
	pass, err := s.passphrase(ctx, profile, s.folder.stamp(profile) == "")
	if err != nil {
		return err
	}
	unlock, err := s.folder.lock(ctx, profile, putSuffix)
	if err != nil {
		return err
	}
	defer unlock()
	stamp := s.folder.stamp(profile)
	sealed, exists, err := s.folder.read(profile)
	if err != nil && !isSessionFileError(err) {
		return err
	}
	if exists && !s.proven(profile, pass, stamp) {
		// What is damaged, or another store's, has no passphrase to keep.
		var wrong *PassphraseError
		if _, err := s.open(sealed, profile, pass); errors.As(err, &wrong) {
			return err
		}
	}
	recipient, err := age.NewScryptRecipient(pass)
	if err != nil {
		return err
	}
	recipient.SetWorkFactor(s.factor)
	if err := s.folder.seal(session, recipient); err != nil {
		return err
	}
	s.remember(profile, pass, s.folder.stamp(profile))
	return nil
}

func isSessionFileError(err error) bool {
	var damaged *SessionFileError
	return errors.As(err, &damaged)
}

func (s *fileStore) Delete(ctx context.Context, profile string) ([]string, error) {
	unlock, err := s.folder.lock(ctx, profile, putSuffix)
	if err != nil {
		return nil, err
	}
	defer unlock()
	s.forget(profile)
	return s.folder.remove(profile)
}

func (s *fileStore) Stamp(profile string) string { return s.folder.stamp(profile) }

func (s *fileStore) Check(context.Context, string) error { return nil }

func (s *fileStore) Describe() StoreDescription {
	return StoreDescription{Kind: StoreFile, Where: "files encrypted with a passphrase in " + s.folder.dir, Writable: true}
}

// String keeps the passphrases from %v.
func (s *fileStore) String() string { return "file store in " + s.folder.dir }

// GoString keeps the passphrases from %#v.
func (s *fileStore) GoString() string { return s.String() }
