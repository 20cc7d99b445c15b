package auth

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
)

const (
	// lockPatience bounds the wait for a lock file. Who holds one works for a moment
	// only, at most for as long as a keychain and a passphrase take.
	lockPatience = 30 * time.Second
)

// privateFolder makes a folder that only its owner can enter. One that is there
// already keeps its mode: it may be shared with other programs.
func privateFolder(dir string) error {
	return os.MkdirAll(dir, 0o700)
}

// CheckWritable makes the folders that are given, and reports why one of them can't keep a
// file: before a sign-in that would be lost.
func (f Folders) CheckWritable() error {
	if err := (sessionFolder{f.Sessions()}).prepare(); err != nil {
		return err
	}
	if f.Config == "" {
		_, err := atomicfile.ConfigFolder()
		return fmt.Errorf("config file: %w", cmp.Or(err, errNoFolder))
	}
	for _, dir := range []string{f.Sessions(), f.Config} {
		err := privateFolder(dir)
		if err == nil {
			err = probe(dir)
		}
		if err != nil {
			return fmt.Errorf("%s can't be written to (%w): a sign-in could not be kept", dir, err)
		}
	}
	return nil
}

func probe(dir string) error {
	file, err := os.CreateTemp(dir, ".probe-*")
	if err != nil {
		return err
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}

// TooLargeError means that a file has more bytes than such a file can have.
type TooLargeError struct {
	Limit int64
}

func (e *TooLargeError) Error() string { return fmt.Sprintf("larger than %d bytes", e.Limit) }

var errNotRegular = errors.New("not a regular file")

// readBounded reads a regular file of at most limit bytes. It goes through os.Root,
// as atomicfile.Replace does: that is what lets Windows replace a file that is open.
func readBounded(path string, limit int64) ([]byte, error) {
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	name := filepath.Base(path)
	info, err := root.Lstat(name)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular(): // opening a named pipe would hang
		return nil, errNotRegular
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, &TooLargeError{Limit: limit}
	}
	return data, nil
}
