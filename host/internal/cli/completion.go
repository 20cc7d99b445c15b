package cli

import (
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/auth0-mcp/auth0-mcp/host/internal/account"
	"github.com/auth0-mcp/auth0-mcp/host/internal/audit"
	"github.com/auth0-mcp/auth0-mcp/host/internal/auth"
	"github.com/auth0-mcp/auth0-mcp/host/internal/catalog"
	"github.com/auth0-mcp/auth0-mcp/host/internal/clients"
)

// addCompletions lets shells complete the values of flags and the arguments of
// commands below root, by name: a flag means the same wherever it is. Completion
// reads the config and the plugins' manifests. It starts no program, opens no store
// and never prompts; what can't be read completes to nothing, because a shell in the
// middle of a line is no place for an error.
func addCompletions(root *cobra.Command, env Environment) {
	c := completer{env}
	completeBelow(root, root.Name()+" ", c.ofFlags(), c.ofArguments())
}

// ofFlags are the completions of flags' values, by the names of the flags.
func (c completer) ofFlags() map[string]cobra.CompletionFunc {
	return map[string]cobra.CompletionFunc{
		"profile": c.profiles,
		"store":   completeStores,
		"tools":   c.toolPatterns,
		"preset":  completePresets,
		"scopes":  c.completeScopes,
		"client":  completeClients,
		"scope":   completeClientScopes,
		"log-level": cobra.FixedCompletions([]string{"debug", "info", "warn", "error"},
			cobra.ShellCompDirectiveNoFileComp),
		"log-format": cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp),
		"audit-arguments": cobra.FixedCompletions([]string{"ids", "redacted", "none"},
			cobra.ShellCompDirectiveNoFileComp),
		"structured": cobra.FixedCompletions([]string{"auto", "off"}, cobra.ShellCompDirectiveNoFileComp),
		"audit-keep": cobra.FixedCompletions([]string{"30d", "90d", "365d"}, cobra.ShellCompDirectiveNoFileComp),
		"audit": cobra.FixedCompletions([]string{"on", "best-effort", "off"},
			cobra.ShellCompDirectiveNoFileComp),
		"key-algorithm": cobra.FixedCompletions([]string{"RS256", "RS384", "PS256"},
			cobra.ShellCompDirectiveNoFileComp),
		"approve": cobra.FixedCompletions([]string{"none", "elicit", "terminal"}, cobra.ShellCompDirectiveNoFileComp),
		"environment": cobra.FixedCompletions([]string{"development", "production"},
			cobra.ShellCompDirectiveNoFileComp),
		"format":     cobra.FixedCompletions([]string{"jsonl", "csv"}, cobra.ShellCompDirectiveNoFileComp),
		"since":      cobra.FixedCompletions([]string{"1h", "24h", "7d", "30d"}, cobra.ShellCompDirectiveNoFileComp),
		"until":      cobra.FixedCompletions([]string{"1h", "24h", "7d", "30d"}, cobra.ShellCompDirectiveNoFileComp),
		"outcome":    completeOutcomes,
		"folder":     completeFolders,
		"plugin-dir": completeFolders,
		"dev-plugin": completeFolders,
		"plugin-set": cobra.FixedCompletions([]string{"toml"}, cobra.ShellCompDirectiveFilterFileExt),
		"lang":       cobra.FixedCompletions([]string{"go", "node"}, cobra.ShellCompDirectiveNoFileComp),
		"sdk":        completeFolders,

		"project-root":   completeFolders,
		"out":            completeFolders,
		"dir":            completeFolders,
		"file-root":      c.fileRoots,
		"compare-with":   c.profiles,
		"approve-except": c.toolPatterns,
		"tool":           c.tools,
		"tenant":         c.tenants,
		"name":           completeEntries,
		"replace":        completePlugins,
		"platform":       completePlatforms,
		"sandbox-certificate": cobra.FixedCompletions([]string{"expired", "wrong-host", "untrusted"},
			cobra.ShellCompDirectiveNoFileComp),
	}
}

// ofArguments are the completions of arguments, by the commands' names.
func (c completer) ofArguments() map[string]cobra.CompletionFunc {
	return map[string]cobra.CompletionFunc{
		"call":            c.callWords,
		"tools":           firstOnly(c.tools),
		"approve":         firstOnly(completeApprovals),
		"profiles use":    firstOnly(c.profiles),
		"profiles set":    firstOnly(c.profiles),
		"profiles rename": firstOnly(c.profiles),
		"profiles remove": firstOnly(c.profiles),
		"clients add":     firstOnly(completeClients),
		"clients remove":  firstOnly(completeClients),
		"plugin info":     firstOnly(completePlugins),
		"plugin remove":   firstOnly(completePlugins),
		"plugin update":   completePlugins,
		"plugin verify":   completePlugins,

		"plugin keys remove": firstOnly(completeKeys),
		"plugin keys revoke": firstOnly(completeKeys),
		"plugin new":         cobra.NoFileCompletions,
		"secret get":         firstOnly(completeMarkers),
		"secret copy":        firstOnly(completeMarkers),
		"secret write-env":   completeAssignments,
	}
}

// fileFlags are the flags whose values are files, which shells complete themselves.
func fileFlags() []string {
	return []string{"private-key-file", "auth0-client-secret-file", "output", "manifest", "key", "add", "from", "bundle",
		"trusted-root", "file", "reattach", "pin"}
}

func completeBelow(cmd *cobra.Command, prefix string, flags, arguments map[string]cobra.CompletionFunc) {
	if cmd.CommandPath() == prefix+"plugin install" {
		_ = cmd.RegisterFlagCompletionFunc("key", fitting(completeKeys)) // elsewhere it is a file
	}
	for name, complete := range flags {
		if _, taken := cmd.GetFlagCompletionFunc(name); cmd.Flags().Lookup(name) != nil && !taken {
			// It fails for a flag that is not there, or has one already.
			_ = cmd.RegisterFlagCompletionFunc(name, fitting(complete))
		}
	}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !slices.Contains(fileFlags(), f.Name) {
			_ = cmd.RegisterFlagCompletionFunc(f.Name, cobra.NoFileCompletions) // fails for those that have a completion
		}
	})
	complete := arguments[strings.TrimPrefix(cmd.CommandPath(), prefix)]
	switch {
	case complete != nil:
		cmd.ValidArgsFunction = fitting(complete)
	case !cmd.HasSubCommands() && cmd.Args != nil && cmd.Args(cmd, []string{"one"}) != nil:
		cmd.ValidArgsFunction = cobra.NoFileCompletions // it takes none
	}
	for _, sub := range cmd.Commands() {
		completeBelow(sub, prefix, flags, arguments)
	}
}

// fitting leaves what goes on from what is typed: not every shell looks itself.
func fitting(complete cobra.CompletionFunc) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		found, directive := complete(cmd, args, typed)
		return slices.DeleteFunc(slices.Clone(found), func(word string) bool {
			return !strings.HasPrefix(word,
				typed)
		}), directive
	}
}

// firstOnly completes the first argument only.
func firstOnly(complete cobra.CompletionFunc) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return complete(cmd, args, typed)
	}
}

type completer struct{ env Environment }

// configured are the profiles of the config; none if it cannot be read.
func configured() map[string]auth.Profile {
	folders, err := auth.UserFolders()
	if err != nil {
		return nil
	}
	config, err := folders.ConfigFile().Load()
	if err != nil {
		return nil
	}
	return config.Profiles
}

// profiles completes names of profiles, each with its tenant.
func (c completer) profiles(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	profiles := configured()
	var found []cobra.Completion
	for _, name := range slices.Sorted(maps.Keys(profiles)) {
		found = append(found, cobra.CompletionWithDesc(name, profiles[name].Domain))
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}

// catalogued are the tools that the manifests name. A plugin under development would have to be
// started to know its tools: it is left out.
func (c completer) catalogued(cmd *cobra.Command) []*catalog.Tool {
	var f runFlags
	if cmd.Flags().Lookup("plugin-dir") != nil {
		f.pluginDirs, _ = cmd.Flags().GetStringArray("plugin-dir")
	}
	if len(f.pluginDirs) == 0 {
		f.pluginDirs = nil
	}
	plugins, err := loadCatalog(cmd.Context(), c.env, f, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil
	}
	selection, err := plugins.Select(catalog.Filter{})
	if err != nil {
		return nil
	}
	return selection.Tools()
}

// tools completes one tool's name, with its effect.
func (c completer) tools(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var found []cobra.Completion
	for _, t := range c.catalogued(cmd) {
		found = append(found, cobra.CompletionWithDesc(t.Name, string(t.Effect)))
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}

// callWords completes a tool's name, and then its arguments: their names, and the values of those that have few.
func (c completer) callWords(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion,
	cobra.ShellCompDirective) {
	if len(args) == 0 {
		return c.tools(cmd, args, typed)
	}
	tools := c.catalogued(cmd)
	at := slices.IndexFunc(tools, func(t *catalog.Tool) bool { return t.Name == args[0] })
	if at < 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	arguments, err := tools[at].Arguments()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	name, _, hasName := strings.Cut(typed, "=")
	var found []cobra.Completion
	for _, a := range arguments {
		given := slices.ContainsFunc(args[1:], func(word string) bool { return strings.HasPrefix(word, a.Name+"=") })
		switch {
		case hasName && a.Name == name:
			for _, option := range a.Options {
				found = append(found, name+"="+option)
			}
			return found, cobra.ShellCompDirectiveNoFileComp
		case !hasName && !given:
			found = append(found, cobra.CompletionWithDesc(a.Name+"=", a.Values))
		}
	}
	return found, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// completeApprovals completes the ids of changes that wait for approval.
func completeApprovals(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var found []cobra.Completion
	waiting, _ := approvalStore().List(cmd.Context())
	for _, p := range waiting {
		found = append(found, cobra.CompletionWithDesc(p.ID, p.Tool))
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}

// toolPatterns completes the last of several names separated by commas.
func (c completer) toolPatterns(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion,
	cobra.ShellCompDirective) {
	names, _ := c.tools(cmd, args, typed)
	return completeList(typed, names)
}

// completePresets completes the last of several presets separated by commas.
func completePresets(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var names []cobra.Completion
	for _, p := range catalog.Presets() {
		names = append(names, cobra.CompletionWithDesc(p.Name, p.Task))
	}
	return completeList(typed, names)
}

// completeScopes completes the last of several scopes separated by commas: those
// that tools declare, with how many tools need each.
func (c completer) completeScopes(cmd *cobra.Command, _ []string, typed string) ([]cobra.Completion,
	cobra.ShellCompDirective) {
	scopes := account.ScopesOf(c.catalogued(cmd))
	var names []cobra.Completion
	for _, name := range scopes.Names() {
		var tools []string
		for _, t := range scopes[name] {
			tools = append(tools, t.Name)
		}
		names = append(names, cobra.CompletionWithDesc(name, strings.Join(tools, ", ")))
	}
	return completeList(typed, names)
}

// completeList completes the last part of typed with words that are not in it yet.
func completeList(typed string, words []cobra.Completion) ([]cobra.Completion, cobra.ShellCompDirective) {
	before := typed[:strings.LastIndexByte(typed, ',')+1]
	given := strings.Split(before, ",")
	var found []cobra.Completion
	for _, word := range words {
		name, _, _ := strings.Cut(word, "\t")
		if !slices.Contains(given, name) {
			found = append(found, before+word)
		}
	}
	return found, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// completePlugins completes the names of installed plugins, each with its version.
func completePlugins(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	set := pluginSetFlag{}
	set.path, _ = cmd.Flags().GetString("plugin-set")
	path, err := set.lockPath()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	lock, err := catalog.ReadLock(path)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var found []cobra.Completion
	for _, name := range slices.Sorted(maps.Keys(lock.Plugins)) {
		if !slices.Contains(args, name) {
			found = append(found, cobra.CompletionWithDesc(name, lock.Plugins[name].Version))
		}
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}

// completeClients completes CLIENT and CLIENT:SCOPE.
func completeClients(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var found []cobra.Completion
	for _, c := range clients.All() {
		found = append(found, cobra.CompletionWithDesc(c.Name, c.Title))
		for _, s := range c.Scopes[min(1, len(c.Scopes)):] {
			found = append(found, cobra.CompletionWithDesc(c.Name+":"+s.Name, c.Title+", "+s.Name))
		}
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}

// completeClientScopes completes --scope for the client that is typed already.
func completeClientScopes(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var found []cobra.Completion
	for _, c := range clients.All() {
		if len(args) > 0 && c.Name != args[0] {
			continue
		}
		for _, s := range c.Scopes {
			if !slices.Contains(found, s.Name) {
				found = append(found, s.Name)
			}
		}
	}
	return found, cobra.ShellCompDirectiveNoFileComp
}

func completeStores(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return []cobra.Completion{
		cobra.CompletionWithDesc(string(auth.StoreKeychain), "an encrypted file, its key in the system's keychain"),
		cobra.CompletionWithDesc(string(auth.StoreFile), "a file encrypted with a passphrase"),
		cobra.CompletionWithDesc(string(auth.StoreCommand), "the profile's command"),
		cobra.CompletionWithDesc(string(auth.StoreEnv), "AUTH0_TOKEN with AUTH0_DOMAIN"),
	}, cobra.ShellCompDirectiveNoFileComp
}

// completeOutcomes completes the last of several outcomes separated by commas.
func completeOutcomes(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var names []cobra.Completion
	for _, outcome := range audit.Outcomes() {
		names = append(names, string(outcome))
	}
	return completeList(typed, names)
}

func completeFolders(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}
