package cli

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// The value reaches the platform's program on stdin, not as an argument, and no secret of the environment with it.
func TestCopyToClipboard(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("a script stands for the program")
	}
	dir := t.TempDir()
	script := "#!/bin/sh\n{ echo \"$@\"; env; } > " + dir + "/seen; /bin/cat > " + dir + "/value\n"
	if err := os.WriteFile(filepath.Join(dir, "xclip"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":/usr/bin:/bin")
	t.Setenv("WAYLAND_DISPLAY", "")
	t.Setenv("AUTH0_TOKEN", "canary-token")
	if err := copyToClipboard(t.Context(), "canary-value"); err != nil {
		t.Fatal(err)
	}
	value, err := os.ReadFile(filepath.Join(dir, "value"))
	if err != nil || string(value) != "canary-value" {
		t.Errorf("%q, %v", value, err)
	}
	seen, err := os.ReadFile(filepath.Join(dir, "seen"))
	if err != nil || strings.Contains(string(seen), "canary") || !strings.HasPrefix(string(seen), "-selection clipboard\n") {
		t.Errorf("%s, %v", seen, err)
	}
	t.Setenv("PATH", t.TempDir())
	if err := copyToClipboard(t.Context(), "canary-value"); err == nil || strings.Contains(err.Error(), "canary") ||
		!strings.Contains(err.Error(), "write-env") {
		t.Errorf("without a program: %v", err)
	}
	for goos, want := range map[string]string{"darwin": "pbcopy", "windows": "clip.exe", "linux": "wl-copy"} {
		if got := clipboards(goos, true)[0][0]; got != want {
			t.Errorf("%s: %s", goos, got)
		}
	}
}
