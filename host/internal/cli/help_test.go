package cli

import (
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/console"
)

// The help of every command fits the terminal. Commands to copy stay whole, and words that cannot be broken.
func TestHelpFits(t *testing.T) {
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		for _, child := range cmd.Commands() {
			walk(child)
		}
		text := strings.TrimSpace(cmd.Long) + "\n\n" + cmd.UsageString()
		for _, width := range []int{40, 80, 200} {
			for line := range strings.SplitSeq(fitted(console.Screen{Width: width}, text), "\n") {
				words := strings.Fields(line)
				if utf8.RuneCountInString(line) > width && len(words) > 1 && words[0] != "auth0-mcp" {
					t.Errorf("%s: longer than %d columns: %q", cmd.CommandPath(), width, line)
				}
				if strings.ContainsAny(line, "…→") {
					t.Errorf("%s: without symbols: %q", cmd.CommandPath(), line)
				}
			}
		}
	}
	walk(newRoot(Environment{In: os.Stdin, Out: os.Stderr, Err: os.Stderr}, nil))
}
