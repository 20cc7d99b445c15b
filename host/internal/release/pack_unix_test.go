//go:build unix

package release

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Reading a named pipe would wait for a writer for ever.
func TestPackRefusesNamedPipes(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Pack){
		"manifest":   func(p *Pack) { p.Manifest = pipe },
		"executable": func(p *Pack) { p.Executables["linux/amd64"] = pipe },
		"extra":      func(p *Pack) { p.Extra = []string{pipe} },
	} {
		p := packOf(t)
		change(&p)
		if _, _, err := p.Do(); err == nil || !strings.Contains(err.Error(), "pipe is not a regular file") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
