package supervisor

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"io"
	"runtime"
	"sync"

	"golang.org/x/sys/cpu"
)

// markedBlock is how much of a program one mark is for.
const markedBlock = 64 << 10

// marks recognize the bytes of programs whose digest was checked before, in a fraction of the time of the digest. A
// mark is a message authentication code (GMAC, NIST SP 800-38D) under a key that this process makes and keeps: who does
// not have the key cannot make other bytes with that mark.
type marks struct {
	mac cipher.AEAD // nil where the processor has no instructions for it: it would be slower than the digest

	mu sync.Mutex
	of map[[32]byte][][]byte // by digest, one for each block
}

func newMarks() *marks {
	m := &marks{of: map[[32]byte][][]byte{}}
	if !quickMAC() {
		return m
	}
	key := make([]byte, 16)
	_, _ = rand.Read(key) // never fails: see its documentation
	block, err := aes.NewCipher(key)
	if err != nil {
		return m
	}
	if mac, err := cipher.NewGCMWithRandomNonce(block); err == nil {
		m.mac = mac
	}
	return m
}

func quickMAC() bool {
	switch runtime.GOARCH {
	case "amd64":
		return cpu.X86.HasAES && cpu.X86.HasPCLMULQDQ
	case "arm64":
		return cpu.ARM64.HasAES && cpu.ARM64.HasPMULL
	}
	return false
}

// check computes the digest of a program, compares it with the one that was trusted, and marks it if it is the same.
// Digest and marks are of the same bytes, read once.
func (m *marks) check(spec Spec, program io.Reader) error {
	var blocks [][]byte
	digest, buffer := sha256.New(), make([]byte, markedBlock)
	for {
		n, err := io.ReadFull(program, buffer)
		if n > 0 {
			_, _ = digest.Write(buffer[:n]) // never fails
			if m.mac != nil {
				mark := m.mac.Seal(nil, nil, nil, buffer[:n]) //nolint:gosec // Seal makes the nonce
				blocks = append(blocks, mark)
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	if err := spec.compareDigest([32]byte(digest.Sum(nil))); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.of[spec.Digest] = blocks
	return nil
}

// recognize reports whether content is the program of that digest; false if it is not known.
func (m *marks) recognize(digest [32]byte, content io.Reader) (bool, error) {
	m.mu.Lock()
	blocks := m.of[digest]
	m.mu.Unlock()
	if len(blocks) == 0 {
		return false, nil
	}
	buffer := make([]byte, markedBlock)
	for _, mark := range blocks {
		n, err := io.ReadFull(content, buffer)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return false, err
		}
		if _, err := m.mac.Open(nil, nil, mark, buffer[:n]); err != nil {
			return false, nil //nolint:nilerr // another program is no failure
		}
	}
	n, err := io.ReadFull(content, buffer[:1])
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	return n == 0, nil
}
