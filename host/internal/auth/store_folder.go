package auth

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"filippo.io/age"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
)

const (
	sessionSuffix = ".age"
	// renewSuffix and putSuffix end the names of lock files. They differ because
	// whoever renews holds the first while putting, and their ends keep profiles
	// such as "a" and "a.put" apart.
	renewSuffix = ".lock"
	putSuffix   = ".put"
	// maxSessionBytes bounds what is read: a session is a few thousand bytes.
	maxSessionBytes = 1 << 20
)

// Sessions is the folder of the encrypted sessions; empty without a folder for data.
func (f Folders) Sessions() string {
	if f.Data == "" {
		return ""
	}
	return filepath.Join(f.Data, "sessions")
}

// Lock keeps others from renewing the session of a profile, in this process and in
// others, until unlock is called. It waits at most 30 s, or until ctx ends; then
// the error is an [*atomicfile.LockedError].
func Lock(ctx context.Context, sessionsFolder, profile string) (unlock func(), err error) {
	return sessionFolder{sessionsFolder}.lock(ctx, profile, renewSuffix)
}

// StoredProfiles are the names of the profiles that have an encrypted session in
// the folder, sorted: also those that the config file does not know any more.
func StoredProfiles(sessionsFolder string) ([]string, error) {
	entries, err := os.ReadDir(sessionsFolder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, sessionFolder{sessionsFolder}.fail(err)
	}
	var names []string
	for _, entry := range entries {
		name, ok := strings.CutSuffix(entry.Name(), sessionSuffix)
		if ok && CheckProfileName(name) == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// SessionFileError means that the file of a session is there and is not what was
// written.
type SessionFileError struct {
	Path string
	// Profile is whose session it should be.
	Profile string
	Err     error
}

func (e *SessionFileError) Error() string {
	return fmt.Sprintf("session file %s: %v: sign in again with auth0-mcp init --profile %s", e.Path, e.Err, e.Profile)
}

func (e *SessionFileError) Unwrap() error { return e.Err }

// storedSession is a session as it is encrypted: the one place where its secrets
// are written.
type storedSession Session

// sessionFolder is where the encrypted sessions lie: PROFILE.age.
type sessionFolder struct {
	dir string
}

func (f sessionFolder) path(profile string) string {
	if f.dir == "" {
		return "" // not a file in the folder where the program was started
	}
	return filepath.Join(f.dir, profile+sessionSuffix)
}

// prepare makes the folder, and takes it away from others if they can enter it.
func (f sessionFolder) prepare() error {
	if f.dir == "" {
		_, err := atomicfile.DataFolder()
		return fmt.Errorf("sessions folder: %w", cmp.Or(err, errNoFolder))
	}
	if err := privateFolder(f.dir); err != nil {
		return f.fail(err)
	}
	info, err := os.Stat(f.dir)
	if err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		err = os.Chmod(f.dir, 0o700) //nolint:gosec // a folder needs x
	}
	if err != nil {
		return f.fail(err)
	}
	return nil
}

// fail is an error about the folder itself.
func (f sessionFolder) fail(err error) error {
	if errors.Is(err, syscall.ENOTDIR) {
		return fmt.Errorf("sessions folder %s: a file is in its way (%w): move the file away, or set XDG_DATA_HOME to "+
			"another folder", f.dir, err)
	}
	return fmt.Errorf("sessions folder %s: %w", f.dir, err)
}

func (f sessionFolder) lock(ctx context.Context, profile, suffix string) (func(), error) {
	if err := CheckProfileName(profile); err != nil {
		return nil, err
	}
	if err := f.prepare(); err != nil {
		return nil, err
	}
	return atomicfile.Lock(ctx, filepath.Join(f.dir, profile+suffix), lockPatience)
}

// seal encrypts s and puts it in the place of what is there.
func (f sessionFolder) seal(s Session, to age.Recipient) error {
	plain, err := json.Marshal(storedSession(s)) //nolint:gosec // encrypted before it goes anywhere
	if err != nil {
		return fmt.Errorf("session of profile %s: %w", s.Profile, err)
	}
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, to)
	if err == nil {
		_, err = w.Write(plain)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return fmt.Errorf("encrypting the session of profile %s: %w", s.Profile, err)
	}
	if err := atomicfile.Replace(f.path(s.Profile), sealed.Bytes(), nil); err != nil {
		return fmt.Errorf("session file: %w", err)
	}
	return nil
}

// read returns the encrypted session; ok is false if there is none.
func (f sessionFolder) read(profile string) (sealed []byte, ok bool, err error) {
	if f.dir == "" {
		return nil, false, nil
	}
	path := f.path(profile)
	sealed, err = readBounded(path, maxSessionBytes)
	var large *TooLargeError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, false, nil
	case errors.Is(err, errNotRegular), errors.As(err, &large):
		return nil, false, &SessionFileError{path, profile, err}
	case errors.Is(err, syscall.ENOTDIR):
		return nil, false, f.fail(err)
	case err != nil:
		return nil, false, fmt.Errorf("session file: %w", err)
	}
	return sealed, true, nil
}

// open decrypts a session and checks that it is the profile's: a file under
// another's name would send one tenant's token to what is meant for another. An
// [*age.NoIdentityMatchError] in the error means that the key is a wrong one.
func (f sessionFolder) open(sealed []byte, profile string, key age.Identity) (Session, error) {
	fail := func(err error) (Session, error) {
		return Session{}, &SessionFileError{f.path(profile), profile, err}
	}
	r, err := age.Decrypt(bytes.NewReader(sealed), key)
	if err != nil {
		return fail(err)
	}
	plain, err := io.ReadAll(io.LimitReader(r, maxSessionBytes))
	if err != nil {
		return fail(err)
	}
	var s storedSession
	if json.Unmarshal(plain, &s) != nil { // its error may repeat a part of a secret
		return fail(errors.New("decrypted, but not a session"))
	}
	if s.Profile != profile {
		return fail(fmt.Errorf("it holds the session of profile %s", quoteForeign(s.Profile)))
	}
	return Session(s), nil
}

// remove deletes the profile's file and says so; nothing there is no failure.
func (f sessionFolder) remove(profile string) (removed []string, err error) {
	path := f.path(profile)
	switch err := os.Remove(path); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("session file: %w", err)
	}
	return []string{"the encrypted session " + path}, nil
}

// stamp is made of what no two writings of a file have in common.
func (f sessionFolder) stamp(profile string) string {
	info, err := os.Lstat(f.path(profile))
	if err != nil {
		return ""
	}
	var b []byte
	modified, size := uint64(info.ModTime().UnixNano()), uint64(info.Size()) //nolint:gosec // only compared
	for _, n := range []uint64{modified, size, inode(info)} {
		b = append(strconv.AppendUint(b, n, 36), '.')
	}
	return string(b)
}
