package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/comparison"
	"github.com/auth0-mcp/auth0-mcp/proto/pluginv1"
)

const repositoryRoot = "../../../"

// Each command in the documentation exists, with its flags and as many arguments as it takes; a tool that is called
// exists, and takes the arguments. Whether the commands work is checked by e2e/documented.test.mjs, which runs every
// block that no comment exempts.
func TestDocumentedCommands(t *testing.T) {
	tools, targets := shippedTools(t), makeTargets(t)
	commands := 0
	for path, page := range documentation(t) {
		for _, block := range shellBlock.FindAllStringSubmatch(page, -1) {
			if reason := block[1]; reason != "" && !exemption.MatchString(reason) {
				t.Errorf("%s: the comment %q before a block: want <!-- not run: needs …, runs until … or run by … -->", path, reason)
			}
			for _, words := range shellCommands(block[2]) {
				commands++
				if err := checkWords(words, true, tools, targets); err != nil {
					t.Errorf("%s: %s: %v", path, strings.Join(words, " "), err)
				}
			}
		}
		for _, code := range inlineCommand.FindAllStringSubmatch(anyBlock.ReplaceAllString(page, ""), -1) {
			commands++
			if err := checkWords(shellCommands(code[1])[0], false, tools, targets); err != nil {
				t.Errorf("%s: `%s`: %v", path, code[1], err)
			}
		}
	}
	if commands < 200 {
		t.Errorf("%d commands were found, which are too few", commands)
	}
	for _, wrong := range []string{
		"auth0-mcp invented", "auth0-mcp plugin invented", "auth0-mcp run --invented", "auth0-mcp doctor extra", "make invented",
		"auth0-mcp call auth0_invented", "auth0-mcp call auth0_list_logs invented=1", "A=1 bin/auth0-mcp run --rate-share",
	} {
		if checkWords(shellCommands(wrong)[0], true, tools, targets) == nil {
			t.Errorf("the command %q is not found to be wrong", wrong)
		}
	}
}

var (
	anyBlock   = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	shellBlock = regexp.MustCompile("(?ms)(?:^ *<!-- ([^\n]*?) -->\n)?^ *```sh\n(.*?)^ *```$")
	exemption  = regexp.MustCompile(`^not run: (needs|runs until|run by) .`)
	// inlineCommand is a command within a sentence; a name in it may stand for what the reader has.
	inlineCommand = regexp.MustCompile("`((?:auth0-mcp|make) [^`]+)`")
)

// documentation are the pages for users and authors, by their paths.
func documentation(t *testing.T) map[string]string {
	t.Helper()
	pages := map[string]string{}
	read := func(path string) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		pages[strings.TrimPrefix(path, repositoryRoot)] = string(text)
	}
	err := filepath.WalkDir(repositoryRoot+"docs", func(path string, _ fs.DirEntry, err error) error {
		// A record of a decision tells what was true then.
		if err == nil && filepath.Ext(path) == ".md" && filepath.Base(filepath.Dir(path)) != "adr" {
			read(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"README.md", "CONTRIBUTING.md", "SECURITY.md", "examples/node/README.md"} {
		read(repositoryRoot + name)
	}
	return pages
}

func shippedTools(t *testing.T) map[string]*catalog.Tool {
	t.Helper()
	tools := map[string]*catalog.Tool{}
	manifests, err := filepath.Glob(repositoryRoot + "plugins/*/manifest.json")
	if err != nil || len(manifests) == 0 {
		t.Fatal(manifests, err)
	}
	for _, path := range manifests {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		m, err := pluginv1.ParseManifest(data)
		if err != nil {
			t.Fatal(err)
		}
		for _, tool := range catalog.ToolsOf(m) {
			tools[tool.Name] = tool
		}
	}
	for _, tool := range []*catalog.Tool{catalog.DescribeTool(), catalog.NewHostTool(comparison.Tool())} {
		tools[tool.Name] = tool
	}
	return tools
}

func makeTargets(t *testing.T) (targets []string) {
	t.Helper()
	for _, file := range []string{"Makefile", "examples/node/Makefile"} {
		text, err := os.ReadFile(repositoryRoot + file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^([a-z0-9-]+):`).FindAllStringSubmatch(string(text), -1) {
			targets = append(targets, m[1])
		}
	}
	return targets
}

// shellCommands are the commands of a script, each in words. It knows of the shell what documentation uses.
func shellCommands(script string) (commands [][]string) {
	script = strings.ReplaceAll(script, "\\\n", " ")
	var words []string
	end := func() {
		if len(words) > 0 {
			commands = append(commands, words)
		}
		words = nil
	}
	for _, m := range shellWord.FindAllString(script, -1) {
		switch {
		case m == "\n" || m == "|" || m == ";" || m == "&&":
			end()
		case m[0] == '#' || m[0] == ' ' || m[0] == '<' || m[0] == '>':
		default:
			words = append(words, quoted.ReplaceAllString(m, "$1$2$3"))
		}
	}
	end()
	return commands
}

var (
	// A redirection counts with its file.
	shellWord = regexp.MustCompile(`\n|&&|[;|]|#[^\n]*| +|[<>]+ *[^\s;|&<>]+|(?:'[^']*'|"[^"]*"|\\.|[^\s;|&<>'"\\])+`)
	quoted    = regexp.MustCompile(`'([^']*)'|"([^"]*)"|\\(.)`)
)

// checkWords checks a command of ours. complete says that nothing of it is left out.
func checkWords(words []string, complete bool, tools map[string]*catalog.Tool, targets []string) error {
	for len(words) > 0 && regexp.MustCompile(`^[A-Z0-9_]+=`).MatchString(words[0]) {
		words = words[1:]
	}
	switch {
	case len(words) == 0:
		return nil
	case words[0] == "make":
		for _, target := range words[1:] {
			if regexp.MustCompile(`^[a-z]`).MatchString(target) && !slices.Contains(targets, target) {
				return fmt.Errorf("there is no target %s", target)
			}
		}
		return nil
	case filepath.Base(words[0]) != "auth0-mcp":
		return nil
	}
	root := newRoot(Environment{Version: "0.0.0"}, nil)
	root.InitDefaultCompletionCmd()
	cmd, rest, err := root.Find(words[1:])
	if err != nil {
		return err
	}
	if !complete {
		// A sentence names a flag without its value.
		return checkNames(cmd, rest)
	}
	cmd.InitDefaultVersionFlag()
	cmd.InitDefaultHelpFlag()
	if err := cmd.ParseFlags(rest); err != nil {
		return err
	}
	args := cmd.Flags().Args()
	if cmd.HasSubCommands() && len(args) > 0 {
		return fmt.Errorf("%s has no command %s", cmd.CommandPath(), args[0])
	}
	if err := errors.Join(cmd.ValidateArgs(args), cmd.ValidateRequiredFlags()); err != nil {
		return err
	}
	if cmd.Name() == "call" && !cmd.Flags().Changed("dev-plugin") {
		return checkCall(args, tools)
	}
	return nil
}

func checkNames(cmd *cobra.Command, words []string) error {
	for _, word := range words {
		name, isFlag := strings.CutPrefix(word, "--")
		name, _, _ = strings.Cut(name, "=")
		if isFlag && name != "" && name != "version" && name != "help" && cmd.Flag(name) == nil {
			return fmt.Errorf("%s has no flag --%s", cmd.CommandPath(), name)
		}
		if cmd.HasSubCommands() && regexp.MustCompile(`^[a-z]`).MatchString(word) {
			return fmt.Errorf("%s has no command %s", cmd.CommandPath(), word)
		}
	}
	return nil
}

// checkCall checks the arguments of a tool. Words in capitals or with … stand for what the reader has.
func checkCall(args []string, tools map[string]*catalog.Tool) error {
	if !strings.HasPrefix(args[0], "auth0_") || slices.ContainsFunc(args, func(arg string) bool {
		return arg == "-" || strings.Contains(arg, "…")
	}) {
		return nil
	}
	tool := tools[args[0]]
	if tool == nil {
		return fmt.Errorf("there is no tool %s", args[0])
	}
	var arguments json.RawMessage
	var err error
	if len(args) == 2 && strings.HasPrefix(args[1], "{") {
		arguments = json.RawMessage(args[1])
	} else if arguments, err = tool.Assign(args[1:]); err != nil {
		return err
	}
	_, err = tool.CheckArguments(arguments)
	return err
}
