package supervisor

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/auth0-mcp/auth0-mcp/host/internal/atomicfile"
)

// maxProgramBytes bounds the executable of a plugin.
const maxProgramBytes = 1 << 30

// program is an executable, ready to be launched.
type program struct {
	file   *os.File
	sealed bool // file is a sealed copy: see programs
	// release ends the use of the program by one launch or process. It may be called
	// once.
	release func()
}

// digestError says that an executable is not the one that was trusted.
type digestError struct {
	path      string
	want, got [32]byte
}

func (e *digestError) Error() string {
	return fmt.Sprintf("%s has SHA-256 %x, not %x as it had when it was trusted", e.path, e.got[:8], e.want[:8])
}

// openProgram opens the executable of a plugin, refusing what is no file and, unless
// the plugin is under development, what other users can change.
func openProgram(spec Spec) (*os.File, error) {
	if !spec.Dev {
		if err := checkWriters(spec.Path); err != nil {
			return nil, err
		}
	}
	// A pipe without a writer would hold the launch in open.
	if info, err := os.Stat(spec.Path); err == nil && !info.Mode().IsRegular() {
		return nil, errNotRegular
	}
	file, err := os.Open(spec.Path)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	switch {
	case err != nil:
	case !info.Mode().IsRegular():
		err = errNotRegular
	case info.Size() > maxProgramBytes:
		err = &unfitError{fmt.Sprintf("the file is over %d MiB", maxProgramBytes>>20), authorRemedy}
	default:
		return file, nil
	}
	_ = file.Close() // only read
	return nil, err
}

var errNotRegular = &unfitError{"it is not a regular file", "Install the plugin again"}

func checkWriters(path string) error {
	err := atomicfile.CheckWriters(path)
	var writers *atomicfile.WritersError
	if errors.As(err, &writers) {
		return &unfitError{writers.Fault(), "Fix it with: " + writers.Fix}
	}
	return err
}

// checkDigest reads a file from its start and compares it with what was trusted.
func checkDigest(spec Spec, file io.ReaderAt) error {
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(file, 0, maxProgramBytes+1)); err != nil {
		return fmt.Errorf("reading %s: %w", spec.Path, err)
	}
	return spec.compareDigest([32]byte(h.Sum(nil)))
}

func (s Spec) compareDigest(got [32]byte) error {
	if got != s.Digest {
		return &digestError{path: s.Path, want: s.Digest, got: got}
	}
	return nil
}

// openUnsealed opens the executable itself. What others can change was refused; what
// this user changes between the check and the execution is not noticed.
func openUnsealed(spec Spec) (*program, error) {
	file, err := openProgram(spec)
	if err != nil {
		return nil, err
	}
	if !spec.Dev {
		if err := checkDigest(spec, file); err != nil {
			_ = file.Close() // only read
			return nil, err
		}
	}
	return &program{file: file, release: func() { _ = file.Close() }}, nil
}
