package catalog

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/auth0-mcp/auth0-mcp/host/internal/jsondoc"
)

const digestPrefix = "sha256:"

// Digest is the SHA-256 of a file's bytes. The zero value means "not known" and
// vouches for nothing.
type Digest [sha256.Size]byte

// String writes the digest as "sha256:" and 64 lower-case hex digits.
func (d Digest) String() string {
	return digestPrefix + hex.EncodeToString(d[:])
}

// IsZero reports whether the digest is not known.
func (d Digest) IsZero() bool {
	return d == Digest{}
}

// MarshalText writes the form of String.
func (d Digest) MarshalText() ([]byte, error) {
	return []byte(d.String()), nil
}

// UnmarshalText reads the form of String.
func (d *Digest) UnmarshalText(text []byte) (err error) {
	*d, err = ParseDigest(string(text))
	return err
}

// ParseDigest reads the form that String writes and no other, so that two
// spellings of one digest cannot look different to a user. The zero digest is
// refused: it would stand for "not known".
func ParseDigest(s string) (Digest, error) {
	var d Digest
	digits, ok := strings.CutPrefix(s, digestPrefix)
	if !ok || len(digits) != hex.EncodedLen(len(d)) || digits != strings.ToLower(digits) {
		return Digest{}, fmt.Errorf("digest %s: want %q and %d lower-case hex digits", jsondoc.Quote(s), digestPrefix,
			hex.EncodedLen(len(d)))
	}
	if _, err := hex.Decode(d[:], []byte(digits)); err != nil {
		return Digest{}, fmt.Errorf("digest %s: %w", jsondoc.Quote(s), err)
	}
	if d.IsZero() {
		return Digest{}, errors.New("digest: all digits are zero, which vouches for no file")
	}
	return d, nil
}

// DigestFile returns the digest of the regular file at path.
func DigestFile(path string) (Digest, error) {
	f, err := OpenRegular(path)
	if err != nil {
		return Digest{}, err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return Digest{}, fmt.Errorf("digest of %s: %w", path, err)
	}
	return Digest(h.Sum(nil)), nil
}

// OpenRegular refuses anything but a regular file before it opens it: opening a
// named pipe would hang the host, and a device may have no end.
func OpenRegular(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file (%s)", path, info.Mode().Type())
	}
	return os.Open(path)
}

// ReadSmall reads a file of at most limit bytes.
func ReadSmall(path string, limit int64) ([]byte, error) {
	f, err := OpenRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	// A little more than needed: without room for one byte more, reading the end
	// of the file would double the buffer.
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	buf := bytes.NewBuffer(make([]byte, 0, min(info.Size(), limit)+bytes.MinRead))
	if _, err := buf.ReadFrom(io.LimitReader(f, limit+1)); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if int64(buf.Len()) > limit {
		return nil, fmt.Errorf("%s is larger than %d bytes", path, limit)
	}
	return buf.Bytes(), nil
}
