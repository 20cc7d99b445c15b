package auth

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// StoreKind names a credential store, as --store, AUTH0_MCP_STORE and the config
// file do.
type StoreKind string

// The ladder: from what another program keeps to what is kept here. None keeps a
// secret in plain text, and none stands in for another silently.
const (
	// StoreEnv is AUTH0_TOKEN with AUTH0_DOMAIN.
	StoreEnv StoreKind = "env"
	// StoreCommand is a program that prints a token.
	StoreCommand StoreKind = "command"
	// StoreKeychain is an encrypted file whose key is in the system's keychain.
	StoreKeychain StoreKind = "keychain"
	// StoreFile is an encrypted file whose key is made from a passphrase.
	StoreFile StoreKind = "file"
)

// ParseStoreKind reads the name of a store.
func ParseStoreKind(s string) (StoreKind, error) {
	switch kind := StoreKind(s); kind {
	case StoreEnv, StoreCommand, StoreKeychain, StoreFile:
		return kind, nil
	}
	return "", fmt.Errorf("store %s: want %s, %s, %s or %s", quoteForeign(s), StoreEnv, StoreCommand, StoreKeychain,
		StoreFile)
}

// Store keeps sessions, each under its profile's name. Everything that can block
// is bounded, and ends with its context.
type Store interface {
	// Get returns the profile's session. A [*NoSessionError] means that there is none.
	Get(ctx context.Context, profile string) (Session, error)
	// Put keeps s under s.Profile in place of what was there, at once or not at all.
	// A [*ReadOnlyStoreError] means that this store is filled by another program.
	Put(ctx context.Context, s Session) error
	// Delete removes the profile's session and says what it removed, in words for the
	// user. Nothing there is no failure. After an error the words still tell what
	// is gone.
	Delete(ctx context.Context, profile string) (removed []string, err error)
	// Stamp changes whenever the profile's session is put or deleted, by any process.
	// It asks for the state of one file: no keychain, no passphrase, no program.
	// Empty means no session, or a store that can't tell. Whoever wants to notice a
	// change takes the stamp before Get: then a change in between shows next time.
	Stamp(profile string) string
	// Check reports why a session of the profile could not be kept, before one is
	// got: a keychain that is absent or locked.
	Check(ctx context.Context, profile string) error
	// Describe says what this store is, for session and doctor.
	Describe() StoreDescription
}

// StoreDescription is what a user is told about a store.
type StoreDescription struct {
	Kind StoreKind `json:"kind"`
	// Where the sessions are, in words.
	Where string `json:"where"`
	// Writable is whether a sign-in and a renewal can be kept.
	Writable bool `json:"writable"`
}

// StoreOptions are what the stores need; each takes its own part.
type StoreOptions struct {
	// SessionsFolder holds the encrypted files: [Folders.Sessions].
	SessionsFolder string
	// Token and Domain are AUTH0_TOKEN and AUTH0_DOMAIN, for StoreEnv. The caller
	// takes them from the environment once, and unsets them there.
	Token, Domain string
	// Command is [Profile.Command], for StoreCommand.
	Command []string
	// Passphrase is for StoreFile.
	Passphrase Passphrase
	// WorkFactor is log2 of what a guess at the passphrase costs; 0: the default,
	// which is for everything but tests.
	WorkFactor int
	// Surroundings word what to do about a keychain that fails.
	Surroundings Surroundings
}

// OpenStore makes the store of that kind. It reads nothing yet.
func OpenStore(kind StoreKind, o StoreOptions) (Store, error) {
	switch kind {
	case StoreEnv:
		return newEnvStore(o.Token, o.Domain)
	case StoreCommand:
		return newCommandStore(o.Command)
	case StoreKeychain:
		return newKeychainStore(sessionFolder{o.SessionsFolder}, systemKeychain(o.Surroundings)), nil
	case StoreFile:
		return newFileStore(sessionFolder{o.SessionsFolder}, o.Passphrase, o.WorkFactor), nil
	}
	_, err := ParseStoreKind(string(kind))
	return nil, err
}

// StoreWishes are the places that can name a store, the strongest first.
type StoreWishes struct {
	Flag        string // --store
	Environment string // AUTH0_MCP_STORE
	// HasToken is whether AUTH0_TOKEN is set.
	HasToken bool
	Profile  Profile
	Config   Config
}

// Choose returns the store and what chose it, for session and doctor: a flag beats
// the environment, which beats the profile, which beats the config; without any of
// them it is the keychain.
func (w StoreWishes) Choose() (kind StoreKind, by string, err error) {
	profile := w.Profile.Store
	if profile == "" && len(w.Profile.Command) > 0 {
		profile = string(StoreCommand)
	}
	token := ""
	if w.HasToken {
		token = string(StoreEnv)
	}
	for _, wish := range []struct{ name, by string }{
		{w.Flag, "--store"},
		{w.Environment, "AUTH0_MCP_STORE"},
		{token, "AUTH0_TOKEN"},
		{profile, "the profile"},
		{string(w.Config.Store), "the config file"},
		{string(StoreKeychain), "the default"},
	} {
		if name := strings.TrimSpace(wish.name); name != "" {
			if kind, err = ParseStoreKind(name); err != nil {
				return "", "", fmt.Errorf("%s: %w", wish.by, err)
			}
			return kind, wish.by, nil
		}
	}
	return "", "", errors.New("no store") // not reached: the default is a name
}

// NoSessionError means that a store has no session of a profile.
type NoSessionError struct {
	Profile string
	Store   StoreKind
}

func (e *NoSessionError) Error() string {
	return fmt.Sprintf("no session of profile %s in the store %q: sign in with auth0-mcp init --profile %s",
		quoteForeign(e.Profile), e.Store, e.Profile)
}

// Unwrap makes it one of the many things that do not exist, for [SourceConfig.Load].
func (e *NoSessionError) Unwrap() error { return fs.ErrNotExist }

// ReadOnlyStoreError means that a store is filled by another program.
type ReadOnlyStoreError struct {
	Store StoreKind
	// Remedy is what to do instead.
	Remedy string
}

func (e *ReadOnlyStoreError) Error() string {
	return fmt.Sprintf("the store %q can't be written: %s", e.Store, e.Remedy)
}
