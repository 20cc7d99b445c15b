package cli

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func TestCompleteList(t *testing.T) {
	words := []cobra.Completion{"read:clients\ta", "read:logs\tb"}
	for _, tt := range []struct {
		typed string
		want  []cobra.Completion
	}{
		{"", words},
		{"read:l", []cobra.Completion{"read:logs\tb"}},
		{"read:logs,", []cobra.Completion{"read:logs,read:clients\ta"}},
		{"read:clients,read:l", []cobra.Completion{"read:clients,read:logs\tb"}},
		{"x,,", []cobra.Completion{"x,,read:clients\ta", "x,,read:logs\tb"}},
		{"read:logs,read:clients,", nil},
		{"other", nil},
	} {
		list := func(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return completeList(typed, words)
		}
		got, directive := fitting(list)(nil, nil, tt.typed)
		if len(got)+len(tt.want) > 0 && !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%q: %q, want %q", tt.typed, got, tt.want)
		}
		if directive&cobra.ShellCompDirectiveNoSpace == 0 || directive&cobra.ShellCompDirectiveNoFileComp == 0 {
			t.Errorf("%q: directive %d", tt.typed, directive)
		}
	}
}

// Two commands of one name would both be listed, and one of them never run.
func TestCommandsAreListedOnce(t *testing.T) {
	env := Environment{}
	for _, parent := range []*cobra.Command{pluginCommand(env), clientsCommand(env), profilesCommand(env)} {
		seen := map[string]bool{}
		for _, cmd := range parent.Commands() {
			if seen[cmd.Name()] {
				t.Errorf("%s is there twice", cmd.CommandPath())
			}
			seen[cmd.Name()] = true
		}
	}
}

// Every flag whose values are known is completed, wherever it is: a new command gets
// it by the flag's name.
func TestEveryKnownFlagCompletes(t *testing.T) {
	env := Environment{}
	root := &cobra.Command{Use: "auth0-mcp"}
	root.AddCommand(runCommand(env), callCommand(env), toolsCommand(env), sessionCommand(env), logoutCommand(env),
		profilesCommand(env), clientsCommand(env))
	addCompletions(root, env)
	seen := 0
	var visit func(*cobra.Command)
	visit = func(cmd *cobra.Command) {
		for _, name := range []string{"profile", "store", "tools", "scope", "log-level", "log-format", "folder",
			"plugin-dir", "dev-plugin"} {
			if cmd.Flags().Lookup(name) == nil {
				continue
			}
			seen++
			if _, ok := cmd.GetFlagCompletionFunc(name); !ok {
				t.Errorf("%s --%s has no completion", cmd.CommandPath(), name)
			}
		}
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
	}
	visit(root)
	if seen < 20 {
		t.Errorf("only %d flags were looked at", seen)
	}
	for _, path := range [][]string{{"call"}, {"profiles", "use"}, {"profiles", "rename"}, {"profiles", "remove"},
		{"clients", "add"}, {"clients", "remove"}} {
		cmd, _, err := root.Find(path)
		if err != nil || cmd.ValidArgsFunction == nil {
			t.Errorf("%v has no completion of its argument (%v)", path, err)
		}
	}
}

// A shell offers files for what has no completion: only for files it is right.
func TestFilesAreOfferedForFilesOnly(t *testing.T) {
	root := newRoot(Environment{In: os.Stdin, Out: os.Stderr, Err: os.Stderr}, nil)
	var visit func(*cobra.Command)
	visit = func(cmd *cobra.Command) {
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			_, completed := cmd.GetFlagCompletionFunc(f.Name)
			if f.Name != "help" && completed == slices.Contains(fileFlags(), f.Name) &&
				cmd.CommandPath()+" --"+f.Name != "auth0-mcp plugin install --key" {
				t.Errorf("%s --%s: completion %v", cmd.CommandPath(), f.Name, completed)
			}
		})
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
	}
	visit(root)
	for _, path := range []string{"doctor", "logs", "audit query", "profiles list"} {
		if cmd, _, err := root.Find(strings.Fields(path)); err != nil || cmd.ValidArgsFunction == nil {
			t.Errorf("%s offers files, and takes no argument (%v)", path, err)
		}
	}
}
